import importlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from lossbench.audit.cards import cache
from lossbench.audit.cards.card import Card, from_plain, make_card, to_plain
from lossbench.audit.cards.fingerprint import content
from lossbench.audit.cards.literature import agrees, measured_text, statements
from lossbench.audit.cards.runner import cards_of_losses, cards_of_path
from lossbench.audit.rendering.html import as_html
from lossbench.audit.rendering.markdown import as_markdown
from lossbench.audit.rendering.pages import which_loss
from lossbench.audit.request import Request, audit, failures
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.subject import registered
from lossbench.commands.cli import answer
from lossbench.errors import BadInput, Failure
from lossbench.registry import shelf

pytestmark = pytest.mark.slow
MINE = '''
from dataclasses import dataclass
from typing import Literal
import torch
from lossbench.interfaces import Loss, Properties

@dataclass(frozen=True, kw_only=True)
class CubedDistance(Loss):
    """The cube of the distance between probability and target."""
    link: Literal["sigmoid"] = "sigmoid"
    def value(self, z, y):
        log = torch.nn.functional.logsigmoid
        return ((3 * log(z)).exp() * (1 - y) + (3 * log(-z)).exp() * y).sum(-2)
    def properties(self):
        return Properties(convex=True, bounded=True, saturation=1.0)

def entropy(z, y):
    return torch.nn.functional.softplus(z) - y * z

def unsafe(z, y):
    return -torch.log(torch.where(y > 0.5, torch.sigmoid(z), 1 - torch.sigmoid(z)).clamp_min(1e-7))
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The name of a module of the user's, in the current folder."""
    name = f"mine_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MINE.replace("CubedDistance", f"Cubed{name.title().replace('_', '')}"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def quiet() -> Console:
    return Console(file=io.StringIO(), width=140)


def audited(**fields):
    out = quiet()
    cards = audit(Request(**fields), out, quiet())
    return cards, out.file.getvalue()


def test_a_card_says_what_was_measured_and_what_is_declared():
    cards, text = audited(losses=("half_squared_error,link=sigmoid",))
    assert [card.name for card in cards] == ["half_squared_error · sigmoid"]
    for phrase in ("saturation exponent", "22,100", "0.148", "the probability", "gradcheck passes", "its formula to 50 digits"):
        assert phrase in text


def test_a_loss_of_the_users_own_gets_its_card_and_is_held_to_what_it_declares(mine):
    word = f"Cubed{mine.title().replace('_', '')}"
    (card,), text = audited(losses=(f"{mine}:{word}",))
    assert card.about == "The cube of the distance between probability and target."
    assert card.complete
    assert [verdict.name for verdict in card.disagreements] == ["convex"]
    assert "DECLARED AND MEASURED DIFFER: convex" in text
    with pytest.raises(Failure, match="convex is declared yes and measured no"):
        audited(losses=(f"{mine}:{word}",), fail_on=("declared,numerics",))


def test_somebodys_function_is_held_against_what_it_claims(mine):
    (card,), text = audited(losses=(f"{mine}:entropy",), claim="cross_entropy")
    assert "It computes cross_entropy on the sigmoid." in card.notes
    assert "Held against cross_entropy" in text
    with pytest.raises(Failure, match=r"gradient in float64 is falsely zero at z = 16\.2"):
        audited(losses=(f"{mine}:unsafe",), claim="cross_entropy", fail_on=("numerics",))


def test_a_callable_is_not_held_against_a_loss_with_several_raw_outputs_a_target(mine):
    with pytest.raises(BadInput, match="several raw outputs"):
        audited(losses=(f"{mine}:entropy",), claim="gaussian_learnt_variance")


def test_what_cannot_be_asked_has_a_card_that_says_so_and_fails_what_it_was_to_pass(mine):
    Path(f"{mine}.py").write_text(MINE + "\ndef broken(z, y):\n    raise RuntimeError('no luck')\n")
    out = quiet()
    with pytest.raises(BadInput, match=f"{mine}:broken: It could not be called as a loss"):
        audit(Request(losses=(f"{mine}:broken",)), out, quiet())
    assert "no luck" in out.file.getvalue()
    card = Card(title="mine:broken", link="")
    assert failures([card], ["numerics"]) == ["mine:broken: not everything could be measured."]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"losses": ("cross_entrpy",)}, "Did you mean 'cross_entropy'"),
        ({"losses": ("focal,gama=1",)}, "Did you mean 'gamma'"),
        ({"losses": ("focal,gamma",)}, "name=value"),
        ({"losses": ("no_such_module_here:loss",)}, "Looked in"),
        ({"losses": ("torch.nn:BCELos",)}, "Did you mean 'BCELoss'"),
        ({"losses": ("torch.nn:BCELoss",), "given": ("wight=1",)}, "could not be made"),
        ({"losses": ("torch.nn:BCELoss",), "given": ("weight",)}, "name=value"),
        ({"losses": ("math:pi",)}, "cannot be called"),
        ({"losses": ("torch.nn:BCELoss",), "claim": "nobody"}, "No loss is called 'nobody'"),
        ({"fail_on": ("declard",)}, "Did you mean 'declared'"),
        ({"output": Path("cards.pdf")}, ".md, .html or .json"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_what_would(fields, message):
    with pytest.raises(BadInput, match=message.replace("(", r"\(")):
        audited(**fields)


def test_a_module_that_cannot_be_imported_says_why(tmp_path, monkeypatch):
    (tmp_path / "broken_here.py").write_text("import no_such_library_anywhere\n")
    (tmp_path / "raising_here.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BadInput, match="needs the module 'no_such_library_anywhere'"):
        audited(losses=("broken_here:loss",))
    with pytest.raises(BadInput, match="ZeroDivisionError"):
        audited(losses=("raising_here:loss",))


def test_cards_are_measured_once_and_found_again_by_content(monkeypatch, mine):
    words = ["half_squared_error,link=identity"]
    (first,) = cards_of_losses(words, report=str)

    def measured_again(_):
        pytest.fail("measured again")

    measured_again.__module__ = make_card.__module__  # where it comes from is part of the content
    with monkeypatch.context() as patched:
        patched.setattr("lossbench.audit.cards.runner.make_card", measured_again)
        assert cards_of_losses(words, report=str) == [first]
    (again,) = cards_of_losses(words, fresh=True, report=str)
    assert again == first
    assert len(list(cache.folder().glob("*.json"))) == 1
    cards_of_losses(["half_squared_error,link=sigmoid"], report=str)
    assert len(list(cache.folder().glob("*.json"))) == 2


def test_somebodys_card_is_made_anew_when_the_code_changes(mine):
    cards_of_path(CallableRequest(path=f"{mine}:entropy"))
    kept = set(cache.folder().glob("*.json"))
    cards_of_path(CallableRequest(path=f"{mine}:entropy"))
    assert set(cache.folder().glob("*.json")) == kept
    Path(f"{mine}.py").write_text(MINE + "\n# another content\n")
    cards_of_path(CallableRequest(path=f"{mine}:entropy"))
    assert len(set(cache.folder().glob("*.json"))) == len(kept) + 1


def test_what_a_card_depends_on_is_the_code_that_it_reaches(tmp_path, monkeypatch):
    name = f"reached_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "inner.py").write_text("FACTOR = 1\n")
    (tmp_path / name / "outer.py").write_text(f"import {name}\nimport torch\nfrom {name} import inner\n")
    (tmp_path / "elsewhere.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module(f"{name}.outer")
    before = content([f"{name}.outer"], "")
    assert content([f"{name}.outer"], "") == before
    assert content([f"{name}.outer"], "gamma=3") != before
    (tmp_path / "elsewhere.py").write_text("# it is not reached\n")
    assert content([f"{name}.outer"], "") == before
    (tmp_path / name / "inner.py").write_text("FACTOR = 2\n")
    assert content([f"{name}.outer"], "") != before


def test_a_damaged_or_forbidden_cache_costs_time_only(monkeypatch, tmp_path):
    words = ["half_squared_error,link=identity"]
    (first,) = cards_of_losses(words, report=str)
    (stored,) = cache.folder().glob("*.json")
    stored.write_text('{"title": 3}')
    assert cards_of_losses(words, report=str) == [first]
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "file"))
    assert cards_of_losses(words, report=str) == [first]


def test_a_card_survives_json():
    (subject,) = registered("clamped_cross_entropy,link=sigmoid")
    card = make_card(subject)
    assert repr(from_plain(json.loads(json.dumps(to_plain(card))))) == repr(card)  # a time that was not reached is NaN


def test_cards_are_written_as_markdown_and_as_a_page_that_needs_nothing_else(tmp_path):
    cards = [make_card(next(iter(registered(word)))) for word in ("hinge", "huber")]
    text, page = as_markdown(cards), as_html(cards)
    for name in ("hinge · identity", "huber · identity"):
        assert f"# {name}" in text
        assert f"<h2>{name}</h2>" in page
    assert page.count("data:image/svg+xml,<svg") == 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    audited(losses=("hinge",), output=tmp_path / "deep" / "card.html")
    assert "<h2>hinge · identity</h2>" in (tmp_path / "deep" / "card.html").read_text()
    (numbers,) = json.loads((tmp_path / "deep" / "card.json").read_text(), parse_constant=pytest.fail)
    assert numbers["name"] == "hinge · identity"
    assert numbers["shape"]["largest_value"] == "inf"
    assert numbers["verdict"].startswith("It is not proper, convex and calibrated.")


def test_hostile_text_stays_text():
    card = Card(title="<script>alert(1)</script>|_x_", link="", notes=("<b>bold</b> | a_b",))
    assert "<script>" not in as_html([card])
    assert "<b>bold" not in as_html([card])
    assert r"&lt;b>bold&lt;/b> \| a\_b" in as_markdown([card])


def test_the_page_names_losses_by_what_was_measured_of_them():
    words = ("cross_entropy,link=sigmoid", "half_squared_error,link=sigmoid", "absolute_error,link=softmax", "gaussian")
    page = which_loss([make_card(next(iter(registered(word)))) for word in words])
    assert "keeps up with the mistake: cross entropy (sigmoid)." in page
    assert "dies on the wrong side: half squared error (sigmoid)." in page
    assert "bears uniform label noise: absolute error (softmax)." in page
    assert "Least at the mean: gaussian (identity)." in page
    assert "2ηT = 11.00" in page


def test_the_command_answers_with_exit_codes(capsys, mine):
    assert answer(["audit", "--help"]) == 0
    assert "runs its code" in " ".join(capsys.readouterr().out.split())
    assert answer(["audit", "hinge"]) == 0
    assert answer(["audit", "hing"]) == 2
    assert answer(["audit", f"{mine}:unsafe", "--as", "cross_entropy", "--fail-on", "numerics"]) == 1


def test_every_card_holds_what_its_loss_declares_and_what_the_literature_says():
    ours = [word for word, cls in shelf("loss").items() if cls.__module__.startswith("lossbench.losses.")]
    cards = cards_of_losses(ours, report=str)
    by_name = {(card.title, card.link): card for card in cards}
    assert [(card.name, verdict) for card in cards for verdict in card.disagreements] == []
    assert [(card.name, row) for card in cards for row in card.numerics.accuracies if not row.passes] == []
    assert [card.name for card in cards if not card.slopes.right] == []
    assert [card.name for card in cards if not card.complete] == []
    for statement in statements():
        assert agrees(measured_text(by_name[statement.loss, statement.link], statement.quantity), statement.says), statement


@pytest.mark.parametrize(
    "words",
    [
        "huber,delta=0.5",
        "pinball,tau=0.3",
        "multiclass_hinge,form=weston_watkins,power=2",
        "multiclass_hinge,power=2",
        "multiclass_hinge,margin=0.0",
        "hinge,margin=0.0",
        "squared_hinge,margin=0.0",
        "poly_1,epsilon=-1.0",
        "poly_1,epsilon=2.0",
        "focal,gamma=0.0",
        "focal,gamma=0.0,alpha=0.25,link=sigmoid",
        "taylor_cross_entropy,order=1",
        "clamped_cross_entropy,delta=0.001",
        "label_smoothing,smoothing=0.0",
        "label_smoothing,smoothing=1.0",
        "confidence_penalty,beta=0.0",
        "rescaled_squared_error,k=1.0,m=1.0",
        "generalised_cross_entropy,q=1.0",
        "symmetric_cross_entropy,alpha=0.0",
        "symmetric_cross_entropy,alpha=1.0,beta=0.1",
        "active_passive,alpha=0.0",
        "bi_tempered,t1=0.5,t2=1.0",
        "proper_beta,alpha=-0.4,beta=-0.2",
        "proper_beta,alpha=2.0,beta=0.0",
        "fahlman_offset,offset=0.0",
        "fahlman_offset,offset=1.0",
        "inset_half_squared_error,inset=0.0",
    ],
)
def test_claims_follow_the_options(words, monkeypatch):
    monkeypatch.setattr("lossbench.audit.cards.card.numerics", lambda _: None)
    for subject in registered(words):
        assert make_card(subject).disagreements == ()
