"""Words that are right, to be made wrong in one place at a time."""

import pytest

from pipeline.errors import BadlineError

SCENARIO = """\
name: move
about: A parcel is moved.
now: "2026-11-22T10:00"
facts:
  order: {alnum_id: "0412-7783"}
says:
  open: {say: "Hi."}
  order: {say: "It's {order}."}
expect:
  outcome: resolved
  did: [{change: {order: "{order}"}}]
"""
PROFILE = """\
name: kitchen
about: Somebody cooks.
room:
  - noise: {snr_db: [9, 15]}
network:
  - packet_loss: {rate: 0.01}
"""
RELEASE = """\
name: "2026.12"
endpointing: {vad: energy, silence_ms: 700}
asr: {tones: {}}
agent: {scripted: {}}
agent_voice: {tone: {}}
latency: {asr_ms: 300}
"""
SUITE = """\
name: nightly
seed: 1
scenarios: [track_parcel]
profiles: [cafe]
"""


@pytest.fixture(scope="session")
def right():
    """A text of each kind in which nothing is wrong."""
    return {"scenario": SCENARIO, "profile": PROFILE, "release": RELEASE, "suite": SUITE}


@pytest.fixture
def refusal(tmp_path):
    """The message with which a reader refuses a text, from the file's name on."""

    def refused(read, text):
        path = tmp_path / "words.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(BadlineError) as error:
            read(path)
        return str(error.value).replace(f"{tmp_path}/", "")

    return refused


@pytest.fixture
def wrong(right, refusal):
    """The message for a right text of a kind in which `old` is replaced by `new`."""

    def changed(read, kind, old, new):
        assert right[kind].count(old) == 1
        return refusal(read, right[kind].replace(old, new))

    return changed
