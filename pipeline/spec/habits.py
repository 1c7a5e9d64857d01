"""Habits: how a caller behaves on the phone, whatever they want. A profile's stand before a persona's."""

from typing import Annotated

from pydantic import Field

from pipeline.spec.ranges import MsRange
from pipeline.spec.words import Words

Share = Annotated[float, Field(ge=0, le=1)]
PerMinute = Annotated[float, Field(ge=0, le=30)]


class Habits(Words):
    """How a caller behaves. What is left out is as the persona has it, or else as nobody in particular.

    Shares are of utterances, or of the agent's replies where they say so. `reaction_ms` runs from the end of the
    agent's words at the ear to the caller's first sound (default: by mood). `hesitates`: a pause of `pause_ms` in
    mid-sentence. `fillers`: an "um" or "er". `repairs`: something said wrong and put right at once. `changes_mind`:
    begins to say something else, and thinks better of it. `digresses`: turns to another matter in mid-sentence, and
    comes back. Of the agent's replies: `interrupts` at a drawn point, or `cuts_short` once enough was heard;
    `interrupts_again` when the agent talks on; `asides`: first says something to somebody else; `goes_silent`:
    says nothing. While the agent speaks: "mm-hm" and coughs, so many a minute.
    """

    patience: Annotated[int, Field(ge=1, le=10)] | None = None
    reaction_ms: MsRange | None = None
    hesitates: Share | None = None
    pause_ms: MsRange | None = None
    fillers: Share | None = None
    repairs: Share | None = None
    changes_mind: Share | None = None
    digresses: Share | None = None
    interrupts: Share | None = None
    cuts_short: Share | None = None
    interrupts_again: Share | None = None
    asides: Share | None = None
    goes_silent: Share | None = None
    backchannels_per_min: PerMinute | None = None
    coughs_per_min: PerMinute | None = None

    def over(self, other: "Habits") -> "Habits":
        """These, and where they leave something out, the `other`'s."""
        return other.model_copy(update=self.model_dump(exclude_none=True))
