"""Values that are rows of characters: digits, ids, phones, postcodes, spelled names. No zero is lost."""

import re
import unicodedata

import phonenumbers

from pipeline.values.value import Value, region_of

UK_POSTCODE = re.compile(r"(?:GIR0AA|[A-Z]{1,2}\d[A-Z\d]?\d[ABD-HJLNP-UW-Z]{2})")
US_ZIP = re.compile(r"\d{5}(?:\d{4})?")
_SEPARATORS = re.compile(r"[\s\-–—._/#]")
# Kept free for drama (Ofcom, "Telephone numbers for drama use"; 555), and so invalid to the library.
_DRAMA = re.compile(r"\+44(?:7700900|1632960)\d{3}|\+1555\d{7}|\+1\d{3}555\d{4}")

_EXAMPLES = {"GB": "020 7946 0123", "US": "(202) 555-0123"}


def bare(text: str) -> str:
    """The characters without separators, in upper case and without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _SEPARATORS.sub("", plain).upper()


def letters(text: str) -> str:
    """Letters and digits only, in upper case and without accents: "O'Brien" is OBRIEN."""
    return "".join(c for c in bare(text) if c.isalnum())


def code_of(value: Value) -> str:
    """The canonical characters of a digits, alnum_id, postcode or spelled_name value. Raises ValueError."""
    characters = bare(value.text)
    match value.type:
        case "digits" if not (characters.isascii() and characters.isdigit()):
            raise ValueError(f"'{value.text}' is not all digits; write \"0412 7783\", or use alnum_id")
        case "alnum_id" if not (characters.isascii() and characters.isalnum()):
            raise ValueError(
                f"'{value.text}' has other characters than letters, digits and separators; write \"AB-0412\""
            )
        case "postcode":
            return _postcode(value, characters)
        case "spelled_name" if not letters(value.text).isalpha():
            raise ValueError(f"'{value.text}' has other characters than letters; write \"Siobhan\"")
        case "spelled_name":
            return letters(value.text)
    return characters


def _postcode(value: Value, characters: str) -> str:
    if region_of(value.language) == "US":
        if not US_ZIP.fullmatch(characters):
            raise ValueError(f'\'{value.text}\' is not a US ZIP code; write "97205" or "97205-1234"')
    elif not UK_POSTCODE.fullmatch(characters):
        raise ValueError(f"'{value.text}' is not a UK postcode; write \"EH1 3QR\"")
    return characters


def phone_of(value: Value) -> str:
    """The number as E.164 ("+442079460123"). Raises ValueError."""
    region = region_of(value.language)
    example = _EXAMPLES[region]
    try:
        number = phonenumbers.parse(value.text, region)
    except phonenumbers.NumberParseException:
        raise ValueError(f"'{value.text}' is not a phone number; write \"{example}\"") from None
    e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number) or _DRAMA.fullmatch(e164):
        return e164
    raise ValueError(f'\'{value.text}\' is not a valid phone number in {region}; write "{example}" or a full "+44..."')


def national(value: Value) -> str:
    """The number as people of its country write it ("020 7946 0123")."""
    number = phonenumbers.parse(phone_of(value))
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    text: str = phonenumbers.format_number(number, style)
    return text


def phone_targets(value: Value) -> tuple[str, ...]:
    """Rows of digits that dial the number: national, with country code, with 00, with code and zero."""
    e164, home = phone_of(value)[1:], re.sub(r"\D", "", national(value))
    abroad = f"{phonenumbers.parse('+' + e164).country_code}{home}"
    return tuple(dict.fromkeys((home, e164, f"00{e164}", abroad)))


def targets(value: Value) -> tuple[str, ...]:
    """The rows of characters that carry the value."""
    return phone_targets(value) if value.type == "phone" else (code_of(value),)


def same_code(value: Value, text: str) -> bool:
    """Whether a text, taken literally, is the value."""
    if value.type == "phone":
        return re.fullmatch(r"[+()\d\s.\-/]+", text) is not None and re.sub(r"\D", "", text) in phone_targets(value)
    return (letters(text) if value.type == "spelled_name" else bare(text)) == code_of(value)


def groups(value: Value) -> list[str]:
    """The characters in the groups in which they are said: as written, else in threes and fours."""
    if value.type == "phone":
        return _even(re.findall(r"\d+", national(value)))
    if value.type == "postcode" and region_of(value.language) != "US":
        code = code_of(value)
        return [code[:-3], code[-3:]]
    written = [bare(part) for part in re.split(_SEPARATORS, value.text) if bare(part)]
    if value.type == "alnum_id" and len(written) == 1:
        written = re.findall(r"[A-Z]+|\d+", written[0])
        written = written if len(written) <= 3 else ["".join(written)]
    return _even(written)


def _even(parts: list[str]) -> list[str]:
    """No group longer than four."""
    return [group for part in parts for group in _split(part)]


def _split(part: str) -> list[str]:
    count = -(-len(part) // 4)
    size, longer = divmod(len(part), count)
    sizes = [size] * (count - longer) + [size + 1] * longer
    starts = [sum(sizes[:i]) for i in range(count)]
    return [part[start : start + n] for start, n in zip(starts, sizes, strict=True)]
