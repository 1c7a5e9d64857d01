"""What the recogniser made of the caller's words: counts, never rates, so that calls can be summed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

import jiwer

from pipeline.call.mishaps import hears
from pipeline.call.record import Record, Turn, Utterance
from pipeline.score import Tally
from pipeline.score._tokens import NORMALISER, tokens
from pipeline.spec import words as spec_words
from pipeline.spec.scenario import Scenario

# How words show that they were made up: where nobody spoke, by going round, or by having nothing of what was said.
Made = Literal["nobody_spoke", "goes_round", "nothing_of_it"]
PHRASE = 6  # words that may go round together
IN_A_ROW = 4  # people say a thing twice or three times
UNLIKE = 3  # one or two wrong words may be all that was caught of a long name


class Options(spec_words.Words):
    """None: the normaliser and the alignment are part of the score's version."""


@dataclass(frozen=True)
class Op:
    """One step of the alignment: a word that was said (`ref`), a word that was heard (`hyp`), or both.

    `kind` is jiwer's: equal, substitute, delete or insert.
    """

    kind: str
    ref: str = ""
    hyp: str = ""


@dataclass(frozen=True)
class Stretch:
    """Utterances and the turns that heard them, as few of each as overlap nothing outside."""

    utterances: tuple[Utterance, ...]
    turns: tuple[Turn, ...]


class Words:
    """Counts the words that survived, utterance by utterance.

    Utterances that share a turn are aligned together, so that a turn over two of them is counted once and
    each of its words falls to the utterance it fits. Turns that overlap none are spurious and counted apart. What
    the caller says to somebody else counts where a turn heard it: not to hear it is no error, to hear it wrong is.
    """

    version = 3
    normaliser = NORMALISER

    def __init__(self, options: Options) -> None:
        self.options = options

    def __call__(self, scenario: Scenario, record: Record) -> Tally:
        """Hits, S, D, I, n_ref and n_hyp; details with the alignment of each utterance, in order."""
        scored = [pair for stretch in stretches(record) for pair in aligned(stretch)]
        spurious, made_up = spurious_turns(record), hallucinated(record)
        counts = _counts([op for _, ops in scored for op in ops])
        return Tally(
            counts=counts | _spurious(spurious) | _hallucinated(made_up) | _heard(scored),
            details=(
                {"normaliser": NORMALISER},
                *(_shown(utterance, ops) for utterance, ops in scored),
                *({"spurious": turn.text, "start_ms": turn.start_ms} for turn in spurious),
                *({"hallucinated": turn.text, "how": how, "start_ms": turn.start_ms} for turn, how in made_up),
            ),
        )


def word_error_rate(counts: Mapping[str, int]) -> float | None:
    """(S + D + I) / n_ref of summed counts, which may be above 1; None where nothing was said."""
    errors = counts["substitutions"] + counts["deletions"] + counts["insertions"]
    return errors / counts["n_ref"] if counts["n_ref"] else None


def stretches(record: Record) -> Iterator[Stretch]:
    """The utterances that hold words, in order, together where one turn heard several."""
    left = _spoken(record)
    while left:
        together, turns = _reached(left, record.turns)
        yield Stretch(tuple(together), tuple(turns))
        left = [utterance for utterance in left if utterance not in together]


def _spoken(record: Record) -> list[Utterance]:
    """What counts as said: words for the agent, and such for somebody else as a turn heard."""
    return [
        utterance for utterance in record.utterances if tokens(utterance.spoken) and _counts_as_said(utterance, record)
    ]


def _counts_as_said(utterance: Utterance, record: Record) -> bool:
    if utterance.kind == "aside":
        return any(hears(turn, utterance) for turn in record.turns)
    return utterance.kind == "words"


def _reached(utterances: Sequence[Utterance], turns: Sequence[Turn]) -> tuple[list[Utterance], list[Turn]]:
    """What hangs together with the first utterance."""
    together, before = [utterances[0]], 0
    while len(together) > before:
        before = len(together)
        heard = [turn for turn in turns if any(hears(turn, utterance) for utterance in together)]
        together = [u for u in utterances if u in together or any(hears(turn, u) for turn in heard)]
    return together, heard


def aligned(stretch: Stretch) -> list[tuple[Utterance, tuple[Op, ...]]]:
    """Each utterance with its part of the best alignment; a word too many goes to the utterance before it."""
    said = [tokens(utterance.spoken) for utterance in stretch.utterances]
    ops = align([word for words in said for word in words], _heard_words(stretch.turns))
    parts: list[list[Op]] = [[] for _ in said]
    whose = [i for i, words in enumerate(said) for _ in words]
    place = 0
    for op in ops:
        parts[whose[place if op.ref else max(place - 1, 0)]].append(op)
        place += bool(op.ref)
    return [(utterance, tuple(part)) for utterance, part in zip(stretch.utterances, parts, strict=True)]


def align(ref: Sequence[str], hyp: Sequence[str]) -> list[Op]:
    """The steps that turn `ref` into `hyp` at the least cost (Levenshtein). Either may be empty."""
    if not ref or not hyp:
        return [*(Op("delete", ref=word) for word in ref), *(Op("insert", hyp=word) for word in hyp)]
    [chunks] = jiwer.process_words(" ".join(ref), " ".join(hyp)).alignments
    return [op for chunk in chunks for op in _ops(chunk, ref, hyp)]


def _ops(chunk: jiwer.AlignmentChunk, ref: Sequence[str], hyp: Sequence[str]) -> Iterator[Op]:
    said = ref[chunk.ref_start_idx : chunk.ref_end_idx] or repeat("")
    heard = hyp[chunk.hyp_start_idx : chunk.hyp_end_idx] or repeat("")
    yield from (Op(chunk.type, ref=one, hyp=other) for one, other in zip(said, heard, strict=False))


def spurious_turns(record: Record) -> list[Turn]:
    """Turns with words in them, heard where the caller said none, nor made a sound that may pass for a word."""
    sounds = [one for one in record.utterances if one.kind in ("backchannel", "cough")]
    made = [*_spoken(record), *sounds]
    spoke = [turn for turn in record.turns if turn.kind == "speech" and tokens(turn.text)]
    return [turn for turn in spoke if not any(hears(turn, utterance) for utterance in made)]


def hallucinated(record: Record) -> list[tuple[Turn, Made]]:
    """Turns whose words the recogniser made up, and how it shows; the first of `Made` that applies."""
    spurious = spurious_turns(record)
    told = ((turn, _made_up(turn, record, is_spurious=turn in spurious)) for turn in record.turns)
    return [(turn, how) for turn, how in told if how]


def _made_up(turn: Turn, record: Record, *, is_spurious: bool) -> Made | None:
    heard = tokens(turn.text) if turn.kind == "speech" else []
    if is_spurious:
        return "nobody_spoke"
    said = [word for one in _spoken(record) if hears(turn, one) for word in tokens(one.spoken)]
    if most_in_a_row(heard) >= max(IN_A_ROW, most_in_a_row(said) + 1):
        return "goes_round"
    return "nothing_of_it" if len(heard) >= UNLIKE and said and not {*heard} & {*said} else None


def most_in_a_row(words: Sequence[str]) -> int:
    """How often a phrase of up to `PHRASE` words, or of one, comes in a row at most; single signs are no phrase."""
    most = 0
    for size in range(1, PHRASE + 1):
        for start in range(len(words) - size + 1):
            phrase = words[start : start + size]
            times = 1
            while words[start + times * size : start + (times + 1) * size] == phrase:
                times += 1
            most = max(most, times if any(len(word) > 1 for word in phrase) else 0)
    return most


def _hallucinated(made_up: Sequence[tuple[Turn, Made]]) -> dict[str, int]:
    words = sum(len(tokens(turn.text)) for turn, _ in made_up)
    return {"hallucinated_turns": len(made_up), "hallucinated_words": words}


def _heard_words(turns: Sequence[Turn]) -> list[str]:
    return tokens(" ".join(turn.text for turn in turns))


def _counts(ops: Sequence[Op]) -> dict[str, int]:
    kinds = [op.kind for op in ops]
    return {
        "hits": kinds.count("equal"),
        "substitutions": kinds.count("substitute"),
        "deletions": kinds.count("delete"),
        "insertions": kinds.count("insert"),
        "n_ref": len(kinds) - kinds.count("insert"),
        "n_hyp": len(kinds) - kinds.count("delete"),
    }


def _spurious(turns: Sequence[Turn]) -> dict[str, int]:
    words = sum(len(tokens(turn.text)) for turn in turns)
    return {"spurious_turns": len(turns), "spurious_words": words}


def _heard(scored: Sequence[tuple[Utterance, tuple[Op, ...]]]) -> dict[str, int]:
    unheard = sum(all(op.kind == "delete" for op in ops) for _, ops in scored)
    return {"utterances": len(scored), "unheard_utterances": unheard}


def _shown(utterance: Utterance, ops: Sequence[Op]) -> Mapping[str, Any]:
    """An utterance for people to read: its alignment as [kind, said, heard], and its counts."""
    return {
        "key": utterance.key,
        "attempt": utterance.attempt,
        "start_ms": utterance.start_ms,
        "ops": [[op.kind, op.ref, op.hyp] for op in ops],
        **_counts(ops),
    }
