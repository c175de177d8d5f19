"""Status events: each state once, never back, with the tag of the reply that it is about."""

import pytest

SCRIPT = """return {
  message = function(msg)
    return { { body = "plain" }, { body = "tagged", tag = "order 17/ü&x" },
             { body = "own", status_callback = "https://other.example/cb", tag = "lost" } }
  end,
  status = function(ev)
    replyd.log.info("status", { status = ev.status, final = ev.final, code = ev.error_code,
      text = ev.error_text, tag = ev.tag, done = ev.done_at, channel = ev.channel })
  end,
}"""


def states(gw, sid, n):
    gw.wait_log("script", n=n, sid=sid, msg="status")
    return [line["status"] for line in gw.log("script", sid=sid, msg="status")]


def test_a_script_sees_no_state_twice_and_none_of_lower_rank(gateway, twilio):
    with gateway(SCRIPT) as gw:
        for i, status in enumerate(["queued", "sent", "sent", "sending", "delivered", "sent",
                                    "undelivered", "strange", "read", "delivered", "accepted"]):
            assert twilio.status(gw, status, sid="SM1").status == 204, i
        assert states(gw, "SM1", 6) == ["queued", "sent", "delivered", "undelivered", "strange",
                                        "read"]
        gw.wait_metric("replyd_status_late_total", equals=2)
        twilio.status(gw, "sent", sid="SM2")
        assert states(gw, "SM2", 1) == ["sent"]


def test_a_script_sees_states_in_the_order_of_their_answers(gateway, twilio):
    """Also one that replyd does not know, and whose rank needs no look at the store."""
    with gateway(SCRIPT, script_threads=1) as gw:
        gw.fault("script.start", stall_until="released")
        first = twilio.text_async(gw)
        gw.wait_stalled("script.start")
        for status in ("strange", "sent", "odd", "delivered", "new"):
            assert twilio.status(gw, status, sid="SM1").status == 204
        gw.release("script.start")
        assert first.result().messages == ["plain", "tagged", "own"]
        assert states(gw, "SM1", 5) == ["strange", "sent", "odd", "delivered", "new"]


def test_what_a_script_has_seen_is_remembered_across_a_reload(gateway, twilio):
    with gateway(SCRIPT) as gw:
        twilio.status(gw, "delivered", sid="SM1")
        assert states(gw, "SM1", 1) == ["delivered"]
        gw.reload(SCRIPT + "-- another")
        for status in ("sent", "delivered", "read"):
            assert twilio.status(gw, status, sid="SM1").status == 204
        assert states(gw, "SM1", 2) == ["delivered", "read"]
        gw.wait_metric("replyd_status_late_total", equals=1)


def test_each_script_has_its_own_view(gateway, twilio):
    scripts = {"main.lua": SCRIPT, "other.lua": SCRIPT}
    routes = [{"path": "/a", "script": "scripts/main.lua"},
              {"path": "/b", "script": "scripts/other.lua"}]
    with gateway(scripts, routes=routes) as gw:
        twilio.status(gw, "delivered", sid="SM1", path="/a")
        assert states(gw, "SM1", 1) == ["delivered"]
        twilio.status(gw, "sent", sid="SM1", path="/b")
        assert states(gw, "SM1", 2) == ["delivered", "sent"]


@pytest.mark.parametrize("params, code, text", [
    ({"ErrorCode": "30003"}, "30003", "The handset cannot be reached"),
    ({"ErrorCode": "30003", "ErrorMessage": "Twilio says"}, "30003", "Twilio says"),
    ({"ErrorCode": "99999"}, "99999", None), ({}, None, None)])
def test_an_error_code_has_its_text(gateway, twilio, params, code, text):
    with gateway(SCRIPT) as gw:
        twilio.status(gw, "undelivered", sid="SM1", RawDlrDoneDate="2611241730", **params)
        line = gw.wait_log("script", sid="SM1", msg="status")
        assert line.get("code") == code and line["done"] == "2611241730"
        assert line["final"] == "true" and (line.get("text") or "").startswith(text or "")
        assert (text is None) == ("text" not in line)


def callbacks(answer):
    return [m.get("statusCallback") for m in answer.twiml.findall("Message")]


def test_replies_ask_for_their_status_and_its_tag_comes_back(gateway, twilio):
    with gateway(SCRIPT, public_url="https://bot.example.com/pre") as gw:
        url = "https://bot.example.com/pre/in?x=1"
        own = callbacks(twilio.text(gw, path="/pre/in?x=1", url=url))
        assert own == ["https://bot.example.com/pre/in",
                       "https://bot.example.com/pre/in?tag=order+17%2F%C3%BC%26x",
                       "https://other.example/cb"]
        path = own[1].removeprefix("https://bot.example.com")
        assert twilio.status(gw, "sent", sid="SM1", path=path, url=own[1]).status == 204
        assert gw.wait_log("script", sid="SM1", msg="status")["tag"] == "order 17/ü&x"
        twilio.status(gw, "sent", sid="SM2", path="/pre/in", url=own[0])
        assert "tag" not in gw.wait_log("script", sid="SM2", msg="status")


def test_without_a_public_url_the_callback_is_what_was_called(gateway, twilio):
    with gateway(SCRIPT) as gw:
        assert callbacks(twilio.text(gw, path="/in"))[0] == gw.url + "/in"


def test_no_status_handler_no_callback(gateway, twilio):
    with gateway("return function(msg) return 'x' end") as gw:
        assert callbacks(twilio.text(gw)) == [None]


@pytest.mark.parametrize("value, callback", [(False, None), ("https://else.example/s",
                                                            "https://else.example/s")])
def test_the_configuration_decides_where_status_goes(gateway, twilio, value, callback):
    with gateway(SCRIPT, status_callback=value) as gw:
        assert callbacks(twilio.text(gw))[0] == callback


def test_what_cannot_be_a_callback_is_refused(replyd, tmp_path):
    (tmp_path / "replyd.lua").write_text('return { auth_token = "t", status_callback = "x" }')
    (tmp_path / "bot.lua").write_text(SCRIPT)
    result = replyd("check", "bot.lua")
    assert result.returncode != 0 and "status_callback" in result.stdout + result.stderr


def test_a_tag_too_long_for_a_url_is_left_out(gateway, twilio):
    script = """return { message = function() return { body = "x", tag = ("t"):rep(5000) } end,
                         status = function() end }"""
    with gateway(script, public_url="https://bot.example.com") as gw:
        answer = twilio.text(gw, url="https://bot.example.com/")
        assert callbacks(answer) == ["https://bot.example.com/"]
