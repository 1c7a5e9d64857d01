"""A judge: a question about a call, and the model behind an OpenAI-compatible server that answers it."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import httpx
from pydantic import Field, field_validator

from pipeline.errors import BadlineError
from pipeline.files import find_named
from pipeline.spec.words import Name, Text, Words, complaint, read_words

Answer = Literal["yes", "no", "cannot tell"]
PORTS = 65_536
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class Judge(Words):
    """Who is asked what of each call. `key` may name an environment variable, `${NAME}`; it is kept nowhere.

    `url` leads to the server's API, as `https://api.openai.com/v1`; `/chat/completions` is added.
    """

    name: Name
    about: str = ""
    ask: Text
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    model: Text
    key: str | None = None
    timeout_s: Annotated[float, Field(ge=1, le=600)] = 60.0
    max_concurrent: Annotated[int, Field(ge=1, le=100)] = 4

    @field_validator("url")
    @classmethod
    def _leads_somewhere(cls, url: str) -> str:
        try:
            known = httpx.URL(url)
            port = known.port
        except (httpx.InvalidURL, ValueError) as error:
            raise complaint(f"'{url}' is no URL: {error}") from None
        if not known.host or (port is not None and not 0 < port < PORTS):
            raise complaint(f"'{url}' wants a host, and a port below {PORTS} if it names one")
        return url

    @field_validator("ask")
    @classmethod
    def _is_a_question(cls, ask: str) -> str:
        if not ask.strip().endswith("?"):
            raise complaint("wants a question that yes or no answers, with its question mark")
        return ask.strip()

    def secret(self) -> str | None:
        """The key. Raises BadlineError where its variable is not set, or holds what no key does."""
        if self.key is None:
            return None
        for name in _VARIABLE.findall(self.key):
            if name not in os.environ:
                raise BadlineError(f"judge {self.name}: key: the environment variable {name} is not set")
        secret = _VARIABLE.sub(lambda found: os.environ[found[1]], self.key).strip()
        if not secret or not secret.isascii() or not secret.isprintable():  # never quoted: it is a secret
            raise BadlineError(f"judge {self.name}: key: is empty, or holds signs that no key has")
        return secret


def read_judge(path: Path) -> Judge:
    """The judge in a file. Raises BadlineError."""
    return read_words(Judge, path)


def find_judge(call: str) -> Judge:
    """The judge of that file, or of that name in `fixtures/judges`. Raises BadlineError."""
    return read_judge(find_named(call, folder="fixtures/judges"))
