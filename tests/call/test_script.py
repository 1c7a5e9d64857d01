import re

import pytest
import soundfile

from pipeline.agent import Reply
from pipeline.call.caller import HangUp, Speak
from pipeline.call.script import refuse_unspeakable, script
from pipeline.errors import BadlineError
from pipeline.run.plan import find_job, read_plan
from pipeline.spec.habits import Habits
from pipeline.spec.voice import read_voice, voice_named
from pipeline.tts.tone import Options, Tone

SAID = (
    "How can I help you?",
    "What are your order number and your postcode?",
    "I have order 0412-7738, is that right?",
    "I have order 0412-7783, is that right?",
    "Sorry, what is your postcode?",
    "What is your postcode?",
    "",
    "What is the colour of the moon?",
    "Is there anything else?",
)


def utterances(caller):
    """What the caller says to each of the agent's sentences, half a minute apart; to the empty one, unasked."""
    for turn, text in enumerate(SAID):
        caller.hear(Reply(text), start_ms=turn * 30_000, end_ms=turn * 30_000 + 1000)
        for now_ms in range(turn * 30_000, turn * 30_000 + 28_000, 10):
            act = caller.act(now_ms)
            if isinstance(act, HangUp):
                return
            if isinstance(act, Speak):
                caller.spoke_until(now_ms + 2000)
                yield act.spoken


@pytest.fixture
def recorded(tmp_path):
    """Records all but the last `lacking` texts with the toy voice, and gives the voice."""

    def build(texts, lacking=0):
        folder = tmp_path / "fixtures" / "voices" / "anna"
        folder.mkdir(parents=True)
        for i, text in enumerate(texts[: len(texts) - lacking]):
            soundfile.write(folder / f"{i}.wav", Tone(Options()).speak(text, seed=0).samples, 16000)
        index = "".join(f'"{text}": {i}.wav\n' for i, text in enumerate(texts[: len(texts) - lacking]))
        (folder / "index.yaml").write_text(index, encoding="utf-8")
        folder.with_suffix(".yaml").write_text("recorded: {folder: anna}\n", encoding="utf-8")
        return read_voice(folder.with_suffix(".yaml"))

    return build


def test_whatever_a_caller_says_is_some_of_the_script_in_a_row(parcel, caller):
    scenario = parcel()
    said = list(utterances(caller(scenario, patience=9)))
    in_a_row = re.compile(rf"({'|'.join(map(re.escape, script(scenario)))}|\s)+")
    assert len(said) >= 8
    assert any("Hello?" in text for text in said)
    assert [text for text in said if not in_a_row.fullmatch(text)] == []


def test_a_voice_with_the_whole_script_is_taken_and_says_it_all(parcel, caller, recorded):
    scenario = parcel()
    voice = recorded(script(scenario))
    refuse_unspeakable(scenario, voice, Habits())
    assert all(voice.build().speak(text, seed=0).seconds > 0.5 for text in utterances(caller(scenario, patience=9)))


def test_all_that_a_voice_of_recordings_lacks_is_named_before_a_call(parcel, recorded):
    texts = script(parcel())
    with pytest.raises(BadlineError) as refused:
        refuse_unspeakable(parcel(), recorded(texts, lacking=2), Habits())
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert all(repr(text) in line for text, line in zip(texts[-2:], lines, strict=True))


def test_a_voice_of_recordings_is_refused_to_a_caller_who_leaves_the_script(parcel, recorded):
    scenario = parcel()
    with pytest.raises(BadlineError, match="habits hesitates, asides says what no script foresees"):
        refuse_unspeakable(scenario, recorded(script(scenario)), Habits(hesitates=0.2, asides=0.1, repairs=0.0))


def test_a_plan_with_a_voice_that_lacks_something_is_refused(toys, recorded, tmp_path, monkeypatch):
    recorded(["Yes, that's right."])
    monkeypatch.chdir(tmp_path)
    toys.change("suite.yaml", "seed: 3", "seed: 3\nvoices: [anna]")
    with pytest.raises(BadlineError, match="anna: no recording says"):
        read_plan(find_job(str(toys.suite), None))


def test_a_line_in_a_script_that_the_voice_cannot_say_is_refused_with_its_scenario(parcel):
    refuse_unspeakable(parcel(), voice_named("tone"), Habits())
    with pytest.raises(BadlineError, match=r"^scenario parcel: tone: there are no tones for 'з'"):
        refuse_unspeakable(parcel(order={"say": "Здравствуйте {order}"}), voice_named("tone"), Habits())
    with pytest.raises(BadlineError, match=r"^scenario parcel: hibari: cannot say 'З'"):
        refuse_unspeakable(parcel(order={"say": "Здравствуйте {order}"}), voice_named("heart"), Habits())
