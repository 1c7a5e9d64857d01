"""Each command: parse, call one function, print. Results on stdout, progress on stderr."""

import errno
import json
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import typer
from rich.console import Console

from pipeline import engines
from pipeline.audio import Ints, write_pcm
from pipeline.decide.agreement import agreement, read_labels
from pipeline.decide.attribute import attribute
from pipeline.decide.closer import Closer, look_closer
from pipeline.decide.confusions import confusions
from pipeline.decide.cross import cross
from pipeline.errors import BadlineError, InfraError, SoundInvalid
from pipeline.line.arrays import CPU
from pipeline.line.window import RATE
from pipeline.report.against import Side, side_by_side
from pipeline.report.answer import answer_table, json_rows, write_csv
from pipeline.report.blame import blame_table, blamed_calls, parts_table
from pipeline.report.cards import cards_table
from pipeline.report.changes import changes
from pipeline.report.confusions import confusions_tables
from pipeline.report.contents import contents_table
from pipeline.report.cross import cross_tables
from pipeline.report.dialogue import dialogue
from pipeline.report.health import health
from pipeline.report.judged import agreement_table, disagreements, judged_calls, judged_table, without_verdict
from pipeline.report.pairing import pairing_table, refusals
from pipeline.report.progress import Counting, Watching
from pipeline.report.runs import removed, runs_table
from pipeline.report.table import after_the_line, failing, measures, tables, timing
from pipeline.run.batch import run_batch
from pipeline.run.blind import blind
from pipeline.run.cache import Cache, contents, opened
from pipeline.run.cards import measured_cards, shipped_cards
from pipeline.run.check import check_file, shipped_words
from pipeline.run.crossed import crossed_jobs, folder_of
from pipeline.run.doctor import default_path_works, examine, trials
from pipeline.run.init import write_first_suite
from pipeline.run.judging import Judged, judge_run
from pipeline.run.local import CONCURRENCY
from pipeline.run.origin import plan_behind, plan_to_score
from pipeline.run.pair import pair_runs
from pipeline.run.places import place
from pipeline.run.plan import Job, find_job
from pipeline.run.query import finished_in, query_runs
from pipeline.run.rescore import RESCORED, rescore
from pipeline.run.runs import age_in, removals, remove, runs_in
from pipeline.run.single import (
    DEFAULT_RELEASE,
    SOUND_ENDINGS,
    Listened,
    Recording,
    listen_against,
    listen_once,
    place_once,
)
from pipeline.run.store import finished_records, kept_call, read_manifest
from pipeline.run.summary import Summary
from pipeline.run.survey import MOST_UTTERANCES
from pipeline.run.unit import Done, plain
from pipeline.spec.arm import ARMS, checked_arm
from pipeline.spec.judge import Judge, find_judge
from pipeline.spec.schema import SCHEMAS, schema_of

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
kept = typer.Typer(no_args_is_help=True, help="What was made once and is kept: speech, sound, transcripts.")
app.add_typer(kept, name="cache")
runs = typer.Typer(no_args_is_help=True, help="Which runs a folder holds, and which need not be kept.")
app.add_typer(runs, name="runs")
# A log or a pipe has no width of its own: give tables room.
WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 140
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)
# Those this process may use: a container may have fewer than the machine.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Where there is no room for a file, the error often does not say for which.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PICTURE_ENDINGS = (".png", ".svg", ".pdf")

WRITTEN = {
    "recording": "recording (left: the caller as the platform hears it; right: the agent)",
    "clean_recording": "the caller's words without the line",
    "plot": "picture",
}

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Release = Annotated[str | None, typer.Option(help="The system under test: a file, or a name in fixtures/releases.")]
Profile = Annotated[str, typer.Option(help="A profile's file, a name in noise_profiles, or some joined by '+'.")]
Severity = Annotated[str, typer.Option(help="How bad the line: none, mild, typical, harsh, or a number from 0 to 1.")]
Device = Annotated[str, typer.Option(help="Where the line's filters are computed: cpu, or cuda for a GPU.")]
CachePlace = Annotated[
    str | None,
    typer.Option("--cache", help="Where what was made once is kept: a folder, a URL, or 'none'.", show_default="yours"),
]
Workers = Annotated[int, typer.Option(min=1, help="Worker processes.", show_default="the number of cores")]
FinishedRun = Annotated[str, typer.Argument(help="A finished run's folder, or a URL.")]
WrittenSuite = Annotated[
    str | None, typer.Option("--suite", help="Its suite, where the run's own words do not find it.")
]
WrittenRelease = Annotated[str | None, typer.Option("--release", help="Its release, likewise.")]
JudgeWords = Annotated[str, typer.Argument(help="A judge's file, or a name in fixtures/judges.")]
Folder = Annotated[str, typer.Argument(help="A folder that holds runs, or a URL.")]
CacheSize = Annotated[str | None, typer.Option("--cache-size", help="How much is kept there.", show_default="20GB")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, other chances.")]


@app.callback()
def badline() -> None:
    """Simulated phone calls on bad lines: what does your voice agent understand, and what does it get wrong?

    Example: badline run smoke --out runs/smoke
    """


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="A suite's file, or a name in fixtures/suites.")],
    out_dir: Annotated[str, typer.Option("--out", help="The run's folder, or a URL; a killed run goes on there.")],
    release: Release = None,
    crossed: Annotated[
        tuple[str, str] | None,
        typer.Option("--cross", metavar="BEFORE AFTER", help="Two releases: the ears of each with the agent of each."),
    ] = None,
    workers: Workers = CORES,
    concurrency: Annotated[
        int, typer.Option(min=1, max=1000, help="Calls under way in each worker; 1 where a latency is measured.")
    ] = CONCURRENCY,
    device: Device = CPU,
    cache: CachePlace = None,
    cache_size: CacheSize = None,
    as_json: Json = False,
) -> None:
    """Run every call of a suite.

    What was made before for any run is not made again: see `badline cache`.

    Example: badline run smoke --out runs/smoke
    """
    folder = place(out_dir)

    def run_one(job: Job, at: Path) -> Summary:
        with Watching(err, _this_command()) as watching:
            return run_batch(
                job,
                at,
                workers=workers,
                concurrency=concurrency,
                device=device,
                cache=opened(cache, cache_size),
                begin=watching.begin,
                watch=watching.end,
            )

    if crossed:
        if release:
            raise BadlineError("--release: --cross names both releases; leave it out")
        raise typer.Exit(_run_crossed(suite, crossed, folder, run_one, as_json=as_json))
    summary = run_one(find_job(suite, release), folder)
    _print_run(summary, folder, as_json=as_json)
    raise typer.Exit(summary.exit_code)


def _this_command() -> str:
    return shlex.join(["badline", *sys.argv[1:]])


def _print_run(summary: Summary, folder: Path, *, as_json: bool) -> None:
    if as_json:
        _print_json({"out": str(folder), "exit_code": summary.exit_code, **plain(asdict(summary))})
        return
    out.print(tables(summary))
    for line in (*failing(summary.failing, folder), f"records: {folder / 'units'}", f"sound: {folder / 'sound'}"):
        out.print(line, markup=False, soft_wrap=True)


def _run_crossed(
    suite: str, releases: tuple[str, str], folder: Path, run_one: Callable[[Job, Path], Summary], *, as_json: bool
) -> int:
    """Four runs, and what each change did; the exit code is the worst of theirs."""
    jobs = crossed_jobs(suite, *releases)
    runs = {cell: folder_of(cell, folder) for cell in jobs}
    codes = []
    for cell, job in jobs.items():
        err.print(f"ears {cell[0]}, agent {cell[1]}", markup=False)
        codes.append(run_one(job, runs[cell]).exit_code)
    (before, _), *_, (after, _) = jobs
    told = cross(runs, before, after)
    if as_json:
        _print_json({"out": str(folder), "exit_code": max(codes), **plain(asdict(told))})
    else:
        out.print(cross_tables(told))
        _print_paths({f"run with ears {ears} and agent {agent}": str(at) for (ears, agent), at in runs.items()})
    return max(codes)


@app.command()
def call(
    scenario: Annotated[str, typer.Argument(help="A scenario's file, or a name in fixtures/scenarios.")],
    profile: Profile = "clean_line",
    severity: Severity = "typical",
    release: Release = None,
    voice: Annotated[str | None, typer.Option(help="Another voice than the persona's.")] = None,
    arm: Annotated[str, typer.Option(help=f"{', '.join(ARMS[:-1])} or {ARMS[-1]}.")] = "degraded",
    seed: Seed = 0,
    trial: Annotated[int, typer.Option(min=1, help="Which trial of a suite with that seed.")] = 1,
    device: Device = CPU,
    cache: CachePlace = None,
    wav: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Where the stereo recording goes.", show_default="NAME.flac, here"),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the call, too: a .png, .svg or .pdf.")] = None,
    as_json: Json = False,
) -> None:
    """Place one call and print it as a dialogue.

    Beside the recording, NAME.clean.flac holds the caller's words without the line.

    Example: badline call change_delivery_address --profile cafe -o call.flac --plot call.png
    """
    _check_sound_path(wav or Path("NAME.flac"))
    if plot:
        _check_path("--plot", plot, PICTURE_ENDINGS)
    with redirect_stdout(sys.stderr):  # an agent may print
        done = place_once(
            scenario,
            profile,
            severity=severity,
            release=release,
            voice=voice,
            arm=arm,
            seed=seed,
            trial=trial,
            device=device,
            cache=opened(cache, None),
        )
    path = wav or Path(f"{done.unit.name}.flac")
    written = _write_call(done, path, plot)
    if as_json:
        _print_json({**done.record({}), **dict.fromkeys(WRITTEN), **written})
    else:
        _print_call(done.facts, written)
    raise typer.Exit(4 if done.facts["status"] == "sound_invalid" else 0)


def _write_call(done: Done, path: Path, plot: Path | None) -> dict[str, str]:
    """What was written, and where: nothing where there was no call."""
    if done.stereo is None or done.clean is None:
        return {}
    clean = path.with_name(f"{path.stem}.clean{path.suffix}")
    write_pcm(path, done.stereo, RATE)
    write_pcm(clean, done.clean, RATE)
    if plot:
        _draw(done.facts, done.stereo, plot)
    paths = {"recording": path, "clean_recording": clean, "plot": plot}
    return {what: str(where) for what, where in paths.items() if where}


def _draw(facts: Mapping[str, Any], stereo: Ints, path: Path) -> None:
    from pipeline.report.plot import plot_call, write_plot  # noqa: PLC0415  half a second that only a picture needs

    write_plot(path, plot_call(facts, stereo, RATE))


def _print_call(facts: Mapping[str, Any], written: Mapping[str, str]) -> None:
    if facts["status"] == "sound_invalid":
        out.print(f"sound invalid: {facts['why']}", style="bold red", markup=False, soft_wrap=True)
        return
    out.print(dialogue(facts), "")
    for what, path in written.items():
        out.print(f"{WRITTEN[what]}:\n{path}", markup=False, soft_wrap=True)


@app.command()
def plot(
    record: Annotated[str, typer.Argument(help="A unit's record in a run's folder.")],
    picture: Annotated[
        Path | None, typer.Option("-o", "--out", help="A .png, .svg or .pdf.", show_default="NAME.png, here")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw a call of a run.

    Both tracks on one time axis, what the platform made of them, and what went wrong when.

    Example: badline plot runs/smoke/units/change_delivery_address.cafe.typical.heart.1.degraded.json -o call.png
    """
    kept_in = place(record)
    path = picture or Path(f"{kept_in.stem}.png")
    _check_path("--out", path, PICTURE_ENDINGS)
    _draw(*kept_call(kept_in), path)
    if as_json:
        _print_json({"plot": str(path)})
    else:
        out.print(str(path), markup=False, soft_wrap=True)


@app.command()
def listen(
    text: Annotated[str, typer.Argument(help="What the caller says.")],
    profile: Profile = "clean_line",
    severity: Severity = "typical",
    voice: Annotated[str, typer.Option(help="A name in fixtures/voices.")] = "heart",
    seed: Seed = 0,
    device: Device = CPU,
    against: Annotated[
        str | None, typer.Option(help="Compare with another profile, another severity, or a recording (.wav, .flac).")
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Draw the sound after each effect, too: a .png, .svg or .pdf.")
    ] = None,
    wav: Annotated[Path, typer.Option("-o", "--out", help="Where the sound goes.")] = Path("listen.wav"),
    as_json: Json = False,
) -> None:
    """Hear what a line does to a sentence.

    Prints what was asked of the line and what was got. With --against there are two sounds, the other one in
    NAME.against.wav, and their tables stand side by side.

    Example: badline listen "My order number is zero four one two." --profile cafe --explain cafe.png -o cafe.wav
    """
    _check_sound_path(wav)
    if explain:
        _check_path("--explain", explain, PICTURE_ENDINGS)
    if against is None:
        heard, other = listen_once(text, profile, severity=severity, voice=voice, seed=seed, device=device), None
    else:
        _refuse_overwriting(Path(against), wav)
        heard, other = listen_against(text, profile, against, severity=severity, voice=voice, seed=seed, device=device)
    write_pcm(wav, heard.pcm, RATE)
    if explain:
        _explain(text, heard, explain)
    picture = {"picture": str(explain)} if explain else {}
    if other:
        _print_both(heard, other, wav, picture, as_json=as_json)
    elif as_json:
        _print_json(plain({**_got(heard), "recording": str(wav), **picture}))
    else:
        out.print(measures(heard.calibration, heard.window.got))
        out.print(timing(heard.line))
        out.print(after_the_line(heard.after()))
        _print_paths({"sound": str(wav), **picture})


def _explain(text: str, heard: Listened, path: Path) -> None:
    from pipeline.report.plot import write_plot  # noqa: PLC0415  more than a second that only a picture needs
    from pipeline.report.stages import draw_stages  # noqa: PLC0415

    write_plot(path, draw_stages(f"{heard.name}: {text}", list(heard.stages()), RATE))


def _got(heard: Listened) -> dict[str, Any]:
    line, sentence = heard.calibration, heard.window.got
    return {
        "set": [asdict(one) for one in line],
        "drawn": [asdict(one) for one in sentence],
        "after": asdict(heard.after()),
        "line": heard.line.said(),
        "delay_ms": heard.line.delay_ms,
        "drop_ms": heard.line.drop_ms,
    }


def _print_both(
    heard: Listened, other: Listened | Recording, wav: Path, picture: Mapping[str, str], *, as_json: bool
) -> None:
    """Write the other sound beside the first, and tell of both."""
    beside = _beside(wav)
    write_pcm(beside, other.pcm, RATE)
    told = (blind(heard.sound), blind(other.sound))
    if as_json:
        sides = [_got(one) if isinstance(one, Listened) else {} for one in (heard, other)]
        rows = zip((heard, other), sides, told, (wav, beside), strict=True)
        both = [{"name": one.name, **got, "heard": asdict(b), "recording": str(at)} for one, got, b, at in rows]
        _print_json(plain({**both[0], **picture, "against": both[1]}))
        return
    out.print(side_by_side(Side.of(heard, told[0]), Side.of(other, told[1])))
    _print_paths({"sound": str(wav), "against": str(beside), **picture})


def _beside(wav: Path) -> Path:
    return wav.with_name(f"{wav.stem}.against{wav.suffix}")


def _refuse_overwriting(recording: Path, wav: Path) -> None:
    """Before any work. Raises BadlineError."""
    if recording.resolve() in (wav.resolve(), _beside(wav).resolve()):
        raise BadlineError(f"--out: {wav}: would write over the recording {recording}; give it another name")


def _print_paths(paths: Mapping[str, str]) -> None:
    for what, path in paths.items():
        out.print(f"{what}: {path}", markup=False, soft_wrap=True)


@app.command()
def profiles(
    names: Annotated[list[str] | None, typer.Argument(help="Profiles to measure now: files or names.")] = None,
    measure: Annotated[
        int, typer.Option(min=1, max=MOST_UTTERANCES, help="On so many utterances at each strength.")
    ] = 30,
    release: Annotated[str, typer.Option(help="Whose recogniser hears them.")] = DEFAULT_RELEASE,
    workers: Workers = CORES,
    as_json: Json = False,
) -> None:
    """List the noise profiles and their word errors.

    Example: badline profiles cafe+mumbler --measure 60
    """
    if names:
        with Counting(err, "utterances") as counting:
            cards = measured_cards(names, release, utterances=measure, workers=workers, watch=counting.at)
    else:
        cards = shipped_cards()
    if as_json:
        _print_json(plain([asdict(card) for card in cards]))
    else:
        out.print(cards_table(cards))


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Scenarios, profiles, releases, suites, voices.")] = None,
    release: Annotated[str | None, typer.Option(help="Check suites with this release, not with their own.")] = None,
    as_json: Json = False,
) -> None:
    """Check files of words without a sound.

    Without files: all that badline finds here and ships; what needs a package that is not installed is only noted.

    Example: badline check fixtures/suites/smoke.yaml --release 2026.11
    """
    results = [check_file(path, release) for path in files or shipped_words()]
    unknown = [] if files else [result for result in results if result.missing_package]
    wrong = [result for result in results if result.error and result not in unknown]
    if as_json:
        _print_json(
            [
                {"file": str(r.path), "kind": r.kind, "error": r.error, "missing_package": r.missing_package}
                for r in results
            ]
        )
    else:
        for result in wrong:
            err.print(result.error, style="red", markup=False, soft_wrap=True)
        for result in unknown:
            err.print(f"cannot be checked here: {result.error}", style="yellow", markup=False, soft_wrap=True)
        right = len(results) - len(wrong) - len(unknown)
        out.print(f"{right} of {len(results)} files are right")
    raise typer.Exit(2 if wrong else 0)


@app.command()
def pair(
    a: Annotated[str, typer.Argument(help="A run's folder, or the file of one of its units.")],
    b: Annotated[str, typer.Argument(help="Another's.")],
    as_json: Json = False,
) -> None:
    """Did two runs hear the same sound?

    Counts what the caller said as the same in both, with another echo, or in other words. Ends with 4 where the same
    words sound otherwise: such calls cannot be compared.

    Example: badline pair runs/before runs/after
    """
    pairs = pair_runs(place(a), place(b))
    if as_json:
        _print_json({"a": str(a), "b": str(b), "exit_code": pairs.exit_code, **plain(asdict(pairs))})
    else:
        out.print(pairing_table(pairs))
    for line in refusals(pairs.refused):
        err.print(line, style="bold red", markup=False, soft_wrap=True)
    raise typer.Exit(pairs.exit_code)


@app.command()
def blame(
    run: FinishedRun,
    closer: Annotated[
        bool, typer.Option("--closer", help="Place failed calls again: which part of the line, which turn?")
    ] = False,
    suite: WrittenSuite = None,
    release: WrittenRelease = None,
    workers: Workers = CORES,
    cache: CachePlace = None,
    as_json: Json = False,
) -> None:
    """Blame each failed call on agent, turns, ASR or line.

    Told by the same call in the arms oracle, clean_turns and clean; a suite names them: `arms`. With --closer each
    call that was not heard rightly is placed again without each part of its line, and with each turn's true words.

    Example: badline blame runs/nightly --closer
    """
    folder = place(run)
    told = attribute(finished_records(folder), lost=read_manifest(folder)["summary"]["lost"])
    looks: tuple[Closer, ...] = ()
    if closer:
        plan = plan_behind(folder, suite=suite, release=release)
        with Watching(err, _this_command()) as watching:
            looks = look_closer(
                folder, plan, told, workers=workers, cache=opened(cache, None), begin=watching.begin, watch=watching.end
            )
    if as_json:
        _print_json(
            {"run": run, **plain(asdict(told)), **({"closer": plain(list(map(asdict, looks)))} if closer else {})}
        )
        return
    out.print(blame_table(told))
    if closer:
        out.print(parts_table(looks))
    for line in blamed_calls(told, looks):
        out.print(line, markup=False, soft_wrap=True)


@app.command()
def score(
    run: FinishedRun,
    suite: WrittenSuite = None,
    release: WrittenRelease = None,
    out_dir: Annotated[
        str | None, typer.Option("--out", help="Where the run with the new scores goes.", show_default="RUN.rescored")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a finished run anew, without a call.

    By the scores of today, and by what its scenarios expect today; all else must be as it was.

    Example: badline score runs/nightly
    """
    folder = place(run)
    there = place(out_dir) if out_dir else folder.with_name(f"{folder.name}{RESCORED}")
    told = rescore(folder, plan_to_score(folder, suite=suite, release=release), there)
    if as_json:
        changed = plain(list(map(asdict, told.changed)))
        _print_json({"out": str(there), "changed": changed, **plain(asdict(told.summary))})
    else:
        _print_run(told.summary, there, as_json=False)
        for line in changes(told.changed):
            out.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(told.summary.exit_code)


@app.command()
def judge(
    run: FinishedRun,
    judge: JudgeWords,
    as_json: Json = False,
) -> None:
    """Ask a model a question about every call of a run.

    What a call counts as stays as it is. Verdicts are kept in the run's folder, and no call is asked about twice. Ends
    with 4 where the judge gave no verdict at all.

    Example: badline judge runs/nightly polite
    """
    told = _judged(place(run), find_judge(judge))
    if as_json:
        _print_json({"run": run, **plain(asdict(told))})
    else:
        out.print(judged_table(told))
        for line in judged_calls(told):
            out.print(line, markup=False, soft_wrap=True)
    raise typer.Exit(0 if told.verdicts else 4)


@app.command("judge-check")
def judge_check(
    run: FinishedRun,
    judge: JudgeWords,
    labels: Annotated[Path, typer.Argument(help="A CSV file with the columns unit and label (yes or no).")],
    as_json: Json = False,
) -> None:
    """How far does a judge agree with people's labels?

    Kappa, sensitivity and specificity.

    Example: badline judge-check runs/nightly polite labels.csv
    """
    folder, who = place(run), find_judge(judge)
    known = read_labels(labels, list(read_manifest(folder)["units"]))
    said = _judged(folder, who, only=known)
    told = agreement(said, known)
    if as_json:
        _print_json({"run": run, **plain(asdict(told)), "not_evaluated": dict(said.not_evaluated)})
        return
    out.print(agreement_table(told))
    for line in (*disagreements(told), *without_verdict(said)):
        out.print(line, markup=False, soft_wrap=True)


def _judged(run: Path, judge: Judge, only: Collection[str] | None = None) -> Judged:
    with Counting(err, "verdicts") as counting:
        return judge_run(run, judge, only=only, watch=counting.at)


@app.command("confusions")
def list_confusions(
    run: FinishedRun,
    arm: Annotated[str, typer.Option(help=f"{', '.join(ARMS[:-1])} or {ARMS[-1]}.")] = "degraded",
    as_json: Json = False,
) -> None:
    """List what the recogniser took for what.

    Words, and single letters and digits, most often first.

    Example: badline confusions runs/nightly
    """
    told = confusions(finished_records(place(run)), arm=checked_arm(arm))
    if as_json:
        _print_json({"run": run, **plain(asdict(told))})
    else:
        out.print(confusions_tables(told))


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="A query in DuckDB's SQL over the tables calls, turns and measures.")],
    folders: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Runs' folders, or URLs; by default all in runs/.")
    ] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV for programs.")] = False,
) -> None:
    """Ask finished runs in SQL. Each row tells its `run`.

    Example: badline query "select run, profile, avg(success::int) from calls group by all" runs/smoke
    """
    named, unfinished = ([place(one) for one in folders], []) if folders else finished_in(Path("runs"))
    for run in unfinished:
        err.print(f"left out, not finished: {run}", style="yellow", markup=False, soft_wrap=True)
    answer = query_runs(sql, named)
    if as_json:
        _print_json(list(json_rows(answer)))
    elif as_csv:
        write_csv(answer, sys.stdout)
    else:
        out.print(answer_table(answer))


@runs.command("list")
def runs_list(folder: Folder = "runs", as_json: Json = False) -> None:
    """List the runs in a folder, the latest last.

    Example: badline runs list
    """
    found = runs_in(place(folder))
    if as_json:
        _print_json([{**asdict(run), "folder": str(run.folder), "ended": str(run.ended or "")} for run in found])
    else:
        out.print(runs_table(found))


@runs.command("prune")
def runs_prune(
    folder: Folder = "runs",
    keep: Annotated[int | None, typer.Option(min=0, help="Keep the latest so many.")] = None,
    older_than: Annotated[str | None, typer.Option(help="Only what is older: 30d, 12h.")] = None,
    sound_of_passed: Annotated[
        bool, typer.Option("--sound-of-passed", help="Only the sound of calls that passed; their records stay.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Remove runs that need not be kept. One that is not finished is never removed.

    Example: badline runs prune --older-than 30d --sound-of-passed
    """
    if keep is None and older_than is None and not sound_of_passed:
        raise BadlineError("what shall go? Say --keep N, --older-than 30d, --sound-of-passed, or some of them")
    age = age_in(older_than) if older_than else None
    found = runs_in(place(folder))
    gone = removals(found, keep=keep, older_than=age, sound_of_passed=sound_of_passed, now=datetime.now(UTC))
    for removal in gone:
        if not dry_run:
            remove(removal)
        if not as_json:
            out.print(("would remove " if dry_run else "removed ") + removed(removal), markup=False, soft_wrap=True)
    size_bytes = sum(removal.size_bytes for removal in gone)
    if as_json:
        paths = [str(path) for removal in gone for path in removal.paths]
        _print_json({"removed": paths, "bytes": size_bytes, "dry_run": dry_run})
    else:
        out.print(f"{size_bytes / 2**20:,.1f} MB of {len(found)} runs", markup=False)


@kept.command("stats")
def cache_stats(cache: CachePlace = None, as_json: Json = False) -> None:
    """Say what lies in the cache.

    Example: badline cache stats
    """
    told = contents(_cache(cache))
    if as_json:
        _print_json({"cache": _cache(cache).url, "kinds": {kind: asdict(one) for kind, one in told.items()}})
    else:
        out.print(contents_table(_cache(cache).url, told))


@kept.command("prune")
def cache_prune(cache: CachePlace = None, cache_size: CacheSize = None, as_json: Json = False) -> None:
    """Remove what was not used for longest, until the rest fits.

    Example: badline cache prune --cache-size 5GB
    """
    place = _cache(cache, cache_size)
    removed = place.prune()
    size = sum(entry.size for entry in removed)
    if as_json:
        _print_json({"cache": place.url, "removed": len(removed), "bytes": size})
    else:
        out.print(f"{len(removed)} entries removed, {size / 2**20:.1f} MB", markup=False)


@kept.command("verify")
def cache_verify(cache: CachePlace = None, as_json: Json = False) -> None:
    """Read all of the cache, and remove what is not as it was written.

    Ends with 1 where there was any.

    Example: badline cache verify
    """
    checked = list(_cache(cache).verify())
    damaged = [entry.path for entry, is_whole in checked if not is_whole]
    if as_json:
        _print_json({"cache": _cache(cache).url, "entries": len(checked), "damaged": damaged})
    else:
        for path in damaged:
            out.print(f"damaged, removed: {path}", markup=False, soft_wrap=True)
        out.print(f"{len(checked) - len(damaged)} of {len(checked)} entries are whole", markup=False)
    raise typer.Exit(1 if damaged else 0)


def _cache(url: str | None, size: str | None = None) -> Cache:
    """The cache that a command is about. Raises BadlineError where it is 'none'."""
    if (cache := opened(url, size)) is None:
        raise BadlineError("--cache: 'none' keeps nothing; name the place of a cache")
    return cache


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where; it is made if need be.")] = Path(),
    agent: Annotated[str, typer.Option(help="python (with an example agent) or http.")] = "python",
    url: Annotated[str | None, typer.Option(help="Where an http agent takes a turn.")] = None,
    as_json: Json = False,
) -> None:
    """Write a first suite for an agent of your own.

    A scenario, a release and a suite that explain themselves; never over a file that is there.

    Example: badline init mine
    """
    started = write_first_suite(folder, agent=agent, url=url)
    if as_json:
        _print_json({"written": [str(path) for path in started.written], "next": started.commands})
        return
    for line in (*(f"wrote {path}" for path in started.written), "next:", *(f"  {one}" for one in started.commands)):
        out.print(line, markup=False, soft_wrap=True)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Try what is installed here, and say how to get the rest.

    Voices speak, recognisers listen to them. Exits with 4 where a call with the shipped release could not be placed.

    Example: badline doctor
    """
    with redirect_stdout(sys.stderr):  # an engine may print
        findings = examine(trials(), lambda part: err.print(f"trying {part}", markup=False))
    works = default_path_works(findings)
    if as_json:
        _print_json({"works": works, "found": [asdict(one) for one in findings]})
    else:
        out.print(health(findings))
    raise typer.Exit(0 if works else 4)


@app.command(name="engines")
def list_engines(as_json: Json = False) -> None:
    """List every engine, or what it lacks.

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
    """Print a JSON Schema, for editors.

    Example: badline schema scenario > scenario.schema.json
    """
    _print_json(schema_of(kind))


def _check_sound_path(path: Path) -> None:
    _check_path("--out", path, SOUND_ENDINGS)


def _check_path(option: str, path: Path, endings: tuple[str, ...]) -> None:
    """Before any work. Raises BadlineError."""
    if path.suffix not in endings:
        *some, last = endings
        raise BadlineError(f"{option}: {path}: give it a name that ends in {', '.join(some)} or {last}")
    if not path.parent.is_dir():
        raise BadlineError(f"{option}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise BadlineError(f"{option}: {path} is a folder; name a file")
    try:
        TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise BadlineError(f"{option}: nothing can be written in {path.parent}: {error.strerror}") from None


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    """The command `badline`: its exit codes are 0, 1 floors, 2 yours to mend, 4 invalid or ours, 130 interrupted."""
    sys.exit(_guarded(app))


def _guarded(command: Callable[[], None]) -> int:
    try:
        command()
    except (InfraError, SoundInvalid) as error:
        return _refused(str(error), 4)
    except BadlineError as error:
        return _refused(str(error), 2)
    except OSError as error:
        if error.errno in FULL:
            return _refused(f"{error.filename or 'a file'}: {error.strerror}. Make room, and give the command again", 2)
        return _bug() if error.filename is None else _refused(f"{error.filename}: {error.strerror}", 2)
    except Exception:  # noqa: BLE001  Python would end with 1, which says that a floor is broken
        return _bug()
    return 0


def _bug() -> int:
    traceback.print_exc()
    return _refused("This is a bug of badline: please report it with the lines above", 4)


def _refused(why: str, code: int) -> int:
    err.print(why, style="bold red", markup=False, soft_wrap=True)
    return code
