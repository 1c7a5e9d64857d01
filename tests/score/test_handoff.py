import pytest

from pipeline.agent import Action
from pipeline.agent import Handoff as Packet
from pipeline.score.handoff import Handoff, Options


@pytest.fixture
def counted(scenario, record, reply, said):
    """The counts of a call in which order and postcode were given, with this packet at its end."""

    def count(packet, *actions, outcome="handed_off", **call):
        offers = [said("it's both", offered=["order", "postcode"])]
        replies = [reply("A moment.", *actions, handoff=packet)]
        expect = {"did": ["find"], "outcome": outcome} if outcome != "handed_off" else {}
        return Handoff(Options())(scenario(**expect), record(*replies, utterances=offers, **call)).counts

    return count


def test_facts_are_carried_wrong_or_missing_by_their_type(counted):
    packet = Packet("asked", {"number": "0412 7783", "postcode": "EH1 3QP"})
    counts = counted(packet)
    assert {key: counts[key] for key in ("carried", "wrong", "missing", "would_reask")} == {
        "carried": 1, "wrong": 1, "missing": 0, "would_reask": 1,
    }  # fmt: skip
    assert counted(Packet("asked"))["missing"] == 2


def test_what_was_done_and_is_not_told_would_be_done_again(counted):
    done = Action("change_address", {}), Action("change_address", {}), Action("refund", {}, done=False)
    assert counted(Packet("asked", done=("change_address",)), *done)["would_redo"] == 1


@pytest.mark.parametrize(
    ("packet", "outcome", "counts"),
    [
        (Packet("asked"), "handed_off", (1, 1, 0, 0)),
        (None, "handed_off", (1, 0, 0, 1)),
        (Packet("asked"), "resolved", (0, 0, 1, 0)),
        (None, "resolved", (0, 0, 0, 0)),
    ],
)
def test_a_call_is_handed_off_rightly_wrongly_or_not(counted, packet, outcome, counts):
    told = counted(packet, outcome=outcome)
    assert tuple(told[key] for key in ("should", "rightly", "wrongly", "should_have")) == counts


def test_where_handoffs_are_not_shown_nothing_counts_as_right(scenario, record):
    from dataclasses import replace

    told = Handoff(Options())(scenario(), replace(record(), shows=("actions",)))
    assert told.counts == {"not_seen": 1}
