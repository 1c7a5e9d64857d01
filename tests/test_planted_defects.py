"""The tester is tested, in small: each planted defect is found by name and blamed on who has it, with one seed.

`scripts/validate planted` does the same over many, and with the shipped engines.
"""

import pytest
from planted import DEFECTS, TOYS, found, run_of, same_again, site_in, use_site

from pipeline import engines
from pipeline.run.cache import Cache

pytestmark = pytest.mark.slow
SEED, VOICES = 1, ("tone",)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder in which the planted engines are found, and a cache that all runs share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("")
        folder = tmp_path_factory.mktemp("planted")
        use_site(site_in(folder / "site", "tones"))
        yield folder, Cache(str(folder / "cache"))
    engines.known.cache_clear()
    engines.find.cache_clear()


@pytest.fixture(scope="module")
def healthy(place):
    folder, cache = place
    return run_of(folder / "healthy", TOYS, None, seed=SEED, cache=cache, voices=VOICES)


def test_the_healthy_system_passes_and_is_the_same_again(place, healthy):
    folder, _ = place
    assert {one["facts"]["status"] for one in healthy.records} == {"passed"}
    assert same_again(healthy, run_of(folder / "again", TOYS, None, seed=SEED, cache=None, voices=VOICES))


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_planted_defect_is_found_by_name_and_blamed_on_who_has_it(place, healthy, defect):
    folder, cache = place
    ran = run_of(folder / defect.name.replace(" ", "_"), TOYS, defect, seed=SEED, cache=cache, voices=VOICES)
    told = found(defect, ran, healthy)
    assert told.is_found, told
    assert told.blamed == defect.blamed
