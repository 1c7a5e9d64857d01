"""Speech kept on disk: the same bytes as the voice makes, made once, and made anew where it was damaged."""

import numpy as np
import pytest

from pipeline import engines
from pipeline.asr import Transcript
from pipeline.audio import Sound, Word
from pipeline.chance import Chance
from pipeline.line.draw import Line
from pipeline.line.scene import Measure, Nominal
from pipeline.line.window import Rendered, Studio
from pipeline.platform.ears import Recognised
from pipeline.run.cache import Cache
from pipeline.run.crew import Crew
from pipeline.run.kept import (
    Kept,
    KeptSpeech,
    Shelves,
    pack_recognised,
    pack_sound,
    pack_window,
    studio_scope,
    unpack_recognised,
    unpack_sound,
    unpack_window,
)
from pipeline.run.plan import find_job, read_plan
from pipeline.run.unit import run_unit
from pipeline.spec.words import Chosen


class Counting:
    """A voice that counts how often it speaks."""

    version = 1
    languages = ("en",)

    def __init__(self) -> None:
        self.spoken = 0

    def speak(self, text: str, *, seed: int) -> Sound:
        self.spoken += 1
        return Sound(np.linspace(-1, 1, 100 + len(text) + seed, dtype=np.float32), 24_000)


@pytest.fixture
def voice():
    return Counting()


def kept(voice, tmp_path, **said):
    return KeptSpeech(voice, Kept(Cache(str(tmp_path)), "speech", str(said), pack_sound, unpack_sound))


def test_it_is_the_same_sound_made_once(voice, tmp_path):
    first, again = (kept(voice, tmp_path).speak("hello", seed=0) for _ in range(2))
    assert voice.spoken == 1
    assert again.rate == first.rate == 24_000
    assert again.samples.tobytes() == first.samples.tobytes()


@pytest.mark.parametrize(("text", "seed", "said"), [("hallo", 0, {}), ("hello", 1, {}), ("hello", 0, {"speed": 1.1})])
def test_other_words_another_seed_or_another_voice_is_another_sound(voice, tmp_path, text, seed, said):
    kept(voice, tmp_path).speak("hello", seed=0)
    kept(voice, tmp_path, **said).speak(text, seed=seed)
    assert voice.spoken == 2


@pytest.mark.parametrize("damage", [lambda bytes_: bytes_[:-4], lambda bytes_: bytes_[:-1] + b"x", lambda _: b""])
def test_what_was_damaged_is_made_anew(voice, tmp_path, damage):
    first = kept(voice, tmp_path).speak("hello", seed=0)
    [file] = (tmp_path / "speech").glob("*/*")
    file.write_bytes(damage(file.read_bytes()))
    for _ in range(2):
        assert kept(voice, tmp_path).speak("hello", seed=0).samples.tobytes() == first.samples.tobytes()
    assert voice.spoken == 2


def test_what_is_kept_may_be_written_to_without_harm(voice, tmp_path):
    kept(voice, tmp_path).speak("hello", seed=0)
    sound = kept(voice, tmp_path).speak("hello", seed=0)
    sound.samples[:] = 0
    assert kept(voice, tmp_path).speak("hello", seed=0).samples.any()


def test_a_voice_of_the_package_sounds_as_it_does_without(tmp_path):
    tone = Chosen(stage="tts", name="tone", options=engines.find("tts", "tone").options())
    alone = tone.build().speak("one two", seed=3)
    for _ in range(2):
        assert (
            Shelves(Cache(str(tmp_path))).speech(tone).speak("one two", seed=3).samples.tobytes()
            == alone.samples.tobytes()
        )


@pytest.fixture
def cache(tmp_path):
    return Cache(str(tmp_path / "cache"))


def all_facts(toys, cache):
    """The facts of all units of the suite, in the plan's order."""
    crew = Crew(read_plan(find_job(str(toys.suite), None)), cache)
    return [run_unit(crew, unit).facts for unit in crew.plan.units]


def made_again(toys, cache):
    """What was made though all had been run before something was changed."""
    all_facts(toys, cache)
    return cache.counts()["made"]


def test_calls_are_the_same_with_a_cache_without_one_and_with_a_full_one(toys, cache):
    cold = all_facts(toys, cache)
    assert cache.counts()["made"].keys() == {"speech", "windows", "calibrations", "probabilities", "transcripts"}
    warm = all_facts(toys, cache)
    assert cache.counts()["made"] == {}
    assert cold == warm == all_facts(toys, None)


def test_where_only_the_agent_changed_nothing_is_made_that_was_made_before(toys, cache):
    all_facts(toys, cache)
    toys.change("desk/desk.py", "it is on its way goodbye", "goodbye it is on its way now")
    cache.counts()
    assert made_again(toys, cache) == {"speech": 1}


@pytest.mark.parametrize(
    ("file", "before", "after", "kinds"),
    [
        ("noisy.yaml", "[5, 9]", "[6, 9]", {"windows", "calibrations", "probabilities", "transcripts"}),
        ("noisy.yaml", "mean_burst: 2", "mean_burst: 3", {"windows", "calibrations", "probabilities", "transcripts"}),
        ("suite.yaml", "seed: 3", "seed: 4", {"windows", "calibrations", "probabilities", "transcripts"}),
        ("release.yaml", "vad: energy", "vad: {energy: {threshold_db: 8}}", {"probabilities"}),
        ("release.yaml", "silence_ms: 700", "silence_ms: 500", {"transcripts"}),
    ],
)
def test_what_depends_on_a_change_is_made_anew_and_nothing_else(toys, cache, file, before, after, kinds):
    all_facts(toys, cache)
    toys.change(file, before, after)
    cache.counts()
    made = made_again(toys, cache)
    assert kinds & {"windows", "calibrations"} <= made.keys() <= kinds
    assert made_again(toys, cache) == {}


def test_a_windows_measures_and_a_turns_words_come_back_to_the_last_digit():
    got = (
        Measure("room.noise", "snr_db", 0.1 + 0.2, np.float32(1 / 3), "set", tolerance=1),
        Measure("a", "b", None, np.int64(3), "drawn"),
    )
    back = unpack_window(pack_window(Rendered(np.array([-32768, 0, 32767], np.int16), got)))
    assert back.got == got and back.pcm.tolist() == [-32768, 0, 32767] and isinstance(back.got[1].got, int)
    heard = Recognised(Transcript("zero four", (Word("zero", 0, 310, 0.1 + 0.2), Word("four", 310, 500)), None), 512)
    assert unpack_recognised(pack_recognised(heard)) == heard


def scope(seed=1, name="a", around=None, nominal=-26.0):
    studio = Studio(Line(), Nominal(nominal, -29.0), {}, Chance(seed).named(name))
    return studio_scope(studio, around or {})


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"name": "b"}, {"around": {"child": ["small"]}}, {"nominal": -20.0}], ids=str
)
def test_windows_of_another_chance_level_or_company_have_other_keys(other):
    assert scope(**other) != scope() == scope()
