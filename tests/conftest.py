"""A tiny suite of toys, whole in a folder: it runs in seconds and needs no model."""

from pathlib import Path

import pytest

from pipeline import engines

SCENARIO = """
name: {name}
about: Somebody asks where a parcel is.
language: en-GB
persona: {{voice: tone}}
now: "2026-11-22T10:00"
facts: {{order: {{digits: "{order}"}}}}
says:
  open: {{say: "hello where is my parcel"}}
  order: {{say: "{{order}}"}}
  closing: {{say: "no thanks"}}
expect: {{outcome: resolved, did: [{{track: {{order: "{{order}}"}}}}]}}
"""
NOISY = """
name: noisy
about: A noise beside the tones.
room: [{noise: {kind: white, snr_db: [5, 9]}}]
network: [{packet_loss: {rate: 0.05, mean_burst: 2}}, {codec: {name: g711u}}]
"""
RELEASE = """
name: toy
endpointing: {vad: energy, silence_ms: 700}
asr: tones
agent: {python: {target: "desk/desk.py:Desk"}}
agent_voice: tone
latency: {asr_ms: 100, agent_ms: [100, 300], tts_ms: 100}
"""
DESK = """
from pipeline.agent import Action, Reply

DIGITS = "zero one two three four five six seven eight nine".split()


class Desk:
    opening = "hello what is the order number?"

    def __init__(self, given, now):
        pass

    def reply(self, heard):
        order = "".join(str(DIGITS.index(word)) for word in heard.text.split() if word in DIGITS)
        if not order:
            return "what is the order number?"
        trap(order)
        return Reply("it is on its way goodbye", (Action("track", {"order": order}),), {}, ends_call=True)


def trap(order):
    pass
"""
EFFECT = """
from pipeline.line.scene import Measure
from pipeline.spec.words import Words


class Options(Words):
    pass


class {name}:
    version, order, lookahead_ms, voices = 1, 5, 0, ()

    def __init__(self, options):
        pass

    def __call__(self, scene, rngs):
        return {after}
"""
ASR = """
from pipeline.asr import tones


class Options(tones.Options):
    pass


class {name}(tones.Tones):
    batch = {batch}

    def transcribe(self, sounds):
        {transcribe}
        return super().transcribe(sounds)
"""
SUITE = """
name: toys
seed: 3
release: release.yaml
scenarios: [./one.yaml, ./two.yaml]
profiles: [./quiet.yaml, ./noisy.yaml]
weights: {quiet: 3, noisy: 1}
"""


class Toys:
    """The suite's folder: `suite.yaml` and all that it names. What is written anew takes the place of the old."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.suite = folder / "suite.yaml"
        self.desk = folder / "desk" / "desk.py"
        self.desk.parent.mkdir(parents=True)
        self.write("one.yaml", SCENARIO.format(name="one", order="412"))
        self.write("two.yaml", SCENARIO.format(name="two", order="783"))
        self.write("quiet.yaml", "name: quiet\nabout: Nothing.\n")
        self.write("noisy.yaml", NOISY)
        self.write("release.yaml", RELEASE)
        self.write("desk/desk.py", DESK)
        self.write("suite.yaml", SUITE)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def change(self, name: str, before: str, after: str) -> None:
        text = (self.folder / name).read_text()
        assert before in text
        self.write(name, text.replace(before, after))

    def spring(self, trap: str) -> None:
        """Set off the agent's trap: a line of Python that sees the `order`."""
        self.write("desk/desk.py", DESK.replace("def trap(order):\n    pass", f"def trap(order):\n    {trap}"))

    def add_effect(self, name: str, after: str) -> Path:
        """Another's effect for the room; `after` is the scene that it makes, as Python."""
        return self.add_engine("room", name, EFFECT.format(name=name.capitalize(), after=after))

    def add_asr(self, name: str, transcribe: str, batch: int = 1) -> Path:
        """Another's recogniser, which hears as the toy does; `transcribe` is what it does before, as Python."""
        return self.add_engine("asr", name, ASR.format(name=name.capitalize(), batch=batch, transcribe=transcribe))

    def add_engine(self, stage: str, name: str, text: str) -> Path:
        """Another's engine, found by its entry point, once the folder is on Python's path."""
        site = self.folder / "site"
        about = site / "other-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[badline.{stage}]\n{name} = other_{name}\n")
        (site / f"other_{name}.py").write_text(text)
        return site


@pytest.fixture(scope="session")
def make_toys():
    """To make them in a folder of one's own."""
    return Toys


@pytest.fixture
def toys(tmp_path):
    return Toys(tmp_path / "toys")


@pytest.fixture
def lacking(toys, monkeypatch):
    """A profile of the folder's, with another's effect whose own import is not installed."""
    site = toys.add_effect("rare", "scene")
    (site / "other_rare.py").write_text("import a_package_nobody_has\n")
    monkeypatch.syspath_prepend(site)
    engines.known.cache_clear()
    (toys.folder / "noise_profiles").mkdir()
    yield toys.write("noise_profiles/lacking.yaml", "name: lacking\nabout: What is not here.\nroom:\n  - rare\n")
    engines.known.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _a_cache_of_their_own(tmp_path_factory):
    """No test hears what another run has left in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BADLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
