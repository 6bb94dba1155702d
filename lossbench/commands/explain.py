"""`lossbench explain`."""

from pathlib import Path

import click

from lossbench.commands.flags import with_plugins
from lossbench.commands.studies import study_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seeds", type=click.IntRange(1), default=2, show_default=True, help="Runs of each group that are examined.")
@click.option("--json", "as_json", is_flag=True, help="Print the explanations as JSON, with every twin.")
@click.option("--markdown", is_flag=True, help="Print them as Markdown, with every twin.")
@with_plugins
def explain(folder: Path, *, seeds: int, as_json: bool, markdown: bool, plugins: tuple[str, ...]) -> None:
    """Why runs in FOLDER, such as results/demo, learn slowly, stall or diverge, each with the experiment that proves it.

    Runs that differ by seed alone are a group. A cause is claimed where an inequality holds on what a group recorded, and a twin,
    the same runs with one thing changed, learns. Twins are trained at once and stored in FOLDER/explained, a study of its own:
    the same command trains none of them twice. "Unknown" is an answer, and so is "healthy".
    """
    from lossbench.commands.actions.explanation import explained_study
    from lossbench.config.schema import import_plugins
    from lossbench.diagnosis import rendering

    import_plugins(plugins)
    explanations = explained_study(study_folder(folder), seeds)
    if as_json:
        click.echo(rendering.as_json(explanations), nl=False)
    elif markdown:
        click.echo(rendering.markdown(explanations, folder.name))
    else:
        click.echo(rendering.text(explanations))
        click.echo(folder / rendering.EXPLAINED / rendering.TEXT)
