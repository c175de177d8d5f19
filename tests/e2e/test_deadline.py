"""An answer in time, whatever handler and store do; and never two different ones.

The soft deadline is 1 s here, the hard one 2 s. Each store test is a counterexample of
tests/model/counterexamples.md, whose rule is its name there.
"""

import pytest

pytestmark = pytest.mark.waits

FALLBACK = "fallback!"

TOOLS = """
local handlers = {
  quick = function(msg) return "R" end,
  asleep = function(msg) replyd.sleep(60) return "too late" end,
  said = function(msg) msg:reply("a") msg:reply("b") replyd.sleep(60) return "too late" end,
  finish = function(msg) msg:reply("a") msg:finish() return nil end,
  finishlate = function(msg)
    msg:reply("a") msg:finish() replyd.sleep(0.1) msg:reply("b") msg:reply("c") return "d" end,
  finishempty = function(msg) msg:finish() replyd.sleep(0.1) return "late" end,
  finishtwice = function(msg) msg:reply("a") msg:finish() msg:finish() end,
  finishfails = function(msg) msg:reply("a") msg:finish() error("on purpose") end,
  stubborn = function(msg)
    pcall(replyd.sleep, 60) pcall(replyd.sleep, 60) replyd.log.info("survived") return "R" end,
  clock = function(msg)
    replyd.log.info("tick") replyd.sleep(2.5) replyd.log.info("tock") return "R" end,
  short = function(msg) msg:reply("a") replyd.sleep("500ms") return "b" end,
  block = function(msg) replyd.debug.block(8) replyd.log.info("came back") return "R" end,
  left = function(msg) return ("%.3f"):format(msg:time_left()) end,
}
return { message = function(msg)
  replyd.log.info("ran")
  return handlers[msg.word](msg)
end, status = function(ev) replyd.log.info("ran") end }
"""


@pytest.fixture
def gw(gateway):
    with gateway(TOOLS, deadline="1s", fallback_reply=FALLBACK) as running:
        yield running


def unrecorded(gw):
    return gw.metric("replyd_answered_unrecorded_total")


def undeliverable(gw):
    return gw.metric("replyd_undeliverable_total")


def ran(gw, sid):
    return len(gw.log("script", sid=sid, msg="ran"))


# ---- the handler is slow ---------------------------------------------------------------


def test_a_sleeping_handler_is_answered_for_at_the_soft_deadline(gw, twilio):
    answer = twilio.text(gw, "asleep", sid="SM1")
    assert (answer.status, answer.messages) == (200, [FALLBACK])
    assert 0.9 < answer.elapsed < 2
    gw.wait_metric("replyd_messages_total", equals=1, outcome="cancelled")
    line = gw.wait_log("message", sid="SM1")
    assert (line["outcome"], line["why"], line["level"]) == ("cancelled", "deadline", "warn")
    assert twilio.text(gw, "asleep", sid="SM1").body == answer.body
    gw.wait_metric("replyd_runs", equals=0)
    assert (unrecorded(gw), undeliverable(gw), ran(gw, "SM1")) == (0, 0, 1)


def test_a_message_that_waited_for_its_turn_says_so(gateway, twilio):
    with gateway(TOOLS, deadline="1s", fallback_reply=FALLBACK, script_threads=1) as gw:
        gw.fault("script.start", stall_until="released")
        answer = twilio.text(gw, "quick", sid="SM1")
        assert (answer.status, answer.messages) == (200, [FALLBACK])
        line = gw.wait_log("message", sid="SM1")
        assert (line["outcome"], line["why"], line["level"]) == ("cancelled", "no_turn", "warn")
        gw.release("script.start")
        gw.wait_metric("replyd_runs", equals=0)
        assert ran(gw, "SM1") == 0


def test_replies_so_far_come_before_the_fallback(gw, twilio):
    answer = twilio.text(gw, "said")
    assert answer.messages == ["a", "b", FALLBACK] and 0.9 < answer.elapsed < 2


def test_without_a_fallback_the_answer_is_empty(gateway, twilio):
    with gateway(TOOLS, deadline="1s", waiting_reply="one moment") as gw:
        assert twilio.text(gw, "asleep").messages == []    # nothing can be late: no waiting_reply
        assert twilio.text(gw, "said").messages == ["a", "b"]


def test_a_cancelled_handler_cannot_catch_it(gw, twilio):
    assert twilio.text(gw, "stubborn", sid="SM2").messages == [FALLBACK]
    gw.wait_metric("replyd_runs", equals=0)
    assert not gw.log("script", sid="SM2", msg="survived")


FAILURES = {"error": "error('on purpose')", "cpu": "while true do end",
            "memory": "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"}


@pytest.mark.timed
@pytest.mark.parametrize("outcome", FAILURES)
def test_a_failed_handlers_replies_stay_unsent_when_its_error_handler_is_late(gateway, twilio,
                                                                              outcome):
    script = """return { message = function(msg) msg:reply("half") %s end,
      error = function() replyd.sleep(60) return "too late" end }""" % FAILURES[outcome]
    with gateway(script, deadline="3s", cpu_limit="300ms", handler_memory="1MiB",
                 fallback_reply=FALLBACK) as gw:
        answer = twilio.text(gw, sid="SM1")
        assert (answer.status, answer.messages) == (200, [FALLBACK])
        assert gw.wait_log("script_failed", sid="SM1")["outcome"] == outcome
        line = gw.wait_log("message", sid="SM1")
        assert (line["outcome"], line["why"], line["level"]) == (outcome, "error_handler", "warn")
        assert gw.metric("replyd_messages_total", outcome=outcome) == 1


def test_what_was_finished_before_the_failure_stays_sent(gateway, twilio):
    script = """return { message = function(m) m:reply("a") m:finish() error("on purpose") end,
      error = function() replyd.sleep(60) end }"""
    with gateway(script, deadline="1s", late_limit="1s", fallback_reply=FALLBACK) as gw:
        assert twilio.text(gw, sid="SM1").messages == ["a"]
        gw.wait_metric("replyd_runs", equals=0)
        assert gw.wait_log("message", sid="SM1")["outcome"] == "early"


def test_the_deadline_counts_from_the_first_byte(gw, twilio):
    for _ in range(3):    # the second and third on a reused connection
        answer = twilio.text(gw, "asleep")
        assert answer.messages == [FALLBACK] and 0.9 < answer.elapsed < 2
        assert 0.5 < float(twilio.text(gw, "left").messages[0]) <= 1


def test_a_route_has_its_own_deadline(gateway, twilio):
    routes = [{"path": "/short", "script": "scripts/main.lua", "deadline": "1s"},
              {"path": "/long", "script": "scripts/main.lua"}]
    with gateway(TOOLS, routes=routes, deadline="5s", fallback_reply=FALLBACK) as gw:
        assert float(twilio.text(gw, "left", path="/long").messages[0]) > 4
        assert float(twilio.text(gw, "left", path="/short").messages[0]) <= 1
        answer = twilio.text(gw, "asleep", path="/short")
        assert answer.messages == [FALLBACK] and answer.elapsed < 2


# ---- msg:finish() ----------------------------------------------------------------------


def test_what_comes_after_finish_is_undeliverable(gw, twilio):
    answer = twilio.text(gw, "finishlate", sid="SM3")
    assert answer.messages == ["a"] and answer.elapsed < 1
    gw.wait_log("late", n=1, sid="SM3", outcome="undeliverable")
    gw.wait_metric("replyd_undeliverable_total", equals=3)
    gw.wait_metric("replyd_messages_total", equals=1, outcome="early")
    assert gw.metric("replyd_messages_total", outcome="undeliverable") > 0
    assert twilio.text(gw, "finishlate", sid="SM3").body == answer.body
    assert ran(gw, "SM3") == 1


def test_finish_without_replies_is_an_empty_answer(gw, twilio):
    assert twilio.text(gw, "finishempty").messages == []
    gw.wait_metric("replyd_undeliverable_total", equals=1)


def test_a_second_finish_does_nothing(gw, twilio):
    assert twilio.text(gw, "finishtwice").messages == ["a"]
    gw.wait_metric("replyd_runs", equals=0)
    assert undeliverable(gw) == 0 and not gw.log("script_failed")


def test_a_finished_handler_goes_on_to_the_late_limit(gateway, twilio):
    script = """return function(msg)
      msg:finish() replyd.log.info("left " .. math.ceil(msg:time_left()))
      replyd.sleep(60) replyd.log.info("survived") end"""
    with gateway(script, deadline="1s", late_limit="3s") as gw:
        assert twilio.text(gw, sid="SM1").messages == []
        assert gw.wait_log("script")["msg"] == "left 3"
        gw.wait_metric("replyd_runs", equals=0)
        assert not gw.log("script", msg="survived")
        line = gw.wait_log("late_limit", sid="SM1")
        assert (line["level"], line["what"]) == ("warn", "handler") and "raise" in line["why"]
        assert line["script"] == "scripts/main.lua" and 2900 < float(line["ms"]) < 9000
        assert gw.metric("replyd_late_limit_total") == len(gw.log("late_limit")) == 1


def test_a_failure_after_finish_is_undeliverable(gw, twilio):
    assert twilio.text(gw, "finishfails", sid="SM4").messages == ["a"]
    gw.wait_log("script_failed", sid="SM4")
    gw.wait_metric("replyd_undeliverable_total", equals=1)    # its fallback_reply


# ---- the store is slow -----------------------------------------------------------------


def test_end_does_not_freeze(gw, twilio):
    gw.fault("store.commit", stall_until="released")
    answer = twilio.text(gw, "quick", sid="SM1")
    assert answer.messages == ["R"] and 1.5 < answer.elapsed < 3
    gw.wait_metric("replyd_answered_unrecorded_total", equals=1)
    during = twilio.text(gw, "quick", sid="SM1")
    gw.release("store.commit")
    assert [during.body, twilio.text(gw, "quick", sid="SM1").body] == 2 * [answer.body]
    assert (undeliverable(gw), unrecorded(gw), ran(gw, "SM1")) == (0, 1, 1)


def test_nothing_goes_out_before_it_is_recorded(gw, twilio):
    gw.fault("store.commit", stall_until="released")
    pending = twilio.text_async(gw, "quick")
    gw.wait_stalled("store.commit")
    assert not pending.done()
    gw.release("store.commit")
    answer = pending.result()
    assert answer.messages == ["R"] and answer.elapsed < 2
    assert unrecorded(gw) == 0


def test_cancel_keeps_run(gw, twilio):
    gw.fault("store.commit", stall_until="released")
    answer = twilio.text(gw, "stubborn", sid="SM2")
    assert answer.messages == [FALLBACK] and answer.elapsed < 3
    gw.release("store.commit")
    assert twilio.text(gw, "stubborn", sid="SM2").body == answer.body
    gw.wait_metric("replyd_runs", equals=0)
    assert ran(gw, "SM2") == 1 and undeliverable(gw) == 0


def test_failed_503(gw, twilio):
    gw.fault("store.commit", fail=1)
    answer = twilio.text(gw, "quick", sid="SM3")
    assert (answer.status, answer.messages) == (200, ["R"])
    gw.wait_metric("replyd_answered_unrecorded_total", equals=1)
    gw.wait_hits("store.commit", 2)    # written later
    assert twilio.text(gw, "quick", sid="SM3").body == answer.body
    assert ran(gw, "SM3") == 1


def test_a_write_is_repeated_until_it_succeeds(gw, twilio):
    gw.fault("store.commit", fail=5)
    answer = twilio.text(gw, "quick", sid="SM4")
    assert answer.messages == ["R"]
    gw.wait_hits("store.commit", 6)
    gw.wait_metric("replyd_store_failures_total", equals=5)
    assert unrecorded(gw) == 1
    other = twilio.text(gw, "quick", sid="SM5")    # the store is well again
    assert other.messages == ["R"] and unrecorded(gw) == 1


def test_never_gives_up(gateway, twilio):
    with gateway(TOOLS, deadline="1s", late_limit="1s") as gw:
        gw.fault("store.commit", fail=1000000)
        answer = twilio.text(gw, "quick", sid="SM6")
        assert answer.messages == ["R"]
        line = gw.wait_log("store", level="error")
        assert "late_limit" in line["msg"]
        gw.fault("store.commit", fail=0)
        assert twilio.text(gw, "quick", sid="SM6").body == answer.body


def test_fire_and_forget(gw, twilio):
    gw.fault("store.early", fail=1)
    answer = twilio.text(gw, "finish", sid="SM7")
    assert answer.messages == ["a"]
    gw.wait_metric("replyd_answered_unrecorded_total", equals=1)
    gw.wait_metric("replyd_runs", equals=0)
    assert twilio.text(gw, "finish", sid="SM7").body == answer.body
    assert ran(gw, "SM7") == 1


def test_a_stalled_early_answer_goes_out_at_the_hard_deadline(gw, twilio):
    gw.fault("store.early", stall_until="released")
    answer = twilio.text(gw, "finish", sid="SM8")
    assert answer.messages == ["a"] and 1.5 < answer.elapsed < 3
    gw.wait_metric("replyd_answered_unrecorded_total", equals=1)
    gw.release("store.early")
    gw.wait_metric("replyd_runs", equals=0)
    assert twilio.text(gw, "finish", sid="SM8").body == answer.body


def test_http500_when_frozen(gateway, twilio):
    with gateway(TOOLS, deadline="1s", on_error="http500", fallback_reply=FALLBACK) as gw:
        gw.fault("store.early", stall_until="released")
        answer = twilio.text(gw, "finishfails", sid="SM9")
        assert (answer.status, answer.messages) == (200, ["a"])
        gw.release("store.early")
        gw.wait_log("script_failed", sid="SM9")
        assert twilio.text(gw, "finishfails", sid="SM9").body == answer.body


def make_faulty(gw, twilio):
    """Writes fail from now on: every new message is looked up first."""
    gw.fault("store.commit", fail=1000000)
    assert twilio.text(gw, "quick").messages == ["R"]
    gw.wait_metric("replyd_store_failures_total", at_least=1)


def test_freeze_in_lookup(gw, twilio):
    make_faulty(gw, twilio)
    gw.fault("store.lookup", stall_until="released")
    late = twilio.text(gw, "quick", sid="SM10")
    assert late.status == 503 and 1.5 < late.elapsed < 3
    gw.wait_metric("replyd_messages_total", equals=1, outcome="http503")
    gw.fault("store.commit", fail=0)
    gw.release("store.lookup")
    again = twilio.text(gw, "quick", sid="SM10")
    assert (again.status, again.messages) == (200, ["R"])
    assert undeliverable(gw) == 0


def test_a_soft_deadline_while_the_store_is_asked(gateway, twilio):
    """Nothing is frozen before the row is known; then the answer is the deadline's at once."""
    routes = [{"path": "/clock", "script": "scripts/main.lua", "deadline": "10s"},
              {"path": "/", "script": "scripts/main.lua"}]
    with gateway(TOOLS, deadline="2s", routes=routes, fallback_reply=FALLBACK) as gw:
        make_faulty(gw, twilio)
        clock = twilio.text_async(gw, "clock", path="/clock")    # says when 2.5 s have passed
        gw.wait_log("script", msg="tick")
        gw.fault("store.lookup", stall_until="released")
        asked = twilio.text_async(gw, "quick", sid="SM11")
        gw.wait_stalled("store.lookup")
        gw.wait_log("script", msg="tock")
        assert not asked.done()
        gw.fault("store.commit", fail=0)
        gw.release("store.lookup")
        answer = asked.result()
        assert (answer.status, answer.messages) == (200, [FALLBACK]) and answer.elapsed < 4
        assert twilio.text(gw, "quick", sid="SM11").body == answer.body
        assert clock.result().messages == ["R"]


def test_a_status_event_is_not_acknowledged_before_it_is_recorded(gw, twilio):
    gw.fault("store.early", stall_until="released")
    pending = twilio.submit(twilio.status, gw, "sent", sid="SM12")
    gw.wait_stalled("store.early")
    assert not pending.done() and ran(gw, "SM12") == 0
    gw.release("store.early")
    assert pending.result().status == 204
    gw.wait_log("script", sid="SM12", msg="ran")


# ---- both orders of two events ---------------------------------------------------------


def test_an_end_after_the_soft_deadline_is_dropped(gw, twilio):
    gw.fault("script.end", stall_until="released")
    answer = twilio.text(gw, "quick", sid="SM13")
    assert answer.messages == [FALLBACK] and answer.elapsed < 2
    gw.release("script.end")
    gw.wait_metric("replyd_effects_dropped_total", at_least=1)
    assert twilio.text(gw, "quick", sid="SM13").body == answer.body
    assert (unrecorded(gw), undeliverable(gw)) == (0, 0)


def test_a_record_after_the_hard_deadline_changes_nothing(gw, twilio):
    gw.fault("store.done", stall_until="released")
    answer = twilio.text(gw, "quick", sid="SM14")
    assert answer.messages == ["R"] and 1.5 < answer.elapsed < 3
    gw.release("store.done")
    assert twilio.text(gw, "quick", sid="SM14").body == answer.body
    assert (unrecorded(gw), undeliverable(gw), ran(gw, "SM14")) == (1, 0, 1)


def test_a_retry_behind_a_settlement_gets_its_bytes(gw, twilio):
    gw.fault("front.settle", stall_until="released")
    first = twilio.text_async(gw, "quick", sid="SM15")
    gw.wait_stalled("front.settle")
    again = twilio.text_async(gw, "quick", sid="SM15", reuse=False)
    gw.release("front.settle")
    assert first.result().messages == ["R"] and again.result().body == first.result().body
    assert undeliverable(gw) == 0 and ran(gw, "SM15") == 1


# ---- a thread is lost ------------------------------------------------------------------


@pytest.fixture
def single(gateway):
    """One script thread: who blocks it stands in everybody's way."""
    with gateway(TOOLS, deadline="8s", fallback_reply=FALLBACK, script_threads=1) as running:
        yield running


def lose_the_thread(gw, twilio, sid="SMblock"):
    return twilio.text_async(gw, "block", sid=sid, from_="+15550007777")


def test_no_rerun_when_lost(single, twilio):
    started = twilio.text_async(single, "short", sid="SM20")
    single.wait_log("script", sid="SM20", msg="ran")
    blocked = lose_the_thread(single, twilio)
    answer = started.result()
    assert answer.messages == ["a", "b"] and answer.elapsed < 5    # also: rerun_keeps_published
    assert blocked.result().messages == [FALLBACK]
    single.wait_metric("replyd_script_threads_lost_total", equals=1)
    single.wait_metric("replyd_messages_total", equals=1, outcome="lost_thread")


def test_count_replies(single, twilio):
    answer = twilio.text(single, "finishlate", sid="SM21")
    blocked = lose_the_thread(single, twilio)
    assert answer.messages == ["a"]
    assert blocked.result().messages == [FALLBACK]
    single.wait_metric("replyd_undeliverable_total", at_least=1)
    assert twilio.text(single, "finishlate", sid="SM21").body == answer.body


@pytest.mark.timed
def test_no_serial_check(single, twilio):
    blocked = lose_the_thread(single, twilio, sid="SM22")
    answer = blocked.result()
    assert answer.messages == [FALLBACK] and answer.elapsed < 4
    assert twilio.text(single, "quick").messages == ["R"]    # the successor serves
    assert twilio.text(single, "block", sid="SM22", from_="+15550007777").body == answer.body
    assert not single.log("script", msg="came back")


def test_repeat_keeps_epoch(single, twilio):
    single.fault("store.commit", fail=1)
    answer = twilio.text(single, "quick", sid="SM23")
    assert answer.messages == ["R"]
    single.fault("store.commit", stall_until="released")
    blocked = lose_the_thread(single, twilio)
    single.wait_metric("replyd_script_threads_lost_total", equals=1)
    single.release("store.commit")
    assert blocked.result().messages == [FALLBACK]
    assert twilio.text(single, "quick", sid="SM23").body == answer.body
    assert ran(single, "SM23") == 1
