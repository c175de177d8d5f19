"""Every way a message can end, produced once; the set is core/base/outcome.h's own."""

import re

import pytest

import harness

pytestmark = pytest.mark.waits

SCRIPT = """
local hold = ("x"):rep(1000)
return {
  keywords = {
    ok = "fine",
    empty = function() end,
    error = function() error("on purpose") end,
    badvalue = function() return print end,
    cpu = function() while true do end end,
    pcall = function() while true do pcall(function() while true do end end) end end,
    memory = function() local t = {} for i = 1, 1e8 do t[i] = hold:rep(1000) .. i end end,
    buffer = function() return ("x"):rep(4e7) end,
    asleep = function() replyd.sleep(60) end,
    block = function() replyd.debug.block(8) end,
    early = function(msg) msg:reply("a") msg:finish() end,
    late = function(msg) msg:finish() return "late" end,
    wait = function() replyd.debug.wait_event("go") return "went" end,
    go = function() replyd.debug.signal("go") return "gone" end,
  },
}
"""

# What issues to come produce; a row leaves this table when its test is written.
WAITING = {
    "late": "late replies by REST",
    "late_lost": "messages that survive a crash (a durable store)",
}

PRODUCED = {}


def produces(outcome):
    def keep(test):
        PRODUCED.setdefault(outcome, []).append(test.__name__)
        return test
    return keep


@pytest.fixture
def gw(gateway):
    with gateway(SCRIPT, fallback_reply="sorry", script_threads=1,
                 deadline=f"{min(8, harness.seconds(4))}s",
                 cpu_limit=f"{harness.seconds(500)}ms") as running:
        yield running


def ended(gw, outcome, n=1):
    gw.wait_metric("replyd_messages_total", equals=n, kind="message", outcome=outcome)
    if outcome != "undeliverable":
        assert gw.wait_log("message", n=n, outcome=outcome)["http"]


def test_the_set_of_outcomes_is_covered():
    header = (harness.TOP / "core/base/outcome.h").read_text()
    rows = set(re.findall(r"^ +X\((\w+),", header, re.M))
    assert len(rows) > 10
    assert set(PRODUCED) | set(WAITING) == rows
    assert not set(PRODUCED) & set(WAITING)


def test_every_outcome_is_exported_from_the_start(gw):
    for outcome in [*PRODUCED, *WAITING]:
        assert gw.metric("replyd_messages_total", kind="message", outcome=outcome) == 0


@produces("ok")
def test_ok(gw, twilio):
    assert twilio.text(gw, "ok").messages == ["fine"]
    ended(gw, "ok")


@produces("empty")
def test_empty(gw, twilio):
    assert twilio.text(gw, "empty").messages == []
    ended(gw, "empty")
    assert twilio.text(gw, "no handler matches this").messages == []
    ended(gw, "empty", 2)


@produces("error")
def test_error(gw, twilio):
    assert twilio.text(gw, "error").messages == ["sorry"]
    ended(gw, "error")
    assert twilio.text(gw, "badvalue").messages == ["sorry"]
    ended(gw, "error", 2)


def test_failures_behind_an_answer_are_counted(gateway, twilio):
    """Twilio has its 204, or its reply, and nothing else tells of them."""
    script = """return {
        status = function(ev) error("always") end,
        message = function(msg)
          if msg.body == "late" then msg:reply("soon") msg:finish() end
          if msg.body == "spawn" then replyd.spawn(function() error("behind") end) return "well" end
          error("here")
        end,
      }"""
    with gateway(script, fallback_reply="sorry") as gw:
        assert twilio.status(gw, "sent", sid="SM1").status == 204
        gw.wait_metric("replyd_handler_failures_total", 1, kind="status", outcome="error")
        assert twilio.text(gw, "late").messages == ["soon"]
        gw.wait_metric("replyd_handler_failures_total", 1, kind="message", outcome="error")
        assert twilio.text(gw, "spawn").messages == ["well"]
        gw.wait_metric("replyd_handler_failures_total", 2, kind="message", outcome="error")
        assert twilio.text(gw, "fail").messages == ["sorry"]
        gw.wait_metric("replyd_handler_failures_total", 3, kind="message", outcome="error")
        assert gw.metric("replyd_messages_total", kind="message", outcome="error") == 1


@pytest.mark.timed
@produces("cpu")
def test_cpu(gw, twilio):
    for n, word in enumerate(["cpu", "pcall"], 1):
        answer = twilio.text(gw, word)
        assert answer.messages == ["sorry"] and answer.elapsed < harness.seconds(4)
        ended(gw, "cpu", n)
    assert "main.lua" in gw.wait_log("script_failed", outcome="cpu")["error"]


def test_a_handler_that_spins_lets_others_pass(gw, twilio):
    spinning = twilio.text_async(gw, "cpu", from_="+15550000001")
    gw.wait_metric("replyd_preemptions_total", at_least=1)
    quick = twilio.text(gw, "ok")
    assert quick.messages == ["fine"] and not spinning.done()
    assert spinning.result().messages == ["sorry"]


@pytest.mark.timed
@produces("memory")
def test_memory(gw, twilio):
    assert twilio.text(gw, "memory").messages == ["sorry"]
    ended(gw, "memory")
    # buffers of Lua's libraries say it with a plain error
    assert twilio.text(gw, "buffer").messages == ["sorry"]
    ended(gw, "memory", 2)
    for line in gw.log("script_failed", outcome="memory"):
        assert re.match(r"scripts/main.lua:\d+: not enough memory: handler_memory \(32 MiB\)",
                        line["error"]), line["error"]
    assert twilio.text(gw, "ok").messages == ["fine"]


@produces("cancelled")
def test_cancelled(gw, twilio):
    assert twilio.text(gw, "asleep").messages == ["sorry"]
    ended(gw, "cancelled")


@produces("dropped")
def test_dropped(gateway, twilio):
    with gateway(SCRIPT, script_threads=1, max_sender_queue=1) as gw:
        first = twilio.text_async(gw, "wait")
        gw.wait_metric("replyd_runs", equals=1)
        second = twilio.text_async(gw, "ok")
        gw.wait_metric("replyd_runs", equals=2)
        assert twilio.text(gw, "ok").messages == []
        ended(gw, "dropped")
        twilio.text(gw, "go", from_="+15550000001")
        assert [first.result().messages, second.result().messages] == [["went"], ["fine"]]


@produces("merged")
def test_merged(gateway, twilio):
    with gateway(SCRIPT.replace("return {", "return { debounce = '13s', message = print,", 1),
                 script_threads=1, fallback_reply="sorry") as gw:
        first = twilio.text_async(gw, "one")
        gw.wait_metric("replyd_runs", equals=1)
        second = twilio.text_async(gw, "two")
        assert first.result().messages == []
        assert twilio.text(gw, "ok").messages == ["fine"]    # ends the burst
        assert second.result().messages == []
        ended(gw, "merged")


@pytest.mark.timed
@produces("lost_thread")
def test_lost_thread(gw, twilio):
    answer = twilio.text(gw, "block")
    assert answer.messages == ["sorry"] and answer.elapsed < 3
    ended(gw, "lost_thread")
    assert twilio.text(gw, "ok").messages == ["fine"]
    assert gw.metric("replyd_script_threads_lost_total") == 1


@produces("early")
def test_early(gw, twilio):
    assert twilio.text(gw, "early").messages == ["a"]
    ended(gw, "early")


@produces("undeliverable")
def test_undeliverable(gw, twilio):
    assert twilio.text(gw, "late").messages == []
    ended(gw, "undeliverable")
    gw.wait_log("late", outcome="undeliverable")


@produces("replay")
def test_replay(gw, twilio):
    bodies = {twilio.text(gw, "ok", sid="SM1").body for _ in range(2)}
    assert len(bodies) == 1
    ended(gw, "replay")


@produces("join")
def test_join(gw, twilio):
    pending = [twilio.text_async(gw, "wait", sid="SM2") for _ in range(2)]
    gw.wait_metric("replyd_exchanges_waiting", equals=1)
    assert twilio.text(gw, "go", from_="+15550009999").messages == ["gone"]
    assert [p.result().messages for p in pending] == [["went"], ["went"]]
    ended(gw, "join")


@produces("refused")
def test_refused(gw, twilio):
    params = twilio.message_params("x", MessageSid=None, SmsSid=None, SmsMessageSid=None)
    assert twilio.post(gw, params).messages == []
    ended(gw, "refused")


@produces("overload")
def test_overload(gateway, twilio):
    with gateway(SCRIPT, max_in_flight=1, script_threads=1) as gw:
        first = twilio.text_async(gw, "wait", sid="SM3")
        gw.wait_metric("replyd_exchanges", equals=1)
        gw.wait_hits("script.start", 1)
        second = twilio.text(gw, "ok", sid="SM4")
        assert second.status == 503
        ended(gw, "overload")
        joined = twilio.text_async(gw, "wait", sid="SM3")    # nothing more is in flight: it joins
        gw.wait_metric("replyd_exchanges_waiting", equals=1)
        gw.reload(SCRIPT.replace("fine", "better"), max_in_flight=10)
        assert twilio.text(gw, "go", from_="+15550009999").messages == ["gone"]
        assert twilio.text(gw, "ok", sid="SM4").messages == ["better"]    # 503 recorded nothing
        for answer in (first.result(), joined.result()):
            assert answer.messages in (["went"], [])


@produces("http503")
def test_http503(gw, twilio):
    gw.fault("store.commit", fail=1000000)
    assert twilio.text(gw, "ok").messages == ["fine"]    # unrecorded, once its handler had started
    gw.wait_metric("replyd_store_failures_total", at_least=1)
    gw.fault("store.lookup", fail=1)
    assert twilio.text(gw, "ok", sid="SM5").status == 503    # known to be faulty before
    ended(gw, "http503")
    gw.fault("store.commit", fail=0)
    assert twilio.text(gw, "ok", sid="SM5").messages == ["fine"]


def test_on_store_fault_answer_runs_the_handler(gateway, twilio):
    with gateway(SCRIPT, on_store_fault="answer") as gw:
        gw.fault("store.commit", fail=1000000)
        assert twilio.text(gw, "ok").messages == ["fine"]
        gw.wait_metric("replyd_store_failures_total", at_least=1)
        gw.fault("store.lookup", fail=1)
        assert twilio.text(gw, "ok").messages == ["fine"]
        gw.wait_metric("replyd_answered_unrecorded_total", equals=2)
        gw.fault("store.commit", fail=0)


def test_a_running_handler_is_counted_once(gw, twilio):
    pending = twilio.text_async(gw, "wait")
    gw.wait_hits("script.start", 1)
    gw.wait_metric("replyd_runs", at_least=1)
    runs = gw.metric("replyd_runs")
    twilio.text(gw, "go", from_="+15550009999")
    assert pending.result().messages == ["went"]
    assert runs == 1


def test_status_events_have_outcomes_of_their_own(gw, twilio):
    twilio.status(gw, "sent")
    gw.wait_metric("replyd_messages_total", equals=1, kind="status", outcome="ok")
