"""Whether what an agent calls a reply is one, down to the type of each of its parts, and no flood."""

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.agent import Reply

# A call ends after 5 minutes, in which nobody says half of it.
LONGEST_TEXT = 10_000
MOST_THINGS = 1_000


class _Said(BaseModel):
    # With a limit each text is read through, and one with half a surrogate refused.
    model_config = ConfigDict(strict=True, revalidate_instances="always", str_max_length=1_000_000)

    reply: Reply


def checked(reply: Reply) -> Reply:
    """The reply, copied. Raises ValueError that names each part of a wrong type, or of which there is too much."""
    try:
        return bounded(_Said(reply=reply).reply)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(key) for key in fault['loc'][1:])} is {type(fault['input']).__name__}: {fault['msg']}"
            for fault in error.errors()
        ]
    raise ValueError("; ".join(faults))


def bounded(reply: Reply) -> Reply:
    """The reply. Raises ValueError where no call could hold it: it would be spoken for hours, or fill the records."""
    if len(reply.text) > LONGEST_TEXT:
        raise ValueError(f"text has {len(reply.text)} characters, more than {LONGEST_TEXT}")
    for name, things in (("actions", reply.actions), ("decisions", reply.decisions)):
        if len(things) > MOST_THINGS:
            raise ValueError(f"{name} are {len(things)}, more than {MOST_THINGS}")
    return reply
