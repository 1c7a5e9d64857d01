import pytest

from pipeline.agent import Action
from pipeline.score.knowledge import Knowledge, Options

DOCUMENTS = ("Every parcel is insured up to £100. We answer from 8 in the morning until 7 in the evening.",)


@pytest.fixture
def strange(scenario, record):
    """The values for which nothing speaks."""

    def values(*replies, documents=DOCUMENTS, given=None, **call):
        told = Knowledge(Options(documents=documents))(scenario(given=given), record(*replies, **call))
        return [(detail["type"], detail["unsupported"]) for detail in told.details]

    return values


def test_what_a_document_says_in_other_words_is_supported(strange, reply):
    assert strange(reply("You are insured up to one hundred pounds.")) == []


def test_what_no_document_says_is_told_by_its_type(strange, reply):
    assert strange(reply("You are insured up to £200.")) == [("money", "200.00 GBP")]


def test_facts_tools_the_world_and_the_callers_own_words_support_it(strange, reply, said, turn):
    assert strange(reply("It comes on 23 November.")) == []  # a fact of the scenario
    assert strange(reply("You get £61 back.", Action("refund", {"amount": "61.00"}, "£61 paid"))) == []
    assert strange(reply("You get £62 back."), utterances=[said("I paid sixty-two pounds.")]) == []
    assert strange(reply("It comes on 24 November."), given={"orders": {"0412": {"eta": "2026-11-24"}}}) == []
    assert strange(reply("It comes on 25 November.")) == [("date", "2026-11-25")]


def test_without_documents_nothing_is_counted(scenario, record, reply):
    assert Knowledge(Options())(scenario(), record(reply("It costs £200."))).counts == {}


def test_counts_are_of_each_value_once_a_reply(scenario, record, reply):
    told = Knowledge(Options(documents=DOCUMENTS))(scenario(), record(reply("£100, I said £100, and not £200.")))
    assert told.counts == {"stated": 2, "unsupported": 1}


def test_an_article_and_what_counts_nothing_are_no_amounts(strange, reply):
    assert (
        strange(reply("I'll pass you on to one of my colleagues. That is not a number of ours, two of them are.")) == []
    )
    assert strange(reply("It takes four days.")) == [("quantity", "4 day")]


def test_details_come_in_an_order_that_no_chance_decides(scenario, record, reply):
    said = reply("It costs £200, £300 or £400, on 25 November or 26 November, or takes four days.")
    told = Knowledge(Options(documents=DOCUMENTS))(scenario(), record(said)).details
    assert [(one["type"], one["unsupported"]) for one in told] == sorted(
        (one["type"], one["unsupported"]) for one in told
    )
    assert len(told) == 6
