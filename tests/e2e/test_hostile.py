"""Every script of tests/lua/hostile ends within its bound, as it should; nobody else notices.

The head of each says what it expects:

    -- outcome: cpu            what the log and replyd_messages_total call its end; "or": either
    -- within: 5000 ms         from sending to the answer, all others beside it, on a quiet machine
    -- reply: never called     text of the answer; none: the fallback; *: any, or none

Beside all of them, on the same two script threads, other senders have their own handler answer
within 1 s. Where more wants to run than there are cores, all times are longer by that factor.
"""

import os
import re

import pytest

import harness
from load import FALLBACK, Load, sender_on

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
            "ok", "empty", "error", "cpu", "memory", "cancelled"}, path


def limit(quiet):
    """Seconds, from those of a quiet machine."""
    return harness.seconds(quiet) * max(1, os.getloadavg()[0] / os.cpu_count())


def routes(cases):
    found = [{"path": f"/{c.name}", "script": f"scripts/hostile/{c.name}.lua"} for c in cases]
    return [*found, {"path": "/", "script": "scripts/main.lua"}]


def ask(gw, twilio, case, thread):
    """One message to a hostile script; what is wrong with its answer."""
    sender = sender_on(thread, THREADS, 7000)
    sid = twilio.new_sid()
    answer = twilio.text(gw, "x" * 200, path=f"/{case.name}", tls=False, sid=sid, from_=sender)
    wrong = []
    if not case.accepts(answer):
        wrong.append(f"{case.name}: answered {answer!r}, not {case.reply!r}")
    if answer.elapsed > limit(case.within):
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
                 fallback_reply=FALLBACK) as gw:
        load = Load(gw, rate=200).start()
        for _ in range(rounds):
            rng.shuffle(cases)
            for case in cases:
                wrong += ask(gw, twilio, case, rng.randrange(THREADS))
        report = load.stop()
        lost = gw.metric("replyd_script_threads_lost_total")
        print(f"{len(cases)} scripts, {rounds} rounds; {report}")
    assert not wrong, "\n".join(wrong)
    assert lost == 0
    assert not report.lost and not report.failed and not report.foreign, report.foreign[:5]
    assert not report.late(limit(1)), report.late(limit(1))[:5]
