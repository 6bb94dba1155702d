"""What verifying a study found, as lines on the terminal."""

from pathlib import Path

import click

from lossbench.errors import counted, printable
from lossbench.execution.verification import TOLERANCE, Verification

MOST_NAMED = 20  # curves that are named one by one


def print_verification(folder: Path, verification: Verification) -> None:
    """Print what verifying a study found: how many runs, on what ground, and each curve that came out otherwise."""
    differing = verification.discrepancies
    _echo(f"{folder}: {verification.again:,} of {counted(verification.stored, 'run')} trained again.")
    if verification.elsewhere:
        ground = "; ".join(verification.elsewhere)
        _echo(f"Not the same ground: {ground}. Up to {TOLERANCE:.0%} of a curve's largest value may differ.")
    for curve in differing[:MOST_NAMED]:
        _echo(
            f"{curve.run} {curve.column}: {curve.stored:.9g} stored and {curve.again:.9g} now at step {curve.step:,}; "
            f"largest difference {curve.largest:.1e} of the curve's size"
        )
    if len(differing) > MOST_NAMED:
        click.echo(f"… and {len(differing) - MOST_NAMED:,} curves more")
    if not differing:
        click.echo("The same bits.")
    elif verification.holds:
        click.echo("All within the tolerance.")
    else:
        click.echo("This is not what is stored.")


def _echo(line: str) -> None:
    click.echo(printable(line))
