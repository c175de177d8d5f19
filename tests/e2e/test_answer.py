"""What a handler returns is what Twilio gets, and HTTP around it."""

import pytest

import raw
from parties import TO

# name of a keyword -> the value that its function returns
VALUES = {
    "text": ("'hello'", ["hello"]),
    "integer": ("42", ["42"]),
    "float": ("1.5", ["1.5"]),
    "blanks": ("'  '", ["  "]),
    "markup": ("'<b> & \"c\"'", ['<b> & "c"']),
    "utf": ("'Grüße \U0001F600'", ["Grüße \U0001F600"]),
    "controls": ("'a\\1b'", ["ab"]),
    "nothing": ("nil", []),
    "no": ("false", []),
    "empty": ("''", []),
    "emptylist": ("{}", []),
    "emptybody": ("{ body = '' }", []),
    "body": ("{ body = 'x' }", ["x"]),
    "list": ("{ 'a', { body = 'b' }, 3 }", ["a", "b", "3"]),
    "holes": ("{ 'a', false, '', 'b', nil, 'c' }", ["a", "b", "c"]),
    "ten": ("{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }", [str(i) for i in range(1, 11)]),
    "nilnil": ("nil, nil", []),
    "more": ("'said', 'ignored'", ["said"]),
}
# name -> value, what its log line must name
ERRORS = {
    "function": ("print", "a function"),
    "yes": ("true", "a boolean"),
    "mixed": ("{ 'a', body = 'b' }", "not both"),
    "typo": ("{ bdoy = 'x' }", "did you mean 'body'"),
    "nobody": ("{ to = '+1' }", "needs 'body' or 'media'"),
    "eleven": ("{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }", "more than 10 messages"),
    "media11": ("{ media = { 1, 2 } }", "'media'"),
    "manymedia": ("{ media = { %s } }" % ("'https://x.example/', " * 11), "more than 10 media"),
    "long": ("('x'):rep(70000)", "64 kB"),
    "redirectfirst": ("{ replyd.redirect('/x'), 'a' }", "last of a list"),
    "failed": ("nil, 'no such host'", "no such host"),
    "falsefailed": ("false, 'refused'", "refused"),
}


def handlers():
    rows = "".join(f"[{name!r}] = function(msg) return {value} end,\n"
                   for name, (value, _) in {**VALUES, **ERRORS}.items())
    return "return { keywords = {\n" + rows + "} }"


def test_the_table_of_return_values(gateway, twilio):
    with gateway(handlers()) as gw:
        for name, (_, expected) in VALUES.items():
            answer = twilio.text(gw, name)
            assert (answer.status, answer.messages) == (200, expected), name
            assert answer.headers["Content-Type"].split(";")[0] == "text/xml"
            assert int(answer.headers["Content-Length"]) == len(answer.body)
        silent = sum(1 for _, expected in VALUES.values() if not expected)
        gw.wait_metric("replyd_messages_total", equals=silent, outcome="empty")
        gw.wait_metric("replyd_messages_total", equals=len(VALUES) - silent, outcome="ok")
        gw.wait_metric("replyd_xml_repairs_total", equals=1)


def test_what_is_no_reply_is_an_error_that_names_it(gateway, twilio):
    with gateway(handlers(), fallback_reply="sorry") as gw:
        for name, (_, why) in ERRORS.items():
            sid = twilio.new_sid()
            answer = twilio.text(gw, name, sid=sid)
            assert (answer.status, answer.messages) == (200, ["sorry"]), name
            line = gw.wait_log("script_failed", sid=sid)
            assert why in line["error"], line.raw
        gw.wait_metric("replyd_messages_total", equals=len(ERRORS), outcome="error")


def test_an_error_of_a_value_names_its_line(gateway, twilio):
    with gateway("return function(msg)\n  return print\nend\n") as gw:
        assert twilio.text(gw).messages == []
        assert ("scripts/main.lua: in what the function of line 1 returned: "
                in gw.wait_log("script_failed")["error"])


def test_media_and_attributes(gateway, twilio):
    script = """return { keywords = {
      one = { body = "Today:", media = "https://example.com/a.jpg" },
      two = { media = { "https://example.com/a.jpg", "https://example.com/b.jpg" } },
      all = { body = "x", to = "+1777", from = "+1888", action = "/done", method = "GET",
              status_callback = "https://example.com/s" },
      away = function() return { "first", replyd.redirect("https://example.com/next",
                                                          { method = "GET" }) } end } }"""
    with gateway(script) as gw:
        one = twilio.text(gw, "one")
        assert (one.messages, one.media) == (["Today:"], [["https://example.com/a.jpg"]])
        assert twilio.text(gw, "two").media == [["https://example.com/a.jpg",
                                                 "https://example.com/b.jpg"]]
        attributes = twilio.text(gw, "all").twiml.find("Message").attrib
        assert attributes == {"to": "+1777", "from": "+1888", "action": "/done", "method": "GET",
                              "statusCallback": "https://example.com/s"}
        away = twilio.text(gw, "away").twiml
        assert [e.tag for e in away] == ["Message", "Redirect"]
        assert (away[1].text, away[1].attrib) == ("https://example.com/next", {"method": "GET"})


def test_a_long_text_is_split_at_words(gateway, twilio):
    words = " ".join(f"word{i}" for i in range(600))
    script = """return { message = function(msg)
      local t = {} for i = 0, tonumber(msg.body) - 1 do t[#t + 1] = "word" .. i end
      return table.concat(t, " ") end }"""
    with gateway(script) as gw:
        parts = twilio.text(gw, "600").messages
        assert len(parts) > 1 and max(map(len, parts)) <= 1600
        assert " ".join(p.strip() for p in parts) == words
        cut = twilio.text(gw, "5000").messages
        assert len(cut) == 10 and cut[-1].endswith("…")
        assert int(gw.wait_log("reply")["cut"]) > 0


def test_replies_come_before_the_return_value(gateway, twilio):
    script = """return function(msg)
      msg:reply("a") msg:reply({ "b", { body = "c" } }) msg:reply(nil)
      return "d" end"""
    with gateway(script) as gw:
        assert twilio.text(gw).messages == ["a", "b", "c", "d"]


TOGETHER = """return { keywords = {
  calls = function(msg)
    for i = 1, 11 do
      msg:reply(i)
    end
  end,
  returned = function(msg)
    for i = 1, 10 do msg:reply(i) end
    return "eleven"
  end,
  coroutines = function(msg)
    replyd.all{ function() for i = 1, 6 do msg:reply(i) end end,
                function() for i = 1, 6 do msg:reply(i) end end }
  end,
  redirected = function(msg)
    msg:reply(replyd.redirect("/x"))
    return "after"
  end,
  ten = function(msg) for i = 1, 9 do msg:reply(i) end msg:reply(nil) return 10 end,
}, error = function(err, msg)
  return { "error:", tostring(err) }
end }"""


def test_replies_together_have_the_limits_of_one_answer(gateway, twilio):
    where = {"calls": 4, "returned": 7, "coroutines": 13, "redirected": 15}
    with gateway(TOGETHER, fallback_reply="sorry") as gw:
        for i, (word, line) in enumerate(where.items()):
            why = "redirect" if word == "redirected" else "more than 10 messages"
            head, error = twilio.text(gw, word, sid=f"SM{i}").messages
            assert head == "error:" and why in error, word
            place = f"scripts/main.lua:{line}: "
            if word in ("returned", "redirected"):
                place = f"scripts/main.lua: in what the function of line {line} returned: "
            assert place in error, error
            assert why in gw.wait_log("script_failed", sid=f"SM{i}")["error"]
        gw.wait_metric("replyd_messages_total", equals=len(where), outcome="error")
        assert twilio.text(gw, "ten").messages == [str(i) for i in range(1, 11)]
        assert not gw.log("reply")    # each is told once


# ---- HTTP ----------------------------------------------------------------------------

ECHO = """return { message = function(msg)
  if msg.word == "slow" then replyd.sleep(0.3) end
  return msg.body end, status = function(ev) end }"""


@pytest.fixture
def echo(gateway):
    routes = [{"path": "/in", "script": "scripts/main.lua"},
              {"path": "/tree/*", "script": "scripts/main.lua"}]
    with gateway(ECHO, routes=routes, max_body=8192) as gw:
        yield gw


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_paths_and_methods(echo, twilio, tls):
    def status(method, path, body=None, **headers):
        return twilio.request(echo, method, path, body, headers, tls=tls)

    assert twilio.text(echo, path="/in", tls=tls).messages == ["hello"]
    assert twilio.text(echo, path="/tree/a/b", tls=tls).messages == ["hello"]
    for method in ("GET", "HEAD", "POST"):
        answer = status(method, "/elsewhere")
        assert answer.status == 404 and "Content-Length" in answer.headers, method
    assert status("GET", "/in").status == 403
    for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert status(method, "/in").status == 405, method
    assert status("PUT", "/in").headers["Allow"] == "GET, POST"
    with raw.Connection(echo, tls) as c:    # refused before there is a path
        c.send(b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = c.response()
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    plain = {"Content-Type": "text/plain"}
    assert status("POST", "/in", "Body=x", **plain).status == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert status("POST", "/in", "x" * 8193, **form).status == 413
    assert status("POST", "/in", "&".join(f"p{i}=" for i in range(1001)), **form).status == 413


def test_a_head_request_has_no_body(echo):
    with raw.Connection(echo) as c:
        c.send(b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = c.response(head=True)
        assert answer.status == 404 and int(answer.headers["content-length"]) > 0
        c.send(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert len(c.response().body) == int(answer.headers["content-length"])


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_a_connection_is_kept(echo, twilio, tls):
    with raw.Connection(echo, tls) as c:
        for i in range(20):
            c.send(b"".join(raw.post(twilio, echo, twilio.message_params(f"n{i}"), tls=tls,
                                     path="/in")))
            assert f">n{i}</Message>".encode() in c.response().body
        assert echo.metric("replyd_connections_total") == 1


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_pipelined_requests_are_answered_in_order(echo, twilio, tls):
    texts = ["slow 0"] + [f"fast {i}" for i in range(1, 8)]
    with raw.Connection(echo, tls) as c:
        c.send(b"".join(b"".join(raw.post(twilio, echo, twilio.message_params(t, from_=f"+1555{i}"),
                                          tls=tls, path="/in")) for i, t in enumerate(texts)))
        for text in texts:
            assert f">{text}</Message>".encode() in c.response().body


def test_a_status_callback_between_messages_has_no_body(echo, twilio):
    with raw.Connection(echo) as c:
        c.send(b"".join(raw.post(twilio, echo, twilio.status_params("sent"), path="/in")) +
               b"".join(raw.post(twilio, echo, twilio.message_params("after"), path="/in")))
        status = c.response()
        assert status.status == 204 and "content-length" not in status.headers
        assert b"after" in c.response().body


def test_100_continue_comes_before_the_body_is_sent(echo, twilio):
    head, body = raw.post(twilio, echo, twilio.message_params("waited"), path="/in",
                          headers=["Expect: 100-continue"])
    with raw.Connection(echo) as c:
        c.send(head)
        assert c.response().status == 100
        c.send(body)
        assert b"waited" in c.response().body


def test_an_unknown_expectation_is_refused(echo, twilio):
    head, body = raw.post(twilio, echo, twilio.message_params("x"), path="/in",
                          headers=["Expect: 200-ok"])
    with raw.Connection(echo) as c:
        c.send(head + body)
        assert c.response().status == 417


def test_http_1_0_is_answered_and_closed_unless_kept(echo, twilio):
    def request(*headers):
        return b"".join(raw.post(twilio, echo, twilio.message_params("old"), path="/in",
                                 version="HTTP/1.0", headers=headers))

    with raw.Connection(echo) as c:
        c.send(request())
        assert b"old" in c.response().body and c.at_end()
    with raw.Connection(echo) as c:
        c.send(request("Connection: keep-alive"))
        kept = c.response()
        assert kept.headers["connection"] == "keep-alive"
        c.send(request())
        assert b"old" in c.response().body and c.at_end()


def test_connection_close_is_obeyed(echo, twilio):
    with raw.Connection(echo) as c:
        c.send(b"".join(raw.post(twilio, echo, twilio.message_params("last"), path="/in",
                                 headers=["Connection: close"])))
        answer = c.response()
        assert b"last" in answer.body and answer.headers["connection"] == "close" and c.at_end()


def test_a_body_too_large_is_answered_while_it_still_comes(echo):
    with raw.Connection(echo) as c:
        c.send(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n"
               b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + b"x" * 100000)
        answer = c.response()
        assert (answer.status, answer.headers["connection"]) == (413, "close") and c.at_end()


def test_a_message_without_an_id_is_refused_politely(echo, twilio):
    params = twilio.message_params("x", MessageSid=None, SmsSid=None, SmsMessageSid=None)
    answer = twilio.post(echo, params, path="/in")
    assert (answer.status, answer.messages) == (200, [])
    echo.wait_metric("replyd_messages_total", equals=1, outcome="refused")


def test_the_route_is_chosen_by_what_the_message_is(gateway, twilio):
    scripts = {"main.lua": "return { message = 'main' and function() return 'main' end }",
               "other.lua": "return function() return 'other' end"}
    routes = [{"path": "/in", "to": "+15551110000", "script": "scripts/other.lua"},
              {"path": "/in", "channel": "whatsapp", "script": "scripts/other.lua"},
              {"path": "/in", "to": TO, "script": "scripts/main.lua"}]
    with gateway(scripts, routes=routes) as gw:
        assert twilio.text(gw, path="/in").messages == ["main"]
        assert twilio.text(gw, path="/in", to="+15551110000").messages == ["other"]
        assert twilio.text(gw, path="/in", from_="whatsapp:+1", to="whatsapp:" + TO
                           ).messages == ["other"]
        answer = twilio.text(gw, path="/in", to="+15559999999")
        assert (answer.status, answer.messages) == (200, [])
        gw.wait_metric("replyd_messages_total", equals=1, outcome="refused")
