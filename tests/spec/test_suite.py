import pytest

from pipeline.errors import BadlineError
from pipeline.files import shipped
from pipeline.spec.profile import read_profile
from pipeline.spec.suite import find_release, read_suite

SMOKE = shipped("fixtures") / "suites" / "smoke.yaml"
PROFILES = shipped("noise_profiles")


@pytest.fixture
def suite(tmp_path, right):
    """Reads a suite in a folder that also holds a scenario and a profile."""

    def read(scenarios="[track_parcel]", profiles="[cafe]", more=""):
        (tmp_path / "mine.yaml").write_text(right["scenario"].replace("name: move", "name: track_parcel"))
        (tmp_path / "line.yaml").write_text(right["profile"])
        (tmp_path / "suite.yaml").write_text(f"name: s\nscenarios: {scenarios}\nprofiles: {profiles}\n{more}")
        return read_suite(tmp_path / "suite.yaml")

    return read


def test_the_shipped_suite_is_read_with_all_it_names():
    cast = read_suite(SMOKE)
    assert tuple(cast.scenarios) == cast.suite.scenarios
    assert tuple(cast.profiles) == cast.suite.profiles
    assert find_release(SMOKE).name == "2026.11.yaml"


def test_what_is_called_by_path_goes_by_the_name_it_gives_itself(suite):
    assert list(suite(profiles="[line.yaml]", more="weights: {kitchen: 1}").profiles) == ["kitchen"]


def test_profiles_combine_as_a_list_or_in_one_word(suite):
    more = "weights: {cafe+mumbler: 2, mumbler+kitchen: 1}"
    cast = suite(profiles="[cafe, [cafe, mumbler], mumbler+line.yaml]", more=more)
    assert list(cast.profiles) == ["cafe", "cafe+mumbler", "mumbler+kitchen"]
    cafe, mumbler = (read_profile(PROFILES / f"{name}.yaml").effects for name in ("cafe", "mumbler"))
    both = {effect.name for effect in cast.profiles["cafe+mumbler"].effects}
    assert both == {effect.name for effect in (*cafe, *mumbler)}


def test_severities_are_words_or_numbers_and_typical_where_none_is_said(suite):
    assert suite(more="severities: [mild, 0.4, 1]").suite.severities == (0.25, 0.4, 1.0)
    assert suite().suite.severities == (0.5,)


def test_two_of_one_name_are_refused(suite):
    with pytest.raises(BadlineError, match=r"suite\.yaml:2: scenarios\.1: .*mine\.yaml has the name 'track_parcel' of"):
        suite(scenarios="[track_parcel, mine.yaml]")


def test_a_file_that_names_itself_otherwise_is_refused(suite, right, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise_profiles").mkdir()
    (tmp_path / "noise_profiles" / "pantry.yaml").write_text(right["profile"])
    with pytest.raises(BadlineError, match=r"profiles\.0: .*is called 'pantry' but names itself 'kitchen'"):
        suite(profiles="[pantry]")


def test_what_is_wrong_in_a_scenario_is_said_of_the_scenario(suite, tmp_path):
    (tmp_path / "bad.yaml").write_text("nmae: x\n")
    with pytest.raises(BadlineError, match=r"^[^ ]*bad\.yaml:1: nmae: is not a key here"):
        suite(scenarios="[bad.yaml]")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed", "sed", "2: sed: is not a key here. Did you mean 'seed'?"),
        ("seed: 1", "seed: -1", "2: seed: -1 is below 0"),
        ("[track_parcel]", "[]", "3: scenarios: wants at least one name"),
        ("[track_parcel]", "", "3: scenarios: wants a list of names, but is empty"),
        ("[track_parcel]", "track_parcel", "3: scenarios: wants a list of names, not 'track_parcel'"),
        ("[track_parcel]", "[track_parcl]", "3: scenarios.0: There is no scenario called 'track_parcl'. Did"),
        ("[track_parcel]", "[a, a]", "3: scenarios.1: 'a' stands here twice"),
        ("[track_parcel]", "[wrods.yaml]", "3: scenarios.0: wrods.yaml: there is no such file. Did you mean 'words"),
        ("[cafe]", "[caff]", "4: profiles.0: There is no noise profile called 'caff'. Did you mean 'cafe'?"),
        ("[cafe]", "[cafe+caff]", "4: profiles.0: There is no noise profile called 'caff'. Did you mean 'cafe'?"),
        ("[cafe]", "[mumbler, [cafe, 3]]", "4: profiles.1: wants a profile, or a list of them to be combined as"),
        ("[cafe]", "[[cafe, cafe]]", "4: profiles.0: 'cafe' stands twice in 'cafe+cafe'"),
        ("[cafe]", "[cafe+mumbler, [cafe, mumbler]]", "4: profiles.1: 'cafe+mumbler' stands here twice"),
        ("[cafe]", "[cafe]\nseverities: [hars]", "5: severities.0: wants a word or a number from 0 to 1, not 'hars'."),
        ("[cafe]", "[cafe]\nseverities: [mild, 2]", "5: severities.1: 2 is above 1"),
        ("[cafe]", "[cafe]\nseverities: [mild, 0.25]", "5: severities.1: 'mild' stands here twice"),
        ("[cafe]", "[cafe]\nseverities: harsh", "5: severities: wants a list as '[mild, typical, harsh]', not 'ha"),
        ("[cafe]", "[cafe]\nseverities: []", "5: severities: wants at least one"),
        ("[cafe]", "[cafe]\nvoices: [haert]", "5: voices.0: There is no voice called 'haert'. Did you mean 'heart'?"),
        ("[cafe]", "[cafe]\ntrials: 0", "5: trials: 0 is below 1"),
        ("[cafe]", "[cafe]\narms: []", "5: arms: wants at least one name"),
        ("[cafe]", "[cafe]\narms: [oracel]", "5: arms.0: wants 'oracle', 'clean_turns', 'clean' or 'degraded'"),
        ("[cafe]", "[cafe]\nweights: {caf: 1}", "5: weights.caf: 'caf' is not run here. Did you mean 'cafe'?"),
        ("[cafe]", "[cafe]\nweights: {cafe: 0}", "5: weights.cafe: 0 is not above 0"),
        ("[cafe]", "[cafe]\nweights: {cafe: 50%}", "5: weights.cafe: wants a number, not '50%': write 0.5"),
        ("[cafe]", "[cafe]\nfloors: {oracle: 98}", "5: floors.oracle: 98 is above 1"),
        ("[cafe]", "[cafe]\narms: [clean]\nfloors: {oracle: 1}", "6: floors.oracle: 'oracle' is not run here."),
    ],
)  # fmt: skip
def test_a_suite_is_refused_where_it_is_wrong(wrong, old, new, message):
    assert wrong(read_suite, "suite", old, new).startswith(f"words.yaml:{message}")


def test_a_release_that_is_not_there_is_said_of_the_suite(wrong):
    said = wrong(find_release, "suite", "[cafe]", '[cafe]\nrelease: "2026.111"')
    assert said.startswith("words.yaml:5: release: There is no release called '2026.111'. Did you mean '2026.11'?")
