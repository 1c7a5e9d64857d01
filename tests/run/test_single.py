import shlex

import numpy as np
import pytest
import soundfile

from pipeline.errors import BadlineError, InfraError, Unspeakable
from pipeline.run.crew import Crew
from pipeline.run.plan import find_job, read_plan
from pipeline.run.single import Recording, listen_against, listen_once, place_once
from pipeline.run.unit import run_unit


def options_of(command):
    """The arguments of `place_once` that a printed command stands for."""
    scenario, *rest = shlex.split(command)[2:]
    said = dict(zip(rest[::2], rest[1::2], strict=True))
    return {
        "scenario": scenario,
        "profile": said["--profile"],
        "severity": said.get("--severity", "typical"),
        "release": said["--release"],
        "voice": said.get("--voice"),
        "arm": said.get("--arm", "degraded"),
        "seed": int(said["--seed"]),
        "trial": int(said.get("--trial", 1)),
    }


@pytest.mark.parametrize("named", ["none.tone.2.oracle", "typical.tone.2.degraded", "harsh.tone.2.degraded"])
def test_a_unit_placed_alone_is_the_very_same_call(toys, named):
    toys.change("suite.yaml", "seed: 3", "seed: 3\ntrials: 2\nseverities: [typical, harsh]")
    plan = read_plan(find_job(str(toys.suite), None))
    [unit] = [one for one in plan.units if one.name == f"two.noisy.{named}"]
    in_a_run, alone = run_unit(Crew(plan), unit), place_once(**options_of(plan.command(unit)))
    assert in_a_run.record({})["facts_sha256"] == alone.record({})["facts_sha256"]
    assert np.array_equal(in_a_run.stereo, alone.stereo)


def test_another_seed_is_another_call(toys):
    files = {"scenario": str(toys.folder / "one.yaml"), "profile": str(toys.folder / "noisy.yaml")}
    release = str(toys.folder / "release.yaml")
    hashes = {
        place_once(**files, release=release, voice=None, arm="degraded", seed=seed, trial=trial).facts["sound"]
        for seed, trial in ((3, 1), (3, 2), (4, 1))
    }
    assert len(hashes) == 3


def test_an_unknown_arm_is_refused(toys):
    with pytest.raises(BadlineError, match="Did you mean 'degraded'"):
        place_once("x", "y", release=None, voice=None, arm="degradd", seed=0)


def test_a_sentence_is_heard_with_what_the_line_did_to_it(toys):
    heard = listen_once("hello", str(toys.folder / "noisy.yaml"), voice="tone", seed=1)
    again = listen_once("hello", str(toys.folder / "noisy.yaml"), voice="tone", seed=1)
    assert {measure.kind for measure in heard.calibration} == {"set"}
    assert {measure.kind for measure in heard.window.got} == {"drawn"}
    assert heard.window.sha256 == again.window.sha256


def test_recordings_in_a_folder_are_picked_by_name_of_chance(toys):
    (toys.folder / "fans").mkdir()
    for name, sd in (("a", 0.05), ("b", 0.1)):
        noise = np.random.default_rng(1).normal(0, sd, 32000)
        soundfile.write(toys.folder / "fans" / f"{name}.wav", noise, 16000)
    toys.write("noisy.yaml", "name: noisy\nabout: Fans.\nroom: [{noise: {folder: fans, snr_db: 5}}]")
    files = [
        listen_once("hi", str(toys.folder / "noisy.yaml"), voice="tone", seed=seed).line.said()[0]["options"]["file"]
        for seed in range(12)
    ]
    assert {path[-5:] for path in files} == {"a.wav", "b.wav"}


def test_a_copy_of_another_name_has_the_same_luck_in_what_it_does_not_change(toys):
    toys.write("copy.yaml", (toys.folder / "noisy.yaml").read_text().replace("name: noisy", "name: copy"))
    one, copy = (
        listen_once("hello", str(toys.folder / name), voice="tone", seed=1) for name in ("noisy.yaml", "copy.yaml")
    )
    assert copy.name == "copy typical"
    assert copy.window.sha256 == one.window.sha256


@pytest.mark.parametrize("text", ["😀", "..."])
def test_a_sentence_without_words_is_the_users_to_mend(toys, text):
    with pytest.raises(Unspeakable, match="there are no words"):
        listen_once(text, str(toys.folder / "noisy.yaml"), voice="tone", seed=1)
    assert not issubclass(Unspeakable, InfraError)  # which would be ours to mend


KEYPAD = """
barge_in: {enabled: false}
agent:
  scripted:
    opening: "please key in the order number"
    rules:
      - when: "^(?P<order>[0-9]+)$"
        reply: "it is on its way goodbye"
        actions: [{name: track, arguments: {order: "{order}"}}]
        ends_call: true
"""


@pytest.mark.parametrize("keys", ["{order}#", "{order}"])
def test_keys_reach_an_agent_that_asks_for_them_whatever_the_line(toys, keys):
    toys.change("release.yaml", 'agent: {python: {target: "desk/desk.py:Desk"}}', KEYPAD)
    toys.change("one.yaml", 'say: "{order}"', f'say: "{{order}}", keys: "{keys}"')
    paths = (str(toys.folder / name) for name in ("one.yaml", "noisy.yaml"))
    release = str(toys.folder / "release.yaml")
    facts = place_once(*paths, release=release, voice=None, arm="degraded", seed=2).facts
    [said], [turn] = facts["call"]["utterances"], facts["call"]["turns"]
    assert (facts["status"], said["kind"], turn["kind"], turn["text"]) == ("passed", "keys", "dtmf", "412")


def line_at(toys, severity):
    """The effects of the noisy line, by name."""
    path = str(toys.folder / "noisy.yaml")
    heard = listen_once("hello", path, severity=severity, voice="tone", seed=1)
    return {one["name"]: one["options"] for one in heard.line.said()}


def test_a_harsher_line_is_the_same_one_only_worse(toys):
    mild, typical, harsh = (line_at(toys, severity) for severity in ("mild", "typical", "harsh"))
    assert [one["packet_loss"]["rate"] for one in (mild, typical, harsh)] == [0.025, 0.05, 0.1]
    assert mild["codec"] == typical["codec"] == harsh["codec"]


def test_at_severity_none_a_sentence_is_heard_as_on_a_line_without_effects(toys):
    heard = listen_once("hello", str(toys.folder / "noisy.yaml"), severity="none", voice="tone", seed=1)
    assert (heard.line.effects, heard.calibration) == ((), ())


def test_profiles_combine_for_one_call_too(toys):
    toys.write("late.yaml", "name: late\nabout: Far away.\nnetwork: [{delay: {ms: 300}}]")
    profile = f"{toys.folder / 'noisy.yaml'}+{toys.folder / 'late.yaml'}"
    paths = (str(toys.folder / name) for name in ("one.yaml", "release.yaml"))
    done = place_once(next(paths), profile, release=next(paths), voice=None, arm="degraded", seed=1, severity="mild")
    assert done.unit.name == "one.noisy+late.mild.tone.1.degraded"
    assert [one["name"] for one in done.facts["line"]] == ["noise", "adc", "packet_loss", "codec", "delay"]


def test_an_unknown_severity_is_refused(toys):
    with pytest.raises(BadlineError, match=r"--severity: .*Did you mean 'harsh'"):
        place_once("x", "y", release=None, voice=None, arm="clean", seed=0, severity="hars")


def against(toys, other):
    return listen_against("hello", str(toys.folder / "noisy.yaml"), other, voice="tone", seed=1)


def test_a_sentence_is_heard_on_two_lines(toys):
    toys.write("late.yaml", "name: late\nabout: Far away.\nnetwork: [{delay: {ms: 300}}]")
    first, other = against(toys, str(toys.folder / "late.yaml"))
    assert (first.name, other.name) == ("noisy typical", "late typical")
    alone = listen_once("hello", str(toys.folder / "late.yaml"), voice="tone", seed=1)
    assert other.window.sha256 == alone.window.sha256


@pytest.mark.parametrize(("typed", "rate"), [("mild", 0.025), ("1", 0.1), ("0.6", 0.06)])
def test_a_severity_stands_for_the_same_line_at_that_one(toys, typed, rate):
    _, other = against(toys, typed)
    [loss] = [one["options"] for one in other.line.said() if one["name"] == "packet_loss"]
    assert loss["rate"] == pytest.approx(rate)


def test_a_recording_keeps_its_level_at_the_rate_of_the_line(toys):
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    soundfile.write(toys.folder / "real.flac", np.stack((tone, tone), axis=1), 44_100)
    _, real = against(toys, str(toys.folder / "real.flac"))
    assert isinstance(real, Recording)
    assert len(real.pcm) == 16_000
    assert np.abs(real.pcm[2000:-2000].astype(int)).max() == pytest.approx(0.25 * 32768, rel=0.01)


@pytest.mark.parametrize(
    ("name", "samples", "why"),
    [("none.wav", None, "no file"), ("empty.wav", [], "is empty"), ("nan.wav", [0.1, float("nan")], "NaN")],
)
def test_a_recording_that_tells_nothing_is_refused(toys, name, samples, why):
    if samples is not None:
        soundfile.write(toys.folder / name, np.array(samples), 16_000, subtype="FLOAT")
    with pytest.raises(BadlineError, match=f"--against: .*{why}"):
        against(toys, str(toys.folder / name))


def test_what_only_looks_like_a_recording_is_refused(toys):
    toys.write("words.wav", "hello")
    with pytest.raises(BadlineError, match=r"words\.wav: is no sound"):
        against(toys, str(toys.folder / "words.wav"))


ROOM = """
name: room
about: Every effect of it can run on any device.
talker: [{mumble: {}}]
room: [{reverb: {}}, {noise: {kind: white}}]
network: [{band: {}}]
"""


def test_on_another_device_a_sentence_sounds_the_same_but_for_rounding(toys):
    pytest.importorskip("torch")
    (toys.folder / "room.yaml").write_text(ROOM)
    here, there = (
        listen_once("hello", str(toys.folder / "room.yaml"), voice="tone", seed=1, device=device)
        for device in ("cpu", "torch:cpu")
    )
    assert there.studio.device == "torch:cpu"
    assert np.abs(there.pcm.astype(int) - here.pcm).max() <= 1  # two roundings of nearly the same number
    assert [measure.name for measure in there.calibration] == [measure.name for measure in here.calibration]


def test_a_device_that_is_not_known_is_refused_before_any_work():
    with pytest.raises(BadlineError, match="there is no device 'gpu'"):
        place_once("no scenario", "no profile", release=None, voice=None, arm="degraded", seed=0, device="gpu")
    with pytest.raises(BadlineError, match="there is no device 'gpu'"):
        listen_once("hello", "no profile", voice="nobody", seed=0, device="gpu")
