"""Handler end against deadline, retry and fallback call, with a stalled store: one answer."""

import asyncio
import os
import re

from harness import SEED, seconds
from load import FALLBACK, Pool, Result, message, request

BATCH = 150

SCRIPT = """
return { keywords = {
  -- ends a little before or after the soft deadline
  soft = function(msg)
    local d, token = msg.args:match("(%S+) (%S+)")
    replyd.sleep(math.max(0, msg:time_left() + d)) return token end,
  said = function(msg)
    local d, token = msg.args:match("(%S+) (%S+)")
    msg:reply("said " .. token)
    replyd.sleep(math.max(0, msg:time_left() + d)) return token end,
  early = function(msg)
    local d, token = msg.args:match("(%S+) (%S+)")
    msg:reply("early " .. token)
    replyd.sleep(math.max(0, msg:time_left() + d)) msg:finish() return token end,
  fails = function(msg)
    local d, token = msg.args:match("(%S+) (%S+)")
    replyd.sleep(math.max(0, msg:time_left() + d)) error("on purpose " .. token) end,
  quick = function(msg) return msg.args:match("%S+ (%S+)") end,
} }
"""


class Race:
    """One message and everything that is sent for it."""

    def __init__(self, rng, n, run):
        self.word = rng.choice(["soft", "said", "early", "fails", "quick"])
        self.jitter = rng.uniform(-0.006, 0.006)
        self.sid, self.token = f"SM{run}{n:020x}", f"t{run}x{n}"
        self.from_ = f"+1777{rng.randrange(10**7):07d}"
        # a retry and a fallback call, around either deadline or at any time
        self.delays = [0] + [rng.choice([rng.uniform(0, 2.2), 1 + rng.uniform(-.01, .01),
                                         2 + rng.uniform(-.01, .01)]) for _ in range(2)]
        self.results = []

    async def send(self, gw, pool, delay, fallback):
        await asyncio.sleep(delay)
        extra = {"ErrorCode": "11200", "ErrorUrl": gw.http_url + "/"} if fallback else {}
        result = Result(self.sid, self.token, self.from_, asyncio.get_running_loop().time())
        self.results.append(result)
        params = message(f"{self.word} {self.jitter:.6f} {self.token}", self.sid, self.from_,
                         **extra)
        await pool.send(request(gw, params), result)

    def own(self, body):
        texts = re.findall(r"<Message>(?:<Body>)?([^<]*)", body.decode())
        return all(t in (self.token, f"said {self.token}", f"early {self.token}", FALLBACK)
                   for t in texts)


async def batch(gw, pool, races, rng):
    loop = asyncio.get_running_loop()
    stall = rng.choice([None, "store.commit", "store.early", "store.done", "front.send",
                        "front.settle"])
    if stall in ("front.send", "front.settle"):
        stall = None if rng.random() < .5 else stall    # these hold up the whole front
    for race in races:
        race.front_held = stall in ("front.send", "front.settle")
    held = loop.run_in_executor(None, lambda: gw.fault(stall, "stall")) if stall else None
    if held:
        await held
    tasks = [asyncio.create_task(r.send(gw, pool, d, i == 2))
             for r in races for i, d in enumerate(r.delays)]
    if stall:    # near the soft or the hard deadline, or in between
        await asyncio.sleep(rng.choice([1, 2, rng.uniform(0.5, 2)]) + rng.uniform(-.02, .02))
        await loop.run_in_executor(None, gw.release, stall)
    await asyncio.gather(*tasks)
    again = [asyncio.create_task(r.send(gw, pool, 0, False)) for r in races]
    await asyncio.gather(*again)


async def run_races(gw, races, rng):
    pool = Pool(gw)
    for i in range(0, len(races), BATCH):
        await batch(gw, pool, races[i:i + BATCH], rng)
    pool.close()


def test_never_two_different_answers_for_one_message(gateway, count, rng):
    n = count(10000, "races", least=BATCH * 2)
    run = os.urandom(6).hex()
    races = [Race(rng, i, run) for i in range(n)]
    with gateway(SCRIPT, deadline="1s", fallback_reply=FALLBACK, max_sender_queue=1000,
                 log={"level": "error"}) as gw:
        asyncio.run(run_races(gw, races, rng))
        unrecorded = gw.metric("replyd_answered_unrecorded_total")
    results = [x for r in races for x in r.results]
    refused = [x for x in results if x.status == 503]
    different = [r for r in races if len({x.body for x in r.results if x.status == 200}) > 1]
    # a stalled front answers nobody meanwhile: punctual are only those beside a stalled store
    late = [x for r in races if not r.front_held for x in r.results if x.latency > seconds(3.5)]
    print(f"{n} races, {len(results)} requests: {len(different)} with different answers, "
          f"{unrecorded} answered unrecorded, {len(refused)} answered 503, {len(late)} late; "
          f"seed {SEED}")
    assert all(x.status in (200, 503) for x in results), [
        x for x in results if x.status not in (200, 503)][:5]
    assert all(r.own(x.body) for r in races for x in r.results if x.status == 200)
    assert len(different) <= unrecorded, [r.results for r in different[:3]]
    assert not late, late[:5]
