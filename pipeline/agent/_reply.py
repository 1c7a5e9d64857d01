"""Whether what an agent calls a reply is one, down to the type of each of its parts."""

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.agent import Reply


class _Said(BaseModel):
    # With a limit each text is read through, and one with half a surrogate refused.
    model_config = ConfigDict(strict=True, revalidate_instances="always", str_max_length=1_000_000)

    reply: Reply


def checked(reply: Reply) -> Reply:
    """The reply, copied. Raises ValueError that names each part of a wrong type."""
    try:
        return _Said(reply=reply).reply
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(key) for key in fault['loc'][1:])} is {type(fault['input']).__name__}: {fault['msg']}"
            for fault in error.errors()
        ]
    raise ValueError("; ".join(faults))
