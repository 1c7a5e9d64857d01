"""What was expected against what the agent did: a fact by its type, everything else as it stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline import values
from pipeline.spec.scenario import SLOT, Scenario


def misfits(expected: Any, actual: Any, scenario: Scenario, at: str = "") -> Iterator[str]:  # noqa: ANN401  any JSON
    """Where `actual` is not what was expected, in words for people; nothing where it is.

    A mapping may hold more keys than expected; a list may not. `{fact}` is compared by the fact's type.
    """
    match expected:
        case Mapping() if isinstance(actual, Mapping):
            for key, value in expected.items():
                yield from _misfits_under(key, value, actual, scenario, at)
        case list() if isinstance(actual, list | tuple) and len(actual) == len(expected):
            for i, value in enumerate(expected):
                yield from misfits(value, actual[i], scenario, f"{at}[{i}]")
        case _ if not _same(expected, actual, scenario):
            yield f"{at or 'it'} is {actual!r}, not {_told(expected, scenario)}"


def _misfits_under(
    key: Any,  # noqa: ANN401  YAML also has numbers for keys
    value: Any,  # noqa: ANN401
    actual: Mapping[str, Any],
    scenario: Scenario,
    at: str,
) -> Iterator[str]:
    found = next((known for known in actual if _same(str(key), known, scenario)), None)
    path = f"{at}.{_plain(str(key), scenario)}".lstrip(".")
    if found is None:
        yield f"{path} is missing"
    else:
        yield from misfits(value, actual[found], scenario, path)


def _same(expected: Any, actual: Any, scenario: Scenario) -> bool:  # noqa: ANN401  any JSON
    """Facts by type, texts without regard to case and outer space, numbers exactly, and True is not 1."""
    match expected:
        case str() if slot := SLOT.fullmatch(expected.strip()):
            return is_fact(slot["fact"], actual, scenario)
        case str():
            return isinstance(actual, str) and _folded(_plain(expected, scenario)) == _folded(actual)
        case bool() | None:
            return actual is expected
        case _:
            return not isinstance(actual, bool) and bool(actual == expected)


def is_fact(name: str, actual: Any, scenario: Scenario) -> bool:  # noqa: ANN401  any JSON
    """Whether something the agent put out is the fact's value, by its type."""
    return values.same(scenario.facts[name], actual, now=scenario.now)


def _told(expected: Any, scenario: Scenario) -> str:  # noqa: ANN401  any JSON
    return repr(_plain(expected, scenario)) if isinstance(expected, str) else repr(expected)


def _plain(text: str, scenario: Scenario) -> str:
    return values.written(text, scenario.facts)


def _folded(text: str) -> str:
    return text.strip().casefold()
