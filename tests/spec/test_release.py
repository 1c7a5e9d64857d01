import pytest

from pipeline.files import shipped
from pipeline.spec.release import read_release

SHIPPED = sorted((shipped("fixtures") / "releases").glob("*.yaml"))


@pytest.fixture
def release(right, tmp_path):
    (tmp_path / "release.yaml").write_text(right["release"])
    return read_release(tmp_path / "release.yaml")


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_releases_are_read(path):
    assert read_release(path).name == path.stem


def test_a_latency_is_a_number_or_a_range(release):
    assert release.latency.asr_ms == (300, 300)
    assert release.latency.agent_ms == (400, 900)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"2026.12"', "2026.12", "1: name: 2026.12 is a number here: put it in quotes"),
        ("vad: energy", "vad: enery", "2: endpointing.vad: There is no vad called 'enery'. Did you mean 'energy'?"),
        ("vad: energy, ", "", "2: endpointing.vad: is missing"),
        ("silence_ms: 700", "silence: 700", "2: endpointing.silence: is not a key here. Did you mean 'silence_ms'?"),
        ("silence_ms: 700", "silence_ms: 700ms", "2: endpointing.silence_ms: wants a whole number of ms, not '700"),
        ("silence_ms: 700", "silence_ms: 0.7s", "2: endpointing.silence_ms: wants a whole number of ms, not '0.7s'"),
        ("silence_ms: 700", "silence_ms: 50", "2: endpointing.silence_ms: 50 is below 100 ms"),
        ("silence_ms: 700", "max_turn_s: 1, silence_ms: 2000", "2: endpointing.silence_ms: 2000 ms is longer"),
        ("{tones: {}}", "tonse", "3: asr: There is no asr called 'tonse'. Did you mean 'tones'?"),
        ("{tones: {}}", "{tones: {}, other: {}}", "3: asr: wants one asr as 'name: {option: value}'. Known: "),
        ("{tones: {}}", "{tones: {char: 60}}", "3: asr.tones.char: is not a key here. Did you mean 'char_ms'?"),
        ("{tones: {}}", "{tones: {char_ms: 55}}", "3: asr.tones.char_ms: 55 is no multiple of 10 ms"),
        ("{scripted: {}}", "{python: {}}", "4: agent.python.target: is missing"),
        ("{scripted: {}}", '{python: {target: "no.py:X"}}', "4: agent.python.target: there is no file no.py"),
        ("{asr_ms: 300}", "{asr_ms: 300ms}", "6: latency.asr_ms: wants a whole number of ms, or a range [low, high]"),
        ("{asr_ms: 300}", "{asr_ms: [900, 400]}", "6: latency.asr_ms: [900, 400] runs downwards; write [400, 900]"),
        ("{asr_ms: 300}", "{asr_ms: [true, false]}", "6: latency.asr_ms: wants a whole number of ms, or a range"),
        ("{asr_ms: 300}", "{asr_ms: [4, 99000]}", "6: latency.asr_ms.1: 99000 is above 60000 ms"),
        ("latency: {asr_ms: 300}", "limits: {max_concurrent: 0}", "6: limits.max_concurrent: 0 is below 1"),
        ("latency: {asr_ms: 300}", "limits: {max_concurrent: 2.5}", "6: limits.max_concurrent: wants a whole number"),
        ("latency: {asr_ms: 300}", "limits: {per_second: 0}", "6: limits.per_second: 0 is below 0.01"),
        ("latency: {asr_ms: 300}", "limits: {per_minute: 9}", "6: limits.per_minute: is not a key here. Known: max_c"),
    ],
)  # fmt: skip
def test_a_release_is_refused_where_it_is_wrong(wrong, old, new, message):
    assert wrong(read_release, "release", old, new).startswith(f"words.yaml:{message}")


def test_a_number_that_stands_for_both_ends_is_refused_once(wrong):
    assert wrong(read_release, "release", "300", "-5") == "words.yaml:6: latency.asr_ms: -5 is below 0 ms"


def test_each_fault_has_a_line_of_its_own(wrong):
    said = wrong(read_release, "release", "agent: {scripted: {}}\nagent_voice: {tone: {}}\n", "")
    assert said.splitlines() == ["words.yaml:1: agent: is missing", "words.yaml:1: agent_voice: is missing"]
