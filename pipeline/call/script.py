"""The script of a scenario's caller: what a person would have to record to be its voice."""

from pipeline import engines, values
from pipeline.call.english import tongue_of
from pipeline.errors import Unspeakable
from pipeline.spec.habits import Habits
from pipeline.spec.scenario import Line, Scenario
from pipeline.spec.words import Chosen
from pipeline.tts import Limited, Recordings


def script(scenario: Scenario) -> tuple[str, ...]:
    """Each single thing the caller may say, as spoken; whatever is said in a call is some of these in a row.

    Each line as first said and as said again, and the stock phrases.
    """
    phrases = {key: Line(say=phrase) for key, phrase in tongue_of(scenario.language).phrases.items()}
    lines = [*scenario.says.values(), *phrases.values()]
    first = [values.utter(line.say, scenario.facts) for line in lines]
    again = [values.utter(line.correct or line.say, scenario.facts, slow=True) for line in lines]
    return tuple(dict.fromkeys((*first, *again)))


# Habits that change words, or break a line into parts that nobody has recorded.
OFF_SCRIPT = ("hesitates", "fillers", "repairs", "changes_mind", "digresses", "asides", "backchannels_per_min")


def refuse_unspeakable(scenario: Scenario, voice: Chosen, habits: Habits) -> None:
    """Raises Unspeakable where the voice knows that it cannot say something that the scenario's caller may say."""
    engine = engines.find(voice.stage, voice.name).build
    if not issubclass(engine, Limited):
        return
    said = [name for name in OFF_SCRIPT if getattr(habits, name)]
    if said and issubclass(engine, Recordings):
        raise Unspeakable(
            f"scenario {scenario.name}: a caller with the habits {', '.join(said)} says what no script foresees, "
            f"and '{voice.name}' has only its recordings; take another voice, or a profile without these habits"
        )
    try:
        voice.build().refuse_missing(script(scenario))
    except Unspeakable as error:
        raise Unspeakable(f"scenario {scenario.name}: {error}") from None
