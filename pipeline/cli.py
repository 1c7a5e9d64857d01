"""Each command: parse, call one function, print. Results on stdout, progress on stderr."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline import engines
from pipeline.audio import write_pcm
from pipeline.errors import BadlineError, InfraError, SoundInvalid
from pipeline.line.window import RATE
from pipeline.report.dialogue import dialogue
from pipeline.report.progress import Watching
from pipeline.report.table import measures, tables
from pipeline.run.batch import run_batch
from pipeline.run.check import check_file, shipped_words
from pipeline.run.plan import find_job
from pipeline.run.single import listen_once, place_once
from pipeline.run.unit import plain
from pipeline.spec.schema import SCHEMAS, schema_of

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
# A log or a pipe has no width of its own: give tables room.
WIDTH = None if sys.stdout.isatty() else 140
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Release = Annotated[str | None, typer.Option(help="The system under test: a file, or a name in fixtures/releases.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, other chances.")]


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="A suite's file, or a name in fixtures/suites.")],
    out_dir: Annotated[Path, typer.Option("--out", help="The run's folder; a killed run goes on where it was.")],
    release: Release = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 2,
    as_json: Json = False,
) -> None:
    """Run every call of a suite.

    Example: badline run smoke --out runs/smoke
    """
    with Watching(err) as watching:
        summary = run_batch(
            find_job(suite, release), out_dir, workers=workers, begin=watching.begin, watch=watching.end
        )
    if as_json:
        _print_json(plain(asdict(summary)))
    else:
        out.print(tables(summary))
        out.print(f"records and recordings: {out_dir}")
    raise typer.Exit(summary.exit_code)


@app.command()
def call(
    scenario: Annotated[str, typer.Argument(help="A scenario's file, or a name in fixtures/scenarios.")],
    profile: Annotated[str, typer.Option(help="A profile's file, or a name in noise_profiles.")] = "clean_line",
    release: Release = None,
    voice: Annotated[str | None, typer.Option(help="Another voice than the persona's.")] = None,
    arm: Annotated[str, typer.Option(help="oracle, clean or degraded.")] = "degraded",
    seed: Seed = 0,
    wav: Annotated[Path | None, typer.Option("-o", "--out", help="Where the stereo recording goes.")] = None,
    as_json: Json = False,
) -> None:
    """Place one call and print it as a dialogue.

    Example: badline call change_delivery_address --profile cafe -o call.wav
    """
    done = place_once(scenario, profile, release=release, voice=voice, arm=arm, seed=seed)
    path = wav or Path(f"{done.unit.name}.wav")
    if done.stereo is not None:
        write_pcm(path, done.stereo, RATE)
    if as_json:
        _print_json(done.facts)
    elif "call" in done.facts:
        for line in dialogue(done.facts):
            out.print(line)
        out.print(f"\nrecording (left: the caller as the platform hears it; right: the agent): {path}")
    else:
        out.print(f"{done.facts['status']}: {done.facts['why']}", style="bold red")
    raise typer.Exit(4 if done.facts["status"] == "sound_invalid" else 0)


@app.command()
def listen(
    text: Annotated[str, typer.Argument(help="What the caller says.")],
    profile: Annotated[str, typer.Option(help="A profile's file, or a name in noise_profiles.")] = "clean_line",
    voice: Annotated[str, typer.Option(help="A name in fixtures/voices.")] = "heart",
    seed: Seed = 0,
    wav: Annotated[Path, typer.Option("-o", "--out", help="Where the sound goes.")] = Path("listen.wav"),
    as_json: Json = False,
) -> None:
    """Hear what a line does to a sentence; prints what was asked of it and what was got.

    Example: badline listen "My order number is zero four one two." --profile cafe -o cafe.wav
    """
    heard = listen_once(text, profile, voice=voice, seed=seed)
    write_pcm(wav, heard.window.heard, RATE)
    if as_json:
        _print_json(plain({"calibration": heard.calibration, "window": heard.window.got, "line": heard.line.said()}))
    else:
        out.print(measures((*heard.calibration, *heard.window.got)))
        out.print(f"sound: {wav}")


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Scenarios, profiles, releases, suites, voices.")] = None,
    as_json: Json = False,
) -> None:
    """Check words without making a sound; without files, all that badline finds here and ships.

    Example: badline check fixtures/suites/smoke.yaml
    """
    results = [check_file(path) for path in files or shipped_words()]
    wrong = [result for result in results if result.error]
    if as_json:
        _print_json([{"file": str(r.path), "kind": r.kind, "error": r.error} for r in results])
    else:
        for result in wrong:
            err.print(result.error, style="red", markup=False, soft_wrap=True)
        out.print(f"{len(results) - len(wrong)} of {len(results)} files are right")
    raise typer.Exit(2 if wrong else 0)


@app.command(name="engines")
def list_engines(as_json: Json = False) -> None:
    """List every engine of every stage, with what it needs where it is not installed.

    Example: badline engines
    """
    listed = engines.listed()
    if as_json:
        _print_json([asdict(one) for one in listed])
        return
    for one in listed:
        out.print(f"{one.stage:<9}{one.name:<16}{one.about}", markup=False, soft_wrap=True)


@app.command()
def schema(kind: Annotated[str, typer.Argument(help=f"One of {', '.join(SCHEMAS)}.")]) -> None:
    """Print the JSON Schema of a kind of file, for editors.

    Example: badline schema scenario > scenario.schema.json
    """
    _print_json(schema_of(kind))


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def main() -> None:
    """The command `badline`: its exit codes are 0, 1 floors, 2 yours to mend, 4 invalid or ours, 130 interrupted."""
    sys.exit(_guarded(app))


def _guarded(command: Callable[[], None]) -> int:
    try:
        command()
    except (InfraError, SoundInvalid) as error:
        err.print(f"{error}", style="bold red", markup=False, soft_wrap=True)
        return 4
    except BadlineError as error:
        err.print(f"{error}", style="bold red", markup=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        err.print("interrupted; what was done is kept")
        return 130
    return 0
