"""One sender's messages, one at a time; nobody else waits for them."""

import concurrent.futures
import time

from load import Load

SCRIPT = """
return {
  concurrency = "%s",
  keywords = {
    wait = function(msg) replyd.debug.wait_event(msg.args) return "waited " .. msg.args end,
    go = function(msg) return "signalled " .. replyd.debug.signal(msg.args) end,
    asleep = function() replyd.sleep(60) end,
    echo = function(msg) return msg.args end,
    note = function(msg) replyd.log.info("noted") return msg.args end,
    spin = function() local t = replyd.now() while replyd.now() < t + 0.05 do end return "spun" end,
  },
  status = function(ev) replyd.log.info("seen " .. ev.status) end,
}
"""
QUEUE, LATEST, DROP = (SCRIPT % mode for mode in ("queue", "latest", "drop"))
OTHER = "+15550000099"


def waiting(gw, twilio, *bodies, **options):
    """Texts of one sender, each on the script thread before the next is sent."""
    texts = []
    for body in bodies:
        before = gw.metric("replyd_runs")
        texts.append(twilio.text_async(gw, body, **options))
        gw.wait_metric("replyd_runs", equals=before + 1)
    return texts


def texts(answers):
    return [a.result().messages for a in answers]


def outcome(gw, name, n=1):
    gw.wait_metric("replyd_messages_total", equals=n, kind="message", outcome=name)


def test_messages_of_one_sender_are_handled_in_order(gateway, twilio):
    with gateway(QUEUE) as gw:
        sent = waiting(gw, twilio, "wait a", "echo one", "echo two", "wait b", "echo three")
        assert not any(a.done() for a in sent)
        assert twilio.text(gw, "go a", from_=OTHER).status == 200
        assert [a.result().messages for a in sent[:3]] == [["waited a"], ["one"], ["two"]]
        assert not sent[4].done()
        while twilio.text(gw, "go b", from_=OTHER).messages != ["signalled 1"]:
            pass
        assert texts(sent[3:]) == [["waited b"], ["three"]]


def test_a_full_queue_drops_and_remembers_it(gateway, twilio):
    with gateway(QUEUE, max_sender_queue=2, script_threads=1) as gw:
        sent = waiting(gw, twilio, "wait a", "echo one", "echo two")
        for _ in range(2):
            assert twilio.text(gw, "echo three", sid="SM3").messages == []
        outcome(gw, "dropped")
        line = gw.wait_log("message", sid="SM3", outcome="dropped")
        assert (line["why"], line["level"]) == ("queue_full", "info")
        outcome(gw, "replay")
        assert "why" not in gw.wait_log("message", sid="SM3", outcome="replay")
        assert twilio.text(gw, "go a", from_=OTHER).messages == ["signalled 1"]
        assert texts(sent) == [["waited a"], ["one"], ["two"]]
        assert twilio.text(gw, "echo four").messages == ["four"]


def test_the_next_one_begins_when_the_deadline_has_ended_the_first(gateway, twilio):
    routes = [{"path": "/short", "script": "scripts/main.lua", "deadline": "1s"},
              {"path": "/long", "script": "scripts/main.lua"}]
    with gateway(QUEUE, routes=routes, fallback_reply="sorry", script_threads=1) as gw:
        sent = waiting(gw, twilio, "asleep", path="/short")
        sent += waiting(gw, twilio, "echo next", path="/long")
        assert texts(sent) == [["sorry"], ["next"]]
        outcome(gw, "cancelled")
        gw.wait_metric("replyd_runs", equals=0)


def test_drop_answers_with_nothing_while_one_runs(gateway, twilio):
    with gateway(DROP, script_threads=1) as gw:
        first = waiting(gw, twilio, "wait a")
        assert twilio.text(gw, "echo dropped").messages == []
        assert twilio.text(gw, "echo other", from_=OTHER).messages == ["other"]
        outcome(gw, "dropped")
        line = gw.wait_log("message", outcome="dropped")
        assert (line["http"], line["why"], line["level"]) == ("200", "rule", "info")
        assert twilio.text(gw, "go a", from_=OTHER).messages == ["signalled 1"]
        assert texts(first) == [["waited a"]]
        assert twilio.text(gw, "echo next").messages == ["next"]


def test_latest_ends_the_running_handler(gateway, twilio):
    with gateway(LATEST, script_threads=1) as gw:
        first = waiting(gw, twilio, "wait a", sid="SM1")
        assert twilio.text(gw, "echo newest").messages == ["newest"]
        assert texts(first) == [[]]
        outcome(gw, "cancelled")
        line = gw.wait_log("message", sid="SM1", outcome="cancelled")
        assert (line["why"], line["level"]) == ("newer_message", "info")
        assert twilio.text(gw, "go a", from_=OTHER).messages == ["signalled 0"]
        assert twilio.text(gw, "wait a", sid="SM1").messages == []    # stored like any answer
        outcome(gw, "replay")
        gw.wait_metric("replyd_runs", equals=0)


def test_a_flood_by_one_sender_does_not_hurt_99_others(gateway, twilio, count):
    """Each of the others gets its own handler's text within a second, beside a flood that spins."""
    seconds = count(20, "seconds of flood", least=2)
    with gateway(QUEUE, script_threads=1, fallback_reply="sorry") as gw:
        load = Load(gw, rate=100, senders=99).start()
        end, flooded = time.monotonic() + seconds, []

        def flood():
            while time.monotonic() < end:
                flooded.append(twilio.text(gw, "spin", from_=OTHER, tls=False).messages)

        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            for future in [pool.submit(flood) for _ in range(40)]:
                future.result()
        report = load.stop()
        print(report, f"; flood: {len(flooded)}, dropped {flooded.count([])}")
        assert not report.lost and not report.failed and not report.foreign
        assert not report.late(1), report
        assert [] in flooded and ["spun"] in flooded


def test_status_events_and_messages_take_turns(gateway, twilio, count):
    """A burst of status callbacks does not hold a message up."""
    n = count(400, "status events", least=100)    # a ring of the log holds their lines
    with gateway(QUEUE, script_threads=1) as gw:
        gw.fault("script.start", "stall")
        first = twilio.text_async(gw, "note first")
        gw.wait_stalled("script.start")
        events = [twilio.submit(twilio.status, gw, "sent", tls=False) for _ in range(n)]
        gw.wait_metric("replyd_messages_total", equals=n, kind="status", outcome="ok")
        last = twilio.text_async(gw, "note last", from_=OTHER)
        gw.wait_metric("replyd_runs", equals=n + 2)
        gw.release("script.start")
        assert texts([first, last]) == [["first"], ["last"]]
        assert {e.result().status for e in events} == {204}
        gw.wait_metric("replyd_runs", equals=0)
        lines = [line["msg"] for line in gw.log("script")]
        assert len(lines) == n + 2
        assert [i for i, text in enumerate(lines) if text == "noted"][1] < 10
