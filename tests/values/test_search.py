from datetime import datetime

import pytest

from pipeline.chance import stream
from pipeline.values import STYLES, Value, canonical, checked, find, mentions, nearest, readings, utter

NOW = datetime(2026, 11, 20, 10, 0)
ID, POST, TEL = ("alnum_id", "0412-7783"), ("postcode", "EH1 3QR"), ("phone", "020 7946 0123")

CARRIED = [
    (*ID, "It's 0412-7783."),
    (*ID, "that is zero four one two, seven seven eight three"),
    (*ID, "oh four one two double seven eight three"),
    (*ID, "oh four twelve seventy-seven eighty-three"),
    (*ID, "zero four one two. Seven, seven, eight, three. Thanks."),
    (*ID, "0-4-1-2, 7-7-8-3"),
    (*ID, "nought four one two dash double seven eighty three"),
    (*ID, "um zero four uh one two seven seven eight three"),
    (*ID, "Oh, 0412 7783, I think"),
    (*ID, "I have 0412-7783, 2 parcels, is that right?"),
    (*ID, "You have 2 orders. 0412-7783 is late."),
    ("digits", "412", "four hundred and twelve"),
    ("digits", "1984", "nineteen eighty four"),
    ("digits", "97205", "97,205"),
    ("digits", "333", "triple three"),
    ("alnum_id", "AB-0412", "A for Alpha, B as in Bravo, zero four one two"),
    ("alnum_id", "MW12", "double-u? no: M double u one two"),
    ("alnum_id", "LL12", "double L twelve"),
    (*POST, "E H one, three Q R"),
    (*POST, "eh1 3qr"),
    (*POST, "echo hotel one three quebec romeo"),
    (*POST, "E for Echo, H for Hotel, one, three, Q for Quebec, R for Romeo."),
    (*POST, "flat 2 at 10 EH1 3QR please"),
    ("postcode", "YO10 5DD", "It's Y010, 5DD"),
    ("postcode", "W1A 1AA", "W one A one double A"),
    (*TEL, "oh two oh, seven nine four six, oh one two three"),
    (*TEL, "+44 20 7946 0123"),
    (*TEL, "plus four four twenty seventy-nine forty-six zero one two three"),
    ("money", "£12.50", "that comes to twelve pounds fifty"),
    ("money", "£12.50", "that's £12.50."),
    ("money", "£12.50", "twelve pounds and fifty pence in all"),
    ("money", "£12.50", "it is twelve fifty"),
    ("money", "£2,000", "it cost £2k"),
    ("money", "£2,500,000", "it cost £2.5 million"),
    ("money", "£2,500,000", "it cost 2.5 million pounds"),
    ("money", "£1250", "twelve hundred and fifty pounds"),
    ("money", "$1,250.05", "one thousand two hundred fifty dollars and five cents"),
    ("date", "2026-11-22", "on Sunday the twenty-second of November"),
    ("date", "2026-11-22", "November 22nd, 2026"),
    ("date", "2026-11-22", "the 22 of November twenty twenty six"),
    ("date", "2026-11-22", "22/11/2026"),
    ("date", "2026-11-21", "it comes tomorrow"),
    ("date", "1984-03-05", "zero five zero three nineteen eighty four"),
    ("time", "14:30", "at half past two"),
    ("time", "14:30", "at two thirty p.m. then"),
    ("time", "13:45", "quarter to two in the afternoon"),
    ("time", "09:05", "nine oh five in the morning"),
    ("quantity", "2.5 kg", "it weighs two and a bit, no, two point five kilos"),
    ("quantity", "3 parcels", "you have three parcels"),
    ("name", "Maya O'Brien", "Thank you, Maya OBrien."),
    ("name", "Maya", "M A Y A, right?"),
    ("spelled_name", "Anna", "A, double N, A"),
    ("spelled_name", "Zamora", "zed A M O R A"),
    ("email", "maya.r7@example.com", "maya dot R seven at example dot com"),
    ("email", "maya.r7@example.com", "Write to maya.r7@example.com."),
    ("email", "maya@example.com", "M-A-Y-A - at example dot com"),
    ("time", "11:50", "ten to noon"),
    ("time", "23:45", "quarter to midnight"),
    ("enum", "next_day", "I set it to next day"),
    ("text", "22 Baker Street", "to twenty two Baker Street"),
]

NOT_CARRIED = [
    (*ID, "It's 412-7783."),
    (*ID, "It's 0412-7738."),
    (*ID, "It's 0412-77833."),
    (*ID, "It's 90412-7783."),
    (*ID, "zero four one two seven seven eight three five"),
    (*ID, "five zero four one two seven seven eight three"),
    (*ID, "zero four one two, seven seven eight three, five"),
    (*ID, "zero four one two seven eight three"),
    (*ID, "zero four one two triple seven eight three"),
    (*ID, "B 0412-7783"),
    (*ID, "four hundred and twelve seventy-seven eighty-three"),
    (*ID, ""),
    ("digits", "402", "forty two"),
    ("digits", "412", "four thousand and twelve"),
    ("digits", "1250", "that is £1250"),
    ("digits", "1250", "1250 pounds"),
    ("digits", "12", "12.50"),
    ("digits", "42", "4 2 7"),
    ("alnum_id", "AB-0412", "B 0412"),
    ("alnum_id", "AB-0412", "A D zero four one two"),
    ("alnum_id", "O412", "zero four one two"),
    (*POST, "EH1 3QP"),
    (*POST, "E H eleven, three Q R"),
    (*POST, "EH1 3Q"),
    (*POST, "EH13QRS"),
    (*POST, "H1 3QR"),
    (*POST, "eighty-one three queue are"),
    (*TEL, "020 7946 0124"),
    (*TEL, "7946 0123"),
    (*TEL, "020 7946 01234"),
    (*TEL, "+1 20 7946 0123"),
    ("money", "£12.50", "twelve pounds fifteen"),
    ("money", "£12.50", "$12.50"),
    ("money", "£12.50", "£112.50"),
    ("money", "£12.50", "£12"),
    ("money", "£2", "it cost £2k"),
    ("money", "£2,000", "two grand pianos"),
    ("money", "£12.50", "£12.505"),
    ("money", "£12.50", "12.50 dollars"),
    ("money", "£12.50", "minus £12.50"),
    ("money", "£12", "twelve pounds fifty"),
    ("money", "£50", "twelve fifty"),
    ("date", "2026-11-22", "the twenty-third of November"),
    ("date", "2026-11-22", "the 22nd of December"),
    ("date", "2026-11-22", "22 November 2025"),
    ("date", "2026-11-02", "the twenty-second of November"),
    ("date", "2026-11-12", "11/12/2026"),
    ("date", "2026-11-22", "it comes tomorrow"),
    ("time", "14:30", "at half past three"),
    ("time", "14:30", "at two thirty in the morning"),
    ("time", "14:30", "14:300"),
    ("time", "14:00", "two parcels"),
    ("time", "02:05", "five to two, p.m."),
    ("quantity", "5", "minus five"),
    ("quantity", "3", "order 3-4-5"),
    ("quantity", "3 parcels", "three letters"),
    ("quantity", "2", "2.5 kg"),
    ("quantity", "1 kg", "half a kilo"),
    ("name", "Maya", "Mayan temples"),
    ("name", "Ann", "Anna"),
    ("spelled_name", "Anna", "A N A"),
    ("email", "r7@example.com", "maya.r7@example.com"),
    ("email", "maya@example.co", "maya@example.co.uk"),
    ("email", "maya@example.co", "maya at example dot co dot uk"),
    ("enum", "next_day", "the next possible day"),
    ("text", "22 Baker Street", "122 Baker Street"),
]


def value(kind, text):
    return checked(kind, text, language="en-US" if text.startswith("$") else "en-GB")


@pytest.mark.parametrize(("kind", "text", "sentence"), CARRIED)
def test_a_sentence_carries_its_value(kind, text, sentence):
    assert find(value(kind, text), sentence, now=NOW)


@pytest.mark.parametrize(("kind", "text", "sentence"), NOT_CARRIED)
def test_a_sentence_does_not_carry_what_only_looks_like_it(kind, text, sentence):
    assert find(value(kind, text), sentence, now=NOW) is None


def test_a_found_value_tells_its_words_and_where_they_stand():
    sentence = "So that's double oh four two, thanks."
    found = find(value("digits", "0042"), sentence)
    assert (found.text, found.edits) == ("double oh four two", 0)
    assert sentence[found.start : found.end] == found.text


def test_an_accepted_reading_is_found():
    slot = checked("enum", "next_day", language="en-GB", accept=("express",))
    assert find(slot, "Express delivery it is")


@pytest.mark.parametrize(
    ("kind", "text", "sentence", "edits"),
    [
        (*ID, "my number is 0412 7738 please", 2),
        (*ID, "my number is 412 7783", 1),
        (*ID, "zero for one two seven seven eight three", 1),
        (*ID, "0412-7783", 0),
        (*POST, "It's EH1 3QP", 1),
        ("name", "Maya", "I am Mayo", 1),
        ("money", "£12.50", "that is £12.60", 1),
        ("date", "2026-11-22", "2026-11-23", 1),
        (*ID, "0412-7783-5", 1),
    ],
)
def test_the_nearest_words_tell_how_many_characters_are_wrong(kind, text, sentence, edits):
    assert nearest(value(kind, text), sentence, now=NOW).edits == edits


def test_nothing_is_near_where_all_is_wrong():
    assert nearest(value(*ID), "Sorry, I did not get that.") is None
    assert nearest(value("money", "£12.50"), "Sorry, I did not get that.") is None


@pytest.mark.parametrize(
    ("kind", "sentence", "carried"),
    [
        ("alnum_id", "I have 0412-7738, is that right?", ("04127738",)),
        ("alnum_id", "I have zero four one two, double seven three eight.", ("04127738",)),
        ("alnum_id", "Is it 0412-7738 or 0555-1234?", ("04127738", "05551234")),
        ("alnum_id", "I have AB-0412, is that right?", ("AB0412",)),
        ("alnum_id", "One moment. I will look for that one.", ()),
        ("alnum_id", "It costs 1250 pounds, on the 22nd of November 2026 at 14:30.", ()),
        ("alnum_id", "Could you tell me the order number?", ()),
        ("alnum_id", "I see 2 parcels.", ()),
        ("digits", "Your pin is oh four one two.", ("0412",)),
        ("postcode", "So that's E H one, three Q P?", ("EH13QP",)),
        ("postcode", "14 High Street, EH1 3QR.", ("EH13QR",)),
        ("postcode", "I need a postcode.", ()),
        ("phone", "I will call 020 7946 0124.", ("+442079460124",)),
        ("phone", "order 04127783", ()),
        ("money", "That is twelve pounds fifty and £3.", ("12.50 GBP", "3.00 GBP")),
        ("money", "at twelve fifty", ()),
        ("date", "It arrives on the 23rd of November.", ("2026-11-23",)),
        ("date", "You may wait.", ()),
        ("time", "between 2 pm and 4 pm", ("14:00", "16:00")),
        ("time", "at half past two", ("02:30", "14:30")),
        ("email", "I have maya@example.com. Is that right?", ("maya@example.com",)),
        ("email", "I have maya dot r seven at example dot com. Is that right?", ("maya.r7@example.com",)),
        ("spelled_name", "So M, A, Y, O?", ("MAYO",)),
        ("spelled_name", "Can I have your name?", ()),
        ("name", "Thank you, Maya.", ()),
    ],
)
def test_a_sentence_s_values_of_a_type(kind, sentence, carried):
    assert mentions(kind, sentence, language="en-GB", now=NOW) == carried


LETTERS, NUMERALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"


def many(rng, alphabet, low, high=None):
    return "".join(rng.choice(list(alphabet), rng.integers(low, high) if high else low))


DRAWN = {
    "digits": lambda rng: many(rng, NUMERALS, 3, 12),
    "alnum_id": lambda rng: f"{many(rng, LETTERS, 0, 4)}{many(rng, NUMERALS, 4)}-{many(rng, NUMERALS, 1, 6)}",
    "postcode": lambda rng: (
        f"{many(rng, LETTERS, 2)}{rng.integers(10)} {rng.integers(10)}{many(rng, 'ABDEFGHJLNPQRSTUWXYZ', 2)}"
    ),
    "phone": lambda rng: f"020 7946 0{many(rng, NUMERALS, 3)}",
    "money": lambda rng: f"£{rng.integers(1, 10_000_000) / 100:.2f}",
    "date": lambda rng: f"{rng.integers(1930, 2029)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}",
    "time": lambda rng: f"{rng.integers(24):02d}:{rng.integers(60):02d}",
    "quantity": lambda rng: f"{rng.integers(3000)} parcels",
    "spelled_name": lambda rng: many(rng, LETTERS, 3, 9).capitalize(),
    "name": lambda rng: many(rng, LETTERS, 3, 9).capitalize(),
    "email": lambda rng: f"{many(rng, 'abcxyz', 4)}.{many(rng, 'abcxyzo', 1)}{many(rng, NUMERALS, 2)}@example.com",
}


def drawn(kind, rng):
    """A random value of the type, as people write it."""
    return DRAWN[kind](rng)


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("style", STYLES)
def test_what_is_uttered_is_found_again_and_has_no_digit(kind, style):
    rng = stream(11, kind)
    for _ in range(60):
        fact = value(kind, drawn(kind, rng))
        said = utter(f"Right, it is {{x:{style}}} and nothing else.", {"x": fact})
        assert find(fact, said), said
        assert not any(c.isdigit() for c in said)


@pytest.mark.parametrize("kind", DRAWN)
def test_every_reading_is_found(kind):
    rng = stream(12, kind)
    for _ in range(25):
        fact = value(kind, drawn(kind, rng))
        for reading in readings(fact):
            assert find(fact, f"it is {reading}"), (fact.text, reading)


@pytest.mark.parametrize("kind", DRAWN)
def test_another_value_s_utterance_is_never_taken_for_it(kind):
    rng = stream(13, kind)
    facts = [value(kind, drawn(kind, rng)) for _ in range(25)]
    for one in facts:
        for other in facts:
            if canonical(one) != canonical(other):
                said = utter("It is {x}.", {"x": other})
                assert find(one, said) is None, (one.text, said)


@pytest.mark.parametrize("kind", ["digits", "alnum_id", "postcode", "phone", "money", "date"])
def test_what_is_uttered_is_mentioned_and_nothing_else(kind):
    rng = stream(14, kind)
    for _ in range(40):
        fact = value(kind, drawn(kind, rng))
        said = utter("Right, it is {x}.", {"x": fact})
        assert mentions(kind, said, language="en-GB") == (canonical(fact),), said


def test_one_digit_more_or_less_is_another_id():
    rng = stream(15, "digits")
    for _ in range(60):
        long = drawn("digits", rng)
        said = utter("It is {x}.", {"x": Value("digits", long)})
        for part in (long[1:], long[:-1]):
            assert find(Value("digits", part), said) is None, (part, said)
