import numpy as np
import pytest
import soundfile

from pipeline.call.voices import LevelVoice
from pipeline.errors import BadlineError, Unspeakable
from pipeline.files import find_named
from pipeline.levels import active_speech_level
from pipeline.spec.scenario import Scenario, read_scenario
from pipeline.spec.voice import read_voice
from pipeline.tts import Recordings
from pipeline.tts.recorded import Options, Recorded, lines_by_key, recordings, words_of


def tone(seconds, hz=440, rate=16000, peak=0.1):
    return peak * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


@pytest.fixture
def folder(tmp_path):
    """A folder with a recording of 0.5 s, one of 1 s and one of 2 s, and a voice of them beside it."""
    own = tmp_path / "anna"
    own.mkdir()
    soundfile.write(own / "yes-please.wav", tone(0.5), 16000)
    soundfile.write(own / "Id like a refund.flac", tone(1.0), 16000)
    soundfile.write(own / "take7.wav", tone(2.0), 16000)
    (own / "index.yaml").write_text('"My order is B, seven.": take7.wav\n', encoding="utf-8")
    (tmp_path / "anna.yaml").write_text("recorded: {folder: anna}\n", encoding="utf-8")
    return own


def voice(folder, **options):
    return Recorded(Options(folder=folder, **options))


@pytest.mark.parametrize(
    ("text", "seconds"), [("Yes, please!", 0.5), ("i'd LIKE  a refund", 1.0), ("my order is B seven", 2.0)]
)
def test_a_text_is_found_whatever_its_case_punctuation_and_spaces(folder, text, seconds):
    assert voice(folder).speak(text, seed=0).seconds == pytest.approx(seconds)


def test_several_recordings_in_a_row_are_joined_with_a_pause(folder):
    said = voice(folder, pause_ms=300).speak("Yes, please. I'd like a refund. My order is B, seven.", seed=0)
    assert said.seconds == pytest.approx(0.5 + 0.3 + 1.0 + 0.3 + 2.0)
    assert not said.samples[8000 : 8000 + 4800].any()


def test_as_few_recordings_are_joined_as_can_be(folder):
    for word in ("yes", "please"):
        soundfile.write(folder / f"{word}.wav", tone(3.0), 16000)
    assert voice(folder).speak("yes please", seed=0).seconds == pytest.approx(0.5)


def test_a_missing_text_is_refused_with_the_nearest_and_the_right_name(folder):
    with pytest.raises(BadlineError) as refused:
        voice(folder).speak("Yes, of course.", seed=0)
    said = str(refused.value)
    assert said.startswith(f"{folder}: no recording says 'Yes, of course.'.")
    assert "'yes-of-course.wav'" in said
    with pytest.raises(BadlineError, match=r"nearest is 'yes please' \(yes-please.wav\)"):
        voice(folder).speak("Yes, plea", seed=0)


def test_a_file_of_the_name_that_was_asked_for_is_found(folder):
    soundfile.write(folder / "yes-of-course.wav", tone(0.7), 16000)
    assert voice(folder).speak("Yes, of course.", seed=0).seconds == pytest.approx(0.7)


def test_stereo_is_mixed_and_rates_may_differ(folder):
    left, right = tone(1.0, rate=44100), np.zeros(44100)
    soundfile.write(folder / "hello.wav", np.stack([left, right], axis=1), 44100, subtype="FLOAT")
    alone = voice(folder).speak("hello", seed=0)
    assert (alone.rate, alone.samples.ndim) == (44100, 1)
    assert np.allclose(alone.samples, left / 2, atol=1e-6)
    assert voice(folder, pause_ms=0).speak("hello yes please", seed=0).seconds == pytest.approx(1.5, abs=1e-3)


@pytest.mark.parametrize(
    ("samples", "why"), [(np.zeros(0), "is empty"), (np.zeros(800), "is silent"), (None, "is not a sound file")]
)
def test_what_cannot_be_heard_is_refused_by_name(folder, samples, why):
    if samples is None:
        (folder / "no.wav").write_text("no", encoding="utf-8")
    else:
        soundfile.write(folder / "no.wav", samples, 16000)
    with pytest.raises(BadlineError, match=rf"no\.wav: {why}"):
        read_voice(folder.parent / "anna.yaml")


def test_a_file_in_the_index_no_longer_says_its_name(folder):
    with pytest.raises(BadlineError, match="no recording says 'take7'"):
        voice(folder).speak("take7", seed=0)


def test_two_files_that_say_the_same_are_refused(folder):
    soundfile.write(folder / "Yes, please.wav", tone(0.5), 16000)
    with pytest.raises(BadlineError, match="says 'yes please', and so does"):
        read_voice(folder.parent / "anna.yaml")


def test_an_index_is_refused_with_its_line(folder):
    (folder / "index.yaml").write_text('"One": take7.wav\n"Two": take8.wav\n', encoding="utf-8")
    with pytest.raises(BadlineError, match=r"index.yaml:2: there is no file 'take8.wav'"):
        read_voice(folder.parent / "anna.yaml")


def test_a_folder_is_found_from_the_voice_and_a_missing_one_refused(folder):
    assert read_voice(folder.parent / "anna.yaml").build().speak("yes please", seed=0).seconds == pytest.approx(0.5)
    (folder.parent / "bert.yaml").write_text("recorded: {folder: bert}\n", encoding="utf-8")
    with pytest.raises(BadlineError, match=r"bert.yaml:1: .*bert: there is no such folder"):
        read_voice(folder.parent / "bert.yaml")


def test_a_voice_is_another_when_a_recording_changes_and_the_same_where_it_lies_elsewhere(folder, tmp_path):
    before = read_voice(tmp_path / "anna.yaml").said()
    moved = folder.rename(tmp_path / "elsewhere")
    assert Options(folder=moved).model_dump(mode="json") == before["recorded"]
    soundfile.write(moved / "yes-please.wav", tone(0.6), 16000)
    assert Options(folder=moved).model_dump(mode="json") != before["recorded"]


def test_its_level_is_found_on_its_own_recordings(folder):
    leveled = LevelVoice(voice(folder), "en-GB")
    assert isinstance(leveled.tts, Recordings)
    assert active_speech_level(leveled.speak("my order is B seven"), 16000).asl_dbov == pytest.approx(-26.0, abs=0.2)


def test_the_longest_recordings_are_calibrated_on(folder):
    soundfile.write(folder / "a-long-story.wav", tone(30.0), 16000)
    assert voice(folder).calibration().seconds == pytest.approx(30.0)


def test_apostrophes_join_and_other_signs_part():
    assert words_of("I’d like B-7, O'Neill_Straße") == "id like b 7 oneill strasse"


@pytest.fixture
def by_key(tmp_path):
    """The folder of one scenario's caller: files named by the keys of its lines."""
    own = tmp_path / "maya"
    own.mkdir()
    soundfile.write(own / "order.wav", tone(0.5), 16000)
    soundfile.write(own / "order.2.wav", tone(1.0), 16000)
    return own


def lines(**facts):
    words = {"order": {"alnum_id": "0412-7783"}} | facts
    return Scenario.model_validate(
        {
            "name": "one",
            "about": "A caller who was recorded.",
            "now": "2026-11-22T10:00",
            "facts": words,
            "says": {"open": {"say": "Hello."}, "order": {"say": "It's {order}.", "correct": "I said {order}."}},
            "expect": {"outcome": "handed_off"},
        }
    )


def test_a_file_named_by_a_key_says_that_line_as_first_said_and_as_said_again(by_key):
    texts = lines_by_key(lines())
    files = recordings(by_key, texts)
    assert files[words_of(texts["order"])].name == "order.wav"
    assert files[words_of(texts["order.2"])].name == "order.2.wav"


def test_a_key_says_other_words_where_the_fact_is_another(by_key):
    mine, other = (recordings(by_key, lines_by_key(lines(order={"digits": code}))) for code in ("123", "456"))
    assert set(mine) != set(other)


def test_a_missing_line_is_asked_for_by_its_key_and_a_stock_phrase_by_its_words(by_key):
    (by_key / "order.2.wav").unlink()
    scenario = find_named("change_delivery_address", folder="fixtures/scenarios")
    own = voice(by_key, scenario=scenario)
    with pytest.raises(Unspeakable, match=r"Record it as 'order\.2\.wav'"):
        own.speak(lines_by_key(read_scenario(scenario))["order.2"], seed=0)
    with pytest.raises(Unspeakable, match=r"Record it as 'yes-thats-right\.wav'"):
        own.speak("Yes, that's right.", seed=0)


def test_a_voice_of_one_scenarios_caller_is_written_with_its_file(by_key, tmp_path):
    (by_key / "order.2.wav").unlink()
    words = "recorded: {folder: maya, scenario: change_delivery_address}\n"
    (tmp_path / "maya.yaml").write_text(words, encoding="utf-8")
    said = read_voice(tmp_path / "maya.yaml").build().speak("It's zero four one two, seven seven eight three.", seed=0)
    assert said.seconds == pytest.approx(0.5)
