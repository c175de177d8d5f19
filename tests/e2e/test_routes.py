"""Which script answers: by path, account, address, service and channel; and whom it answers."""

import urllib.parse

import pytest

NAMES = ("path", "to", "service", "channel", "account", "rest")
SCRIPTS = {f"{n}.lua": f'return {{ message = function() return "{n}" end, status = function(ev)'
           f' replyd.log.info("status", {{ by = "{n}" }}) end }}' for n in NAMES}
SERVICE, OTHER = "MG" + "a" * 32, "AC" + "b" * 32


def script(name):
    return f"scripts/{name}.lua"


ROUTES = [
    {"path": "/own/*", "script": script("path")},
    {"to": "+15550001111", "script": script("to")},
    {"service": SERVICE, "script": script("service")},
    {"account": OTHER, "script": script("account")},
    {"channel": "whatsapp", "script": script("channel")},
    {"script": script("rest")},
]


@pytest.fixture
def routed(gateway):
    with gateway(SCRIPTS, routes=ROUTES) as gw:
        yield gw


def test_a_message_goes_to_the_script_of_its_route(routed, twilio):
    for name, params in (
            ("path", {"path": "/own/x", "to": "+15550001111"}),
            ("to", {"to": "+15550001111"}), ("to", {"to": "whatsapp:+15550001111"}),
            ("service", {"MessagingServiceSid": SERVICE}),
            ("account", {"AccountSid": OTHER}),
            ("channel", {"from_": "whatsapp:+15551230001", "to": "whatsapp:+15550006789"}),
            ("rest", {})):
        assert twilio.text(routed, **params).messages == [name], params
        assert routed.wait_log("message", script=script(name))


def test_a_status_event_goes_to_the_route_of_our_address(routed, twilio):
    assert twilio.status(routed, from_="+15550001111", to="+15551230001", sid="SM1").status == 204
    assert routed.wait_log("script", sid="SM1", msg="status")["by"] == "to"


LISTS = [
    ({"allow": ["+15551230001", "whatsapp:*"]},
     {"+15551230001": None, "whatsapp:+4930": None, "+15551230002": "allow"}),
    ({"deny": "+1900*"}, {"+15551230001": None, "+19005551234": "deny"}),
    ({"countries": ["DE", "+43"]},
     {"+4930123456": None, "whatsapp:+4312345": None, "+15551230001": "countries",
      "12345": "countries"}),
]


@pytest.mark.parametrize("lists, senders", LISTS, ids=["allow", "deny", "countries"])
def test_whom_a_route_refuses_reaches_no_script(gateway, twilio, lists, senders):
    scripts = {"main.lua": 'return { message = function() print("ran") return "hi" end }'}
    routes = [{"script": "scripts/main.lua", **lists}, {"script": "scripts/main.lua"}]
    with gateway(scripts, routes=routes) as gw:
        ran = 0
        for i, (sender, why) in enumerate(senders.items()):
            answer = twilio.text(gw, from_=sender, sid=f"SM{i}")
            line = gw.wait_log("message", sid=f"SM{i}")
            assert answer.status == 200
            assert answer.messages == ([] if why else ["hi"]), sender
            assert line.get("why") == why, sender
            assert line["outcome"] == ("refused" if why else "ok")
            ran += why is None
        assert len(gw.log("script", msg="ran")) == ran


def test_without_a_route_nothing_runs(gateway, twilio):
    routes = [{"to": "+15550001111", "script": "scripts/main.lua"}]
    with gateway("return function() return 'hi' end", routes=routes) as gw:
        assert twilio.text(gw, sid="SM1").messages == []
        assert gw.wait_log("message", sid="SM1")["why"] == "no route"
        assert twilio.text(gw, MessageSid=None, SmsSid=None, SmsMessageSid=None).messages == []
        assert gw.wait_log("message", n=2)["why"] == "no MessageSid"


def test_a_sid_too_long_to_be_remembered_is_refused(gateway, twilio):
    with gateway("return function() return 'hi' end") as gw:
        assert twilio.text(gw, sid="S" * 600).messages == []
        assert gw.wait_log("message")["why"] == "MessageSid is too long"
        assert twilio.text(gw, sid="S" * 400).messages == ["hi"]


def test_a_message_without_room_for_its_callback_is_413_and_says_so(gateway, twilio):
    """Parameters as short as can be fill the message's memory before its body is at any limit."""
    with gateway("return function() return 'hi' end", max_params=20000,
                 status_callback="https://x.example/" + "c" * 3900) as gw:
        params = twilio.message_params("x")
        for n in range(9000, 12000, 40):
            form = {**params, "MessageSid": twilio.new_sid()}
            signature = twilio.sign(gw.http_url + "/", {**form, "a": ""}, gw.token)
            answer = twilio.request(gw, "POST", "/", urllib.parse.urlencode(form) + "&a" * n, {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": signature}, tls=False)
            if answer.status != 200:
                break
            assert answer.messages == ["hi"]
        assert (answer.status, answer.text) == (413, "Too large\n")
        assert answer.headers["Connection"] == "close"
        line = gw.wait_log("message", sid=form["MessageSid"])
        assert (line["outcome"], line["why"]) == ("refused", "the message is too large")


def test_check_prints_routes_and_flags_those_that_never_match(replyd, tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/main.lua").write_text("return function() end")
    (tmp_path / "replyd.lua").write_text("""return { auth_token = "x", state = "st",
      public_url = "https://bot.example.com/hook", routes = {
        { path = "/a", allow = { "+1*", "12345" }, deny = "+1900*", countries = { "US", "CA" },
          script = "scripts/main.lua" },
        { path = "/a", to = "+15550001111", script = "scripts/main.lua" },
        { path = "/b", to = "rcs:bot", channel = "sms", script = "scripts/main.lua" },
        { path = "/hook/c", script = "scripts/main.lua" },
        { path = "/d", account = "AC1", script = "scripts/main.lua" } } }""")
    done = replyd("check")
    assert done.returncode == 0, done.stderr
    assert "/a allow=+1*,12345 deny=+1900* countries=US,CA -> scripts/main.lua\n" in done.stdout
    assert "/a to=+15550001111 -> scripts/main.lua (never matches: routes[1] comes first)" in (
        done.stdout)
    assert "never matches: rcs:bot is no address of channel sms" in done.stdout
    assert "never matches: paths are below public_url's prefix /hook already" in done.stdout
    assert "/d account=AC1 -> scripts/main.lua\n" in done.stdout
    assert done.stderr.count("can never match") == 3
