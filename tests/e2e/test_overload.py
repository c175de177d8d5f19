"""Too much at a time: 503, nothing recorded, and the next call runs afresh."""

from harness import wait_for
from load import Load

SCRIPT = """
return { keywords = {
  wait = function() replyd.debug.wait_event("go") return "went" end,
  go = function() replyd.debug.signal("go") return "gone" end,
  echo = function(msg) replyd.log.info("ran " .. msg.args) return msg.args end,
}, status = function() replyd.log.info("status") replyd.debug.wait_event("go") end }
"""


def test_beyond_max_in_flight_is_503_and_the_next_call_runs_afresh(gateway, twilio, count):
    n = count(1000, "refused messages", least=20)
    with gateway(SCRIPT, script_threads=1, max_in_flight=2, deadline="8s") as gw:
        waiting = [twilio.text_async(gw, "wait", sid=f"SMwait{i}", from_=f"+1555000111{i}")
                   for i in range(2)]
        gw.wait_hits("script.start", 2)
        report = Load(gw, rate=500, limit=n).start().join()
        assert {r.status for r in report.results} == {503}
        gw.wait_metric("replyd_messages_total", equals=n, kind="message", outcome="overload")
        assert not [l for l in gw.log("script") if l["msg"].startswith("ran ")]
        gw.reload(max_in_flight=100)
        assert twilio.text(gw, "go").messages == ["gone"]
        assert [w.result().messages for w in waiting] == 2 * [["went"]]
        for r in report.results:
            again = twilio.text(gw, f"echo {r.token}", sid=r.sid, from_=r.from_, tls=False)
            assert (again.status, again.messages) == (200, [r.token])
        gw.wait_metric("replyd_claims", at_least=1)
        gw.wait_metric("replyd_exchanges", equals=0)


def test_events_that_wait_leave_half_of_the_places_to_messages(gateway, twilio):
    with gateway(SCRIPT, script_threads=1, max_in_flight=10) as gw:
        for i in range(20):
            assert twilio.status(gw, "sent", sid=f"SM{i}").status == 204
        gw.wait_log("script", n=5, msg="status")
        for i in range(10):
            assert twilio.text(gw, f"echo {i}").messages == [str(i)]
        assert len(gw.log("script", msg="status")) == 5

        def all_have_run():
            assert twilio.text(gw, "go").messages == ["gone"]
            return len(gw.log("script", msg="status")) == 20 and gw.metric("replyd_runs") == 0
        wait_for(all_have_run, "the others to run")


def test_beyond_max_mailbox_is_503_and_the_next_call_runs_afresh(gateway, twilio, count):
    n = count(400, "messages before a full mailbox", least=20)
    with gateway(SCRIPT, script_threads=1, max_mailbox=5, deadline="8s") as gw:
        gw.fault("script.start", stall_until="released")
        first = twilio.text_async(gw, "echo first", sid="SMfirst")
        gw.wait_stalled("script.start")
        load = Load(gw, rate=500, limit=n).start()
        gw.wait_metric("replyd_messages_total", equals=n - 5, kind="message", outcome="overload")
        gw.release("script.start")
        report = load.join()
        assert first.result().messages == ["first"]
        refused = [r for r in report.results if r.status == 503]
        served = [r for r in report.results if r.status == 200]
        assert (len(refused), len(served)) == (n - 5, 5)
        assert all(r.text == r.token for r in served)
        assert {r.sid for r in served} == {r.sid for r in report.results[:5]}
        for r in refused:
            again = twilio.text(gw, f"echo {r.token}", sid=r.sid, from_=r.from_, tls=False)
            assert (again.status, again.messages) == (200, [r.token])
