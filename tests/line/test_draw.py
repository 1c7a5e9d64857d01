from dataclasses import replace

import numpy as np
import pytest

from pipeline.audio import write_pcm
from pipeline.chance import Chance, stream
from pipeline.line.device.echo import Echo
from pipeline.line.device.echo import Options as EchoOptions
from pipeline.line.draw import SMEARED_MS, draw_line
from pipeline.line.network.band import Band
from pipeline.line.network.band import Options as BandOptions
from pipeline.spec.profile import Profile

CHANCE = Chance(5).named("call")
NOISE = {"noise": {"kind": "pink", "snr_db": [5, 25]}}
TALK = {"crosstalk": {"sir_db": [0, 20], "overlap": [0.1, 0.4]}}
LOSS = {"packet_loss": {"rate": [0.01, 0.3], "mean_burst": {"any_of": [1.5, 3.0, 6.0]}}}


def profile(name="mine", **places) -> Profile:
    return Profile.model_validate({"name": name, "about": "A line to be drawn.", **places})


def drawn(line, name):
    [placed] = [placed for placed in line.effects if placed.name == name]
    return placed.options


def names(line):
    return [placed.name for placed in line.effects]


def test_the_same_names_draw_the_same_line():
    mine = profile(room=[NOISE, TALK], network=[LOSS])
    assert draw_line(mine, CHANCE).said() == draw_line(mine, CHANCE).said()
    assert draw_line(mine, CHANCE).said() != draw_line(mine, CHANCE.named("another")).said()


def test_another_effect_leaves_all_other_draws_as_they_were():
    few = draw_line(profile(room=[NOISE], network=[LOSS]), CHANCE).said()
    more = draw_line(profile(room=[TALK, NOISE], network=[{"band": {}}, LOSS, {"codec": {}}]), CHANCE).said()
    assert [effect for effect in more if effect["name"] in ("noise", "adc", "packet_loss")] == few


def test_another_option_leaves_the_draws_of_the_rest_as_they_were():
    one = drawn(draw_line(profile(room=[{"crosstalk": {"overlap": [0.1, 0.4]}}]), CHANCE), "crosstalk")
    two = drawn(draw_line(profile(room=[TALK]), CHANCE), "crosstalk")
    assert (one.overlap, one.room_seed) == (two.overlap, two.room_seed)


def test_a_number_is_the_first_of_the_stream_of_its_names():
    line = draw_line(profile(room=[NOISE]), CHANCE)
    assert drawn(line, "noise").snr_db == stream(5, "call", "room", "noise", "snr_db").uniform(5, 25)


def test_the_second_of_two_noises_has_a_name_and_draws_of_its_own():
    line = draw_line(profile(room=[NOISE, NOISE]), CHANCE)
    assert names(line) == ["noise", "noise.2", "adc"]
    assert drawn(line, "noise").snr_db != drawn(line, "noise.2").snr_db
    assert drawn(line, "noise") == drawn(draw_line(profile(room=[NOISE]), CHANCE), "noise")


def test_draws_fill_their_range_and_do_not_leave_it():
    levels = [drawn(draw_line(profile(room=[NOISE]), Chance(seed)), "noise").snr_db for seed in range(300)]
    assert 5 <= min(levels) < 6
    assert 24 < max(levels) <= 25
    # The mean of n uniform draws has the standard deviation width / sqrt(12 n): 20 / 60.
    assert sum(levels) / 300 == pytest.approx(15, abs=4 * 20 / 60)


def test_any_of_picks_each_of_its_choices():
    bursts = {drawn(draw_line(profile(network=[LOSS]), Chance(seed)), "packet_loss").mean_burst for seed in range(40)}
    assert bursts == {1.5, 3.0, 6.0}


def test_whole_numbers_stay_whole():
    mine = profile(room=[{"crosstalk": {"room_seed": [3, 5]}}])
    for seed in range(20):
        draw_line(mine, Chance(seed))  # its Options are strict: 3.7, or 4.0, would be refused


def test_the_order_is_the_signal_chains_whatever_the_files():
    told = profile(
        network=[{"codec": {}}, LOSS, {"band": {}}],
        room=[TALK, NOISE],
        talker=[{"mumble": {}}],
    )
    assert names(draw_line(told, CHANCE)) == ["mumble", "noise", "crosstalk", "adc", "band", "packet_loss", "codec"]


def test_effects_of_one_order_keep_the_profiles():
    loud, soft = {"noise": {"snr_db": 5.0}}, {"noise": {"snr_db": 30.0}}
    line = draw_line(profile(room=[soft, loud]), CHANCE)
    assert [placed.options.snr_db for placed in line.effects[:2]] == [30.0, 5.0]


def test_the_delay_is_80_ms_and_what_the_line_looks_ahead():
    ahead_ms = Band(BandOptions()).lookahead_ms
    assert ahead_ms > 0
    assert draw_line(profile(), CHANCE).delay_ms == 80
    assert draw_line(profile(room=[NOISE], network=[{"band": {}}]), CHANCE).delay_ms == 80 + ahead_ms


def test_a_talker_who_plans_ahead_delays_nobody():
    line = draw_line(profile(talker=[{"mumble": {}}]), CHANCE)
    mumble, adc = line.effects
    mumble.effect.lookahead_ms = 500
    assert line.delay_ms == 80
    assert replace(line, effects=(replace(mumble, place="device"), adc)).delay_ms == 580


def test_a_network_with_a_delay_of_its_own_takes_that_and_not_80_ms():
    ahead_ms = Band(BandOptions()).lookahead_ms
    assert draw_line(profile(network=[{"delay": {"ms": 0}}]), CHANCE).delay_ms == 0
    assert draw_line(profile(network=[{"delay": {"ms": 150}}, {"band": {}}]), CHANCE).delay_ms == 150 + ahead_ms


def test_an_echo_comes_late_and_delays_nobody():
    assert draw_line(profile(device=[{"echo": {"delay_ms": 400}}]), CHANCE).delay_ms == 80


def test_the_agent_is_heard_for_as_long_as_its_echo_lasts():
    echo = [{"echo": {"delay_ms": 400}}]
    assert draw_line(profile(device=echo), CHANCE).reach_ms == Echo(EchoOptions(delay_ms=400)).reach_ms + SMEARED_MS
    assert draw_line(profile(room=[NOISE], network=[{"delay": {}}]), CHANCE).reach_ms is None


def test_a_line_drops_once_and_at_the_first_time():
    late, early, never = ({"drop": {"share": share, "after_s": s}} for share, s in ((1, 30), (1, 12.5), (0, 2)))
    assert draw_line(profile(network=[late, early, never]), CHANCE).drop_ms == 12_500
    assert draw_line(profile(network=[never]), CHANCE).drop_ms is None
    assert draw_line(profile(room=[NOISE]), CHANCE).drop_ms is None


def test_which_calls_drop_and_when_is_drawn_for_each():
    mine = profile(network=[{"drop": {"share": 0.5, "after_s": [10, 60]}}])
    times = [draw_line(mine, Chance(seed)).drop_ms for seed in range(200)]
    drops = [ms for ms in times if ms is not None]
    assert len(drops) / 200 == pytest.approx(0.5, abs=4 * 0.5 / 200**0.5)  # four binomial deviations
    assert 10_000 <= min(drops) < 12_000 and 58_000 < max(drops) <= 60_000
    assert times == [draw_line(mine, Chance(seed)).drop_ms for seed in range(200)]


def test_whether_a_call_drops_is_said_in_its_record():
    mine = profile(network=[{"drop": {"share": 0.5, "after_s": 20}}])
    for seed in range(20):
        line = draw_line(mine, Chance(seed))
        options = drawn(line, "drop")
        assert (options.luck < options.share) == (line.drop_ms is not None)


def test_the_way_of_the_sound_ends_with_the_delay_and_the_drop():
    ends = [{"drop": {}}, {"delay": {}}, {"codec": {}}, {"band": {}}]
    line = draw_line(profile(network=ends, device=["echo"], room=[NOISE]), CHANCE)
    assert names(line) == ["noise", "adc", "echo", "band", "codec", "delay", "drop"]


def test_a_recording_of_a_folder_is_settled_by_name(tmp_path):
    for name in "abcdefgh":
        write_pcm(tmp_path / f"{name}.wav", np.arange(-8000, 8000, dtype=np.int16), 16000)
    mine = profile(room=[{"noise": {"folder": str(tmp_path)}}])
    picked = {drawn(draw_line(mine, Chance(seed)), "noise").file.name for seed in range(12)}
    assert len(picked) > 3
    assert drawn(draw_line(mine, CHANCE), "noise") == drawn(draw_line(mine, CHANCE), "noise")


@pytest.mark.parametrize(("severity", "factor"), [(0.25, 0.5), (0.5, 1), (1, 2)])
def test_all_severities_share_what_is_drawn(severity, factor):
    mine = profile(network=[{"packet_loss": {"rate": [0.1, 0.2], "mean_burst": [1, 4]}}, {"drop": {"share": 0.4}}])
    line = draw_line(mine, CHANCE, severity)
    drawn_rate = stream(5, "call", "network", "packet_loss", "rate").uniform(0.1, 0.2)
    drawn_burst = stream(5, "call", "network", "packet_loss", "mean_burst").uniform(1, 4)
    assert drawn(line, "packet_loss").rate == pytest.approx(drawn_rate * factor)
    assert drawn(line, "packet_loss").mean_burst == drawn_burst
    assert drawn(line, "drop").share == pytest.approx(0.4 * factor)
    assert drawn(line, "drop").luck == stream(5, "call", "network", "drop", "settled").random()


def test_without_a_severity_a_profile_is_as_it_is_written():
    mine = profile(room=[NOISE, TALK], network=[LOSS])
    assert draw_line(mine, CHANCE).said() == draw_line(mine, CHANCE, 0.5).said()


def test_at_severity_0_nothing_of_a_line_is_left():
    line = draw_line(profile(room=[NOISE, TALK], network=[LOSS, {"delay": {"ms": 300}}]), CHANCE, 0.0)
    assert (line.effects, line.delay_ms) == ((), 80)


def test_a_harsher_line_drops_the_calls_of_a_milder_one_and_more():
    mine = profile(network=[{"drop": {"share": 0.3}}])
    drops = {s: {seed for seed in range(100) if draw_line(mine, Chance(seed), s).drop_ms} for s in (0.25, 0.5, 1)}
    assert drops[0.25] < drops[0.5] < drops[1]


def test_a_line_needs_the_voices_of_its_effects():
    assert draw_line(profile(room=[NOISE, TALK]), CHANCE).voices == {"adult"}
    assert draw_line(profile(room=[NOISE]), CHANCE).voices == frozenset()


@pytest.mark.parametrize("places", [{"network": ["delay"]}, {"talker": ["mumble"]}, {"device": ["echo", "adc"]}])
def test_a_line_with_any_effect_has_one_converter(places):
    line = draw_line(profile(**places), CHANCE)
    assert names(line).count("adc") == 1
    assert [one["options"] for one in line.said() if one["name"] == "adc"] == [{"bits": 16}]


def test_a_line_without_effects_has_no_converter():
    assert draw_line(profile(), CHANCE).effects == ()


def test_a_profile_may_have_a_converter_of_its_own():
    line = draw_line(profile(device=[{"adc": {"bits": 8}}], room=[NOISE]), CHANCE)
    assert names(line) == ["noise", "adc"]
    assert drawn(line, "adc").bits == 8


def test_a_converter_that_nobody_named_draws_nothing():
    bare = draw_line(profile(room=[NOISE], network=[LOSS]), CHANCE)
    named = draw_line(profile(room=[NOISE], device=["adc"], network=[LOSS]), CHANCE)
    assert bare.said() == named.said()


def test_a_line_that_lacks_a_part_is_the_same_otherwise():
    whole = draw_line(profile(room=[NOISE], network=[LOSS]), CHANCE).said()
    less = draw_line(profile(room=[NOISE], network=[LOSS]), CHANCE, lacks=["room"]).said()
    assert less == [one for one in whole if one["place"] != "room"]
    assert draw_line(profile(room=[NOISE]), CHANCE, lacks=["room"]).said() == []
