"""The command line. Everything heavy is imported by the command that needs it, so `--help` answers at once.

Exit codes: 0 done, 1 failed, 2 wrong usage or bad input, 3 finished but short of the target, 130 stopped by the user.
"""

import os
import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.schema_of import SchemaOf
from flows.until import Until
from pipeline.engine.errors import UsageError, WarmlineError

if TYPE_CHECKING:
    from schemas.slices import Slice

app = typer.Typer(
    help="Makes training corpora of empathetic spoken dialogue from prompt files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RunFile = Annotated[Path, typer.Argument(help="The run file.", metavar="RUN.yaml")]
Override = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set any key of the run file, such as gate.wer=0.1. May be repeated.",
    ),
]


class Exit(IntEnum):
    """What the process answers."""

    DONE = 0
    FAILED = 1
    WRONG = 2
    SHORT = 3
    STOPPED = 130


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    pack: Annotated[str, typer.Option(help="The shipped pack to start from.")] = "empathy",
) -> None:
    """Write a run file and a prompt pack of your own to edit."""
    from flows.start import write_start

    print(write_start(folder, pack))


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A pack's folder or a run file.", metavar="PATH")],
) -> None:
    """Check a pack or run file: every fault at once, with file and line."""
    from flows.start import check_path

    print(check_path(path))


@app.command()
def plan(
    run_file: RunFile,
    preview: Annotated[int, typer.Option(help="Show this many sample briefs.", min=0)] = 0,
    picture: Annotated[Path | None, typer.Option(help="Draw it too, into this SVG file.")] = None,
    overrides: Override = None,
) -> None:
    """Show the distribution asked and drawn, the cells filled least, and sample briefs."""
    from flows.plan_report import plan_report

    for line in plan_report(run_file, overrides or (), preview, picture):
        print(line)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A run file, a run's folder or a pack's folder.", metavar="A")],
    after: Annotated[str, typer.Argument(help="The same, edited.", metavar="B")],
    overrides: Override = None,
) -> None:
    """Say what an edit would remake, and what that costs, without making anything."""
    from flows.diff import diff_lines

    for line in diff_lines(before, after, overrides or ()):
        print(line)


@app.command()
def generate(
    run_file: RunFile,
    out: Annotated[
        str | None, typer.Option(help="The run's folder or bucket URL; else runs/ and the file's name.")
    ] = None,
    overrides: Override = None,
    slice_: Annotated[
        str,
        typer.Option("--slice", metavar="I/N", help="Do one of N drivers' parts; in the end, run without it."),
    ] = "1/1",
    until: Annotated[Until, typer.Option(help="Stop after this stage.")] = Until.SHARD,
) -> None:
    """Make the corpus, or go on making it: finished work is never repeated."""
    from flows.goal import Goal
    from flows.making import make

    goal = Goal(until, _slice(slice_))
    short = make(run_file, out or f"runs/{run_file.resolve().stem}", overrides or (), goal)
    sys.exit(Exit.SHORT if short else Exit.DONE)


def _slice(text: str) -> "Slice":
    from schemas.slices import Slice

    try:
        return Slice.parse(text)
    except ValueError as error:
        raise UsageError(f"--slice {error}") from error


@app.command()
def calibrate(
    run_file: RunFile,
    out: Annotated[
        str | None, typer.Option(help="The run's folder or bucket URL; else runs/ and the file's name.")
    ] = None,
    texts: Annotated[int, typer.Option(help="Texts that each voice says in each emotion.", min=1)] = 4,
    voices: Annotated[int | None, typer.Option(help="Only the pack's first so many voices.", min=1)] = None,
    write: Annotated[
        Path | None, typer.Option(help="Where to write the thresholds; else calibration.yaml beside the run file.")
    ] = None,
    overrides: Override = None,
) -> None:
    """Measure how well the emotions can be told apart, and write thresholds for the gate."""
    from flows.calibrate import run_calibration

    folder = out or f"runs/{run_file.resolve().stem}"
    target = write or run_file.parent / "calibration.yaml"
    for line in run_calibration(run_file, folder, overrides or (), texts=texts, voices=voices, write=target):
        print(line)


@app.command()
def schema(
    of: Annotated[SchemaOf | None, typer.Argument(help="pack or run; without it both, with --out.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write pack.schema.json and run.schema.json here.", metavar="DIR")
    ] = None,
) -> None:
    """Print the JSON Schema from which editors complete packs or run files, or write both."""
    from flows.schema_command import schema_command

    print(schema_command(of, out))


@app.command()
def status(run: Annotated[str, typer.Argument(help="A run's folder or URL.", metavar="RUN")]) -> None:
    """Say how far a run is, what was rejected and why."""
    from flows.status import status_lines

    for line in status_lines(run):
        print(line)


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="A run, or a corpus: folder, bucket URL or Hub id.", metavar="RUN")],
    to: Annotated[str, typer.Option(help="The format, such as opens2s.", metavar="NAME")],
    out: Annotated[Path, typer.Option(help="A new folder.", metavar="DIR")],
    units: Annotated[str | None, typer.Option(help="The kind of units, if not the format's own.")] = None,
    prefix: Annotated[
        str | None, typer.Option(help="How paths begin in what is written; else the folder's own path.")
    ] = None,
    longest: Annotated[float, typer.Option(help="Leave out turns of more seconds.", min=0.1, max=3600.0)] = 30.0,
    tokenizer: Annotated[
        str | None, typer.Option(help="The model's tokenizer.json, where text is interleaved by its tokens.")
    ] = None,
    gap: Annotated[
        float, typer.Option(help="Seconds between two turns, where a dialogue becomes one sound.", min=0.0, max=3600.0)
    ] = 0.2,
    workers: Annotated[int | None, typer.Option(help="Processes; else one a core.", min=1)] = None,
) -> None:
    """Write the corpus in the format of one trainer; run it again and it goes on."""
    from flows.export import export_lines
    from flows.progress import show_for_terminal
    from pipeline.export.format import ExportSettings

    paths = f"{out.resolve()}/" if prefix is None else prefix
    settings = ExportSettings(units=units, prefix=paths, longest=longest, tokenizer=tokenizer, gap=gap)
    show = show_for_terminal()
    try:
        lines = list(export_lines(run, to, out, settings, workers or os.cpu_count() or 1, show.say))
    finally:
        show.close()
    for line in lines:
        print(line)


@app.command()
def recipes(
    run: Annotated[str, typer.Argument(help="A run, or a corpus: folder or bucket URL.", metavar="RUN")],
    units: Annotated[str | None, typer.Option(help="The kind of units; else the first.")] = None,
) -> None:
    """Draw every preset of `interleave` on one turn of a corpus."""
    from flows.recipes import recipe_lines

    for line in recipe_lines(run, units):
        print(line)


@app.command()
def doctor() -> None:
    """Say which backends can run here, and what installs the others."""
    from flows.doctor import doctor_lines

    for line in doctor_lines():
        print(line)


def main() -> None:
    """Run a command; errors are one or two lines, never a traceback."""
    try:
        app(standalone_mode=True)
    except UsageError as error:
        sys.exit(_complain(error, Exit.WRONG))
    except WarmlineError as error:
        sys.exit(_complain(error, Exit.FAILED))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(Exit.STOPPED)


def _complain(error: WarmlineError, code: Exit) -> Exit:
    print(f"warmline: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
