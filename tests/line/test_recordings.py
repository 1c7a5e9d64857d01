"""Recordings in folders: which are found, and in which categories, as collections are laid out."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.chance import stream
from pipeline.errors import BadlineError
from pipeline.line.recordings import Recordings, categories, sound_files
from pipeline.spec.words import read_words

LAYOUTS = {
    "ESC-50": ("audio/1-100-A-0.wav", "audio/1-137-A-32.wav", "audio/2-101-B-32.wav"),
    "MUSAN": ("noise/free-sound/a.wav", "noise/sound-bible/b.wav", "speech/librivox/c.wav", "music/fma/d.wav"),
    "DEMAND": ("PCAFETER/ch01.wav", "PCAFETER/ch02.wav", "PCAFETER/ch16.wav", "TCAR/ch01.wav"),
    "WHAM": ("tr/011a0101.wav", "cv/012.wav", "tt/013.wav"),
}
TABLE = "filename,fold,target,category\n1-100-A-0.wav,1,0,dog\n1-137-A-32.wav,1,32,keyboard_typing\n" + (
    "2-101-B-32.wav,2,32,keyboard_typing\n"
)


def collection(folder: Path, name: str) -> Path:
    for path in LAYOUTS[name]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / path, 0.1 * np.sin(np.arange(1000)), 16000)
    if name == "ESC-50":
        (folder / "meta").mkdir()
        (folder / "meta" / "esc50.csv").write_text(TABLE)
    return folder


def names(paths) -> list[str]:
    return [path.name for path in paths]


def test_recordings_are_found_at_any_depth_in_order_and_one_channel_of_demand(tmp_path):
    collection(tmp_path, "DEMAND")
    for name in ("a.flac", "._a.wav"):
        soundfile.write(tmp_path / name, np.ones(100) * 0.1, 16000)
    (tmp_path / "readme.txt").write_text("no sound")
    found = [path.relative_to(tmp_path).as_posix() for path in sound_files(tmp_path)]
    assert found == ["PCAFETER/ch01.wav", "TCAR/ch01.wav", "a.flac"]


@pytest.mark.parametrize(
    ("layout", "known"),
    [
        ("ESC-50", ["dog", "keyboard_typing"]),
        ("MUSAN", ["fma", "free-sound", "librivox", "music", "noise", "sound-bible", "speech"]),
        ("DEMAND", ["PCAFETER", "TCAR"]),
        ("WHAM", ["cv", "tr", "tt"]),
    ],
)
def test_a_collection_has_its_own_categories(tmp_path, layout, known):
    assert list(categories(collection(tmp_path, layout))) == known


def test_one_recording_of_the_category_is_picked_for_the_call_and_all_are_in_time(tmp_path):
    chosen = Recordings(folder=collection(tmp_path, "ESC-50"), category="keyboard_typing")
    picked = {chosen.settled(stream(seed, "noise")).file.name for seed in range(20)}
    assert picked == {"1-137-A-32.wav", "2-101-B-32.wav"}
    settled = chosen.settled(stream(1, "noise"))
    assert Recordings.model_validate(settled.model_dump()) == settled


def test_of_musan_the_noises_may_be_chosen(tmp_path):
    chosen = Recordings(folder=collection(tmp_path, "MUSAN"), category="noise")
    assert names(chosen.files()) == ["a.wav", "b.wav"]


def test_what_is_heard_is_known_by_its_content(tmp_path):
    whole = Recordings(folder=collection(tmp_path, "MUSAN"))
    music = Recordings(folder=tmp_path, category="music")
    before = whole.content(), music.content()
    soundfile.write(tmp_path / "speech/librivox/c.wav", 0.2 * np.cos(np.arange(1000)), 16000)
    assert whole.content() != before[0]
    assert music.content() == before[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("folder: .\ncategory: musik\n", r"r.yaml:2: category: no 'musik' in .* Did you mean 'music'"),
        ("category: music\n", r"r.yaml:1: category: wants a folder"),
        ("folder: .\nfile: music/fma/d.wav\n", r"wants one of kind, file and folder, not file and folder"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_with_their_line(tmp_path, words, message):
    collection(tmp_path, "MUSAN")
    (tmp_path / "r.yaml").write_text(words)
    with pytest.raises(BadlineError, match=message):
        read_words(Recordings, tmp_path / "r.yaml")
