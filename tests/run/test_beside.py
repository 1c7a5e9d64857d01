import asyncio
import gc
import threading
import time
from contextlib import asynccontextmanager

import pytest

from pipeline.agent import AgentError, Heard, Reply
from pipeline.run.beside import Beside

HEARD = Heard("speech", "hello")


class Agent:
    """Answers by the coroutine function it is given; notes in which task and thread it was entered, asked and left."""

    def __init__(self, answer, opening=None):
        self.answer, self.opening = answer, opening
        self.seen, self.left_with = [], None

    @asynccontextmanager
    async def pick_up(self):
        self.see()
        try:
            yield self
        except BaseException as error:
            self.left_with = error
            raise
        finally:
            self.see()

    async def reply(self, heard):
        self.see()
        return await self.answer(heard)

    def see(self):
        self.seen.append((asyncio.current_task(), threading.current_thread()))


def converse(agent, *among):
    """What it answers while the coroutines `among` run on the calls' loop."""

    async def call():
        async with Beside().conversation(agent.pick_up) as talk:
            reply, *_ = await asyncio.gather(talk.reply(HEARD), *among)
            return talk.opening, reply

    return asyncio.run(call())


async def echo(heard):
    return Reply(heard.text)


async def after_200_ms(heard):
    await asyncio.sleep(0.2)
    return Reply(heard.text)


async def rendering():
    """Holds the calls' loop once the agent has been asked."""
    await asyncio.sleep(0.05)
    time.sleep(0.6)


def test_a_conversation_is_entered_asked_and_left_in_one_task_of_another_thread():
    agent = Agent(echo, opening=Reply("good morning"))
    assert converse(agent) == (Reply("good morning"), Reply("hello"))
    assert len(agent.seen) == 3
    [(_, thread)] = set(agent.seen)
    assert thread is not threading.current_thread()


def test_no_timeout_passes_because_the_calls_loop_is_held():
    async def answer(heard):
        async with asyncio.timeout(0.4):
            return await after_200_ms(heard)

    assert converse(Agent(answer), rendering())[1] == Reply("hello")


def test_an_agents_error_comes_through_as_it_is_and_ends_the_conversation():
    error = AgentError("desk.py:7: no")

    async def answer(heard):
        raise error

    agent = Agent(answer)
    with pytest.raises(AgentError) as caught:
        converse(agent)
    assert caught.value is error is agent.left_with


def test_who_cannot_be_reached_raises_it_at_pick_up():
    @asynccontextmanager
    async def pick_up():
        raise AgentError("nobody")
        yield

    async def call():
        async with Beside().conversation(pick_up):
            raise AssertionError

    with pytest.raises(AgentError, match="nobody"):
        asyncio.run(call())


def test_what_fails_on_our_side_is_seen_by_the_agent_as_it_is_left():
    agent = Agent(echo)
    with pytest.raises(ZeroDivisionError):
        converse(agent, divide())
    assert isinstance(agent.left_with, ZeroDivisionError)


async def divide():
    await asyncio.sleep(0.05)
    return 1 / 0


def test_cancelled_here_it_is_cancelled_there_and_left_before_we_go_on():
    async def for_ever(heard):
        await asyncio.sleep(60)

    async def call(agent):
        async with asyncio.timeout(0.1):
            async with Beside().conversation(agent.pick_up) as talk:
                await talk.reply(HEARD)

    agent = Agent(for_ever)
    with pytest.raises(TimeoutError):
        asyncio.run(call(agent))
    assert isinstance(agent.left_with, asyncio.CancelledError)
    assert len(agent.seen) == 3


@pytest.mark.parametrize("pause_s", [0, 0.1], ids=["while it answers", "between two answers"])
def test_an_agent_that_cancels_itself_fails_as_an_agent_and_cancels_no_call_of_ours(pause_s):
    async def answer(heard):
        asyncio.get_running_loop().call_later(pause_s / 2, asyncio.current_task().cancel)
        await asyncio.sleep(0 if pause_s else 1)
        return Reply("")

    async def call(agent):
        async with Beside().conversation(agent.pick_up) as talk:
            await talk.reply(HEARD)
            await asyncio.sleep(pause_s)
            await talk.reply(HEARD)

    agent = Agent(answer)
    with pytest.raises(AgentError, match="has cancelled its own conversation"):
        asyncio.run(call(agent))
    assert isinstance(agent.left_with, AgentError)


def test_its_thread_ends_with_it():
    def threads():
        return [thread for thread in threading.enumerate() if thread.name == "agents"]

    gc.collect()
    before = set(threads())
    beside = Beside()
    [mine] = set(threads()) - before
    del beside
    gc.collect()
    mine.join(5)
    assert not mine.is_alive()
