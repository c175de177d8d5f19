"""Log lines: one for each message, masked, in two formats; a slow reader costs lines only."""

import json

import pytest

from raw import Connection

SCRIPT = """
return {
  keywords = { fail = function() error("on purpose") end,
               much = function()
                 for i = 1, 100 do replyd.log.info(("x"):rep(1000)) end
                 return "logged"
               end },
  message = function(msg) replyd.log.warn("said", { n = 1 }) return "hi" end,
  status = function(ev) end,
}
"""


def test_a_message_has_one_line_with_its_facts(gateway, twilio):
    with gateway(SCRIPT) as gw:
        sid = twilio.new_sid()
        twilio.text(gw, "my secret body", sid=sid, from_="+15551237788")
        line = gw.wait_log("message", sid=sid)
        assert line["level"] == "info" and line["outcome"] == "ok" and line["http"] == "200"
        assert line["from"] == "****7788"
        assert line["script"] == "scripts/main.lua" and int(line["gen"]) >= 1
        assert float(line["ms"]) >= 0
    assert len(gw.log("message", sid=sid)) == 1
    assert "my secret body" not in gw.log_tail(10**6)
    assert "15551237788" not in gw.log_tail(10**6)
    assert gw.token not in gw.log_tail(10**6)


def test_prefixes_of_channels_stay(gateway, twilio):
    with gateway(SCRIPT) as gw:
        twilio.text(gw, from_="whatsapp:+15551237788", to="whatsapp:+15550001111")
        assert gw.wait_log("message")["from"] == "whatsapp:****7788"


def test_status_callbacks_have_lines_too(gateway, twilio):
    with gateway(SCRIPT) as gw:
        assert twilio.status(gw, "delivered", sid="SM1").status == 204
        assert gw.wait_log("status", sid="SM1")["status"] == "delivered"


def test_a_script_logs_with_the_id_of_its_message(gateway, twilio):
    with gateway(SCRIPT) as gw:
        twilio.text(gw, sid="SMabc")
        line = gw.wait_log(sid="SMabc", level="warn")
        assert "said" in line.raw


def test_json_is_one_object_a_line(gateway, twilio):
    with gateway(SCRIPT, log={"format": "json"}) as gw:
        twilio.text(gw, sid="SM2")
        twilio.text(gw, "fail", sid="SM3")
        gw.wait_log("message", sid="SM3", outcome="error")
    lines = [l.raw for l in gw.lines if l.raw]
    assert all(isinstance(json.loads(l), dict) for l in lines)


def test_a_refused_signature_says_why_in_the_log_only(gateway, twilio):
    with gateway(SCRIPT) as gw:
        answer = twilio.text(gw, token="wrong")
        assert answer.status == 403 and b"mismatch" not in answer.body
        gw.wait_metric("replyd_signature_failures_total", equals=1, reason="mismatch")
        assert any("mismatch" in l.raw or "signature" in l.raw for l in gw.lines)


def test_a_blocked_pipe_costs_counted_lines_never_a_message(gateway, twilio):
    with gateway(SCRIPT, read_log=False) as gw:
        for i in range(20):
            answer = twilio.text(gw, "much", from_=f"+1555000{i:04d}")
            assert answer.messages == ["logged"] and answer.elapsed < 5
        assert gw.wait_metric("replyd_log_dropped_total", at_least=1) > 0
        assert twilio.text(gw).messages == ["hi"]


ROUTES = [{"path": "/a", "script": "scripts/main.lua"}]


def test_what_is_refused_unread_has_a_line_a_second_with_a_count(gateway, twilio):
    with gateway(SCRIPT, routes=ROUTES) as gw:
        for _ in range(50):
            assert twilio.text(gw, path="/b").status == 404
        lines = gw.log("refused", http=404, method="POST", path="/b", peer="127.0.0.1")
        assert 1 <= len(lines) < 50
        assert sum(1 + int(l.get("skipped", 0)) for l in lines) <= 50


@pytest.mark.parametrize("head, status", [
    (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", 413),
    (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nx", 415),
    (b"POST /a HTTP/1.1\r\nnonsense\r\n\r\n", 400),
])
def test_refusals_of_every_layer_have_a_line(gateway, head, status):
    with gateway(SCRIPT, routes=ROUTES) as gw, Connection(gw, tls=False) as c:
        c.send(head)
        assert c.response().status == status
        assert gw.wait_log("refused", http=status)["peer"] == "127.0.0.1"
