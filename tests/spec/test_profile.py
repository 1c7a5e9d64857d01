from pathlib import Path

import pytest

from pipeline.errors import BadlineError
from pipeline.files import shipped
from pipeline.spec.profile import AnyOf, Profile, Range, combined, corners, find_profile, parts_of, read_profile

SHIPPED = sorted(shipped("noise_profiles").glob("*.yaml"))


@pytest.fixture
def profile(right, tmp_path):
    def read(old="", new=""):
        path = tmp_path / "kitchen.yaml"
        path.write_text(right["profile"].replace(old, new) if old else right["profile"])
        return read_profile(path)

    return read


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_profiles_are_read(path):
    assert read_profile(path).name == path.stem


def test_places_stand_in_the_order_of_the_chain(profile, right, tmp_path):
    lines = right["profile"].splitlines()
    (tmp_path / "turned.yaml").write_text("\n".join([*lines[:2], *lines[4:6], *lines[2:4]]))
    assert [one.place for one in read_profile(tmp_path / "turned.yaml").effects] == ["room", "network"]


def test_a_range_and_a_choice_are_drawn_from(profile):
    assert profile().room[0].options == {"snr_db": Range(9, 15)}
    assert profile("[9, 15]", "{any_of: [5, 10]}").room[0].options == {"snr_db": AnyOf((5, 10))}


def test_effects_settle_on_what_was_drawn(profile):
    assert profile().room[0].settle({"snr_db": 11}).snr_db == 11


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("80", "80 is above 50 dB"),
        ("[9, 80]", "80 is above 50 dB"),
        ("[-90, 9]", "-90 is below -10 dB"),
        ("{any_of: [5, 99, 7]}", "99 is above 50 dB"),
        ("[15, 9]", "[15, 9] runs downwards; write [9, 15]"),
        ("15 dB", "wants a number of dB, not '15 dB': write 15"),
        ('"15"', "wants a number of dB, not '15': write 15"),
        ('"15,5"', "wants a number of dB, not '15,5': write 15.5"),
        ("700ms", "wants a number of dB, not '700ms'"),
        ("true", "wants a number of dB, not true"),
        ("", "wants a number of dB, but is empty"),
        (".inf", "wants a finite number, not inf"),
        ("[1, 2, 3]", "wants a number, a range [low, high] or {any_of: [one, another]}, not [1, 2, 3]"),
        ("[true, false]", "wants a number, a range [low, high] or {any_of: [one, another]}, not [true, false]"),
        ("{any: [5]}", 'wants a number, a range [low, high] or {any_of: [one, another]}, not {"any": [5]}'),
        ("{any_of: []}", "wants its choices as '{any_of: [one, another]}'"),
    ],
)
def test_a_number_is_refused_where_it_stands(wrong, words, message):
    assert wrong(read_profile, "profile", "[9, 15]", words) == f"words.yaml:4: room.noise.snr_db: {message}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("room:", "rom:", "3: rom: is not a key here. Did you mean 'room'?"),
        ("noise:", "nosie:", "4: room.0: There is no room effect called 'nosie'. Did you mean 'noise'?"),
        ("snr_db", "snr", "4: room.noise.snr: is not a key here. Did you mean 'snr_db'?"),
        ("noise: {snr_db: [9, 15]}", "codec", "4: room.0: There is no room effect called 'codec'. It is a net"),
        ("- noise: {snr_db: [9, 15]}", "noise: {}", "3: room: wants a list of room effects as '- name"),
        ("- noise: {snr_db: [9, 15]}", "- 5", "4: room.0: wants one room effect as 'name: {option: value}'. Known: "),
        ("  - noise: {snr_db: [9, 15]}\n", "", "3: room: wants a list of room effects as '- name: {option"),
        ("{snr_db: [9, 15]}", "loud", "4: room.noise: wants options as '{option: value}', not 'loud'"),
        ("{snr_db: [9, 15]}", "{kind: pnk}", "4: room.noise.kind: wants 'white', 'pink', 'brown'"),
        ("{snr_db: [9, 15]}", "{file: none.wav}", "4: room.noise.file: none.wav: there is no such file"),
        ("rate: 0.01", "rate: 1%", "6: network.packet_loss.rate: wants a number, not '1%': write 0.01"),
        ("rate: 0.01", "rate: 0,01", "6: network.packet_loss.1: is a number without a key; is it a decimal comma?"),
        ("rate: 0.01", "frame_ms: [10, 20]", "6: network.packet_loss.frame_ms: wants 10, 20, 40 or 60, not [10, 20]"),
        ("room:", "caller: {patience: 99}\nroom:", "3: caller.patience: 99 is above 10"),
    ],
)  # fmt: skip
def test_an_effect_is_refused_where_it_stands(wrong, old, new, message):
    assert wrong(read_profile, "profile", old, new).startswith(f"words.yaml:{message}")


@pytest.mark.parametrize("second", ["delay: {ms: 50}", "delay"])
def test_of_what_a_line_has_only_one_a_second_is_refused_where_it_stands(right, tmp_path, second):
    path = tmp_path / "twice.yaml"
    path.write_text(f"{right['profile'].rstrip()}\n  - delay: {{ms: 20}}\n  - {second}\n")
    line = len(path.read_text().splitlines())
    with pytest.raises(BadlineError) as refused:
        read_profile(path)
    assert str(refused.value) == (
        f"{path}:{line}: network.delay: stands here twice, but a line has only one: leave one out"
    )


@pytest.mark.parametrize("name", ["agc", "gate", "denoise"])
def test_a_handset_has_one_of_each_of_what_it_does_to_a_voice(tmp_path, name):
    path = tmp_path / "twice.yaml"
    path.write_text(f"name: twice\nabout: Two.\ndevice: [{name}, {name}]\n")
    with pytest.raises(BadlineError, match=f"device.{name}: stands here twice"):
        read_profile(path)


def test_what_can_be_there_twice_may_stand_twice(profile):
    twice = profile("  - noise: {snr_db: [9, 15]}\n", "  - noise: {snr_db: 9}\n  - noise: {snr_db: 20}\n")
    assert [one.name for one in twice.room] == ["noise", "noise"]


def test_each_end_of_many_ranges_is_looked_at():
    options = {f"option_{i}": Range(0, 1) for i in range(20)}
    seen = list(corners(options))
    assert {(key, corner[key]) for corner in seen for key in corner} == {
        (key, end) for key in options for end in (0, 1)
    }
    assert len(seen) < 1000


def written(name, **places):
    return Profile.model_validate({"name": name, "about": f"{name}.", **places})


def names(effects):
    return [effect.name for effect in effects]


def test_profiles_combine_place_by_place_in_their_order():
    cafe = written("cafe", room=[{"noise": {"snr_db": 5}}, "crosstalk"], network=["band"])
    mumbler = written("mumbler", talker=["mumble"], room=[{"noise": {"snr_db": 30}}], network=["band", "codec"])
    both = combined([cafe, mumbler])
    assert (both.name, both.about) == ("cafe+mumbler", "cafe. mumbler.")
    assert names(both.talker) == ["mumble"]
    assert names(both.room) == ["noise", "crosstalk", "noise"]
    assert [one.options["snr_db"] for one in both.room if one.name == "noise"] == [5, 30]
    assert names(both.network) == ["band", "band", "codec"]


def test_of_what_there_can_be_only_one_the_later_stands():
    near = written("near", device=[{"echo": {"erle_db": 20}}], network=[{"delay": {"ms": 10}}, "band"])
    far = written("far", network=[{"delay": {"ms": 300}}])
    both = combined([near, far])
    assert names(both.network) == ["band", "delay"]
    assert both.network[1].options == {"ms": 300}
    assert names(both.device) == ["echo"]


def test_the_later_profiles_habits_stand_over_the_earliers():
    calm = written("calm", caller={"patience": 9, "hesitates": 0.1})
    hasty = written("hasty", caller={"patience": 1, "interrupts": 0.5})
    both = combined([calm, hasty]).caller
    assert (both.patience, both.hesitates, both.interrupts) == (1, 0.1, 0.5)
    assert combined([hasty, calm]).caller.patience == 9


def test_one_profile_alone_is_itself():
    cafe = read_profile(shipped("noise_profiles") / "cafe.yaml")
    assert combined([cafe]) is cafe
    assert find_profile("cafe").said() == cafe.said()


def test_profiles_are_found_by_names_and_paths_with_a_plus_between(right, tmp_path):
    (tmp_path / "kitchen.yaml").write_text(right["profile"])
    assert find_profile(f"cafe+{tmp_path}/kitchen.yaml+mumbler").name == "cafe+kitchen+mumbler"


def test_a_file_with_a_plus_in_its_path_is_one_profile(right, tmp_path):
    (tmp_path / "c++").mkdir()
    path = tmp_path / "c++" / "kitchen.yaml"
    path.write_text(right["profile"])
    assert find_profile(str(path)).name == "kitchen"
    assert parts_of("c++/kitchen.yaml", tmp_path) == ("c++/kitchen.yaml",)
    assert parts_of("a+b", Path("nowhere")) == ("a", "b")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("cafe+", "'cafe+': a profile is missing beside a '+'; write one+another"),
        ("cafe+mumblr", "There is no noise profile called 'mumblr'. Did you mean 'mumbler'?"),
        ("cafe+mumbler+cafe", "'cafe' stands twice in 'cafe+mumbler+cafe'"),
        ("cafe+clean_line+crowded_bar+distracted+hesitant+impatient+mumbler", "'cafe+clean_line+crowded_bar+dis"),
    ],
)
def test_what_cannot_combine_is_refused(call, message):
    with pytest.raises(BadlineError) as error:
        find_profile(call)
    assert str(error.value).startswith(message)
