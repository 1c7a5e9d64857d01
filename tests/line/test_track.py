from itertools import chain

import numpy as np
import pytest

from pipeline.audio import pcm_hash
from pipeline.chance import stream
from pipeline.line.track import Track
from pipeline.line.window import FADE_MS, GAP_MS, HIDDEN_MS, LEAD_IN_MS, RATE, Saying, Window, samples_of

PER_MS = 16
LEVEL = 1000


def window(name, sound, *, spoken_ms=0, keys=()):
    """A window of samples, all of them, from the hidden pre-roll to the fade."""
    length_ms = len(sound) // PER_MS - HIDDEN_MS - FADE_MS
    pcm, saying = np.rint(sound).astype(np.int16), Saying(np.zeros(samples_of(spoken_ms), np.float32), keys=keys)
    return Window((name,), pcm, length_ms, saying, (), pcm_hash(pcm))


def noise(name, length_ms=GAP_MS):
    return window(name, LEVEL * stream(1, name).standard_normal(samples_of(HIDDEN_MS + length_ms + FADE_MS)))


def steady(name, value, length_ms=GAP_MS):
    return window(name, np.full(samples_of(HIDDEN_MS + length_ms + FADE_MS), float(value)))


def track_of(*placed):
    track = Track()
    for start_ms, one in placed:
        track.place(one, start_ms)
    return track


def joined(count):
    """Noise in gaps, one after the other."""
    return track_of(*((i * GAP_MS, noise(str(i))) for i in range(count)))


def joins(pcm, count):
    """The samples around each join, 20 ms each."""
    return np.stack([pcm[samples_of(i * GAP_MS) :][: samples_of(FADE_MS)] for i in range(1, count)]).astype(float)


def test_the_level_of_steady_noise_does_not_change_at_a_join():
    track = joined(300)
    at_joins = joins(track.pcm(0, track.end_ms), 300)
    # 299 x 320 samples of white noise: 4.34 dB x sqrt(2 / 95680) = 0.02 dB, for all and 0.08 dB in each of 16 parts.
    for part in np.split(at_joins, 16, axis=1):
        assert 10 * np.log10(np.mean(part**2) / LEVEL**2) == pytest.approx(0, abs=0.3)
    assert 10 * np.log10(np.mean(at_joins**2) / LEVEL**2) == pytest.approx(0, abs=0.08)


def test_there_is_no_click_at_a_join():
    """Slowly moving sound leaps where windows are cut together hard, and nowhere else."""
    samples = np.arange(samples_of(HIDDEN_MS + GAP_MS + FADE_MS))
    waves = [LEVEL * np.sin(2 * np.pi * (100 * samples / 16000 + i * 0.38)) for i in range(20)]
    pcm = track_of(*((i * GAP_MS, window(str(i), wave)) for i, wave in enumerate(waves))).pcm(0, 20 * GAP_MS)
    leaps = np.abs(np.diff(pcm.astype(int)))
    # A wave's own slope, and that of the two fades (pi / 2 of the amplitude within 20 ms, once each).
    assert leaps.max() <= LEVEL * (2 * np.pi * 100 / 16000 * np.sqrt(2) + np.pi / 2 / 320 * np.sqrt(2)) + 1


def test_joins_in_noise_leap_no_further_than_the_noise_does():
    track = joined(300)
    pcm = track.pcm(0, track.end_ms).astype(int)
    leaps = np.abs(np.diff(pcm))
    at_joins = np.concatenate([leaps[samples_of(i * GAP_MS) - 2 :][: samples_of(FADE_MS) + 4] for i in range(1, 300)])
    assert at_joins.std() == pytest.approx(leaps.std(), rel=0.02)
    assert at_joins.max() <= leaps.max()


def test_what_goes_on_in_the_next_window_goes_on_over_the_join():
    wave = LEVEL * np.sin(2 * np.pi * 200 / RATE * np.arange(samples_of(HIDDEN_MS + 2 * GAP_MS + FADE_MS)))
    first, second = (wave[samples_of(i * GAP_MS) :][: samples_of(HIDDEN_MS + GAP_MS + FADE_MS)] for i in (0, 1))
    pcm = track_of((0, window("a", first)), (GAP_MS, window("b", second))).pcm(0, 2 * GAP_MS)
    assert np.abs(pcm - wave[samples_of(HIDDEN_MS) :][: len(pcm)]).max() <= 1


def test_the_fade_has_equal_power_and_ends_after_20_ms():
    track = track_of((0, steady("a", 8000)), (GAP_MS, steady("b", 0)), (2 * GAP_MS, steady("c", 6000)))
    going, coming = track.pcm(GAP_MS, GAP_MS + 20) / 8000, track.pcm(2 * GAP_MS, 2 * GAP_MS + 20) / 6000
    assert going**2 + coming**2 == pytest.approx(np.ones(320), abs=1e-3)
    assert going[159:161] == pytest.approx([np.sqrt(0.5)] * 2, abs=0.005)
    assert (track.pcm(0, GAP_MS) == 8000).all()
    assert (track.pcm(GAP_MS + 20, 2 * GAP_MS) == 0).all()
    assert (track.pcm(2 * GAP_MS + 20, 3 * GAP_MS) == 6000).all()


def test_the_first_window_begins_at_once():
    assert (track_of((0, steady("a", 500))).pcm(0, 20) == 500).all()


def test_a_fade_of_two_loud_windows_is_limited_and_does_not_wrap_around():
    assert track_of((0, steady("a", 32000)), (GAP_MS, steady("b", 32000))).pcm(GAP_MS, GAP_MS + 20).min() > 0


def test_where_two_overlap_the_later_lead_in_wins():
    track = track_of((0, steady("a", 100, 3200)), (320, steady("b", 900)))
    assert (track.pcm(0, 320) == 100).all()
    assert (track.pcm(340, 320 + GAP_MS) == 900).all()
    assert track.end_ms == 320 + GAP_MS
    assert [track.at(ms).window.name for ms in (0, 319, 320, 1000)] == ["a", "a", "b", "b"]


def test_three_windows_may_overlap():
    track = track_of((0, steady("a", 100, 3200)), (160, steady("b", 200, 3200)), (320, steady("c", 300)))
    assert [int(track.pcm(ms, ms + 1)[0]) for ms in (0, 159, 180, 319, 340)] == [100, 100, 200, 200, 300]


@pytest.mark.parametrize("start_ms", [1120, 961, 959, 100, 80, -160])
def test_a_hole_and_a_start_off_the_grid_are_refused(start_ms):
    track = joined(1)
    with pytest.raises(ValueError, match=f"a window at {start_ms} ms"):
        track.place(noise("late"), start_ms)
    assert track.end_ms == GAP_MS


@pytest.mark.parametrize("start_ms", [0, 160, 320])
def test_a_start_before_the_last_or_upon_it_is_refused(start_ms):
    track = track_of((0, noise("a", 3200)), (320, noise("b")))
    with pytest.raises(ValueError, match="480 to 1280"):
        track.place(noise("c"), start_ms)


def test_the_first_window_starts_the_call():
    with pytest.raises(ValueError, match="from 0 to 0"):
        Track().place(noise("a"), 160)


def test_sound_before_the_last_start_is_final():
    placed = [(0, noise("a")), (480, noise("b", 3200)), (1120, noise("c")), (2080, noise("d"))]
    for count in range(1, len(placed)):
        start_ms = placed[count][0]
        before, after = track_of(*placed[:count]), track_of(*placed[: count + 1])
        assert (before.pcm(0, start_ms) == after.pcm(0, start_ms)).all()


def test_any_part_is_a_part_of_the_whole():
    track = track_of((0, noise("a")), (480, noise("b", 3200)), (1120, noise("c")), (2080, noise("d")))
    whole = track.pcm(0, track.end_ms)
    assert len(whole) == samples_of(3040)
    for start_ms, end_ms in [(0, 1), (470, 490), (0, 1120), (1119, 2081), (1300, 3040), (2500, 2500)]:
        assert (track.pcm(start_ms, end_ms) == whole[samples_of(start_ms) : samples_of(end_ms)]).all()


def test_between_joins_the_sound_is_that_of_the_windows():
    one, other = noise("a"), noise("b")
    track = track_of((0, one), (480, other))
    assert (track.pcm(0, 480) == one.heard[: samples_of(480)]).all()
    assert (track.pcm(500, 480 + GAP_MS) == other.heard[samples_of(20) : samples_of(GAP_MS)]).all()


def test_before_the_call_there_is_silence_and_after_it_nothing():
    track = joined(1)
    early = track.pcm(-30, 10)
    assert not early[: samples_of(30)].any()
    assert (early[samples_of(30) :] == track.pcm(0, 10)).all()
    assert len(track.pcm(900, 2000)) == samples_of(60)
    assert len(Track().pcm(0, 100)) == 0


def ones(one):
    return np.ones((HIDDEN_MS + one.length_ms) // 20, np.float32)


def numbered(one):
    """For each frame of 20 ms of a window a number of its own: a thousand for the window, and its place."""
    frames = (HIDDEN_MS + one.length_ms) // 20
    return 1000 * int(one.name) + np.arange(frames, dtype=np.float32)


def test_frames_come_from_the_window_that_sounds_there():
    track = track_of((0, noise("1")), (480, noise("2", 3200)), (1120, noise("3")))
    hidden = HIDDEN_MS // 20
    expected = [1000 + hidden + i for i in range(24)]  # 480 ms of the first
    expected += [2000 + hidden + i for i in range(32)]  # 640 ms of the second
    expected += [3000 + hidden + i for i in range(48)]  # all 960 ms of the third
    frames = list(track.frames(0, track.end_ms, 20, numbered))
    assert [value for _, value in frames] == expected
    assert [ms for ms, _ in frames] == list(range(0, track.end_ms, 20))
    assert list(track.frames(480, 480, 20, numbered)) == []


@pytest.mark.parametrize("step_ms", [20, 160, 640])
def test_frames_are_the_same_in_parts(step_ms):
    track = track_of((0, noise("1")), (480, noise("2", 3200)), (1120, noise("3", 1120)))
    whole = list(track.frames(0, track.end_ms, 20, numbered))
    ends = [min(ms + step_ms, track.end_ms) for ms in range(0, track.end_ms, step_ms)]
    starts = range(0, track.end_ms, step_ms)
    parts = [track.frames(ms, end, 20, numbered) for ms, end in zip(starts, ends, strict=True)]
    assert list(chain(*parts)) == whole


def test_a_frame_that_is_not_whole_yet_waits():
    track = joined(2)
    assert [ms for ms, _ in track.frames(0, 59, 20, ones)] == [0, 20]
    assert [ms for ms, _ in track.frames(40, 60, 20, ones)] == [40]


@pytest.mark.parametrize("frame_ms", [10, 20, 32])
def test_a_frames_value_belongs_to_the_sound_at_that_moment(frame_ms):
    track = track_of((0, noise("a")), (480, noise("b")))
    length = samples_of(frame_ms)

    def firsts(one):
        return one.pcm[: len(one.pcm) // length * length : length].astype(np.float32)

    values = np.array([value for _, value in track.frames(0, track.end_ms, frame_ms, firsts)])
    heard = track.pcm(0, track.end_ms)[::length]
    faded = 480 // frame_ms + np.arange(-(-FADE_MS // frame_ms))
    assert (np.delete(values, faded) == np.delete(heard, faded)).all()


def test_a_placed_window_knows_when_it_is_spoken():
    spoken = window("a", np.zeros(samples_of(HIDDEN_MS + GAP_MS + FADE_MS)), spoken_ms=200)
    track = track_of((0, noise("gap")), (480, spoken))
    assert track.placed[1].speech_ms == (980, 1180)
    assert track.placed[0].speech_ms is None
    assert track.placed[1].end_ms == track.end_ms == 480 + GAP_MS


def test_silence_goes_on_across_joins():
    assert not track_of((0, steady("a", 0)), (320, steady("b", 0))).pcm(0, 1280).any()


# Another rendering of a window, and keys


def test_another_rendering_takes_the_place_of_the_first():
    placed = [(0, noise("a")), (480, noise("b", 3200)), (1120, noise("c")), (2080, noise("d"))]
    for i, (start_ms, before) in enumerate(placed):
        other = noise(f"other {i}", before.length_ms)
        track = track_of(*placed)
        track.replace(i, other)
        anew = track_of(*((ms, other if ms == start_ms else one) for ms, one in placed))
        assert (track.pcm(0, track.end_ms) == anew.pcm(0, anew.end_ms)).all()


def test_joins_stay_free_of_clicks_where_a_window_was_replaced():
    samples = np.arange(samples_of(HIDDEN_MS + GAP_MS + FADE_MS))
    waves = [LEVEL * np.sin(2 * np.pi * (100 * samples / 16000 + i * 0.38)) for i in range(20)]
    track = track_of(*((i * GAP_MS, window(str(i), wave)) for i, wave in enumerate(waves[:10])))
    for i in range(0, 10, 2):
        track.replace(i, window(str(i), waves[10 + i]))
    leaps = np.abs(np.diff(track.pcm(0, track.end_ms).astype(int)))
    # As for windows that were never replaced: a wave's own slope, and that of the two fades.
    assert leaps.max() <= LEVEL * (2 * np.pi * 100 / 16000 * np.sqrt(2) + np.pi / 2 / 320 * np.sqrt(2)) + 1


def test_a_replaced_window_changes_no_sound_but_its_own_and_the_fade_after_it():
    track = joined(4)
    before = track.pcm(0, track.end_ms)
    track.replace(1, noise("other"))
    changed = np.flatnonzero(track.pcm(0, track.end_ms) != before)
    assert changed[0] >= samples_of(GAP_MS)
    assert changed[-1] < samples_of(2 * GAP_MS + FADE_MS)


def test_a_frame_of_a_replaced_window_has_the_new_value_from_the_next_one_on():
    track = track_of((0, noise("1")))
    values = []
    for _, value in track.frames(0, 100, 20, numbered):
        values.append(value // 1000)
        track.replace(0, noise("2"))
    assert values == [1, 2, 2, 2, 2]


def test_keys_are_pressed_when_their_window_says_and_once():
    pressed = window("a", np.zeros(samples_of(HIDDEN_MS + 3200 + FADE_MS)), spoken_ms=400, keys=(("1", 0), ("#", 200)))
    track = track_of((0, noise("gap")), (480, pressed))
    first_ms = 480 + LEAD_IN_MS
    assert track.keys(0, track.end_ms) == [("1", first_ms), ("#", first_ms + 200)]
    frames = [track.keys(ms, ms + 20) for ms in range(0, track.end_ms, 20)]
    assert list(chain(*frames)) == track.keys(0, track.end_ms)
    assert track.keys(first_ms + 1, first_ms + 200) == []


def test_a_key_that_another_window_lies_over_is_never_pressed():
    pressed = window("a", np.zeros(samples_of(HIDDEN_MS + 3200 + FADE_MS)), spoken_ms=400, keys=(("1", 0), ("2", 200)))
    track = track_of((0, pressed), (640, noise("b")))
    assert track.keys(0, track.end_ms) == [("1", LEAD_IN_MS)]
