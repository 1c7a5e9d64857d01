"""What callers know of English: how agents ask for things, and what one answers without thinking."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tongue:
    """The language of a caller: patterns of an agent's sentences, and the caller's own stock phrases.

    `asks` recognises that a value of a type is wanted; `meant` gives model sentences for recognition by meaning.
    """

    question: re.Pattern[str]
    closing: re.Pattern[str]
    opening: re.Pattern[str]
    confirm: re.Pattern[str]
    again: re.Pattern[str]
    asks: Mapping[str, re.Pattern[str]]
    meant: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, str]

    def meant_by_fact(self, words: str) -> tuple[str, ...]:
        """Model questions for a fact of that name."""
        return (f"What is your {words}?", f"Could you tell me the {words}, please?")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


ENGLISH = Tongue(
    question=_pattern(
        r"""\?\s*$ | ^\W*(and\s+)?(please|kindly)\b | \bplease\W*$
        | \b(tell|give|provide|spell|say|read|enter|confirm)\b.*\b(me|us|your|the|it)\b
        | \b(i|we)('ll|\s+will|\s+just)?\s+(need|require)\b | \bmay\s+i\b | \b(go|fire)\s+ahead\b"""
    ),
    closing=_pattern(
        r"""\b(any|some)thing\s+(else|more|further)\b | \bwill\s+that\s+be\s+(all|everything)\b
        | \bis\s+that\s+(all|everything)\b
        | \b(any\s+other|further)\s+(questions?|requests?|help)\b | \bother\s+(way|thing)s?\s+.*\bhelp\b"""
    ),
    opening=_pattern(
        r"""\b(how|what)\s+(can|may|could)\s+(i|we)\s+(help|assist|do\s+for)\b
        | \bwhat\s+(would|do)\s+you\s+(like|want|need)\b
        | \breason\s+for\s+(your\s+)?call | \bwhat\s+(is|are|'s)\s+(it|you)\s+.*\b(about|calling)\b
        | \bhow\s+can\s+i\s+be\s+of
        | \b(would|do)\s+you\s+(like|want)\s+to\s+.+\bor\b | \bwhich\s+of\s+(these|those)\b"""
    ),
    confirm=_pattern(
        r"""\b(is|was|does)\s+(that|this|it)\s+(be\s+)?(right|correct|okay|ok|fine|sound\s+right|look\s+right)\b
        | \b(right|correct|yes|okay|ok)\s*\?\s*$ | \b(shall|should)\s+(i|we)\b | \bdid\s+you\s+(say|mean)\b
        | \bhave\s+i\s+got\b
        | \b(do|would)\s+you\s+(want|like)\s+(me|us)\s+to\b | \b(can|could|please)\s+(you\s+)?(please\s+)?confirm\b
        | \bdo\s+you\s+(confirm|agree)\b | \byes\s+or\s+no\b | \bam\s+i\s+right\b
        | \bwould\s+you\s+like\s+to\s+(speak|talk)\b"""
    ),
    again=_pattern(
        r"""\b(did|do|could|can)(n't|\s+not)\s+(quite\s+)?(catch|hear|get|understand|make\s+out|follow)\b | \brepeat\b
        | \bsay\s+(that|it|this)\s+(again|once\s+more)\b | \bpardon\b | \b(once|one)\s+more(\s+time)?\b
        | \bcome\s+again\b
        | \bnot\s+sure\s+(i|what)\b | \bsorry\s*\?\s*$ | \bare\s+you\s+(still\s+)?there\b
        | \btry\s+(that\s+)?again\b"""
    ),
    asks={
        "digits": _pattern(r"\b(number|code|pin|digits)\b"),
        "alnum_id": _pattern(
            r"""\b(order|parcel|package|tracking|reference|account|customer|booking|ticket|case|consignment|policy|id)\b
            \W+(number|id|code|reference|ref)\b | \bwhich\s+(order|parcel|package|booking|account)\b
            | \bnumber\s+(of|for|on)\s+(the|your)\s+(order|parcel|package|booking|account)\b"""
        ),
        "spelled_name": _pattern(r"\bspell\b | \b(sur|last|family|first|full)?\s*name\b"),
        "name": _pattern(
            r"\b(your|the|what|full|last|first|sur)\s*name\b | \bwho\s+(am\s+i|is)\s+(speaking|calling)\b"
        ),
        "phone": _pattern(
            r"\b(tele)?phone\b | \bmobile\b | \b(contact|call\s?back)\s+number\b | \bnumber\b.*\b(call|reach|ring)\b"
        ),
        "email": _pattern(r"\be-?mail\b"),
        "postcode": _pattern(r"\b(post\s?code|zip(\s?code)?|postal\s+code)\b"),
        "money": _pattern(r"\bhow\s+much\b | \b(amount|value|price|cost|sum)\b"),
        "date": _pattern(r"\b(which|what)\s+(day|date)\b | \bdate\b | \bwhen\b"),
        "time": _pattern(r"\bwhat\s+time\b | \bwhich\s+(hour|slot)\b | \btime\s+of\s+day\b | \bwhen\b"),
        "quantity": _pattern(r"\bhow\s+many\b | \bquantity\b"),
    },
    meant={
        "open": ("How can I help you today?", "What are you calling about?"),
        "closing": ("Is there anything else I can help you with?", "Is that everything for today?"),
        "again": ("Could you say that again, please?", "Sorry, I did not understand you."),
        "confirm": ("Is that correct?", "Shall I go ahead and do that?"),
    },
    phrases={
        "yes": "Yes, that's right.",
        "no": "No, that's not right.",
        "closing": "No, that's all, thank you.",
        "hello": "Hello? Are you there?",
    },
)

TONGUES: Mapping[str, Tongue] = {"en": ENGLISH}


def tongue_of(language: str) -> Tongue:
    """The tongue for a language tag such as en-GB."""
    return TONGUES[language.partition("-")[0]]
