"""Values in running text: whether a sentence carries one, what comes nearest, and which ones it carries."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product

from rapidfuzz.distance import Levenshtein

from pipeline.values import canon
from pipeline.values.codes import UK_POSTCODE, US_ZIP, letters, phone_of, targets
from pipeline.values.language import language_named
from pipeline.values.pieces import Piece, pieces, runs_on
from pipeline.values.value import Found, Mention, Value, is_british, region_of

ADDRESS_WORDS = {
    "at": "@",
    "dot": ".",
    "point": ".",
    "underscore": "_",
    "dash": "-",
    "hyphen": "-",
    "minus": "-",
    "plus": "+",
}
_LEAST = {"alnum_id": 4, "digits": 3, "spelled_name": 3}
_MOST = 20


def find(value: Value, text: str, *, now: datetime | None = None) -> Found | None:
    """Where `text` carries the value (or one of its `accept`), spoken or written, without an error."""
    found = _find(value, text, now)
    if found:
        return found
    spans = (_words_in(accepted, text, value.language) for accepted in value.accept)
    return next((_found(text, span) for span in spans if span), None) or _find_accepted(value, text, now)


def _find_accepted(value: Value, text: str, now: datetime | None) -> Found | None:
    """`accept` texts that are themselves values of the type, in whatever form the text has them."""
    for accepted in value.accept:
        other = Value(value.type, accepted, value.language)
        try:
            found = _find(other, text, now)
        except ValueError:  # "the green one" is accepted as words only
            continue
        if found:
            return found
    return None


def _find(value: Value, text: str, now: datetime | None) -> Found | None:
    match value.type:
        case "name":
            span = _name_in(letters(value.text), text) or _code_in(value, (letters(value.text),), text, now)
        case "enum" | "text":
            span = _words_in(value.text, text, value.language)
        case "email":
            span = _address_in(canon.canonical(value), text, value)
        case kind if kind in canon.CODES:
            span = _code_in(value, targets(value), text, now)
        case _:
            span = _measure_in(value, text, now)
    return _found(text, span) if span else None


def _found(text: str, span: tuple[int, int], edits: int = 0) -> Found:
    return Found(text[span[0] : span[1]], *span, edits)


# Codes


def _code_in(value: Value, rows: Sequence[str], text: str, now: datetime | None) -> tuple[int, int] | None:
    stream = pieces(text, language_named(value.language))
    taken = _taken(value, text, now) if value.type in {"digits", "alnum_id"} else []
    whole_words = value.type in {"spelled_name", "name"}
    if value.type == "postcode":  # its shape tells O from zero, so that "Y010" is YO10
        rows = [row.replace("O", "0") for row in rows]
        stream = [replace(piece, options=tuple(o.replace("O", "0") for o in piece.options)) for piece in stream]
    for row in rows:
        for i in range(len(stream)):
            end = _row_at(row, stream, i, whole_words=whole_words)
            if (
                end
                and _stands_alone(value, stream, i, end)
                and not _within((stream[i].start, stream[end - 1].end), taken)
            ):
                return stream[i].start, stream[end - 1].end
    return None


def _row_at(row: str, stream: Sequence[Piece], at: int, *, whole_words: bool) -> int:
    """The index after the pieces that spell `row` from `at` on (0: they do not)."""
    reached = {0}
    for j in range(at, len(stream)):
        options = _letters_of(stream[j], whole_words=whole_words)
        reached = {r + len(option) for r in reached for option in options if option and row.startswith(option, r)}
        if len(row) in reached:
            return j + 1
        if not reached:
            return 0
    return 0


def _letters_of(piece: Piece, *, whole_words: bool) -> tuple[str, ...]:
    """Ordinary words count as letters only where a name is sought, or where they are short ("the EH one")."""
    if piece.plain and not whole_words and not piece.short:
        return ()
    return piece.options


def _stands_alone(value: Value, stream: Sequence[Piece], start: int, end: int) -> bool:
    """Whether the run of characters ends where the value does: an id inside a longer one is another id."""
    before, first = stream[start - 1] if start else None, stream[start]
    last, after = stream[end - 1], stream[end] if end < len(stream) else None
    following = stream[end + 1] if end + 1 < len(stream) else None
    if before and runs_on(before, first, None) and _same_kind(value, before, first):
        return False
    return not (after and runs_on(last, after, following) and _same_kind(value, last, after))


def _same_kind(value: Value, one: Piece, other: Piece) -> bool:
    """A house number before a postcode and a letter beside a phone number are no part of it."""
    if value.type == "alnum_id":
        return True
    if value.type in {"spelled_name", "name"}:
        return len(one.options[0]) == len(other.options[0]) == 1
    return one.options[0].isdigit() == other.options[0].isdigit()


def _taken(value: Value, text: str, now: datetime | None) -> list[tuple[int, int]]:
    """Spans that are sums of money, dates or times, and so no ids."""
    spans = []
    for kind in ("money", "date", "time"):
        for mention in canon.mentioned(Value(kind, "", value.language), text, now):
            if not mention.loose and not re.fullmatch(r"[\d. ]+", text[mention.start : mention.end]):
                spans.append((mention.start, mention.end))
    return spans


def _within(span: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in taken)


# Words


def _words_in(wanted: str, text: str, language: str) -> tuple[int, int] | None:
    """The span of the wanted words one after the other, whatever stands between them that is no word."""
    words = canon.folded_words(wanted, language)
    folded = language_named(language).fold(text)
    tokens = list(re.finditer(r"[^\W_]+(?:['’][^\W\d_]+)?", folded.text))
    said = ["".join(canon.plain_words(token[0])) for token in tokens]
    for i in range(len(said) - len(words) + 1 if words else 0):
        if said[i : i + len(words)] == words and not _PREFIX.search(folded.text[: tokens[i].start()]):
            return folded.span(tokens[i].start(), tokens[i + len(words) - 1].end())
    return None


_PREFIX = re.compile(r"\b(?:sub|non|un|pre|semi|anti)-$", re.IGNORECASE)  # what follows is another word


def _name_in(name: str, text: str) -> tuple[int, int] | None:
    """Whole words which, joined, are the name: "Mary-Ann", "mary ann"."""
    tokens = [
        (letters(m[0].removesuffix("'s").removesuffix("’s")), m.start(), m.end()) for m in re.finditer(r"[\w'’]+", text)
    ]
    for i, (_, start, _) in enumerate(tokens):
        joined = ""
        for word, _, end in tokens[i:]:
            joined += word
            if joined == name:
                return start, end
            if not name.startswith(joined):
                break
    return None


def _address_in(address: str, text: str, value: Value) -> tuple[int, int] | None:
    """An e-mail address, written or said with "at" and "dot"; nothing glued to it on either side."""
    tokens = _address_tokens(text, value)
    for i, (_, start, _) in enumerate(tokens):
        reached = {0}
        for j, (options, _, end) in enumerate(tokens[i:], i):
            reached = {r + len(option) for r in reached for option in options if address.startswith(option, r)}
            if len(address) in reached and not _goes_on(tokens, i, j):
                return start, end
            if not reached:
                break
    return None


def _address_tokens(text: str, value: Value) -> list[tuple[tuple[str, ...], int, int]]:
    language = language_named(value.language)
    folded = language.fold(text)
    tokens: list[tuple[tuple[str, ...], int, int]] = []
    for match in re.finditer(r"[^\W_]+|[@._+-]|,", folded.text):
        word = match[0].lower()
        options = {word, ADDRESS_WORDS.get(word, word)}
        options |= {"0", "o"} if word in language.OH else set()
        options |= {language.LETTER_WORDS[word].lower()} if word in language.LETTER_WORDS else set()
        ends_a_sentence = word == "." and not folded.text[match.end() : match.end() + 1].isalnum()
        spells = word == "-" and _SPELLS.search(folded.text[max(match.start() - 2, 0) : match.end() + 2])
        silent = word == "," or (word in language.FILLERS and word not in ADDRESS_WORDS)
        options |= {""} if ends_a_sentence or spells or silent else set()
        tokens.append((tuple(sorted(options)), *folded.span(*match.span())))
    return tokens


# The hyphens of "M-A-Y-A" and "maya - at", not that of "anne-marie".
_SPELLS = re.compile(r"(?:^|[^\w])\w-|-\w(?:$|[^\w])|\s-|-\s")


def _goes_on(tokens: Sequence[tuple[tuple[str, ...], int, int]], first: int, last: int) -> bool:
    """Whether the address is part of a longer one: a sign glued to it, or "dot" beside it."""
    signs = {".", "_", "+", "-", "@"}
    before = tokens[first - 1] if first else None
    after = tokens[last + 1] if last + 1 < len(tokens) else None
    if before and signs & set(before[0]) and (before[2] == tokens[first][1] or len(before[0]) > 1):
        return True
    if after is None or not signs & set(after[0]):
        return False
    glued_word = last + 2 < len(tokens) and after[1] == tokens[last][2] and tokens[last + 2][1] == after[2]
    said_dot = "dot" in after[0]
    return glued_word or said_dot


# Sums, dates, times, quantities


def _measure_in(value: Value, text: str, now: datetime | None) -> tuple[int, int] | None:
    if value.type == "date" and now is None and not re.search(r"\d", value.text):
        return _words_in(value.text, text, value.language)
    wanted = canon.canonical(value, now=now)
    for mention in canon.mentioned(value, text, now):
        if _carries(value, wanted, mention):
            return mention.start, mention.end
    return _numeric_date(value, wanted, text) if value.type == "date" else None


def _carries(value: Value, wanted: str, mention: Mention) -> bool:
    if value.type == "date":
        day = f"-{wanted[4:]}"
        return any(
            option in {wanted, day} or (wanted[0] == "-" and option.endswith(wanted[1:])) for option in mention.options
        )
    if value.type == "money" and mention.loose:
        return wanted.split(maxsplit=1)[0] in mention.options
    return wanted in mention.options


def _numeric_date(value: Value, wanted: str, text: str) -> tuple[int, int] | None:
    """ "05 03 1984", in the order of the language."""
    year, month, day = wanted.split("-")[-3:]
    first, second = (day, month) if is_british(value.language) else (month, day)
    rows = (first + second + year, f"{int(first)}{int(second)}{year}", first + second + year[2:])
    return _code_in(Value("digits", rows[0], value.language), rows, text, None)


# The nearest thing to a value


def nearest(value: Value, text: str, *, now: datetime | None = None) -> Found | None:
    """The part of `text` fewest edits (of canonical characters) away from the value, or None."""
    found = find(value, text, now=now)
    if found:
        return found
    if value.type in canon.CODES or value.type in {"name", "email", *canon.PROSE}:
        return _nearest_row(value, text)
    wanted = canon.canonical(value, now=now)
    options = [
        (Levenshtein.distance(wanted, o), m)
        for m in canon.mentioned(value, text, now)
        if not m.loose
        for o in m.options
    ]
    edits, mention = min(options, key=lambda pair: pair[0], default=(len(wanted), None))
    return _found(text, (mention.start, mention.end), edits) if mention and edits < len(wanted) else None


def _nearest_row(value: Value, text: str) -> Found | None:
    """What was not found has a wrong character: of "0412-7783-5" the last is one too many."""
    rows, heard = _rows_and_heard(value, text)
    best: Found | None = None
    for row in rows:
        for start, end, characters in _windows(heard, len(row)):
            edits = max(Levenshtein.distance(row, characters), 1)
            if edits < (best.edits if best else len(row)):
                best = _found(text, (start, end), edits)
    return best


def _rows_and_heard(value: Value, text: str) -> tuple[Sequence[str], list[tuple[str, int, int]]]:
    """What is sought and what was heard; an ordinary word within a code is one wrong character."""
    if value.type == "email":
        tokens = _address_tokens(text, value)
        return (canon.canonical(value),), [(min(options, key=len), start, end) for options, start, end in tokens]
    if value.type in canon.PROSE or value.type == "spelled_name":
        return (letters(value.text),), _heard_letters(value, text)
    rows = targets(value)
    stream = pieces(text, language_named(value.language))
    return rows[:2], [(_heard(piece, rows[0]), piece.start, piece.end) for piece in stream]


def _heard_letters(value: Value, text: str) -> list[tuple[str, int, int]]:
    stream = pieces(text, language_named(value.language))
    return [(piece.options[-1] if piece.plain else piece.options[0], piece.start, piece.end) for piece in stream]


def _heard(piece: Piece, row: str) -> str:
    fitting = [option for option in piece.options if option in row]
    if piece.plain and not piece.short:
        return "?"
    return fitting[0] if fitting else piece.options[0]


def _windows(heard: Sequence[tuple[str, int, int]], size: int) -> Iterator[tuple[int, int, str]]:
    """Stretches of at most twice the size that neither begin nor end with an ordinary word."""
    for i, (first, start, _) in enumerate(heard):
        characters = ""
        for part, _, end in heard[i:] if first != "?" else ():
            characters += part
            if len(characters) > 2 * size:
                break
            if part != "?":
                yield start, end, characters


# What a sentence carries


def mentions(kind: str, text: str, *, language: str, now: datetime | None = None) -> tuple[str, ...]:
    """The canonical values of this type in `text`, in order; every option where the words are ambiguous.

    A date without a year is the next such day after `now`, or "--11-22" without a clock. Names, texts and
    enums have no shape by which they could be known: none are returned.
    """
    value = Value(kind, "", language)
    match kind:
        case "phone":
            return _unique(_phones(value, text))
        case "email":
            return _unique(_addresses(value, text))
        case "digits" | "alnum_id" | "postcode" | "spelled_name":
            return _unique(_codes(value, text, now))
        case "money" | "date" | "time" | "quantity":
            return _unique(o for m in canon.mentioned(value, text, now) if not m.loose for o in _settled(m, now))
    return ()


def _unique(options: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(options))


def _settled(mention: Mention, now: datetime | None) -> Iterator[str]:
    yield from (canon.next_year(option, now) if option.startswith("--") else option for option in mention.options)


def _runs(stream: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Maximal rows of pieces that may be one code."""
    run: list[Piece] = []
    for i, piece in enumerate(stream):
        following = stream[i + 1] if i + 1 < len(stream) else None
        if run and (piece.plain or not _joins(run, piece, following)):
            yield run
            run = []
        if not piece.plain:
            run.append(piece)
    if run:
        yield run


def _joins(run: Sequence[Piece], piece: Piece, following: Piece | None) -> bool:
    """A comma or full stop parts two codes of some length each, and a code from a count of something."""
    if not piece.gap:
        return True
    counts = following is not None and following.counted and not following.gap and piece.options[0].isdigit()
    return not counts and min(sum(len(p.options[0]) for p in run), len(piece.options[0])) < 6


def _trimmed(run: list[Piece]) -> list[Piece]:
    """Without the words at its ends that are letters only inside a code ("a", "I", "Oh, ...")."""
    while run and (not run[0].edge or (len(run) > 1 and run[1].gap and run[0].options == ("0", "O"))):
        run = run[1:]
    while run and (not run[-1].edge or _is_pronoun(run)):
        run = run[:-1]
    return run


def _is_pronoun(run: Sequence[Piece]) -> bool:
    """The I of "0412, I think"."""
    if run[-1].options != ("I",):
        return False
    return len(run) == 1 or run[-2].options[0].isdigit() or bool(run[-1].gap and not run[-2].gap)


def _codes(value: Value, text: str, now: datetime | None) -> Iterator[str]:
    taken = _taken(value, text, now)
    for run in map(_trimmed, _runs(pieces(text, language_named(value.language)))):
        if run and not any(start < run[-1].end and run[0].start < end for start, end in taken):
            yield from _PLAUSIBLE[value.type](value, run)


def _zeros(run: Sequence[Piece]) -> str:
    """The run's characters: an O is the letter after or before other letters, else it is a zero, as "oh" is."""
    out = ""
    for i, piece in enumerate(run):
        beside = out[-1:] or (run[i + 1].options[0][:1] if i + 1 < len(run) else "")
        is_zero = set(piece.options) == {"0", "O"} and (piece.options[0] == "0" or not beside.isalpha())
        out += "0" if is_zero else piece.options[0]
    return out


def _ids(value: Value, run: Sequence[Piece]) -> Iterator[str]:
    characters = _zeros(run)
    digits = sum(c.isdigit() for c in characters)
    fits = _LEAST[value.type] <= len(characters) <= _MOST and 2 * digits >= len(characters)
    if fits and (value.type == "alnum_id" or digits == len(characters)):
        yield characters


def _postcodes(value: Value, run: Sequence[Piece]) -> Iterator[str]:
    """A house number before a postcode is left out."""
    pattern = US_ZIP if region_of(value.language) == "US" else UK_POSTCODE
    for start in range(len(run)):
        for characters in _spellings(run[start:]):
            if pattern.fullmatch(characters):
                yield characters
                return


def _spellings(run: Sequence[Piece]) -> Iterator[str]:
    """Each way to read the run; a postcode is at most seven pieces long."""
    for options in product(*(piece.options for piece in run)) if len(run) <= 9 else ():
        yield "".join(options)


def _spelled(value: Value, run: Sequence[Piece]) -> Iterator[str]:
    """Letters said one at a time."""
    characters = "".join("O" if "O" in piece.options else piece.options[0] for piece in run)
    one_at_a_time = sum(len(piece.options[0]) <= 2 for piece in run) == len(run)
    if characters.isalpha() and one_at_a_time and _LEAST[value.type] <= len(characters) <= _MOST:
        yield characters


_PLAUSIBLE: dict[str, Callable[[Value, Sequence[Piece]], Iterator[str]]] = {
    "digits": _ids,
    "alnum_id": _ids,
    "postcode": _postcodes,
    "spelled_name": _spelled,
}


def _phones(value: Value, text: str) -> Iterator[str]:
    for run in map(_trimmed, _runs(pieces(text, language_named(value.language)))):
        characters = "".join(piece.options[0] for piece in run)
        plus = "+" if run and text[: run[0].start].rstrip(" (").endswith(("+", "plus")) else ""
        if characters.isdigit() and len(characters) >= 9:
            yield from _valid_phone(Value("phone", plus + characters, value.language))


def _valid_phone(value: Value) -> Iterator[str]:
    try:
        yield phone_of(value)
    except ValueError:  # a long row of digits that is no phone number
        return


def _addresses(value: Value, text: str) -> Iterator[str]:
    """Addresses as written, and those said with "at" and "dot"."""
    heard = (min(options, key=lambda o: (len(o), o.isdigit())) for options, _, _ in _address_tokens(text, value))
    said = [word for word in heard if word]
    spoken = ("".join(_address_around(said, i, value)) for i, word in enumerate(said) if word == "@")
    for address in (*canon.EMAIL.findall(text.casefold()), *spoken):
        if canon.EMAIL.fullmatch(address):
            yield address


def _address_around(said: Sequence[str], at: int, value: Value) -> list[str]:
    """The words about an @ that belong to it: whole words joined by signs, single characters joined by nothing."""
    start, end = at, at + 2
    while start and _belongs(said[start - 1], said[start], value):
        start -= 1
    while said[end : end + 1] == ["."] and end + 1 < len(said):
        end += 2
    return list(said[start:end])


def _belongs(word: str, after: str, value: Value) -> bool:
    if not (word and word[-1].isalnum() and after and after[0].isalnum()):
        return True
    if len(word) == 1 or word.isdigit():
        return True
    short = len(after) == 1 or after.isdigit()
    return short and word not in language_named(value.language).WORDS_NOT_LETTERS
