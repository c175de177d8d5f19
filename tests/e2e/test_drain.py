"""SIGTERM: everything accepted is answered, then it ends with 0."""

import http.client
import signal
import urllib.parse

import pytest

from harness import wait_for
from load import FALLBACK, Load
from raw import Connection, post

pytestmark = pytest.mark.waits

SCRIPT = """
return { keywords = {
  echo = function(msg) replyd.sleep(0.02) return msg.args end,
  wait = function() replyd.debug.wait_event("go") return "went" end,
  go = function() replyd.debug.signal("go") return "gone" end,
  late = function(msg)
    msg:reply("so far") msg:finish() replyd.sleep(0.5) replyd.log.info("all done")
  end,
  never = function(msg) msg:reply("so far") msg:finish() replyd.sleep(60) end,
  asleep = function(msg) msg:reply("so far") replyd.sleep(60) return "awake" end,
} }
"""


def test_sigterm_under_load_leaves_nobody_unanswered(gateway, twilio, count, rng):
    total = 0
    for i in range(count(100, "SIGTERMs under load", least=5)):
        with gateway(SCRIPT, fallback_reply=FALLBACK, log={"level": "warn"}) as gw:
            load = Load(gw, rate=300, fresh=rng.choice([0.1, 0.5, 1]), stop_refused=True,
                        seed=rng.random()).start()
            after = rng.randrange(5, 60)
            gw.wait_metric("replyd_messages_total", at_least=after, kind="message", outcome="ok")
            gw.terminate()
            report = load.join()
            accepted = [r for r in report.results if r.connected]
            bad = [r for r in accepted if r.status != 200 or r.text != r.token]
            assert not bad, (i, report, bad[:5])
            total += len(accepted)
    print(f"{total} accepted requests, all answered; seed of the run printed above")


def errors_of(gw, event):
    return [line["msg"] for line in gw.log(event, level="error")]


def refused(gw):
    parts = urllib.parse.urlsplit(gw.http_url)
    try:
        http.client.HTTPConnection(parts.hostname, parts.port, timeout=5).connect()
    except ConnectionRefusedError:
        return True
    return False


def test_what_runs_is_answered_and_readyz_says_503(gateway, twilio):
    with gateway(SCRIPT, deadline="8s", script_threads=1) as gw:
        assert gw.admin("/readyz")[0] == 200
        waiting = twilio.text_async(gw, "wait", from_="+15550001111")
        gw.wait_hits("script.start", 1)
        with Connection(gw, tls=False) as held:
            head, body = post(twilio, gw, twilio.message_params("go", from_="+15550002222"),
                              tls=False)
            held.send(head)                   # of which a byte was read: it may still end
            gw.wait_metric("replyd_connections", at_least=2)
            twilio.text(gw, "nothing")        # the head was read before this one's
            gw.terminate()
            gw.wait_log("drain")
            status, _ = gw.admin("/readyz")
            assert status == 503 and gw.admin("/healthz")[0] == 200
            wait_for(lambda: refused(gw), "closed listeners")
            held.send(body)
            answer = held.response()
            assert answer.status == 200 and b"gone" in answer.body
            assert answer.headers["connection"] == "close"
        assert waiting.result().messages == ["went"]
        assert gw.process.wait(20) == 0


def test_idle_connections_end_after_a_second(gateway, twilio):
    with gateway(SCRIPT) as gw:
        with Connection(gw, tls=False) as idle:
            head, body = post(twilio, gw, twilio.message_params("echo x"), tls=False)
            idle.send(head + body)
            assert idle.response().status == 200
            waiting = twilio.text_async(gw, "asleep", reuse=False)
            gw.wait_metric("replyd_exchanges", equals=1)
            gw.terminate()
            gw.wait_log("drain")
            assert idle.at_end()
            assert gw.process.poll() is None and not waiting.done()
            gw.process.send_signal(signal.SIGTERM)


def test_a_drain_limit_below_the_hard_deadline_is_refused(replyd, tmp_path):
    (tmp_path / "main.lua").write_text(SCRIPT.replace("replyd.debug", "debug"))
    (tmp_path / "replyd.lua").write_text(
        'return { listen = { "http://127.0.0.1:0" }, auth_token = "x", deadline = "8s", '
        'drain_limit = "5s", state = "state" }')
    (tmp_path / "replyd.lua").chmod(0o600)
    done = replyd("check", "-c", "replyd.lua", "main.lua")
    assert done.returncode != 0 and "drain_limit" in done.stdout + done.stderr


def test_a_second_sigterm_does_not_wait(gateway, twilio):
    with gateway(SCRIPT, deadline="12s", drain_limit="14s") as gw:
        pending = twilio.text_async(gw, "wait", reuse=False)
        gw.wait_hits("script.start", 1)
        gw.terminate()
        gw.wait_log("drain")
        assert gw.process.poll() is None
        gw.process.send_signal(signal.SIGTERM)
        assert gw.process.wait(5) == 0
        assert pending.exception() is not None    # its handler had not ended


def test_at_drain_limit_what_is_open_is_answered(gateway, twilio):
    """Only a deadline that a reload has shortened since lets a request be open then."""
    with gateway(SCRIPT, deadline="13s", drain_limit="14.5s", fallback_reply=FALLBACK) as gw:
        open_ = [twilio.text_async(gw, "asleep", from_=f"+1555000{i:04}") for i in range(5)]
        gw.wait_hits("script.start", 5)
        gw.reload(deadline="1s", drain_limit="2s")
        gw.terminate()
        gw.wait_log("drain", msg="drain_limit reached: open requests are answered now")
        assert [o.result().messages for o in open_] == [["so far", FALLBACK]] * 5
        assert gw.wait_end() == 0
        assert {l["why"] for l in gw.log("message", outcome="cancelled")} == {"drain"}


def test_a_store_that_does_not_answer_does_not_hold_up_the_end(gateway, twilio):
    with gateway(SCRIPT, deadline="1s", drain_limit="2s", exit_code=70) as gw:
        gw.fault("store.commit", stall_until="released")
        pending = twilio.text_async(gw, "echo x", reuse=False)
        gw.wait_stalled("store.commit")
        gw.terminate()
        assert pending.result().messages == ["x"]
        assert gw.process.wait(20) == 70
        assert errors_of(gw, "store") == ["the store has not ended for 5 s; leaving it behind"]


def test_a_second_sigterm_does_not_wait_for_the_store_for_ever(gateway, twilio):
    with gateway(SCRIPT, deadline="12s", drain_limit="14s", exit_code=70) as gw:
        gw.fault("store.commit", stall_until="released")
        twilio.text_async(gw, "echo x", reuse=False)
        gw.wait_stalled("store.commit")
        gw.terminate()
        gw.wait_log("drain")
        gw.process.send_signal(signal.SIGTERM)
        assert gw.process.wait(10) == 70


def test_sigint_is_like_sigterm(gateway, twilio):
    with gateway(SCRIPT) as gw:
        assert twilio.text(gw, "echo x").messages == ["x"]
        gw.terminated = True
        gw.process.send_signal(signal.SIGINT)
        assert gw.process.wait(20) == 0


def end_while_reloading(gw):
    gw.fault("reload.build", stall_until="released")
    gw.sighup()
    gw.wait_stalled("reload.build")
    gw.terminate()


def test_a_reload_under_way_does_not_hold_up_the_end(gateway, twilio):
    with gateway(SCRIPT) as gw:
        end_while_reloading(gw)
        gw.wait_log("drain")
        gw.release("reload.build")
        assert gw.process.wait(20) == 0


def test_a_reload_that_never_ends_is_left_behind(gateway, twilio):
    with gateway(SCRIPT) as gw:
        end_while_reloading(gw)
        gw.wait_log("drain", msg="a reload did not end: its thread is left behind")
        assert gw.process.wait(20) == 0


def test_text_is_told_that_it_is_ending(gateway, twilio, replyd):
    with gateway(SCRIPT, deadline="8s", script_threads=1) as gw:
        gw.fault("script.start", stall_until="released")
        waiting = twilio.text_async(gw, "echo x")
        gw.wait_stalled("script.start")
        gw.terminate()
        gw.wait_log("drain")
        assert gw.info()["listeners"] == [] and gw.info()["ready"] is False
        done = replyd("text", "-c", gw.folder / "replyd.lua", "+1555", "hi")
        assert done.returncode == 1 and "replyd is ending" in done.stderr
        gw.release("script.start")
        assert waiting.result().messages == ["x"]


def test_a_handler_that_goes_on_behind_its_answer_is_waited_for(gateway, twilio):
    with gateway(SCRIPT) as gw:
        assert twilio.text(gw, "late").messages == ["so far"]
        gw.terminate()
        assert gw.wait_end() == 0
        assert "all done" in gw.log_tail()
        assert "are ended" not in gw.log_tail()


def test_handlers_that_still_run_at_drain_limit_are_ended_and_counted(gateway, twilio):
    with gateway(SCRIPT, deadline="1s", drain_limit="2s") as gw:
        for sender in ("+15550001111", "+15550002222"):
            assert twilio.text(gw, "never", from_=sender).messages == ["so far"]
        gw.terminate()
        gw.wait_log("drain", msg="drain_limit reached: handlers that still run are ended: 2")
        assert gw.wait_end() == 0
