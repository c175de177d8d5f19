"""replyd.text in a script, and what replies cost in the log."""

import json

SCRIPT = r"""
local text, json = replyd.text, replyd.json
return { keywords = {
  segments = function(msg) return json.encode(text.segments(msg.args)) end,
  split = function(msg) return json.encode(text.split(msg.args, 8)) end,
  smarten = function(msg) return text.smarten(msg.args) end,
  edges = function()
    local function fails(f, ...) return tostring(select(2, pcall(f, ...))) end
    return { json.encode({ #text.split(""), #text.split(("x "):rep(1000)),
                           text.segments("").count, text.segments(12345).units }),
             fails(text.segments, ("x"):rep(300 * 1024)), fails(text.split, "x", 0),
             fails(text.smarten) }
  end,
} }"""


def test_a_script_can_count_split_and_smarten(gateway, twilio):
    with gateway(SCRIPT) as gw:
        def ask(text):
            return twilio.text(gw, text).messages

        assert json.loads(ask("segments it’s")[0]) == {
            "count": 1, "encoding": "UCS-2", "units": 4, "forced_by": "’"}
        assert json.loads(ask("segments " + "€" * 81)[0]) == {
            "count": 2, "encoding": "GSM-7", "units": 162}
        assert json.loads(ask("split one two threefold x")[0]) == [
            "one two ", "threefol", "d x"]
        assert ask("smarten “it’s” – fine…") == ['"it\'s" - fine...']
        numbers, *errors = ask("edges")
        assert json.loads(numbers) == [0, 2, 1, 5]
        assert "256 KiB" in errors[0] and "at least one" in errors[1] and "string" in errors[2]


def test_the_log_says_what_the_replies_cost(gateway, twilio):
    script = """return { keywords = {
        two = function() return { "short", ("x"):rep(161) } end,
        curly = function(msg) msg:reply("plain") return "it’s" end,
        picture = { body = ("é"):rep(500), media = "https://example.com/a.png" },
        silent = function() end,
      } }"""
    with gateway(script) as gw:
        def line(body, **params):
            sid = twilio.new_sid()
            twilio.text(gw, body, sid=sid, **params)
            line = gw.wait_log("message", sid=sid)
            return line.get("segments"), line.get("ucs2")

        assert line("two") == ("1,2", None)
        assert line("curly") == ("1,1", "’")
        assert line("picture") == ("1", None)
        assert line("silent") == (None, None)
        assert line("two", from_="whatsapp:+491511234567") == (None, None)
