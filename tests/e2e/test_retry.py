"""Twilio asks again: the same message gets the same bytes, and the handler runs once."""

import raw

# Every run has a text of its own: an answer that was made twice would differ.
HANDLER = """
local n = 0
return {
  message = function(msg)
    n = n + 1
    replyd.log.info("ran")
    if msg.word == "slow" then replyd.sleep("100ms") end
    return "run " .. n .. " of " .. msg.id .. " at " .. replyd.now()
  end,
  status = function(ev) replyd.log.info("ran") end,
}
"""

FALLBACK_CALL = {"ErrorCode": "11200", "ErrorUrl": "https://bot.example.com/"}


def runs(gw, sid):
    """How often a handler ran for that message; after a message of the same thread ended."""
    return len(gw.log("script", sid=sid, msg="ran"))


def test_a_retry_gets_the_stored_answer(gateway, twilio):
    with gateway(HANDLER) as gw:
        first = twilio.text(gw, sid="SM1")
        again = twilio.text(gw, sid="SM1")
        assert first.status == 200 and "run 1 of SM1" in first.text
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
        gw.wait_metric("replyd_messages_total", equals=1, outcome="replay")
        gw.wait_log("message", sid="SM1", outcome="replay")
        assert runs(gw, "SM1") == 1


def test_a_retry_over_another_connection_and_listener_too(gateway, twilio):
    url = "https://bot.example.com/"
    with gateway(HANDLER, public_url="https://bot.example.com") as gw:
        bodies = {twilio.text(gw, sid="SM1", url=url, reuse=False, tls=tls).body
                  for tls in (True, False, True)}
        assert len(bodies) == 1


def test_messages_of_other_accounts_are_other_messages(gateway, twilio):
    with gateway(HANDLER) as gw:
        first = twilio.text(gw, sid="SM1")
        other = twilio.text(gw, sid="SM1", AccountSid="AC" + "9" * 32)
        assert first.body != other.body
        gw.wait_metric("replyd_messages_total", equals=2, outcome="ok")


def test_a_status_is_answered_once_for_each_state(gateway, twilio):
    with gateway(HANDLER) as gw:
        for status in ("queued", "sent", "sent", "delivered", "queued"):
            assert twilio.status(gw, status, sid="SM1").status == 204
        gw.wait_metric("replyd_messages_total", equals=2, kind="status", outcome="replay")
        gw.wait_log("script", n=3, sid="SM1", msg="ran")
        twilio.status(gw, "sent", sid="SM2")
        gw.wait_log("script", sid="SM2", msg="ran")
        assert runs(gw, "SM1") == 3


def test_concurrent_duplicates_wait_for_the_first(gateway, twilio):
    with gateway(HANDLER) as gw:
        gw.fault("store.commit", stall_until="released")
        pending = [twilio.text_async(gw, sid="SM2") for _ in range(50)]
        gw.wait_metric("replyd_exchanges_waiting", equals=49)
        assert not any(p.done() for p in pending)    # nothing goes out before it is recorded
        gw.release("store.commit")
        answers = [p.result() for p in pending]
        assert {(a.status, a.body) for a in answers} == {(200, answers[0].body)}
        gw.wait_metric("replyd_messages_total", equals=49, outcome="join")
        gw.wait_metric("replyd_exchanges_waiting", equals=0)
        assert runs(gw, "SM2") == 1


def test_duplicates_of_a_running_handler_join_it(gateway, twilio):
    with gateway(HANDLER) as gw:
        pending = [twilio.text_async(gw, "slow", sid="SM3") for _ in range(50)]
        assert len({p.result().body for p in pending}) == 1
        gw.wait_metric("replyd_messages_total", equals=1, outcome="ok")
        assert runs(gw, "SM3") == 1


def pipelined(gw, twilio, n):
    """n other messages over one connection, all answered."""
    with raw.Connection(gw, tls=False) as c:
        for _ in range(n // 50):
            c.send(b"".join(b"".join(raw.post(twilio, gw, twilio.status_params("sent"), tls=False))
                            for _ in range(50)))
            for _ in range(50):
                assert c.response().status == 204


def test_a_replay_after_many_other_messages_comes_from_the_store(gateway, twilio):
    with gateway(HANDLER) as gw:
        first = {f"SM{i}": twilio.text(gw, sid=f"SM{i}").body for i in range(64)}
        others = 0
        while gw.hits("store.lookup") == 0:    # until one of them is no longer in the claims table
            pipelined(gw, twilio, 1000)
            others += 1000
            assert others < 30000
            for sid, body in first.items():
                assert twilio.text(gw, sid=sid).body == body
        print(f"other messages: {others}")
        gw.wait_metric("replyd_messages_total", equals=64, kind="message", outcome="ok")


def test_the_fallback_call_gets_the_same_answer(gateway, twilio):
    with gateway(HANDLER) as gw:
        first = twilio.text(gw, sid="SM4")
        fallback = twilio.text(gw, sid="SM4", **FALLBACK_CALL)
        assert fallback.body == first.body
        assert runs(gw, "SM4") == 1


def test_an_unanswered_message_is_run_by_the_fallback_call(gateway, twilio):
    script = """return function(msg)
      if msg.fallback then return "fallback " .. msg.fallback.code end
      return "first" end"""
    with gateway(script) as gw:
        assert twilio.text(gw, **FALLBACK_CALL).messages == ["fallback 11200"]


# ---- on_error = "http500" --------------------------------------------------------------

FAILS = """return function(msg)
  if msg.word == "slow" then replyd.sleep(0.5) end
  error("on purpose") end"""


def test_http500_sends_twilio_to_the_fallback_url(gateway, twilio):
    with gateway(FAILS, on_error="http500", fallback_reply="sorry") as gw:
        assert twilio.text(gw, sid="SM5").status == 500
        assert twilio.text(gw, sid="SM5").status == 500    # nothing was recorded: it runs afresh
        fallback = twilio.text(gw, sid="SM5", **FALLBACK_CALL)
        assert (fallback.status, fallback.messages) == (200, ["sorry"])
        again = twilio.text(gw, sid="SM5")
        assert (again.status, again.body) == (200, fallback.body)
        gw.wait_log("script_failed", n=3, sid="SM5")
    assert len(gw.log("script_failed", sid="SM5")) == 3


def test_no_500_when_a_fallback_call_waits_for_the_same_run(gateway, twilio):
    with gateway(FAILS, on_error="http500", fallback_reply="sorry") as gw:
        first = twilio.text_async(gw, "slow", sid="SM6")
        gw.wait_metric("replyd_exchanges", equals=1)
        fallback = twilio.text_async(gw, "slow", sid="SM6", **FALLBACK_CALL)
        answers = first.result(), fallback.result()
        assert [(a.status, a.messages) for a in answers] == 2 * [(200, ["sorry"])]
    assert len(gw.log("script_failed", sid="SM6")) == 1


def test_http500_is_for_messages_only(gateway, twilio):
    script = "return { status = function() error('on purpose') end }"
    with gateway(script, on_error="http500") as gw:
        assert twilio.status(gw, "sent", sid="SM7").status == 204
        gw.wait_log("script_failed", sid="SM7")
