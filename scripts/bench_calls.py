"""Virtual time against wall time: the same calls to an agent that answers at once, and to one that thinks for a while.

Prints minutes of call per minute of wall for each way of running them, and what the agent's thinking costs.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from pathlib import Path

import yaml

from pipeline.run.batch import run_batch
from pipeline.run.plan import Job

TOYS = {
    "endpointing": {"vad": "energy"},
    "asr": {"tones": {}},
    "agent_voice": {"tone": {}},
}
SHIPPED = {
    "endpointing": {"vad": "silero"},
    "asr": {"faster_whisper": {"model": "tiny.en"}},
    "agent_voice": {"hibari": {"speaker": 0.86}},
}
AGENT = '''
import asyncio


class Desk:
    opening = "Hello. What is the order number?"

    def __init__(self, given, now, delay_s=0.0):
        self.delay_s, self.turn = delay_s, 0

    async def reply(self, heard):
        from pipeline.agent import Reply

        await asyncio.sleep(self.delay_s)
        self.turn += 1
        return "Is there anything else?" if self.turn == 1 else Reply("Goodbye.", ends_call=True)
'''
SCENARIO = {
    "about": "Two turns.",
    "now": "2026-11-22T10:00",
    "persona": {"voice": "heart"},
    "facts": {"order": {"digits": "4711"}},
    "says": {"open": {"say": "It is {order}."}, "order": {"say": "It is {order}."}},
    "expect": {"outcome": "resolved", "must_say": ["Goodbye"]},
}


class Endpoint(BaseHTTPRequestHandler):
    """The same desk behind HTTP, in a process of its own; the answer says by its turn what comes next."""

    protocol_version = "HTTP/1.1"
    delay_s = 0.0

    def do_POST(self) -> None:  # noqa: N802  the name that http.server calls
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.delay_s)
        first = asked["turn"] == 1
        answer = {"text": "Is there anything else?" if first else "Goodbye.", "ends_call": not first}
        body = json.dumps({**answer, "actions": [], "state": {}, "handoff": None}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 1000


def serve(delay_s: float, port) -> None:
    Endpoint.delay_s = delay_s
    server = Server(("127.0.0.1", 0), Endpoint)
    port.send(server.server_address[1])
    server.serve_forever()


@contextmanager
def endpoint(delay_s: float) -> Iterator[str]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(delay_s, theirs), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{ours.recv()}/reply"
    process.kill()


@dataclass(frozen=True)
class Way:
    """One way of running the calls, and how long that took."""

    agent: str
    delay_s: float
    concurrency: int
    calls: int
    wall_s: float
    call_min: float
    turns: float

    @property
    def speed(self) -> float:
        """Minutes of call per minute of wall."""
        return self.call_min * 60 / self.wall_s


class Bench:
    def __init__(self, folder: Path, engines: dict, calls: int, workers: int) -> None:
        self.folder, self.engines, self.calls, self.workers, self.runs = folder, engines, calls, workers, 0
        (folder / "desk.py").write_text(AGENT)
        (folder / "two_turns.yaml").write_text(yaml.safe_dump({"name": "two_turns", **SCENARIO}))

    def run(self, agent: dict, kind: str, delay_s: float, concurrency: int, calls: int | None = None) -> Way:
        calls, self.runs = calls or self.calls, self.runs + 1
        release, suite = self.folder / f"release{self.runs}.yaml", self.folder / f"suite{self.runs}.yaml"
        release.write_text(yaml.safe_dump({"name": f"bench{self.runs}", **self.engines, "agent": agent}))
        words = {"name": "bench", "seed": 1, "scenarios": ["two_turns.yaml"], "profiles": ["bad_cellular"]}
        suite.write_text(yaml.safe_dump({**words, "arms": ["degraded"], "trials": calls}))
        out, began_s = self.folder / f"run{self.runs}", time.perf_counter()
        run_batch(
            Job(suite, release), out, workers=self.workers, concurrency=concurrency,
            begin=lambda *_: None, watch=lambda _: None,
        )
        wall_s = time.perf_counter() - began_s
        facts = [json.loads(path.read_text())["facts"]["call"] for path in (out / "units").glob("*.json")]
        if failed := [one["error"] for one in facts if one["error"]]:
            raise SystemExit(f"the agent failed in {len(failed)} calls: {failed[0]}")
        minutes = sum(one["ended_ms"] for one in facts) / 60_000
        turns = sum(len(one["turns"]) for one in facts) / len(facts)
        way = Way(kind, delay_s, concurrency, calls, round(wall_s, 1), round(minutes, 1), round(turns, 2))
        print(
            f"{kind:<8}{delay_s:>4g} s  {concurrency:>4} at once  {calls:>4} calls  {wall_s:>7.1f} s"
            f"  {way.speed:>7.1f} min of call a minute", flush=True,
        )
        return way


def http(url: str) -> dict:
    return {"http": {"url": url, "opening": "Hello. What is the order number?"}}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=200)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--delay", type=float, default=2.0)
    options.add_argument("--engines", choices=["toys", "shipped"], default="toys")
    options.add_argument("--json", action="store_true")
    said = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, endpoint(said.delay) as slow, endpoint(0.0) as fast:
        bench = Bench(Path(folder), TOYS if said.engines == "toys" else SHIPPED, said.calls, said.workers)
        python = {"python": {"target": "desk.py:Desk"}}
        slow_python = {"python": {"target": "desk.py:Desk", "options": {"delay_s": said.delay}}}
        each = -(-said.calls // said.workers)
        bench.run(python, "warm-up", 0, 8, calls=8)
        ways = []
        for _ in range(2):  # side by side, twice: whatever else the machine does falls on all
            ways += [
                bench.run(python, "python", 0, each),
                bench.run(slow_python, "python", said.delay, each),
                bench.run(http(fast), "http", 0, each),
                bench.run(http(slow), "http", said.delay, each),
                bench.run(http(slow), "http", said.delay, 20),
            ]
        ways.append(bench.run(http(slow), "http", said.delay, 1, calls=8))
        costs = [cost(kind, ways, said.delay, each) for kind in ("python", "http")]
    if said.json:
        print(json.dumps({"ways": [{**asdict(way), "speed": way.speed} for way in ways], "costs": costs}, indent=2))


def cost(kind: str, ways: list[Way], delay_s: float, each: int) -> dict:
    """The slow agent's wall time with all calls at once over the instant one's plus a delay per turn of one call."""
    instant = min(way.wall_s for way in ways if (way.agent, way.delay_s) == (kind, 0))
    slow = min((w for w in ways if (w.agent, w.delay_s, w.concurrency) == (kind, delay_s, each)), key=lambda w: w.wall_s)
    allowed = 1.2 * instant + delay_s * slow.turns
    print(f"{kind}: {slow.wall_s:.1f} s of {allowed:.1f} s allowed (1.2 x {instant:.1f} s + {delay_s:g} s x {slow.turns:g})")
    return {"agent": kind, "wall_s": slow.wall_s, "allowed_s": allowed, "ratio": slow.wall_s / allowed}


if __name__ == "__main__":
    main()
