"""What a person can act on: every message says where, what is wrong, and what would be right."""

from collections.abc import Iterable
from difflib import get_close_matches


class BadlineError(Exception):
    """Something the reader of the message can mend. Anything else that is raised is a bug."""


class MissingPackage(BadlineError):
    """An engine's package is not installed here: no mistake in the words that name the engine."""


class InfraError(BadlineError):
    """An engine of ours failed: the unit stops with this message and counts as `infra_error`."""


class Unspeakable(BadlineError):
    """A voice cannot say this text: whoever wrote the text, the user or the agent, has to mend it."""


class SoundInvalid(BadlineError):
    """The sound is not what the profile asked for: the unit counts as `sound_invalid`."""


# Nearer than this is a slip of the finger ('snr' for 'snr_db'); further away is another word ('barge_in', 'agent').
NEAR = 0.63


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, whatever the case of its letters; None where none is near."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=NEAR)
    return folded[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest known name, if one is near, and all the known ones."""
    names = sorted(known)
    near = nearest(name, names)
    hint = f"Did you mean '{near}'? " if near else ""
    return f"{hint}Known: {', '.join(names) or 'none'}."
