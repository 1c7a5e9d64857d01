"""What callers know of English: how agents ask for things, and what one answers without thinking."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tongue:
    """The language of a caller: patterns of an agent's sentences, and the caller's own stock phrases.

    `asks` recognises that a value of a type is wanted (`other`: one that no type of fact stands for); `meant` gives
    model sentences for recognition by meaning. From `greeting` on, how people talk: see `manner.py`. `keypad`: keys are
    to be pressed. `small` words have a capital letter only where a sentence begins; a pause may stand `before` or
    `after` a word of these; `tails` are never held back from what they end.
    """

    question: re.Pattern[str]
    closing: re.Pattern[str]
    opening: re.Pattern[str]
    confirm: re.Pattern[str]
    offer: re.Pattern[str]
    again: re.Pattern[str]
    open_ended: re.Pattern[str]
    closed: re.Pattern[str]
    read_back: re.Pattern[str]
    named: re.Pattern[str]
    pronoun: re.Pattern[str]
    hold: re.Pattern[str]
    courtesy: re.Pattern[str]
    promise: re.Pattern[str]
    goodbye: re.Pattern[str]
    asks: Mapping[str, re.Pattern[str]]
    meant: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, str]
    greeting: re.Pattern[str]
    keypad: re.Pattern[str]
    fillers: tuple[str, ...]
    repairs: tuple[str, ...]
    starts: tuple[str, ...]
    second_thoughts: tuple[str, ...]
    detours: tuple[str, ...]
    digressions: tuple[str, ...]
    returns: tuple[str, ...]
    backchannels: tuple[str, ...]
    asides: tuple[str, ...]
    small: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    tails: frozenset[str]

    def meant_by_fact(self, words: str) -> tuple[str, ...]:
        """Model questions for a fact of that name."""
        return (f"What is your {words}?", f"Could you tell me the {words}, please?")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.VERBOSE)


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_GOODS = r"(order|parcel|package|delivery|shipment|tracking|consignment|booking|reservation|reference|case|ticket)"
_PAPERS = r"(account|customer|client|card|policy|member(ship)?|contract|meter|passport|licen[cs]e|registration|invoice)"
_NUMBER = r"(number|id|i\.d\.|code|reference|ref)"
_NOT_YOURS = r"(?<!my\s)(?<!maiden\s)(?<!company\s)(?<!street\s)(?<!product\s)"
_WANTED = r"(tell|give|provide|spell|say|read|enter|confirm|repeat|verify|share|describe|explain)"

ENGLISH = Tongue(
    question=_pattern(
        rf"""\?\s*$ | \b(please|kindly)\b
        | \b{_WANTED}\b.*\b(me|us|your|the|it)\b | ^\W*((and|so|okay|ok|now)\W+)*(what|which|who|when|where|how)\b
        | \b(i|we)('ll|'d|\s+will|\s+would)?(\s+just|\s+also)?\s+(need|require)\b | \bmay\s+i\b | \b(go|fire)\s+ahead\b
        | \b(what|how)\s+(is|are|was|can|may|day|time|would)\b | \byes\s+or\s+no\b
        | ^\W*(and\s+)?your\s+(?!.*\b(is|was|has|have|will|can)\b)(\w+\s*){{1,4}}\W*$"""
    ),
    closing=_pattern(
        r"""\b(any|some)thing\s+(else|more|further|other)\b | \b(will|would|was)\s+that\s+be\s+(all|everything|it)\b
        | \b(is|was)\s+that\s+(all|everything)\b | \banything\s+i\s+can\s+(still\s+)?do\b | \bwhat\s+else\s+can\b
        | \b(any\s+(other|further|more)|further)\s+(questions?|requests?|help|quer(y|ies))\b
        | \bother\s+(way|thing)s?\s+.*\bhelp\b | \b(all|everything)\s+(for\s+(today|now)|you\s+need(ed)?)\b
        | \bare\s+(we|you)\s+all\s+(set|done)\b | \b(short|quick|brief)\s+survey\b"""
    ),
    opening=_pattern(
        r"""\b(how|what)\s+(can|may|could|might)\s+(i|we)\s+(help|assist|do\s+for|be\s+of)\b
        | \b(how|what)\s+(can|may)\s+(i|we)\b.*\b(help|do)\b | \bhow\s+(are\s+you|is\s+your\s+day)\b
        | \b(can|may)\s+i\s+help(\s+you)?\s*\? | \bwhat\s+(would|do)\s+you\s+(like|want|need)\s*(to\s+do|today|\?)
        | \breason\s+(for|of)\s+(your\s+|the\s+)?call | \bwhat\s+brings\s+you\b
        | \bwhat\s*('s|is|are)\s+(it|this|you|your\s+(call|query|enquiry))\b.*\b(about|calling|regarding)\b
        | \bis\s+(it|this|your\s+(call|query|enquiry))\s+(about|regarding|for|to\s+do\s+with)\b | \bgo\s+ahead\s*[,.!]
        | \b(would|do|did)\s+you\s+(like|want|need)\s+(to\s+.+|help\s+with\s+.+)\bor\b | \bwhich\s+of\s+(these|those)\b
        | \b(tell\s+me|describe|explain|say)\b.*\b(what\s+you('re|\s+are)\b.*\b(calling|after|want)|what\s+you\s+need
          |what\s+(the\s+problem|this|it)\s+is\s+about|the\s+reason|in\s+a\s+few\s+words|in\s+your\s+own\s+words)
        | \bwhat\s*('s|is|seems\s+to\s+be)\s+the\s+(problem|matter|issue|trouble)\b | \bwhat's\s+going\s+on\b"""
    ),
    confirm=_pattern(
        r"""\b(is|was|does|did)\s+(that|this|it|all\s+of\s+that|everything)\s+(be\s+|all\s+|sound\s+|look\s+|still\s+|the\s+)?
          (right|correct|okay|ok|fine|good|accurate)\b | \b(all|that's)\s+(right|correct|good)\s*\?
        | \b(right|correct|yes|yeah|okay|ok)\s*\?\s*$ | \bdid\s+(you\s+(say|mean)|i\s+(hear|get|understand))\b
        | \bhave\s+i\s+(got|understood|heard)\b | \b(can|could|please|to)\s+(i\s+|you\s+)?(please\s+|just\s+)?confirm\b
        | \bdo\s+you\s+(confirm|agree)\b | \byes\s+or\s+no\b | \bam\s+i\s+right\b | \bdid\s+i\b.*\bright\b"""
    ),
    offer=_pattern(
        r"""\b(shall|should)\s+(i|we)\b | \b(do|would)\s+you\s+(want|like|prefer|mind)\b(?!.*\bwh(at|ich)\b)
        | \b(can|may|could)\s+i\s+(put|transfer|connect|place|pass|go\s+ahead|ask\s+you\s+to\s+(hold|wait))\b
        | \b(happy|okay|ok|all\s+right|fine)\s+(for\s+me\s+|with\s+that\s+|if\s+i\s+|to\s+(proceed|go|continue|hold))
        | \b(can|could)\s+you\s+(please\s+)?(hold|wait)\b"""
    ),
    again=_pattern(
        r"""\b(did|do|could|can)(n't|\s+not)\s+(quite\s+|really\s+)?(catch|hear|get|understand|make\s+out|follow)\b
        | \brepeat\b | \bmissed\s+(that|it|what)\b | \bhaving\s+trouble\s+(hearing|understanding)\b | \brephrase\b
        | \bsay\s+(that|it|this)\s+(again|once\s+more|more\s+slowly|a\s+bit)\b | \bpardon\b | \bspeak\s+(up|louder)\b
        | \b(once|one)\s+more(\s+time)?\b | \bcome\s+again\b | \bsay\s+again\b | \bspell\s+(that|it)\b
        | \bnot\s+sure\s+(i|what)\b | \bonly\s+(got|caught|heard)\b | \b(sorry|excuse\s+me|what\s+was\s+that)\s*\?\s*$
        | \bare\s+you\s+(still\s+)?(there|with\s+me|on\s+the\s+line)\b | \btry\s+(that\s+|it\s+)?(again|once\s+more)\b
        | \bhear\s+you\b.*\b(badly|properly|well|clearly)\b | \bbroke\s+up\b | \bbreaking\s+up\b"""
    ),
    open_ended=_pattern(
        rf"""\b(what|which|(?<!body\s)(?<!someone\s)(?<!colleague\s)(?<!person\s)who|when|where|how|why)\b
        | ^\W*(and\s+)?(please\s+)?{_WANTED}\b
        | \b(can|could|may|might|would|will)\s+(you|i|we)\s+((please|also|just)\s+)*({_WANTED}|have|get|take|ask)\b"""
    ),
    closed=_pattern(
        r"""^\W*((and|so|okay|ok|then)\W+)*(is|are|was|were|do|does|did|has|have|had|will)(n't)?
          \s+(this|that|it|there|you|your|the|any\w*)\b"""
    ),
    read_back=_pattern(
        r"""\bi\s+(have|heard|got|understood|noted)\b(?!\s+\w+ed\b) | \bi've\s+(got|noted)\b | \byou\s+(said|gave)\b
        | ^\W*((so|okay|ok|right|and|good|great|thanks|thank\s+you|got\s+it|perfect|alright|all\s+right)\W+)*
          (that's|that\s+is|that\s+was|it's|this\s+is)\b | ^\W*(just\s+)?(to\s+)?confirm(ing)?\b | ^\W*so\b
        | ^[\W\d]+$"""
    ),
    # Only what is written like a name is one: "the name is (?-i:Megan Shaw)".
    named=_pattern(r"\bname\W+(?:is|was|as|of|down\s+as)?\W*(?-i:[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)*)"),
    # "one" that counts nothing
    pronoun=_pattern(
        r"""\b(change|cancel|make|book|another|this|that|which|have|the|new|different|right|correct|first|last|next)
        \s+one\b | \bone\s+(moment|second|minute|sec|more|of|thing|last|other|digit)\b"""
    ),
    hold=_pattern(
        r"""\b(one|just\s+a|a)\s+(moment|second|minute|sec)\b | \bhold\s+(on|the\s+line)\b | \bplease\s+(hold|wait)\b
        | \bbear\s+with\s+me\b | \b(let\s+me|i'll|i\s+will|i'm\s+going\s+to)\s+(just\s+|quickly\s+)?
          (check|look|see|pull|find|get|bring|have\s+a\s+look|verify|put\s+you|connect|transfer)\b
        | \bwhile\s+i\b | \bi'm\s+(just\s+)?(checking|looking|searching|pulling|putting|transferring|connecting)\b"""
    ),
    courtesy=_pattern(
        r"""^\W*((thank\s+you|thanks|okay|ok|all\s+right|alright|right|great|perfect|lovely|wonderful|excellent|good
        |got\s+it|sure|certainly|of\s+course|no\s+problem|absolutely|understood|i\s+see|i\s+understand|noted|very\s+much
        |hello|hi|so|much|for\s+that|for\s+(waiting|holding|confirming)|a\s+lot|that's\s+(great|fine|no\s+problem)
        |i'm\s+(so\s+|very\s+)?sorry(\s+(to\s+hear|about)\s+that)?|sorry(\s+about\s+that)?|i\s+(can|will|'ll)\s+
        (certainly\s+|gladly\s+|definitely\s+)?(help|assist)\b[\w\s]*|i'd\s+be\s+(happy|glad)\s+to\s+help[\w\s]*
        |(happy|glad)\s+to\s+help[\w\s]*)\W*)+$"""
    ),
    promise=_pattern(r"\b(i|we)(\s+can|\s+will|'ll|\s+could|'m\s+going\s+to)\b"),
    goodbye=_pattern(
        r"""\b(good)?bye\b | \bhave\s+a\s+(very\s+)?(nice|good|great|lovely|wonderful|pleasant)\b | \btake\s+care\b
        | \bthank(s|\s+you)\s+for\s+(your\s+)?call(ing)?\b"""
    ),
    asks={
        "alnum_id": _pattern(
            rf"""\b{_GOODS}\b(\W+(confirmation|tracking|booking))?\W+{_NUMBER}\b
            | \b(which|what)\s+(order|parcel|package|booking|reservation)\b
            | \b{_NUMBER}\s+(of|for|on|from)\s+(the|your|that)\s+(\w+\s+)?({_GOODS}|label|letter|card|e-?mail)\b
            | \bthat\s+number\b | \bthe\s+number\s*\?"""
        ),
        "digits": _pattern(r"\b(number|code|pin|digits|passcode)\b"),
        "other": _pattern(
            rf"""\b{_PAPERS}\W+{_NUMBER}\b | \b(sort|security|access|house|flat|door)\s+(code|number)\b
            | \b(digits|numbers)\s+(of|on)\s+(the|your)\s+{_PAPERS}\b"""
        ),
        "spelled_name": _pattern(rf"{_NOT_YOURS}\b((last|family|first|full)\s+|sur)?name\b"),
        "name": _pattern(
            rf"""{_NOT_YOURS}\b((last|family|first|full)\s+|sur)?name\b
            | \bwho\s*('s|\s+am\s+i|\s+is)\s+(speaking|calling|this)\b | \bwho\s+i'm\s+(speaking|talking)\b"""
        ),
        "phone": _pattern(
            r"""\b(tele)?phone(\s+number)?\b | \bmobile(\s+number)?\b | \b(contact|call[\s-]?back|best)\s+number\b
            | \bnumber\b.*\b(call|reach|ring|contact|text)\b"""
        ),
        "email": _pattern(r"\be-?mail(\s+address)?\b"),
        "postcode": _pattern(
            r"""\b(post\s?code|zip(\s?code)?|postal\s+code)\b | \b(new|delivery|different)\s+address\b
            | \bwhere\s+(should|shall|do|would|must)\b.*\b(go|send|sent|deliver(ed)?)\b"""
        ),
        "money": _pattern(r"\bhow\s+much\b | \b(amount|value|price|cost|sum)\b"),
        "date": _pattern(r"\b(which|what|best)\s+(day|date)\b | \bdate\b | ^\W*((and|so)\W+)?when\b"),
        "time": _pattern(
            r"\bwhat\s+time\b | \bwhich\s+(hour|slot|time)\b | \btime\s+of\s+day\b | \bpreferred\s+time\b"
        ),
        "quantity": _pattern(r"\bhow\s+many\b | \bquantity\b"),
    },
    meant={
        "open": ("How can I help you today?", "What are you calling about?", "Which service do you need?"),
        "closing": ("Is there anything else I can help you with?", "Is that everything for today?"),
        "again": ("Could you say that again, please?", "Sorry, I did not understand you.", "I can't hear you."),
        "confirm": ("Is that correct?", "Did I get that right?", "Did I understand you correctly?"),
        "offer": ("Shall I go ahead and do that?", "Would you like me to do that for you?"),
    },
    phrases={
        "yes": "Yes, that's right.",
        "offer": "Yes, please.",
        "no": "No, that's not right.",
        "closing": "No, that's all, thank you.",
        "hello": "Hello? Are you there?",
    },
    greeting=_pattern(r"(?:(?:hi|hello|hey)(?:\s+there|\s+again)?|good\s+(?:morning|afternoon|evening))[,.!]\s+"),
    keypad=_pattern(
        r"""\b(press|dial|push)(ing)?\s+(the\s+)?(\d|zero|one|two|three|four|five|six|seven|eight|nine|star|hash|pound
          |keys?\b|buttons?\b|numbers?\b|digits?\b) | \bkey(ing)?\s+(it\s+|that\s+|them\s+)?in\b
        | \b(key|touch|dial|number)[\s-]?(pad|tones?)\b | \btouch[\s-]?tone | \b(star|hash|pound)\s+(key|sign)\b
        | ^(?!.*\b(what|which)\s+type\b).*\b(to|please|and|or|can|could)\s+(you\s+)?(just\s+)?type\b
        | ^\W*type\s+(in|it|the|your|out)\b | \btype\s+in\b
        | \b(enter|use|using|with|on)\b[^.?!]*\b(keys|buttons)\b"""
    ),
    fillers=("um", "uh", "er", "erm"),
    repairs=("no, sorry,", "I mean,", "no wait,", "sorry, no,"),
    starts=("Actually, could you", "Sorry, can I", "Oh, before I forget, do you"),
    second_thoughts=("no, wait, actually,", "no, hang on,", "no, never mind,", "wait, no,"),
    detours=("oh, and by the way,", "oh, while I think of it,", "oh, one other thing,"),
    digressions=(
        "Are you open on Saturdays?",
        "Do you have an app for this?",
        "Is there a shop of yours near the station?",
        "How late are you there today?",
    ),
    returns=("Anyway,", "Well, anyway,", "Okay, but first,"),
    backchannels=("Mm-hm.", "Uh-huh.", "Okay.", "Right."),
    asides=(
        "Not now, I'm on the phone.",
        "Just a second, I'm talking to someone.",
        "Can you turn that down a bit?",
        "It's on the kitchen table.",
        "Yes, I'll be right there.",
        "No, leave the door open.",
    ),
    small=_listed(
        """a actually all an and any anyway are as at before but can could did do does done erm er for from have hello
        her hey hi his how if in is it its just leave let may maybe mind my no not of oh okay on only or our papa please
        right she so some sorry sure that the their then there they this to uh um wait was we well were what when where
        which who why will with would yeah yes you your it's that's there's we're we've you're you've he's she's what's
        where's don't didn't can't couldn't isn't wasn't thanks thank good"""
    ),
    before=_listed("and but so because if that where when which who to for from with about into on at"),
    after=_listed("the a an my our your his her their is was are were it's that's to of for from on at in with and"),
    tails=_listed("please thanks thank bye goodbye then too either though okay right anyway"),
)

TONGUES: Mapping[str, Tongue] = {"en": ENGLISH}


def tongue_of(language: str) -> Tongue:
    """The tongue for a language tag such as en-GB."""
    return TONGUES[language.partition("-")[0]]
