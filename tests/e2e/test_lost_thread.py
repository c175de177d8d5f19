"""A script thread that does not come back: the messages on it, the bound, the end."""

import re

import pytest

from load import FALLBACK, Load
from parties import sender_on

SCRIPT = """
return { keywords = {
  echo = function(msg) return msg.args end,
  slow = function(msg)
    replyd.log.info("begun " .. msg.args)
    msg:reply("part of " .. msg.args) replyd.sleep(0.4) return msg.args end,
  order = function(msg) replyd.log.info("turn " .. msg.args) return msg.args end,
  block = function() replyd.log.info("blocking") replyd.debug.block(30) return "came back" end,
} }
"""


def configuration(**more):
    return {"script_threads": 2, "deadline": "8s", "fallback_reply": FALLBACK,
            "max_sender_queue": 1000, **more}    # a sender's messages wait for the successor


@pytest.mark.timed
def test_everything_on_the_lost_thread_is_answered_with_its_own_text(gateway, twilio, count):
    n = count(2000, "messages begun on a lost thread", least=40)
    with gateway(SCRIPT, **configuration()) as gw:
        blocker, others = sender_on(0, 2), [sender_on(0, 2, 1000 * i) for i in range(1, n + 1)]
        begun = [twilio.text_async(gw, f"slow {s}", from_=s, tls=False) for s in others[:n // 2]]
        gw.wait_hits("script.start", n // 2)
        stuck = twilio.text_async(gw, "block", sid="SMstuck", from_=blocker, tls=False)
        gw.wait_log("script", msg="blocking")
        queued = [twilio.text_async(gw, f"echo {s}", from_=s, tls=False) for s in others[n // 2:]]
        beside = twilio.text(gw, "echo beside", from_=sender_on(1, 2), tls=False)
        assert beside.messages == ["beside"] and beside.elapsed < 1
        answer = stuck.result()
        assert answer.messages == [FALLBACK] and answer.elapsed < 4
        for sender, pending in zip(others, begun):
            assert pending.result().messages == [f"part of {sender}", sender]
            assert pending.result().elapsed < 4
        for sender, pending in zip(others[n // 2:], queued):
            assert pending.result().messages == [sender] and pending.result().elapsed < 4
        gw.wait_metric("replyd_messages_total", equals=1, kind="message", outcome="lost_thread")
        assert gw.wait_log("message", sid="SMstuck")["outcome"] == "lost_thread"
        line = gw.wait_log("lost_thread")
        assert line["sid"] == "SMstuck" and line["script"] == "scripts/main.lua"
        assert gw.metric("replyd_script_threads_lost_total") == 1
        gw.wait_metric("replyd_messages_total", equals=n + 1, kind="message", outcome="ok")
        again = twilio.text(gw, "block", sid="SMstuck", from_=blocker, tls=False)
        assert again.body == answer.body


def test_mail_of_a_lost_thread_keeps_its_order(gateway, twilio, count):
    n = count(1000, "messages queued in order", least=50)
    with gateway(SCRIPT, **configuration(script_threads=1)) as gw:
        stuck = twilio.text_async(gw, "block", tls=False)
        gw.wait_log("script", msg="blocking")
        load = Load(gw, rate=1000, limit=n, senders=1, word="order", fresh=0).start()
        report = load.join()
        assert stuck.result().messages == [FALLBACK]
        assert not report.lost and not report.foreign, report.foreign[:5]
        turns = [re.search(r"x(\d+)$", l["msg"])[1] for l in gw.log("script")
                 if l["msg"].startswith("turn ")]
        arrived = [int(t) for t in turns]
        print(report)
        assert sorted(arrived) == list(range(1, n + 1))    # each ran once
        # connections differ, so neighbours may swap on their way in; no more than that
        assert all(abs(a - i) < 20 for i, a in enumerate(arrived, 1)), arrived


@pytest.mark.parametrize("bound", [1, 3])
def test_at_max_lost_threads_it_answers_everything_and_ends_with_70(gateway, twilio, bound):
    with gateway(SCRIPT, exit_code=70, **configuration(max_lost_threads=bound)) as gw:
        for i in range(bound - 1):
            answer = twilio.text(gw, "block", from_=sender_on(i % 2, 2), tls=False)
            assert answer.messages == [FALLBACK]
        assert gw.metric("replyd_script_threads_lost_total") == bound - 1
        assert gw.admin("/readyz")[0] == 200
        load = Load(gw, rate=200, senders=20, fresh=1, stop_refused=True).start()
        stuck = twilio.text_async(gw, "block", sid="SMlast", from_=sender_on(0, 2), tls=False)
        gw.wait_log("lost_thread", n=bound)
        assert stuck.result().messages == [FALLBACK]
        report = load.join()                  # ends when a connection is refused
        gw.terminated = True                  # it ends by itself
        accepted = [r for r in report.results if r.connected]
        print(f"{report}; accepted {len(accepted)}")
        assert accepted and all(r.status == 200 and r.text == r.token for r in accepted), [
            r for r in accepted if r.text != r.token][:5]
        assert gw.wait_log("message", sid="SMlast")["outcome"] == "lost_thread"
