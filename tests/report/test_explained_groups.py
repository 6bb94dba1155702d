"""What was explained stands in the report: few groups each by itself, many counted by cause and folded."""

import json

import pytest

from lossbench.report.study_report import write_report

CAUSES = ["wrong labels"] * 15 + ["learning rate too large"] * 6


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "folded"), [(20, False), (21, True)])
def test_more_than_twenty_groups_are_counted_by_cause_and_folded(made, tmp_path, groups, folded):
    study = made.write(
        tmp_path / "study", [made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(2)]
    )
    rows = [{"group": f"group <{n}>", "answer": cause, "verdict": "Stalls."} for n, cause in enumerate(CAUSES[:groups])]
    (study / "explained").mkdir()
    (study / "explained" / "explanations.json").write_text(json.dumps(rows), encoding="utf-8")
    section = write_report(study).page.read_text(encoding="utf-8").partition('id="explanations"')[2].partition("</section>")[0]
    assert section.count("<dt>group &lt;") == groups
    assert ("<summary>Each group</summary>" in section) is folded
    assert ("Wrong labels: 15\xa0groups. Learning rate too large: 6\xa0groups." in section) is folded
