"""Keywords and opt-out: who gets which message, and what Twilio is told."""

import pytest

SCRIPT = """
local function told(ev)
  replyd.log.info("opt_out", { kind = ev.kind, by = ev.by, body = ev.body, from = ev.from })
end
return {
  message = function(msg) return "message:" .. msg.body end,
  opt_out = function(ev) told(ev) ev:reply("unseen") return "from opt_out" end,
}"""

NO_HANDLER = 'return { message = function(msg) return "message:" .. msg.body end }'


def seen(gw, sid):
    line = gw.wait_log("script", sid=sid, msg="opt_out")
    return line["kind"], line["by"]


@pytest.mark.parametrize("word, kind", [
    ("STOP", "STOP"), (" stop \n", "STOP"), ("StopAll", "STOP"), ("unsubscribe", "STOP"),
    ("Cancel!", "STOP"), ("end", "STOP"), ("QUIT", "STOP"), ("revoke", "STOP"),
    ("OptOut", "STOP"), ("start", "START"), ("UNSTOP", "START")])
def test_a_body_that_is_one_word_of_the_list_is_an_opt_out(gateway, twilio, word, kind):
    with gateway(SCRIPT) as gw:
        answer = twilio.text(gw, word, sid="SM1")
        assert answer.body == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
        assert seen(gw, "SM1") == (kind, "word")


@pytest.mark.parametrize("body", [
    "stop by at 5", "please stop", "YES", "yes", "stopped", "stop stop", "the end", "st op", ""])
def test_anything_longer_is_an_ordinary_message(gateway, twilio, body):
    with gateway(SCRIPT) as gw:
        assert twilio.text(gw, body).messages == [f"message:{body}"]
        assert not gw.log("script", msg="opt_out")


@pytest.mark.parametrize("kind", ["STOP", "HELP", "START", "FUTURE"])
def test_what_twilio_has_answered_is_not_answered_again(gateway, twilio, kind):
    with gateway(SCRIPT) as gw:
        answer = twilio.text(gw, "whatever they wrote", sid="SM1", OptOutType=kind)
        assert answer.messages == []
        assert seen(gw, "SM1") == (kind, "twilio")


def test_without_a_handler_an_opt_out_is_silent(gateway, twilio):
    with gateway(NO_HANDLER) as gw:
        assert twilio.text(gw, "stop").messages == []
        assert twilio.text(gw, "x", OptOutType="HELP").messages == []
        assert twilio.text(gw, "x").messages == ["message:x"]


def test_an_opt_out_gets_no_stand_in_either(gateway, twilio):
    script = """return { opt_out = function(ev)
        if ev.kind == "STOP" then error("oops") end
        replyd.sleep("1m")
      end, error = function() return "sorry" end }"""
    with gateway(script, fallback_reply="fallback", waiting_reply="wait", deadline="1s",
                 on_error="http500", late_limit="2s") as gw:
        answer = twilio.text(gw, "stop")
        assert (answer.status, answer.messages) == (200, [])
        assert twilio.text(gw, "start").messages == []


@pytest.mark.parametrize("script, reply", [
    ('return { keywords = { help = "from keyword" }, opt_out = function() return "no" end }',
     "from keyword"),
    ('return { opt_out = function(ev) return ev.kind .. " by " .. ev.by end }', "HELP by word"),
    ('return { message = function(msg) return "from message" end }', "from message")])
def test_an_inferred_help_is_answered_by_the_first_that_can(gateway, twilio, script, reply):
    with gateway(script) as gw:
        assert twilio.text(gw, "Help").messages == [reply]
        assert twilio.text(gw, "x", OptOutType="HELP").messages == []


def test_info_is_help_too_and_has_its_own_keyword(gateway, twilio):
    with gateway('return { keywords = { info = "about" }, opt_out = function() return "?" end }') \
            as gw:
        assert twilio.text(gw, "INFO").messages == ["about"]
        assert twilio.text(gw, "help").messages == ["?"]


def test_a_button_counts_by_its_payload_before_its_title(gateway, twilio):
    script = """return { keywords = { cancel_order = "order cancelled" },
                         opt_out = function(ev) end }"""
    with gateway(script) as gw:
        button = {"ButtonText": "Cancel", "ButtonPayload": "cancel_order"}
        assert twilio.text(gw, "Cancel", **button).messages == ["order cancelled"]
        assert twilio.text(gw, "Cancel", ButtonText="Cancel", ButtonPayload="x").messages == []
        assert twilio.text(gw, "Cancel").messages == []


def test_the_words_can_be_chosen_for_all_and_for_a_route(gateway, twilio):
    script = {"main.lua": SCRIPT}
    routes = [{"path": "/none", "script": "scripts/main.lua", "opt_out_words": False},
              {"path": "/fr", "script": "scripts/main.lua",
               "opt_out_words": {"STOP": ["arrêt", "fin"], "START": "reprise"}},
              {"path": "/*", "script": "scripts/main.lua"}]
    with gateway(script, routes=routes, opt_out_words={"STOP": ["halt"], "HELP": []}) as gw:
        assert twilio.text(gw, "STOP", path="/none").messages == ["message:STOP"]
        assert twilio.text(gw, "ARRÊT", path="/fr").messages == []
        assert twilio.text(gw, "Reprise", path="/fr").messages == []
        assert twilio.text(gw, "stop", path="/fr").messages == ["message:stop"]
        assert twilio.text(gw, "halt", path="/x").messages == []
        assert twilio.text(gw, "stop", path="/x").messages == ["message:stop"]
        assert twilio.text(gw, "start", path="/x").messages == []
        assert twilio.text(gw, "help", path="/x").messages == ["message:help"]


@pytest.mark.parametrize("words, error", [
    ('{ STOP = { "yes" } }', "yes"), ('{ "stop" }', "expected"), ('{ Stop = "x" }', "expected"),
    ("true", "expected"), ('{ STOP = { "  " } }', "word"), ('{ STOP = 1 }', "word")])
def test_words_that_cannot_be_are_refused(replyd, tmp_path, words, error):
    (tmp_path / "replyd.lua").write_text(f'return {{ auth_token = "t", opt_out_words = {words} }}')
    (tmp_path / "bot.lua").write_text(SCRIPT)
    result = replyd("check", "bot.lua")
    assert result.returncode != 0 and "opt_out_words" in result.stderr + result.stdout
    assert error in result.stderr + result.stdout


def test_a_keyword_that_is_a_stop_or_start_word_is_refused(replyd, tmp_path):
    def check(keyword, words=""):
        (tmp_path / "replyd.lua").write_text(f'return {{ auth_token = "t", {words} }}')
        (tmp_path / "bot.lua").write_text(
            f'return {{\n  keywords = {{\n    ["{keyword}"] = "x",\n  }},\n}}\n')
        result = replyd("check", "bot.lua")
        return result.returncode, result.stdout + result.stderr

    for word in ("stop", "Unsubscribe!", "START", "end"):
        code, text = check(word)
        assert code == 1 and "bot.lua:3: keyword" in text and "opt-out word" in text, text
    for word in ("help", "info", "yes", "stop it"):
        assert check(word)[0] == 0, word
    assert check("stop", "opt_out_words = false")[0] == 0
    assert check("halt", 'opt_out_words = { STOP = "halt" }')[0] == 1


def test_a_keyword_is_refused_by_the_words_of_its_own_route(replyd, tmp_path):
    (tmp_path / "bot.lua").write_text('return {\n  keywords = { fin = "x" },\n}\n')
    for words, code in (('{ STOP = "fin" }', 1), ('{ START = { "Fin!" } }', 1),
                        ('{ HELP = "fin" }', 0), ("false", 0)):
        (tmp_path / "replyd.lua").write_text(
            f'return {{ auth_token = "t", opt_out_words = {{ STOP = "none" }}, routes = {{'
            f' {{ script = "bot.lua", opt_out_words = {words} }} }} }}')
        done = replyd("check")
        assert done.returncode == code, words
        assert ("bot.lua:2: keyword" in done.stderr) == (code == 1), words


def test_a_keyword_needs_a_whole_word(gateway, twilio):
    script = """return { keywords = { hours = "9-17", stop_by = "come in" },
                         message = function(msg) return "message:" .. msg.word end }"""
    with gateway(script) as gw:
        assert twilio.text(gw, "Hours?").messages == ["9-17"]
        assert twilio.text(gw, "hoursglass").messages == ["message:hoursglass"]
        assert twilio.text(gw, "stop_by").messages == ["come in"]
