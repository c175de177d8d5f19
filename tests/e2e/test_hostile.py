"""Every script of tests/lua/hostile ends within its bound, as it should; nobody else notices.

The head of each says what it expects:

    -- outcome: cpu            what the log and replyd_messages_total call its end; "or": either
    -- within: 5000 ms         from sending to the answer, all others beside it, on a quiet machine
    -- reply: never called     text of the answer; none: the fallback; *: any, or none

Beside all of them, on the same two script threads, other senders have their own handler answer
within 1 s. All these times are longer by what the machine gives us less of its CPUs (Machine).
"""

import pathlib
import re
import subprocess
import sys
import threading
import time

import pytest

import harness
from load import FALLBACK, Load
from parties import sender_on

FILES = sorted((harness.TOP / "tests/lua/hostile").glob("*.lua"))
THREADS = 2
OTHERS = "return { keywords = { echo = function(msg) return msg.args end } }"


class Case:
    def __init__(self, path):
        head = dict(re.findall(r"^-- (outcome|within|reply): (.*)$", path.read_text(), re.M))
        self.name = path.stem
        self.script = path.read_text()
        self.outcomes = head["outcome"].split(" or ")
        self.within = int(head["within"].removesuffix(" ms")) / 1000
        self.reply = head.get("reply", FALLBACK)

    def accepts(self, answer):
        return answer.status == 200 and (self.reply == "*" or answer.messages == [self.reply])


def test_the_corpus_is_whole():
    assert len(FILES) >= 60
    for path in FILES:
        case = Case(path)
        assert case.within > 0 and set(case.outcomes) <= {
            "ok", "empty", "early", "error", "cpu", "memory", "cancelled"}, path


# times how long 20 ms of CPU time take here, again and again
BURNER = """
import sys, time
while True:
    cpu, wall = time.process_time(), time.monotonic()
    while time.process_time() - cpu < 0.02:
        pass
    now = time.monotonic()
    print(wall, now, (now - wall) / 0.02, flush=True)
    time.sleep(0.2)
"""


class Machine:
    """How much longer everything takes than on a quiet machine, at any time of the test."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, "-c", BURNER], stdout=subprocess.PIPE,
                                        text=True)
        self.factors = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self):
        for line in self.process.stdout:
            self.factors.append(tuple(map(float, line.split())))

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def limit(self, quiet, start, end):
        """Seconds that may have passed between start and end, from those of a quiet machine."""
        slow = [f for t, u, f in list(self.factors) if u > start - 1 and t < end + 1]
        return harness.seconds(quiet) * max([1, *slow])


def routes(cases):
    found = [{"path": f"/{c.name}", "script": f"scripts/hostile/{c.name}.lua"} for c in cases]
    return [*found, {"path": "/", "script": "scripts/main.lua"}]


def ask(gw, twilio, case, thread, machine):
    """One message to a hostile script; what is wrong with its answer."""
    start = time.monotonic()
    sender = sender_on(thread, THREADS, 7000)
    sid = twilio.new_sid()
    answer = twilio.text(gw, "x" * 200, path=f"/{case.name}", tls=False, sid=sid, from_=sender)
    wrong = []
    if not case.accepts(answer):
        wrong.append(f"{case.name}: answered {answer!r}, not {case.reply!r}")
    if answer.elapsed > machine.limit(case.within, start, start + answer.elapsed):
        wrong.append(f"{case.name}: {answer.elapsed:.3f} s, not {case.within} s")
    outcome = gw.wait_log("message", sid=sid)["outcome"]
    if outcome not in case.outcomes:
        wrong.append(f"{case.name}: outcome {outcome}, not {case.outcomes}")
    return wrong


@pytest.mark.parametrize("part", range(4))
def test_each_hostile_script_ends_and_nobody_else_notices(gateway, twilio, rng, count, part):
    cases = [Case(path) for path in FILES[part::4]]
    rounds = count(20, "rounds over the hostile scripts")
    scripts = {"main.lua": OTHERS, **{f"hostile/{c.name}.lua": c.script for c in cases}}
    wrong = []
    with gateway(scripts, script_threads=THREADS, routes=routes(cases), deadline="8s",
                 fallback_reply=FALLBACK) as gw, Machine() as machine:
        load = Load(gw, rate=200).start()
        for _ in range(rounds):
            rng.shuffle(cases)
            for case in cases:
                wrong += ask(gw, twilio, case, rng.randrange(THREADS), machine)
        report = load.stop()
        lost = gw.metric("replyd_script_threads_lost_total")
        print(f"{len(cases)} scripts, {rounds} rounds; {report}")
    assert not wrong, "\n".join(wrong)
    assert lost == 0
    assert not report.lost and not report.failed and not report.foreign, report.foreign[:5]
    late = [r for r in report.late(1)
            if r.latency > machine.limit(1, r.intended, r.intended + r.latency)]
    # beside the time that replyd itself saw: else the test's own process was slow
    assert not late, [(r, gw.log("message", sid=r.sid)) for r in late[:5]]


def test_many_that_block_their_thread_hold_nobody_up_for_long(gateway, twilio):
    """Each next one of them may block it for less, and its error says for how long."""
    script = "return function() table.sort({ 3, 2, 1 }, function() while true do end end) end"
    with gateway({"main.lua": OTHERS, "h.lua": script}, script_threads=1, deadline="8s",
                 routes=[{"path": "/h", "script": "scripts/h.lua"},
                         {"path": "/", "script": "scripts/main.lua"}],
                 fallback_reply=FALLBACK) as gw, Machine() as machine:
        load = Load(gw, rate=100).start()
        answers = []
        asking = [threading.Thread(target=lambda sender=f"+1555000{i:04d}": answers.append(
            twilio.text(gw, "x", path="/h", tls=False, from_=sender))) for i in range(12)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        report = load.stop()
        said = [int(re.search(r"more than (\d+) ms", line["error"])[1]) for line in gw.lines
                if line.get("event") == "script_failed"]
    assert [a.messages for a in answers] == [[FALLBACK]] * 12
    slow = said[0] / 100    # what a sanitizer adds
    for most, ms in zip([100, 60, 40, 25, 20], said):    # less what was paid back meanwhile
        assert 15 * slow <= ms <= most * slow, said
    assert len(said) == 12, said
    assert not report.lost and not report.failed and not report.foreign, report.foreign[:5]
    assert not [r for r in report.results
                if r.latency > machine.limit(0.8, r.intended, r.intended + r.latency)], report


def resident(gw, field="VmRSS"):
    """MiB of memory that the process has; VmHWM: has ever had."""
    status = pathlib.Path(f"/proc/{gw.pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def peak(gw):
    return resident(gw, "VmHWM")


@pytest.mark.skipif(harness.SLOWNESS > 1, reason="a sanitizer's own memory")
def test_a_memory_bomb_stays_below_the_cap(gateway, twilio, rng, count):
    """Each alone, twice: no more than its VM may have, and 8 MiB."""
    cap, wrong = 64, []
    bombs = [Case(path) for path in FILES if path.stem.startswith("mem_")]
    assert len(bombs) >= 15
    for case in rng.sample(bombs, count(len(bombs), "memory bombs", least=5)):
        scripts = {"main.lua": OTHERS, f"hostile/{case.name}.lua": case.script}
        with gateway(scripts, script_threads=1, routes=routes([case]), fallback_reply=FALLBACK,
                     vm_memory=f"{cap}MiB") as gw:
            before = peak(gw)
            for _ in range(2):
                assert case.accepts(twilio.text(gw, "x", path=f"/{case.name}", tls=False))
                assert twilio.text(gw, "echo still here", tls=False).messages == ["still here"]
            wrong += [(case.name, most) for most in [peak(gw) - before] if most > cap + 8]
            print(f"{case.name}: {peak(gw) - before:.1f} MiB")
    assert not wrong, wrong


@pytest.mark.skipif(harness.SLOWNESS > 1, reason="a sanitizer's own memory")
def test_bombs_in_a_row_leave_no_memory_behind(gateway, twilio, rng, count):
    """What they left scattered goes back to the system: a small machine has nothing to spare."""
    bombs = [Case(path) for path in FILES if re.search("mem_|_mb|megabytes|recursion", path.stem)]
    assert len(bombs) >= 20
    scripts = {"main.lua": OTHERS, **{f"hostile/{c.name}.lua": c.script for c in bombs}}
    with gateway(scripts, script_threads=THREADS, routes=routes(bombs), deadline="8s",
                 fallback_reply=FALLBACK, vm_memory="64MiB") as gw:
        twilio.text(gw, "echo first", tls=False)
        before = resident(gw)
        for _ in range(count(20, "rounds of memory bombs", least=3)):
            rng.shuffle(bombs)
            for case in bombs:
                sender = sender_on(rng.randrange(THREADS), THREADS, 7000)
                assert case.accepts(twilio.text(gw, "x" * 200, path=f"/{case.name}", tls=False,
                                                from_=sender))
            print(f"{resident(gw) - before:.0f} MiB, {peak(gw) - before:.0f} at most")
        held = gw.metric("replyd_vm_bytes") / 2**20
        left, most = resident(gw) - before, peak(gw) - before
    print(f"{held:.0f} MiB in VMs")
    assert most < THREADS * 64 + 64
    assert left < held + 96


# each holds as much as it may for a while; modest ones wait beside them
HOG = """return function(msg)
  local t = {}
  for i = 1, %d do t[i] = { i } end
  replyd.sleep(%s)
  return "hog"
end"""
MODEST = """return { keywords = { modest = function(msg)
  local t
  for i = 1, 5 do t = { body = ("m"):rep(500) .. i } replyd.sleep(0.1) end
  return msg.args
end } }"""


def ask_hogs(gw, twilio, n, start=0):
    """What n hogs of one thread were answered, each with its outcome."""
    def one(k):
        sid, sender = twilio.new_sid(), sender_on(0, 2, 40 * (start + k))
        answer = twilio.text(gw, "x", path="/hog", tls=False, sid=sid, from_=sender)
        answers.append((answer.messages, gw.wait_log("message", sid=sid)["outcome"]))

    answers = []
    threads = [threading.Thread(target=one, args=(k,)) for k in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return answers


def hogs(items, pause):
    return {"main.lua": MODEST, "hog.lua": HOG % (items, pause)}


HOG_ROUTES = [{"path": "/hog", "script": "scripts/hog.lua"},
              {"path": "/", "script": "scripts/main.lua"}]


@pytest.mark.skipif(harness.SLOWNESS > 1, reason="a sanitizer's own memory")
def test_hogs_that_fill_a_vm_together_end_and_modest_handlers_do_not(gateway, twilio):
    """20 times 21 MiB into 64, and again into its successor: they make way, and nobody else."""
    answers = []
    with gateway(hogs(250_000, 2), script_threads=2, routes=HOG_ROUTES, deadline="9s",
                 fallback_reply=FALLBACK) as gw, Machine() as machine:
        load = Load(gw, rate=100, senders=10_000, word="modest").start()
        first = threading.Thread(target=lambda: answers.extend(ask_hogs(gw, twilio, 20)))
        first.start()
        gw.wait_log("vm_rebuilt")
        answers.extend(ask_hogs(gw, twilio, 20, start=100))
        first.join()
        report = load.stop()
        evicted = [line for line in gw.log("script_failed") if "held more of it" in line["error"]]
        lost = gw.metric("replyd_script_threads_lost_total")
        print(f"{report}; {len(evicted)} of {len(answers)} hogs ended for the others")
    assert lost == 0
    assert not report.lost and not report.failed and not report.foreign, report.foreign[:5]
    assert evicted
    # 36 of them end, each behind a collection of 64 MiB: the slowest modest one took 1.1 to 2.5 s
    late = [r for r in report.late(4)
            if r.latency > machine.limit(4, r.intended, r.intended + r.latency)]
    assert not late, [(r, gw.log("message", sid=r.sid)) for r in late[:5]]


@pytest.mark.skipif(harness.SLOWNESS > 1, reason="a sanitizer's own memory")
def test_no_more_hogs_end_than_must(gateway, twilio):
    """Four of 21 MiB at once: two fit below 90 %."""
    with gateway(hogs(250_000, 4), script_threads=2, routes=HOG_ROUTES, deadline="12s",
                 fallback_reply=FALLBACK) as gw:
        answers = ask_hogs(gw, twilio, 4)
    assert sorted(answers) == [([FALLBACK], "memory")] * 2 + [(["hog"], "ok")] * 2
