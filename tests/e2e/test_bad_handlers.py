"""Bad handlers on every script thread, all the time: the others do not notice.

Each message carries a token that its own handler says back; the fallback is a marker. Those on a
thread that is blocked in C wait for its successor, at most 3 s in all; everybody else 1 s.
"""

import random
import threading
import time

import pytest

import harness
from load import FALLBACK, WAITING, Load
from parties import sender_on, shard_thread

THREADS = 2
DEADLINE = 4
KINDS = ["asleep", "spin", "raise", "rubbish", "block"]

SCRIPT = """
return { keywords = {
  echo = function(msg) replyd.sleep(0.005) return msg.args end,
  asleep = function() replyd.sleep(60) return "awake" end,
  spin = function() while true do end end,
  raise = function() error("on purpose") end,
  rubbish = function() return print end,
  block = function() replyd.debug.block(20) return "came back" end,
} }
"""


class Injector:
    """Sends one kind of bad message to one thread, again and again."""

    def __init__(self, gw, twilio, kind, thread, stop):
        self.gw, self.twilio, self.kind, self.thread, self.stop = gw, twilio, kind, thread, stop
        self.sender = sender_on(thread, THREADS, 1000 * KINDS.index(kind))
        self.random = random.Random(f"{harness.SEED} {kind} {thread}")
        self.answers = []                  # (from, to, answer)
        self.error = None

    def __call__(self):
        try:
            while not self.stop.is_set():
                start = time.monotonic()
                answer = self.twilio.text(self.gw, self.kind, from_=self.sender, tls=False)
                self.answers.append((start, time.monotonic(), answer))
                # a blocked thread is away for more than 1 s: others need a time without that too
                self.stop.wait(self.random.uniform(0.05, 2 if self.kind == "block" else 0.5))
        except Exception as e:    # it must be seen by the test, not by a thread's end
            self.error = e


def blocked(injectors, result):
    """Whether result's thread was blocked at some time while it waited."""
    thread = shard_thread(result.from_, THREADS)
    return any(start < result.intended + result.latency and end > result.intended
               for i in injectors if i.kind == "block" and i.thread == thread
               for start, end, _ in i.answers)


@pytest.mark.timed
def test_everybody_else_gets_the_own_text_in_time(gateway, twilio, count):
    messages = count(12000, "messages beside bad handlers", least=1000)
    with gateway(SCRIPT, script_threads=THREADS, deadline=f"{DEADLINE}s", max_lost_threads=1000,
                 fallback_reply=FALLBACK, waiting_reply=WAITING, log={"level": "error"}) as gw:
        stop = threading.Event()
        injectors = [Injector(gw, twilio, kind, thread, stop)
                     for kind in KINDS for thread in range(THREADS)]
        threads = [threading.Thread(target=i) for i in injectors]
        for thread in threads:
            thread.start()
        report = Load(gw, rate=200, limit=messages).start().join()
        stop.set()
        for thread in threads:
            thread.join()
        lost_threads = gw.metric("replyd_script_threads_lost_total")
    late = [r for r in report.late(1)
            if r.latency > harness.seconds(3 if blocked(injectors, r) else 1)]
    bad = {kind: sum(len(i.answers) for i in injectors if i.kind == kind) for kind in KINDS}
    print(f"{report}; {len(late)} late; over 1 s beside a blocked thread: {len(report.late(1))}; "
          f"bad ones {bad}; {lost_threads} threads lost")
    for i in injectors:
        assert i.error is None and i.answers, (i.kind, i.thread, i.error)
        for _, _, answer in i.answers:
            assert (answer.status, answer.messages) == (200, [FALLBACK]), (i.kind, answer)
            assert answer.elapsed < harness.seconds(DEADLINE + 1), (i.kind, answer)
    assert lost_threads == bad["block"]
    assert not report.lost and not report.failed and not report.foreign, report.foreign[:5]
    assert not late, late[:5]
