"""replyd text: a signed message from the command line, and an answer for a person."""

import base64
import http.server
import os
import threading

import pytest

from harness import Lua
from process import TOKEN

SCRIPT = """
return {
  keywords = {
    menu = { body = "Today:",
             media = { "https://example.com/a.jpg", "https://example.com/b.jpg" } },
    nothing = function() return nil end,
    two = function() return { "one", "two" } end,
    whoami = function(msg) return msg.from .. " " .. msg.to .. " " .. msg.channel end,
    picture = function(msg) return #msg.media .. " " .. msg.media[1].url end,
    account = function(msg) return msg.account end,
  },
  message = function(msg) return "You said: " .. msg.body end,
  status = function(ev) end,
}
"""


def ask(replyd, gw, *arguments, **options):
    return replyd("text", "-c", gw.folder / "replyd.lua", *arguments, **options)


def test_a_message_is_answered_in_readable_form(replyd, gateway):
    with gateway(SCRIPT) as gw:
        done = ask(replyd, gw, "+15551234567", "Hello & <welcome>")
        assert done.returncode == 0, done.stderr
        assert "you     Hello & <welcome>\n" in done.stdout
        assert "replyd  You said: Hello & <welcome>\n" in done.stdout
        assert "(HTTP 200 after " in done.stdout


def test_xml_prints_the_bytes_alone(replyd, gateway):
    with gateway(SCRIPT) as gw:
        done = ask(replyd, gw, "--xml", "+15551234567", "a < b")
        assert done.stdout == ('<?xml version="1.0" encoding="UTF-8"?><Response>'
                               f'<Message statusCallback="{gw.url}/">'
                               "You said: a &lt; b</Message></Response>")


def test_media_several_messages_and_silence(replyd, gateway):
    with gateway(SCRIPT) as gw:
        out = ask(replyd, gw, "+15551234567", "menu").stdout
        assert "replyd  Today:\n        [media] https://example.com/a.jpg\n" in out
        assert "replyd  one\n        two\n" in ask(replyd, gw, "+15551234567", "two").stdout
        assert "replyd  (no reply)\n" in ask(replyd, gw, "+15551234567", "nothing").stdout


def test_flags_shape_the_message(replyd, gateway):
    with gateway(SCRIPT) as gw:
        out = ask(replyd, gw, "+1555", "whoami", "--to", "+1666").stdout
        assert "+1555 +1666 sms" in out
        out = ask(replyd, gw, "+1555", "whoami", "--to", "+1666", "--whatsapp").stdout
        assert "whatsapp:+1555 whatsapp:+1666 whatsapp" in out
        out = ask(replyd, gw, "+1555", "picture", "--media", "https://example.com/x").stdout
        assert "1 https://example.com/x" in out
        out = ask(replyd, gw, "+1555", "account", "--account", "AC77").stdout
        assert "AC77" in out


def test_a_status_callback_is_taken(replyd, gateway):
    with gateway(SCRIPT) as gw:
        done = ask(replyd, gw, "+1555", "--status", "delivered", "--sid", "SM1")
        assert done.returncode == 0, done.stderr
        assert "(taken)" in done.stdout and "HTTP 204" in done.stdout


def test_a_url_can_be_given_tls_or_not(replyd, gateway):
    with gateway(SCRIPT) as gw:
        for url in (gw.url, gw.http_url, gw.url + "/", gw.http_url + "/any/path?x=1"):
            done = ask(replyd, gw, "--url", url, "+1555", "hi")
            assert done.returncode == 0, (url, done.stderr)
        done = replyd("text", "--url", gw.url, "--token", TOKEN, "+1555", "hi")
        assert done.returncode == 0, done.stderr


def test_without_a_file_the_admin_socket_says_where_it_listens(replyd, gateway):
    with gateway(SCRIPT) as gw:
        done = replyd("text", "--state", gw.state, "+1555", "hi", env={"TWILIO_AUTH_TOKEN": TOKEN})
        assert done.returncode == 0, done.stderr
        assert "You said: hi" in done.stdout


def test_the_public_url_is_what_is_signed(replyd, gateway):
    with gateway(SCRIPT, public_url="https://bot.example.com/hooks") as gw:
        done = ask(replyd, gw, "+1555", "hi")
        assert done.returncode == 0, done.stderr
        done = ask(replyd, gw, "+1555", "hi", "--url", gw.http_url)
        assert done.returncode == 0, done.stderr


def test_the_first_route_is_called(replyd, gateway):
    routes = [{"path": "/incoming", "to": "+1777", "script": "scripts/main.lua"}]
    with gateway(SCRIPT, routes=routes) as gw:
        assert "+1555 +1777 sms" in ask(replyd, gw, "+1555", "whoami").stdout
        done = ask(replyd, gw, "+1555", "hi", "--url", gw.url + "/elsewhere")
        assert done.returncode == 1 and "HTTP 404" in done.stderr and "route" in done.stderr


def test_a_wrong_token_is_explained(replyd, gateway):
    with gateway(SCRIPT) as gw:
        done = ask(replyd, gw, "--token", "wrong", "+1555", "hi")
        assert done.returncode == 1
        assert "HTTP 403" in done.stderr and "token" in done.stderr


def test_nobody_listening_is_explained(replyd, gateway):
    with gateway(SCRIPT) as gw:
        url = gw.http_url
    done = replyd("text", "--url", url, "--token", "x", "+1555", "hi")
    assert done.returncode == 1
    assert "connection refused" in done.stderr and "running" in done.stderr


def test_no_token_is_explained(replyd, gateway):
    with gateway(SCRIPT) as gw:
        done = replyd("text", "--url", gw.url, "--state", gw.state, "+1555", "hi")
        assert done.returncode == 1 and "no token" in done.stderr


def test_usage(replyd):
    assert replyd("text").returncode == 2
    assert replyd("text", "+1555").returncode == 2
    assert replyd("text", "+1555", "a", "b").returncode == 2


def test_what_is_missing_is_named(replyd):
    assert "FROM is missing" in replyd("text").stderr
    done = replyd("text", "+1555")
    assert "nothing to say: BODY, --media or --status is missing" in done.stderr
    assert "missing" not in replyd("text", "+1555", "a", "b").stderr


def test_the_configured_credentials_are_sent(replyd, gateway):
    with gateway(SCRIPT, basic_auth={"user": "twilio", "password": "p:w"}) as gw:
        done = ask(replyd, gw, "+1555", "hi")
        assert done.returncode == 0 and "You said: hi" in done.stdout, done.stderr
        done = replyd("text", "--url", gw.url, "--token", TOKEN, "+1555", "hi")
        assert done.returncode == 1 and "HTTP 401" in done.stderr and "basic_auth" in done.stderr


def test_a_broken_configuration_is_2(replyd, tmp_path):
    (tmp_path / "broken.lua").write_text("return {\n  deadline = \n}\n")
    done = replyd("text", "-c", "broken.lua", "+1555", "hi")
    assert done.returncode == 2 and "broken.lua:" in done.stderr


def test_what_is_not_utf8_is_refused_by_name(replyd):
    bad = os.fsdecode(b"caf\xe9")
    for name, arguments in {"the body": ["+1", bad], "FROM": [bad, "hi"],
                            **{flag: ["+1", "hi", flag, bad] for flag in
                               ("--to", "--media", "--sid", "--account", "--status", "--url")}
                            }.items():
        done = replyd("text", "--token", "x", *arguments)
        assert (done.returncode, done.stdout) == (2, ""), name
        assert done.stderr == f"replyd text: {name} is not UTF-8; Twilio sends nothing else\n"


@pytest.fixture
def elsewhere():
    """A server of somebody else's: (its port, the Authorization headers that it was sent)."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("config, to, sent", [
    ('listen = "http://127.0.0.1:1"', "127.0.0.1", None),
    ('listen = "http://127.0.0.1:1", public_url = "https://127.0.0.1:PORT"', "127.0.0.1", None),
    ('listen = "https://127.0.0.1:PORT"', "127.0.0.1", None),
    ('listen = "http://127.0.0.1:PORT"', "127.0.0.1", "twilio:p:w"),
    ('listen = "http://127.0.0.1:PORT"', "localhost", "twilio:p:w"),
    ('listen = "http://127.0.0.1:0"', "127.0.0.1", "twilio:p:w"),
    ('listen = "http://0.0.0.0:PORT", public_url = "http://x"', "127.0.0.1", "twilio:p:w"),
    ('listen = "http://10.0.0.1:PORT", public_url = "http://x"', "127.0.0.1", None),
    ('listen = "http://127.0.0.1:1", public_url = "http://127.0.0.1:PORT/x"', "127.0.0.1",
     "twilio:p:w"),
    ('listen = "http://127.0.0.1:1"', "other:p%40+w@127.0.0.1", "other:p@+w"),
    ('listen = "http://127.0.0.1:PORT"', "other@127.0.0.1", "other:"),
])
def test_the_configured_password_is_told_to_nobody_else(replyd, elsewhere, tmp_path, config, to,
                                                        sent):
    port, seen = elsewhere
    (tmp_path / "replyd.lua").write_text("return { auth_token = 'x', basic_auth = { user = 'twilio'"
                                         ", password = 'p:w' }, "
                                         + config.replace("PORT", str(port)) + " }")
    done = replyd("text", "--url", f"http://{to}:{port}/x", "+1555", "hi")
    assert done.returncode == 0, done.stderr
    assert seen == [sent and "Basic " + base64.b64encode(sent.encode()).decode()]


def test_tokens_may_come_from_the_environment_of_the_configuration(replyd, gateway):
    env = {"BOT_TOKEN": "abc"}
    with gateway(SCRIPT, auth_token=Lua('env "BOT_TOKEN"'), env=env) as gw:
        done = ask(replyd, gw, "+1555", "hi", env=env)
        assert done.returncode == 0, done.stderr
