import asyncio
import threading
import time

import numpy as np
import pytest

from pipeline import engines
from pipeline.asr import NotYet
from pipeline.asr.tones import Options, Tones
from pipeline.audio import Sound
from pipeline.run.crew import Crew
from pipeline.run.gathered import Gathered, gathering
from pipeline.run.plan import find_job, read_plan
from pipeline.run.unit import place_unit
from pipeline.spec.release import Latency
from pipeline.tts.tone import Options as ToneOptions
from pipeline.tts.tone import Tone

TEXTS = [f"letter {letter}" for letter in "abcdefghijkl"]


class Many(Tones):
    """Takes three sounds at once, 50 ms whatever their number; notes how many came, and in which threads."""

    batch = 3

    def __init__(self):
        super().__init__(Options())
        self.sizes, self.threads = [], set()

    def transcribe(self, sounds):
        self.sizes.append(len(sounds))
        self.threads.add(threading.current_thread())
        time.sleep(0.05)
        return super().transcribe(sounds)


def spoken(text):
    return Tone(ToneOptions()).speak(text, seed=1)


async def heard(asr, sound):
    """As the platform asks."""
    while True:
        try:
            return asr.transcribe([sound])[0]
        except NotYet as gathered:
            await gathered.done


def together(asr, *sounds):
    async def all_of_them():
        return await asyncio.gather(*[heard(asr, sound) for sound in sounds], return_exceptions=True)

    return asyncio.run(all_of_them())


def test_what_is_wanted_at_once_is_heard_in_one_go_and_each_gets_its_own():
    many = Many()
    sounds = [spoken(text) for text in TEXTS[:8]]
    told = together(Gathered(many, 3), *sounds)
    assert told == Tones(Options()).transcribe(sounds)
    assert many.sizes == [3, 3, 2]


def test_while_it_is_busy_the_next_ones_gather_and_nobody_waits_for_more():
    many = Many()

    async def one_after_the_other():
        asr, asked = Gathered(many, 3), []
        for text in TEXTS[:3]:
            asked.append(asyncio.create_task(heard(asr, spoken(text))))
            await asyncio.sleep(0.015)
        return await asyncio.gather(*asked)

    assert [one.text for one in asyncio.run(one_after_the_other())] == TEXTS[:3]
    assert many.sizes == [1, 2]


def test_calls_go_on_while_it_hears():
    many, ticks = Many(), []

    async def tick():
        while len(ticks) < 4:
            ticks.append(time.perf_counter())
            await asyncio.sleep(0.01)

    async def both():
        await asyncio.gather(heard(Gathered(many, 3), spoken(TEXTS[0])), tick())

    began_s = time.perf_counter()
    asyncio.run(both())
    assert ticks[3] - began_s < 0.05
    assert many.threads.isdisjoint({threading.current_thread()})


def test_the_same_sound_is_heard_once_for_all_who_ask_meanwhile():
    many = Many()
    asr, sound = Gathered(many, 3), spoken(TEXTS[0])

    async def twice():
        asked = []
        for _ in range(2):
            with pytest.raises(NotYet) as not_yet:
                asr.transcribe([sound])
            asked.append(not_yet.value.done)
        await asyncio.gather(*asked)
        return asr.transcribe([sound])

    assert asyncio.run(twice())[0].text == TEXTS[0]
    assert many.sizes == [1]


class Picky(Many):
    """Fails on silence."""

    def transcribe(self, sounds):
        told = super().transcribe(sounds)
        if not all(sound.samples.any() for sound in sounds):
            raise ZeroDivisionError
        return told


def test_a_sound_on_which_it_fails_spoils_no_other_and_is_tried_anew_when_asked_again():
    picky = Picky()
    asr, silence = Gathered(picky, 3), Sound(np.zeros(8000, np.float32), 8000)
    first, second, third = together(asr, spoken(TEXTS[0]), silence, spoken(TEXTS[1]))
    assert (first.text, third.text) == (TEXTS[0], TEXTS[1])
    assert isinstance(second, ZeroDivisionError)
    assert isinstance(together(asr, silence)[0], ZeroDivisionError)
    assert picky.sizes == [3, 1, 1, 1, 1]


def test_a_loop_that_ends_in_between_leaves_nothing_behind():
    many = Many()
    asr = Gathered(many, 3)

    async def given_up():
        async with asyncio.timeout(0.01):
            await heard(asr, spoken(TEXTS[0]))

    with pytest.raises(TimeoutError):
        asyncio.run(given_up())
    assert together(asr, spoken(TEXTS[0]))[0].text == TEXTS[0]


def test_only_who_says_that_it_takes_more_than_one_sound_and_is_not_timed_gathers():
    alone, many = Tones(Options()), Many()
    assert gathering(alone, Latency()) is alone
    assert gathering(many, Latency(asr_ms="measured")) is many
    gathered = gathering(many, Latency(agent_ms="measured"))
    assert gathered.languages == many.languages
    assert gathered.identity == {"batch": "3"}


@pytest.mark.parametrize("min_words", [0, 1])
def test_calls_of_a_crew_share_its_recogniser_and_come_out_as_alone(toys, monkeypatch, min_words):
    monkeypatch.syspath_prepend(
        toys.add_asr(
            f"many{min_words}", "with open(__file__ + '.log', 'a') as log: log.write(f'{len(sounds)} ')", batch=8
        )
    )
    engines.known.cache_clear()
    toys.change("release.yaml", "agent:", f"barge_in: {{min_words: {min_words}}}\nagent:")
    alone = Crew(read_plan(find_job(str(toys.suite), None)))
    toys.change("release.yaml", "asr: tones", f"asr: many{min_words}")
    crew = Crew(read_plan(find_job(str(toys.suite), None)))
    units = [unit for unit in crew.plan.units if unit.arm != "oracle"]
    apart = [asyncio.run(place_unit(alone, unit)).facts for unit in units]

    async def at_once():
        return [done.facts for done in await asyncio.gather(*[place_unit(crew, unit) for unit in units])]

    assert asyncio.run(at_once()) == apart
    engines.known.cache_clear()
    log = (toys.folder / "site" / f"other_many{min_words}.py.log").read_text()
    sizes = [int(size) for size in log.split()]
    assert max(sizes) > 1
