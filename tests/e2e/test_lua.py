"""The Lua API in a running gateway: what scripts can do, and what they are told when they err."""

import json

import pytest

from harness import wait_for
from parties import ACCOUNT, FROM, TO
from process import Gateway


def line_of(source, text):
    return next(i for i, line in enumerate(source.splitlines(), 1) if text in line)


# ---- errors ----------------------------------------------------------------------------

FAILING = """
local function deeper(msg)
  local t = nil
  return t.field                             -- here
end

local function deep(msg) local x = deeper(msg) return x end

return {
  message = function(msg)
    local x = deep(msg)
    return x
  end,
}
"""


def test_an_error_has_a_traceback_with_source_lines(gateway, twilio):
    with gateway(FAILING) as gw:
        sid = twilio.new_sid()
        answer = twilio.text(gw, "my secret", sid=sid)
        assert (answer.status, answer.messages) == (200, [])
        line = gw.wait_log("script_failed", sid=sid)
        here = line_of(FAILING, "-- here")
        assert line["level"] == "error" and line["script"] == "scripts/main.lua"
        assert f"scripts/main.lua:{here}: attempt to index a nil value (local 't')" in line["error"]
        assert "return t.field" in line["error"]
        for text in ("local function deep(msg)", "local x = deep(msg)"):
            assert f"scripts/main.lua:{line_of(FAILING, text)}: in " in line["error"], text
        assert "my secret" not in line.raw


def test_errors_in_modules_name_the_module(gateway, twilio):
    scripts = {"main.lua": "local m = require 'lib.tool'\nreturn function(msg) m.run() end",
               "lib/tool.lua": "return {\n  run = function()\n    error('broken tool')\n  end }"}
    with gateway(scripts) as gw:
        twilio.text(gw)
        assert "scripts/lib/tool.lua:3: broken tool" in gw.wait_log("script_failed")["error"]


ERROR_HANDLER = """return {
  keywords = {
    text = function() error("a text") end,
    plain = function() error("no place", 0) end,
    table = function() error({ code = 42 }) end,
    none = function() error() end,
    second = function() return nil, "no luck" end,
    again = function(msg) msg.again = 1 error("first") end,
    silent = function() error("silent") end,
  },
  error = function(err, msg)
    if msg.word == "again" then error("second") end
    if msg.word == "silent" then return nil end
    if type(err) == "table" then return "table " .. err.code end
    return msg.word .. ": " .. tostring(err)
  end,
}"""


def test_the_error_handler_answers(gateway, twilio):
    with gateway(ERROR_HANDLER, fallback_reply="sorry") as gw:
        assert twilio.text(gw, "text").messages == ["text: scripts/main.lua:3: a text"]
        assert twilio.text(gw, "plain").messages == ["plain: no place"]
        assert twilio.text(gw, "table").messages == ["table 42"]
        assert twilio.text(gw, "none").messages == ["none: nil"]
        assert twilio.text(gw, "second").messages == ["second: no luck"]
        gw.wait_metric("replyd_messages_total", equals=5, outcome="error")
        assert twilio.text(gw, "silent").messages == ["sorry"]


def test_an_error_in_the_error_handler_is_the_fallback(gateway, twilio):
    with gateway(ERROR_HANDLER, fallback_reply="sorry") as gw:
        assert twilio.text(gw, "again", sid="SM1").messages == ["sorry"]
        assert "first" in gw.wait_log("script_failed", sid="SM1")["error"]
        assert "second" in gw.wait_log("error_handler_failed", sid="SM1")["error"]


def test_replies_of_a_failed_handler_are_discarded(gateway, twilio):
    script = "return function(msg) msg:reply('half') error('oops') end"
    with gateway(script, fallback_reply="sorry") as gw:
        assert twilio.text(gw).messages == ["sorry"]


# ---- the sandbox -----------------------------------------------------------------------

# mistakes -> what the log must say; 20 in a second are logged
MISTAKES = {
    "function helper() end": "global 'helper': write 'local function helper'",
    "print = 5": "'print' is read-only: write 'local print' for one of your own",
    "return msg.Body": "msg has no 'Body': did you mean 'body'?",
    "local function f() return 1 + f() end f()": "calls deep, an endless recursion?",
}

# what a message may not do -> what the log must say
FORBIDDEN = {
    "counter = 1": "assignment to undeclared global 'counter': write 'local counter'",
    "string.rep = nil": "read-only",
    "replyd.now = nil": "read-only",
    "rawset(replyd, 'now', 1)": "read-only",
    "replyd.slep(1)": "slep",
    "return undeclared.field": "undeclared",
    "io.open('/etc/passwd')": "(global 'io'): scripts have no files",
    "os.execute('true')": "scripts start no programs",
    "return os.getenv('HOME')": "scripts do not see the environment",
    "os.exit(1)": "exit",
    "dofile('x')": "scripts have no files but modules",
    "require 'nothing'": "nothing",
    "require '../../etc/passwd'": "passwd",
    "load('\\27Lua')()": "",
    "setmetatable({}, { __gc = print })": "__gc",
    "collectgarbage('stop')": "count",
    "replyd.sleep('soon')": "duration",
    "replyd.sleep(-1)": "not -1",
    "replyd.redirect('')": "empty URL",
    "msg.reply('no colon')": "colon",
}


@pytest.mark.parametrize("rows", [MISTAKES, FORBIDDEN], ids=["mistakes", "forbidden"])
def test_what_a_script_may_not_do_is_an_error_with_its_line(gateway, twilio, rows):
    keywords = "".join(f'  ["k{i}"] = function(msg)\n    {code}\n  end,\n'
                       for i, code in enumerate(rows))
    script = "return { keywords = {\n" + keywords + "} }\n"
    with gateway(script, fallback_reply="sorry") as gw:
        for i, (code, why) in enumerate(rows.items()):
            sid = twilio.new_sid()
            assert twilio.text(gw, f"k{i}", sid=sid).messages == ["sorry"], code
            error = gw.wait_log("script_failed", sid=sid, limit=5)["error"]
            assert why in error and f"scripts/main.lua:{3 * i + 3}" in error, (code, error)


def test_nothing_leaks_from_one_message_into_another(gateway, twilio):
    script = """return function(msg)
      if _G.seen or string.seen or replyd.seen then return "leak" end
      pcall(function() _G.seen = 1 end) pcall(function() string.seen = 1 end)
      pcall(function() replyd.seen = 1 end) pcall(rawset, string, "seen", 1)
      return "clean" end"""
    with gateway(script, script_threads=1) as gw:
        assert [twilio.text(gw).messages for _ in range(3)] == 3 * [["clean"]]


# ---- log -------------------------------------------------------------------------------


def test_log_lines_have_the_message_and_their_fields(gateway, twilio):
    script = """return function(msg)
      replyd.log.debug("unseen") replyd.log.info("one", { n = 1, ok = true, s = "two words" })
      replyd.log.warn("two") replyd.log.error("three\\nlines = \\"quoted\\"") print("a", 1, nil)
      return "x" end"""
    with gateway(script) as gw:
        sid = twilio.new_sid()
        twilio.text(gw, sid=sid)
        one = gw.wait_log("script", sid=sid, msg="one")
        assert (one["n"], one["ok"], one["s"], one["level"]) == ("1", "true", "two words", "info")
        assert one["script"] == "scripts/main.lua" and one["gen"] == "1"
        assert gw.wait_log("script", sid=sid, level="warn")["msg"] == "two"
        assert "quoted" in gw.wait_log("script", sid=sid, level="error")["msg"]
        printed = gw.wait_log("script", n=2, sid=sid, level="info")["msg"]
        assert printed.replace("\\t", "\t").split() == ["a", "1", "nil"]
        assert not gw.log("script", msg="unseen")


def test_a_message_without_a_body_has_an_empty_text(gateway, twilio):
    script = """return function(msg)
      return "M:" .. msg.body .. msg.text .. msg.args .. msg.word .. "." end"""
    with gateway(script) as gw:
        assert twilio.text(gw, Body=None, media=["https://x.example/1"]).messages == ["M:."]


def test_names_of_fields_cannot_forge_lines(gateway, twilio):
    script = r"""return function(msg)
      replyd.log.info("x", { ["k\nts=1 level=error event=fake"] = "v", sid = "forged",
                             level = "error", msg = "no", [msg.body] = "1" })
      return "x" end"""
    with gateway(script, log={"format": "json"}) as gw:
        twilio.text(gw, 'a"b', sid="SM1")
        line = gw.wait_log("script", sid="SM1")
        fields = json.loads(line.raw, object_pairs_hook=list)
        assert len({name for name, _ in fields}) == len(fields)
        fields = dict(fields)
        assert (fields["sid"], fields["level"], fields["msg"]) == ("SM1", "info", "x")
        assert (fields["_sid"], fields["_level"], fields["_msg"]) == ("forged", "error", "no")
        assert fields["k_ts_1_level_error_event_fake"] == "v" and fields["a_b"] == "1"
        assert not gw.log("fake")


def test_a_handler_may_log_100_lines(gateway, twilio):
    script = """return function(msg)
      for i = 1, 250 do replyd.log.info("line " .. i) end return "x" end"""
    with gateway(script) as gw:
        for sid in ("SM1", "SM2"):    # each of them
            twilio.text(gw, sid=sid)
            assert gw.wait_log("script_log_limit", sid=sid)["dropped"] == "150"
            assert len(gw.log("script", sid=sid)) == 100


# ---- json ------------------------------------------------------------------------------


def ask(gw, twilio, body, **params):
    """The messages of a handler that answers with JSON, as values."""
    answer = twilio.text(gw, body, **params)
    assert answer.messages, gw.log_tail(5)
    return json.loads("".join(answer.messages))


def test_json_both_ways(gateway, twilio):
    script = r"""
    local json = replyd.json
    return { keywords = {
      round = function(msg) return json.encode(json.decode(msg.args)) end,
      made = function() return json.encode({ n = 1, f = 1.5, t = true, l = { 1, 2 }, s = 'a"\n',
                                             e = json.array({}), z = json.null,
                                             o = { a = {} } }) end,
      bad = function(msg)
        local v, err = json.decode(msg.args)
        return json.encode({ v == nil, err.kind, tostring(err) })
      end,
      pretty = function() return json.encode({ a = 1 }, { pretty = true }) end,
      list = function() return json.decode('["one", "two"]') end,
      empty = function() return json.decode('[]') end,
      null = function() return json.null end,
      loop = function() local t = {} t.t = t return json.encode(t) end,
    } }"""
    with gateway(script, fallback_reply="sorry") as gw:
        value = {"a": [1, 2.5, "x", True, False, {}], "big": 9007199254740993, "é": "\U0001F600"}
        assert ask(gw, twilio, "round " + json.dumps(value)) == value
        made = ask(gw, twilio, "made")
        assert made.pop("o") in ({"a": {}}, {"a": []})
        assert made == {"n": 1, "f": 1.5, "t": True, "l": [1, 2], "s": 'a"\n', "e": [], "z": None}
        assert isinstance(made["n"], int)
        for bad in ("{", "[1,]", "nul", "{'a':1}", "[1] 2", "\"\\x\"", "01"):
            nil, kind, text = ask(gw, twilio, "bad " + bad)
            assert nil and kind == "json" and any(c.isdigit() for c in text), (bad, text)
        assert "\n" in twilio.text(gw, "pretty").messages[0]
        assert twilio.text(gw, "list").messages == ["one", "two"]
        assert twilio.text(gw, "empty").messages == []
        assert twilio.text(gw, "null").messages == ["sorry"]
        assert "json.null" in gw.wait_log("script_failed")["error"]
        assert twilio.text(gw, "loop").messages == ["sorry"]


# ---- time ------------------------------------------------------------------------------


def test_sleep_takes_seconds_and_durations(gateway, twilio):
    script = """return function(msg)
      local before = replyd.now()
      replyd.sleep(tonumber(msg.body) or msg.body)
      return ("%.3f"):format(replyd.now() - before) end"""
    with gateway(script) as gw:
        for text, least in (("100ms", 0.1), ("0.1", 0.1), ("0", 0), ("0.2s", 0.2)):
            slept = float(twilio.text(gw, text).messages[0])
            assert least - 0.005 <= slept < least + 2, text


def test_sleeping_handlers_do_not_wait_for_each_other(gateway, twilio):
    script = "return function(msg) replyd.sleep('1s') return msg.body end"
    with gateway(script, script_threads=1) as gw:
        pending = [twilio.text_async(gw, f"m{i}", from_=f"+1555000{i:04d}") for i in range(50)]
        answers = [p.result() for p in pending]
        assert [a.messages for a in answers] == [[f"m{i}"] for i in range(50)]
        assert max(a.elapsed for a in answers) < 8


def test_time_left_counts_down_to_the_deadline(gateway, twilio):
    script = """return function(msg)
      local first = msg:time_left() replyd.sleep("200ms")
      return { ("%.3f"):format(first), ("%.3f"):format(msg:time_left()) } end"""
    with gateway(script, deadline="3s") as gw:
        first, second = map(float, twilio.text(gw).messages)
        assert 2 < first <= 3 and 0.15 < first - second < 1.5


# ---- msg -------------------------------------------------------------------------------

FIELDS = """
local function show(v)
  if type(v) ~= "table" then return v end
  local t = {}
  for k, x in pairs(v) do if type(x) ~= "function" then t[k] = show(x) end end
  return t
end
return { message = function(msg)
  local t = {}
  for _, k in ipairs{ "id", "account", "service", "from", "to", "phone", "channel", "body", "text",
                      "word", "args", "generation", "attempt" } do t[k] = msg[k] end
  t.media = replyd.json.array({})
  for i, m in ipairs(msg.media) do t.media[i] = { url = m.url, type = m.type } end
  t.same = msg.params.Body == msg.body
  t.twice = msg.params:all("Twice")
  return replyd.json.encode(t)
end }
"""


def test_the_fields_of_a_message(gateway, twilio):
    with gateway(FIELDS) as gw:
        msg = ask(gw, twilio, "  Hello,  big world ", sid="SM9", MessagingServiceSid="MG1")
        assert msg == {
            "id": "SM9", "account": ACCOUNT, "service": "MG1", "from": FROM, "to": TO,
            "phone": FROM, "channel": "sms", "body": "  Hello,  big world ",
            "text": "Hello,  big world", "word": "hello", "args": "big world", "media": [],
            "generation": 1, "attempt": 1, "same": True, "twice": msg["twice"]}
        assert msg["twice"] in ([], {})
        wa = ask(gw, twilio, "", from_="whatsapp:+4915112345", to="whatsapp:" + TO,
                 media=["https://example.com/1"])
        assert (wa["phone"], wa["channel"], wa["word"]) == ("+4915112345", "whatsapp", "")
        assert wa["media"] == [{"url": "https://example.com/1", "type": "image/jpeg"}]
        code = ask(gw, twilio, "x", from_="12345")
        assert code["from"] == "12345" and "phone" not in code
        assert ask(gw, twilio, "x", media=["https://e.example/"])["channel"] == "mms"


DETAILS = """return function(msg)
  return replyd.json.encode({ segments = msg.segments, name = msg.profile_name, wa_id = msg.wa_id,
    forwarded = msg.forwarded, location = msg.location, button = msg.button, list = msg.list,
    referral = msg.referral, quoted = msg.quoted, flow = msg.flow, geo = msg.geo,
    same = rawequal(msg.geo, msg.geo) })
end"""


def test_the_details_of_a_message_are_fields(gateway, twilio):
    with gateway(DETAILS) as gw:
        msg = ask(gw, twilio, "x", NumSegments="2", Forwarded="true", Latitude="1e400",
                  Longitude="-0.5", ButtonText="Yes", ButtonType="REPLY", ListId="a",
                  FlowData='{"size":[1,2]}', InteractiveData="no JSON", FromCity="Rome",
                  ReferralNumMedia="0", ProfileName="")
        assert msg == {
            "segments": 2, "forwarded": True, "location": {"longitude": -0.5},
            "button": {"text": "Yes", "type": "REPLY"}, "list": {"id": "a"},
            "flow": {"data": {"size": [1, 2]}, "raw": '{"size":[1,2]}'},
            "geo": {"from": {"city": "Rome", "state": "CA", "country": "US"},
                    "to": {"country": "US"}}, "same": True}
        bare = ask(gw, twilio, "x", NumSegments="many")
        assert set(bare) == {"geo", "same"}


LATER = """return function(msg)
  local m = msg.media[1]
  local function why(f) return select(2, pcall(f)) end
  return { why(function() m:fetch() end), why(function() msg:ask("Your name?") end),
           why(function() msg.user.name = "x" end), why(function() return replyd.kv end),
           m.url .. tostring(m.size) .. tostring(msg.nickname) }
end"""


def test_what_later_versions_have_is_said_to_be_missing(gateway, twilio):
    with gateway(LATER) as gw:
        *missing, rest = twilio.text(gw, "x", media=["https://example.com/1"]).messages
        assert missing == [
            f"scripts/main.lua:{line}: {name} is not in this version of replyd"
            for line, name in ((4, "media.fetch"), (4, "msg.ask"), (5, "msg.user"),
                               (5, "replyd.kv"))]
        assert rest == "https://example.com/1nilnil"


def test_unknown_channels_and_parameters_pass_through(gateway, twilio):
    script = """return function(msg)
      return { msg.channel, msg.params.NewThing, table.concat(msg.params:all("NewThing"), "+"),
               tostring(msg.phone) } end"""
    with gateway(script) as gw:
        answer = twilio.text(gw, "x", from_="pigeon:loft-7", NewThing="first")
        assert answer.messages == ["pigeon", "first", "first", "nil"]


def test_a_fallback_call_says_what_failed(gateway, twilio):
    script = """return function(msg)
      return msg.fallback and replyd.json.encode(msg.fallback) or "ordinary" end"""
    with gateway(script) as gw:
        url = "https://bot.example.com/sms?a=1"
        assert ask(gw, twilio, "x", ErrorCode="11200", ErrorUrl=url) == {"code": "11200",
                                                                         "url": url}
        assert twilio.text(gw, "x").messages == ["ordinary"]


def test_json_encode_takes_a_whole_message(gateway, twilio):
    with gateway("return function(msg) return replyd.json.encode(msg) end") as gw:
        msg = ask(gw, twilio, "Hello", sid="SM8")
        assert (msg["id"], msg["body"], msg["params"]["Body"]) == ("SM8", "Hello", "Hello")


def test_the_generation_is_the_reloads(gateway, twilio):
    script = "return function(msg) return { msg.generation, msg.attempt, '%s' } end"
    with gateway(script % "old") as gw:
        assert twilio.text(gw).messages == ["1", "1", "old"]
        gw.reload(script % "new")
        assert twilio.text(gw).messages == ["2", "1", "new"]
        gw.reload("return {", ok=False)
        assert twilio.text(gw).messages == ["2", "1", "new"]


def test_a_message_that_has_ended_cannot_be_used(gateway, twilio):
    script = """local kept
    return function(msg)
      if kept then
        local ok, why = pcall(kept.reply, kept, "to the wrong one")
        return { tostring(ok), (why:find("has ended") and "has ended") }
      end
      kept = msg return "kept" end"""
    with gateway(script, script_threads=1) as gw:
        assert twilio.text(gw).messages == ["kept"]
        assert twilio.text(gw).messages == ["false", "has ended"]


# ---- keywords --------------------------------------------------------------------------


KEYWORDS = """return {
  keywords = {
    hours = "Mon-Fri 9-17",
    ["sign up"] = function(msg) return "sign up:" .. msg.args end,
    ["sign up now"] = function(msg) return "now:" .. msg.args end,
    menu = { body = "Today:", media = "https://example.com/menu.jpg" },
    ["ÄRGER"] = "folded",
    ["PAY_1"] = "paid",
    quiet = false,
  },
  message = function(msg) return "message:" .. msg.body end,
}"""

MATCHES = {
    "hours": "Mon-Fri 9-17", "Hours?": "Mon-Fri 9-17", "  HOURS!  ": "Mon-Fri 9-17",
    "hours please": "Mon-Fri 9-17", "hoursx": "message:hoursx", "the hours": "message:the hours",
    "sign up Ann Lee": "sign up:Ann Lee", "SIGN UP": "sign up:", "sign  up": "sign up:",
    "sign up now Bob": "now:Bob", "sign upnow": "message:sign upnow", "sign": "message:sign",
    "ärger": "folded", "": "message:", "MENU!": "Today:",
}


@pytest.mark.parametrize("text", MATCHES)
def test_keywords_match_at_word_boundaries(keywords, twilio, text):
    answer = twilio.text(keywords, text)
    assert answer.messages == [MATCHES[text]], text


@pytest.fixture(scope="module")
def keywords(tmp_path_factory):
    """One gateway for all texts: they change nothing."""
    gw = Gateway(tmp_path_factory.mktemp("keywords") / "gw", KEYWORDS, {})
    with gw:
        yield gw


def test_a_buttons_payload_is_tried_first(keywords, twilio):
    assert twilio.text(keywords, "hours", ButtonPayload="PAY_1").messages == ["paid"]
    assert twilio.text(keywords, "hours", ButtonPayload="PAY_2").messages == ["Mon-Fri 9-17"]
    assert twilio.text(keywords, "quiet").messages == []


# ---- load ------------------------------------------------------------------------------

UNLOADABLE = {
    "return 42": "main.lua:1",
    "return {\n  mesage = function() end\n}": "did you mean 'message'",
    "return {\n  message = 'x'\n}": "main.lua:2",
    "return {\n  keywords = { Hours = 'a', ['hours!'] = 'b' }\n}": "hours",
    "local x = = 1": "main.lua:1",
    "error('at load')": "main.lua:1: at load",
    "while true do end": "main.lua",
    "replyd.sleep(1) return {}": "main.lua",
    "counter = 1 return {}": "undeclared global 'counter'",
}


@pytest.mark.parametrize("source", UNLOADABLE)
def test_a_broken_script_is_refused_and_the_old_one_serves(gateway, twilio, source):
    with gateway("return function() return 'old' end", load_limit="200ms") as gw:
        gw.reload(source, ok=False)
        wait_for(lambda: UNLOADABLE[source] in gw.log_tail(), "the reason in the log")
        assert twilio.text(gw).messages == ["old"]
