"""The program `lossbench`: which commands there are, and how a command that fails is answered."""

import faulthandler
import shlex
import sys
import traceback
from collections.abc import Sequence

import click

from lossbench.commands.audit import audit
from lossbench.commands.compare import compare
from lossbench.commands.completion import complete
from lossbench.commands.explain import explain
from lossbench.commands.export import export
from lossbench.commands.lab import lab
from lossbench.commands.plan import plan
from lossbench.commands.report import report
from lossbench.commands.reproduce import reproduce
from lossbench.commands.run import run
from lossbench.commands.show import show
from lossbench.commands.status import status
from lossbench.commands.streams import open_streams
from lossbench.commands.verify import verify
from lossbench.errors import BadInput, Failure, printable, training_for
from lossbench.execution.interrupts import end_on_signals
from lossbench.execution.patience import told_when_slow

DEBUG = "--debug"
WORKING = "Working …"
DOING = {  # what a command does that takes long, where nothing closer is told
    "audit": "Measuring losses …",
    "explain": "Examining the runs …",
    "export": "Reading the records and writing the export …",
    "lab": "Writing the page …",
    "report": "Reading the records, drawing the figures and writing the page …",
    "verify": "Training runs again …",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="lossbench")
def commands() -> None:
    """How loss functions learn: sweeps of small runs, recorded layer by layer, compared in a report.

    \b
    lossbench run loss=ce,mse init=gentle,saturated 'seed=range(10)' study=first
    lossbench report results/first
    """


for _command in (audit, compare, explain, export, lab, plan, report, reproduce, run, show, status, verify):
    _command.params.append(
        click.Option([DEBUG], is_flag=True, expose_value=False, help="Show the traceback of whatever fails, too.")
    )
    commands.add_command(_command)


def main() -> None:
    """The program. SIGTERM ends it as Ctrl-C does."""
    open_streams()
    faulthandler.enable()  # a plugin that takes the process with it is at least named, with its line
    end_on_signals()
    sys.exit(answer(sys.argv[1:]))


def answer(arguments: Sequence[str]) -> int:
    """Do what the arguments ask for and return the exit code: 0, 1 for a failure, 2 for bad input, 130 when interrupted."""
    try:
        with training_for(shlex.join(["lossbench", *arguments[:1]])):
            if {"-sc", "--shell-completion"} & set(arguments):
                complete(arguments, commands.commands)
                return 0
            with told_when_slow(DOING.get("".join(arguments[:1]), WORKING)):
                return int(commands.main(args=list(arguments), prog_name="lossbench", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (BadInput, Failure, OSError, MemoryError, click.Abort, KeyboardInterrupt) as error:
        if DEBUG in arguments:
            click.echo(printable("".join(traceback.format_exception(error))), err=True)
        line, code = _message_of(error, shlex.join(["lossbench", *arguments]))
        click.echo(printable(line), err=True)
        return code


def _message_of(error: BaseException, command: str) -> tuple[str, int]:
    """What stopped a command, in a sentence, and its exit code."""
    line, code = f"Error: {error}", 2 if isinstance(error, BadInput) else 1
    if isinstance(error, OSError):
        location = f" ({error.filename})" if error.filename else ""
        line = f"Error: {error.strerror or error}{location}. What was stored is kept."
    elif isinstance(error, MemoryError):
        line = "Error: there is not enough memory. What was stored is kept; a smaller engine.tile needs less."
    elif isinstance(error, click.Abort | KeyboardInterrupt):
        cause = error.__cause__ if isinstance(error, click.Abort) else error  # click's stands for what was raised
        line, code = f"{str(cause or '') or 'Interrupted. What was stored is kept.'} Continue with: {command}", 130
    return line, code
