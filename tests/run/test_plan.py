from importlib.metadata import version

import numpy as np
import pytest
import soundfile

from pipeline.errors import BadlineError
from pipeline.run.crew import Crew
from pipeline.run.plan import Job, find_job, read_plan


def plan(toys):
    return read_plan(find_job(str(toys.suite), None))


def changed(before, after):
    """What of the sources differs."""
    keys = {*before.sources, *after.sources}
    return {key for key in keys if before.sources.get(key) != after.sources.get(key)}


def test_units_are_all_combinations_and_named_after_them(toys):
    toys.change("suite.yaml", "seed: 3", "seed: 3\ntrials: 2\nvoices: [tone, heart]")
    pytest.importorskip("hibari")
    units = plan(toys).units
    assert len(units) == len({unit.name for unit in units}) == 2 * 2 * 2 * 2 * 3
    assert "two.noisy.typical.heart.2.degraded" in {unit.name for unit in units}


@pytest.mark.parametrize(
    ("name", "before", "after", "source"),
    [
        ("one.yaml", "412", "413", "scenario one"),
        ("noisy.yaml", "[5, 9]", "[5, 8]", "profile noisy"),
        ("release.yaml", "silence_ms: 700", "silence_ms: 900", "release toy"),
        ("release.yaml", "asr: tones", "asr: {tones: {char_ms: 80}}", "release toy"),
        ("suite.yaml", "seed: 3", "seed: 4", "suite"),
        ("desk/desk.py", "goodbye", "bye", "files of agent python"),
    ],
)
def test_what_determines_a_unit_changes_the_plan_and_is_named(toys, name, before, after, source):
    first = plan(toys)
    toys.change(name, before, after)
    second = plan(toys)
    assert changed(first, second) == {source}
    assert first.sha256 != second.sha256


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("noisy.yaml", "A noise beside the tones.", "Loud."),
        ("one.yaml", "Somebody asks", "A person asks"),
        ("suite.yaml", "weights: {quiet: 3, noisy: 1}", "floors: {oracle: 1.0}"),
    ],
)
def test_what_determines_no_unit_does_not_change_it(toys, name, before, after):
    first = plan(toys)
    toys.change(name, before, after)
    assert plan(toys).sha256 == first.sha256


def test_another_sound_in_a_recording_of_the_same_name_changes_the_plan(toys):
    toys.write("noisy.yaml", "name: noisy\nabout: A fan.\nroom: [{noise: {file: fan.wav, snr_db: {any_of: [5, 9]}}}]")
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 16000))
    soundfile.write(toys.folder / "fan.wav", noise[0], 16000)
    first = plan(toys)
    soundfile.write(toys.folder / "fan.wav", noise[1], 16000)
    assert changed(first, plan(toys)) == {"files of profile noisy"}


def test_a_file_added_beside_the_agent_changes_the_plan(toys):
    first = plan(toys)
    toys.write("desk/prices.py", "PRICE = 3")
    assert changed(first, plan(toys)) == {"files of agent python"}


def test_versions_of_all_engines_are_in_the_plan(toys):
    sources = plan(toys).sources
    for used in ("tts tone", "room noise", "network codec", "vad energy", "asr tones", "agent python", "score task"):
        assert sources[f"version of {used}"] >= 1


def test_those_who_talk_in_the_background_are_in_the_plan(toys):
    toys.write("noisy.yaml", "name: noisy\nabout: Talk.\nroom: [{crosstalk: {sir_db: 5}}]")
    pytest.importorskip("hibari")
    assert {"bystander deep", "bystander high"} <= set(plan(toys).sources)


def test_a_suite_without_release_wants_one(toys):
    toys.change("suite.yaml", "release: release.yaml", "")
    with pytest.raises(BadlineError, match="--release"):
        find_job(str(toys.suite), None)
    assert find_job(str(toys.suite), str(toys.folder / "release.yaml")) == Job(toys.suite, toys.folder / "release.yaml")


def test_a_unit_has_a_command_that_leaves_out_what_goes_without_saying(toys):
    toys.change("suite.yaml", "seed: 3", "seed: 3\ntrials: 2")
    one = plan(toys)
    words = [one.command(unit).split() for unit in one.units if unit.scenario == "one" and unit.profile == "noisy"]
    last = words[-1]
    assert last[:3] == ["badline", "call", str(toys.folder / "one.yaml")]
    assert last[-4:] == ["--seed", "3", "--trial", "2"]
    assert "--arm" not in last
    assert words[0][-2:] == ["--arm", "oracle"]


def test_only_the_degraded_arm_has_calls_of_each_severity(toys):
    toys.change("suite.yaml", "seed: 3", "seed: 3\nseverities: [mild, 0.4, harsh]")
    names = [unit.name for unit in plan(toys).units if (unit.scenario, unit.profile) == ("one", "noisy")]
    lines = [("none", "oracle"), ("none", "clean"), ("mild", "degraded"), ("0_4", "degraded"), ("harsh", "degraded")]
    assert names == [f"one.noisy.{severity}.tone.1.{arm}" for severity, arm in lines]


def test_a_line_without_effects_is_as_bad_as_ever_and_called_once(toys):
    toys.change("suite.yaml", "seed: 3", "seed: 3\nseverities: [mild, 0.4, harsh]")
    one = plan(toys)
    [quiet] = [unit for unit in one.units if (unit.scenario, unit.profile, unit.arm) == ("one", "quiet", "degraded")]
    assert quiet.name == "one.quiet.none.tone.1.degraded"
    assert "--severity" not in one.command(quiet)


def test_another_severity_changes_the_plan(toys):
    first = plan(toys)
    toys.change("suite.yaml", "seed: 3", "seed: 3\nseverities: [harsh]")
    assert changed(first, plan(toys)) == {"suite"}


def test_a_command_says_a_severity_that_is_not_typical_and_every_part_of_a_profile(toys):
    toys.change("suite.yaml", "seed: 3", "seed: 3\nseverities: [typical, 0.4]")
    toys.change("suite.yaml", "profiles: [./quiet.yaml, ./noisy.yaml]", "profiles: [[./quiet.yaml, cafe]]")
    toys.change("suite.yaml", "weights: {quiet: 3, noisy: 1}", "")
    one = plan(toys)
    words = {unit.name: one.command(unit).split() for unit in one.units}
    mild = words["one.quiet+cafe.0_4.tone.1.degraded"]
    assert mild[mild.index("--profile") + 1] == f"{toys.folder / 'quiet.yaml'}+cafe"
    assert mild[mild.index("--severity") + 1] == "0.4"
    others = [name for name, said in words.items() if "--severity" not in said]
    assert {tuple(name.split(".")[i] for i in (2, 5)) for name in others} == {
        ("none", "oracle"), ("none", "clean"), ("typical", "degraded"),
    }  # fmt: skip


def test_another_device_changes_the_plan_and_stands_in_its_commands_and_in_the_stamp(toys):
    pytest.importorskip("torch")
    job = find_job(str(toys.suite), None)
    here, there = read_plan(job), read_plan(job, device="torch:cpu")
    assert changed(here, there) == {"device"}
    assert "--device" not in here.command(here.units[0])
    assert there.command(there.units[0]).endswith("--device torch:cpu")
    assert Crew(here).stamp(here.units[0])["device"] == "cpu"
    stamp = Crew(there).stamp(there.units[0])
    assert (stamp["device"], stamp["hardware"], stamp["torch"]) == ("torch:cpu", "cpu", version("torch"))


def test_an_unknown_device_is_refused_before_words_are_read(toys):
    toys.change("suite.yaml", "seed: 3", "sead: 3")
    with pytest.raises(BadlineError, match="there is no device 'gpu'"):
        read_plan(Job(toys.suite, toys.folder / "release.yaml"), device="gpu")
