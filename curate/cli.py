"""The command line: it parses, calls and renders, and nothing more."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from curate.errors import CurateError, of_system
from curate.shown import lines, one_line


def _version(wanted: bool) -> None:
    if wanted:
        from curate import __version__

        print(f"curate {__version__}")
        raise typer.Exit


app = typer.Typer(
    help="Small, excellent fine-tuning sets: MAGPIE synthesis, GRAPE selection, LIMA-style diversity.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Small, excellent fine-tuning sets."""


PipelineFile = Annotated[Path, typer.Argument(metavar="PIPELINE.yaml", help="the pipeline file")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="STAGE.KEY=VALUE", help="change a value of the file; repeatable")
]
RunDirectory = Annotated[
    Path | None, typer.Option("--output", "-o", help="run directory; default: runs/NAME of the file")
]
RunOutput = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="run directory; default: runs/NAME of the file. With .jsonl, .jsonl.gz, .jsonl.zst or .parquet at its "
        "end, or -, a file for the result, beside the run in runs/NAME",
    ),
]


@app.command()
def run(pipeline: PipelineFile, output: RunOutput = None, overrides: Overrides = None) -> None:
    """Run a pipeline, or go on with one that was stopped."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads are many times slower on a shared machine
    os.environ.setdefault("TQDM_DELAY", "5")  # seconds before a library's own bar (loading weights) shows up among ours

    from curate.pipeline import Pipeline
    from curate.records.writing import STANDARD_OUTPUT, check_output, suffix_of
    from curate.report.console import print_failed, print_funnel
    from curate.report.page import write_report
    from curate.runs.run import Run

    file = output if output and (suffix_of(output) or output == STANDARD_OUTPUT) else None
    job = Run(Pipeline.from_yaml(pipeline, overrides or ()), None if file else output)
    if file:
        check_output(file, job.pipeline.files())
    # Shells that start a job with & let it ignore SIGINT, so neither signal may depend on the other's handler.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        job.execute()
    except KeyboardInterrupt:
        stopped = f"Stopped. Finished shards are in {job.directory}; the same command goes on from there."
        print(f"\n{one_line(stopped)}", file=sys.stderr)
        sys.stderr.flush()
        os._exit(130)  # shards in flight are given up: waiting for them could take minutes
    except CurateError:
        if job.reports:
            print_failed(job, write_report(job.directory))
        raise
    if file:
        job.write(file)
    with redirect_stdout(sys.stderr if file == STANDARD_OUTPUT else sys.stdout):
        print_funnel(job, write_report(job.directory))


@app.command()
def check(pipeline: PipelineFile, output: RunDirectory = None, overrides: Overrides = None) -> None:
    """Validate a pipeline and print its plan, without running it."""
    from curate.pipeline import Pipeline
    from curate.report.console import print_plan
    from curate.runs.run import Run

    print_plan(Run(Pipeline.from_yaml(pipeline, overrides or ()), output))


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="a run's directory")],
) -> None:
    """Write a run's report, report.html in its directory: what came out, how, is it diverse, does it fit and train."""
    from curate.report.page import write_report

    print(one_line(str(write_report(directory))))


RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="a run's directory")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON, for other programs")]


@app.command()
def show(
    directory: RunPath,
    wanted: Annotated[
        str | None, typer.Argument(metavar="[ID or TEXT]", help="which; some at random without it")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show records of a run's result as conversations, with their scores and labels."""
    from curate.report import life
    from curate.report.console import print_lines
    from curate.runs.finished import FinishedRun

    for row in life.records(FinishedRun(directory), wanted):
        if as_json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            print_lines(life.as_chat(row))


@app.command()
def trace(
    directory: RunPath,
    name: Annotated[str, typer.Argument(metavar="ID", help="the record's id")],
    as_json: AsJson = False,
) -> None:
    """Tell a record's life in a run: what each stage added to it, and why it stayed or went."""
    from curate.report import life
    from curate.report.console import print_lines
    from curate.runs.finished import FinishedRun

    traced = life.trace(FinishedRun(directory), name)
    if as_json:
        print(json.dumps(traced, ensure_ascii=False))
    else:
        print_lines(life.as_steps(traced))


@app.command()
def clean(directory: RunPath) -> None:
    """Remove the stage results that a finished run no longer uses, of parameters and inputs that have changed."""
    from curate.report.console import print_lines
    from curate.runs.finished import FinishedRun

    homes = FinishedRun(directory).unused()
    freed = sum(file.stat().st_size for home in homes for file in home.rglob("*") if file.is_file())
    for home in homes:
        shutil.rmtree(home)
    print_lines([*(f"removed {home}" for home in homes), f"{freed / 2**20:,.1f} MiB are free again"])


@app.command()
def stages(name: Annotated[str | None, typer.Argument(help="one stage, with its parameters")] = None) -> None:
    """List the stages, or explain one."""
    from curate.report.console import print_stage, print_stages

    if name:
        print_stage(name)
    else:
        print_stages()


@app.command()
def schema() -> None:
    """Print the JSON Schema of a pipeline file, for editors."""
    from curate.pipeline import pipeline_schema

    print(json.dumps(pipeline_schema(), indent=2))


@app.command()
def template(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="a directory, a GGUF file or a hub name")],
) -> None:
    """Show what is derived from a model's chat template: pre-query prefix, stop tokens, assistant mask."""
    from curate.models.spec import parse_spec
    from curate.report.console import print_template

    spec = parse_spec("template", {"model": model})
    spec.check_chat()
    print_template(spec.load_chat())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def apply(
    context: typer.Context,
    stage: Annotated[str, typer.Argument(help="the stage's name")],
    pool: Annotated[str, typer.Argument(metavar="IN.jsonl", help="the records: what load can read")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT.jsonl", help="what the stage keeps: .jsonl[.gz|.zst], .parquet or -"
        ),
    ],
    strict: Annotated[bool, typer.Option("--strict", help="end at the first line that cannot be read")] = False,
) -> None:
    """Apply one stage to a file: `curate apply trim IN.jsonl -o OUT.jsonl --by perplexity`.

    The stage's parameters are the other options, and those of load (--limit 100); a model is given as a directory or a
    hub name. What is dropped goes to OUT.dropped.jsonl, lines that cannot be read to OUT.quarantine.jsonl. `-` is the
    standard input and output.
    """
    from curate.apply import apply_stage
    from curate.report.console import print_applied

    given = options_of(context.args) | ({"strict": ["true"]} if strict else {})
    applied = apply_stage(stage, pool, output, given)
    with redirect_stdout(sys.stderr if str(output) == "-" else sys.stdout):
        print_applied(*applied)


@app.command()
def export(
    source: Annotated[str, typer.Argument(metavar="RUN_OR_FILE", help="a run's directory, or what load can read")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="the trainer: trl, axolotl, llama-factory ...")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="a directory of its own")],
    form: Annotated[str | None, typer.Option("--as", help="prompt-completion of trl, kto of preference")] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="the model to be trained; default: the one of the run's prepare")
    ] = None,
    split: Annotated[float | None, typer.Option("--split", help="the share for validation, by near-duplicates")] = None,
    by: Annotated[str | None, typer.Option("--by", help="preference: the score of candidates that decides")] = None,
    margin: Annotated[float, typer.Option("--margin", help="preference: how far their scores are apart")] = 0.0,
    push: Annotated[str | None, typer.Option("--push", metavar="OWNER/NAME", help="upload it to the hub")] = None,
    public: Annotated[bool, typer.Option("--public", help="with --push: anyone may read it")] = False,
) -> None:
    """Write a run's records, or a file's, as a trainer loads them, and prove it by reading them back."""
    from curate.exports.export import export as write_export
    from curate.exports.push import check_name
    from curate.exports.push import push as upload
    from curate.report.console import print_export

    if push:
        check_name(push)
    exported = write_export(source, to=to, output=output, form=form, target=target, split=split, by=by, margin=margin)
    print_export(exported)
    if push:
        print(f"uploaded to {upload(output, exported.public_files, push, public=public)}")


@app.command()
def mask(
    pool: Annotated[str, typer.Argument(metavar="FILE", help="conversations: what load can read")],
    model: Annotated[
        str, typer.Option("--model", help="a directory, a GGUF file or a hub name; weights are not needed")
    ],
    max_length: Annotated[int, typer.Option("--max-length", min=1, help="the trainer's longest sequence")] = 2048,
    record: Annotated[int | None, typer.Option("--record", metavar="N", help="show the N-th record's mask")] = None,
) -> None:
    """Show what a file would train in a model's chat template; exit code 1 when a record is at fault."""
    from curate.models.spec import parse_spec
    from curate.report.console import print_masks
    from curate.stages.load import load

    spec = parse_spec("mask", {"model": model})
    spec.check_chat()
    if not print_masks(load(pool), spec.load_chat(), max_length, record):
        raise typer.Exit(1)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def options_of(arguments: list[str]) -> dict[str, list[str]]:
    """`--key value` pairs; a key that is repeated gives a list."""
    options: dict[str, list[str]] = {}
    words = iter(arguments)
    for word in words:
        key, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or (not equals and (value := next(words, "")) == ""):
            raise CurateError(f"apply: {word!r}: the stage's parameters are given as --key value")
        options.setdefault(key.replace("-", "_"), []).append(value)
    return options


def main() -> None:
    """The entry point: an error that the user can mend is one line, and exit code 2; any other shows its traceback."""
    sys.path.append(os.getcwd())  # stages of one's own are modules beside the pipeline; installed ones come first
    try:
        app()
    except BrokenPipeError:  # nobody reads what is printed any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        told = of_system(error) if isinstance(error, OSError) else error
        if isinstance(told, CurateError):
            print(f"curate: {told}", file=sys.stderr)
            sys.exit(2)
        print(lines(traceback.format_exc().rstrip()), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
