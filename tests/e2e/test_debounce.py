"""A burst of one sender's texts is one message to the script."""

import pytest

pytestmark = pytest.mark.waits

SCRIPT = """
local function told(msg)
  local said = {}
  for i, part in ipairs(msg.parts) do said[i] = part.id .. "=" .. part.params.Body end
  return msg.id .. ": " .. msg.body .. " (" .. table.concat(said, " ") .. ") " .. #msg.media
end
return {
  debounce = "%s",
  message = function(msg)
    if msg.text:find("fail") then error("on purpose") end
    return told(msg)
  end,
  keywords = { now = function(msg) return "now " .. msg.args .. #msg.parts end },
}
"""
OTHER = "+15550000099"


def burst(gw, twilio, *bodies, **options):
    """Texts of one sender, each on the script thread before the next is sent."""
    sent = []
    for body in bodies:
        before = len(gw.log("message", outcome="merged"))
        sent.append(twilio.text_async(gw, body, sid=f"SM{len(sent) + 1}", **options))
        if len(sent) > 1:
            gw.wait_log("message", n=before + 1, outcome="merged")
        else:
            gw.wait_metric("replyd_runs", at_least=1)
    return [answer.result() for answer in sent]


def test_a_burst_is_one_message(gateway, twilio):
    with gateway(SCRIPT % "1s") as gw:
        answers = burst(gw, twilio, "Hello", "are you", "open?")
        assert [a.messages for a in answers] == [
            [], [], ["SM3: Hello\nare you\nopen? (SM1=Hello SM2=are you SM3=open?) 0"]]
        assert {a.status for a in answers} == {200}
        assert twilio.text(gw, "Hello", sid="SM1").messages == []    # stored like any answer
        gw.wait_metric("replyd_messages_total", equals=1, kind="message", outcome="replay")
        gw.wait_metric("replyd_messages_total", equals=2, kind="message", outcome="merged")
        gw.wait_metric("replyd_messages_total", equals=1, kind="message", outcome="ok")
        assert gw.metric("replyd_runs") == 0


def test_pictures_of_a_burst_are_together(gateway, twilio):
    picture = {"NumMedia": "1", "MediaUrl0": "https://example.com/1", "MediaContentType0": "a/b"}
    with gateway(SCRIPT % "1s") as gw:
        answers = burst(gw, twilio, "", "look", **picture)
        assert answers[1].messages == ["SM2: look (SM1= SM2=look) 2"]


def test_a_keyword_ends_the_burst(gateway, twilio):
    with gateway(SCRIPT % "13s") as gw:
        first = twilio.text_async(gw, "well", sid="SM1")
        gw.wait_metric("replyd_runs", equals=1)
        assert twilio.text(gw, "now or never").messages == ["now or never1"]
        assert first.result().messages == ["SM1: well (SM1=well) 0"]


@pytest.mark.parametrize("word", ["HELP", "STOP"])
def test_an_opt_out_word_ends_the_burst_also_where_a_message_handler_gets_it(gateway, twilio, word):
    with gateway(SCRIPT % "13s") as gw:
        first = twilio.text_async(gw, "well", sid="SM1")
        gw.wait_metric("replyd_runs", equals=1)
        answer = twilio.text(gw, word, sid="SM2")
        assert answer.messages == (["SM2: HELP (SM2=HELP) 0"] if word == "HELP" else [])
        assert first.result().messages == ["SM1: well (SM1=well) 0"]


@pytest.mark.parametrize("rule", ["drop", "latest"])
def test_a_keyword_comes_after_the_burst_that_it_ends_whatever_the_rule(gateway, twilio, rule):
    script = (SCRIPT % "13s").replace("return {", f"return {{ concurrency = '{rule}',")
    with gateway(script) as gw:
        first = twilio.text_async(gw, "well", sid="SM1")
        gw.wait_metric("replyd_runs", equals=1)
        second = twilio.text_async(gw, "so", sid="SM2")
        gw.wait_log("message", outcome="merged")
        assert twilio.text(gw, "now or never").messages == ["now or never1"]
        assert first.result().messages == []
        assert second.result().messages == ["SM2: well\nso (SM1=well SM2=so) 0"]
        gw.wait_metric("replyd_messages_total", equals=2, kind="message", outcome="ok")


def test_one_sender_does_not_hold_up_another(gateway, twilio):
    with gateway(SCRIPT % "13s", script_threads=1) as gw:
        first = twilio.text_async(gw, "one", sid="SM1")
        gw.wait_metric("replyd_runs", equals=1)
        assert twilio.text(gw, "now", from_=OTHER).messages == ["now 1"]
        assert not first.done()
        assert twilio.text(gw, "now").messages == ["now 1"]
        assert first.result().messages == ["SM1: one (SM1=one) 0"]


def test_the_window_ends_before_a_short_deadline(gateway, twilio):
    with gateway(SCRIPT % "13s", deadline="2s", fallback_reply="sorry") as gw:
        assert twilio.text(gw, "one", sid="SM1").messages == ["SM1: one (SM1=one) 0"]


def test_an_error_of_a_burst_is_no_500(gateway, twilio):
    """Twilio would ask the fallback URL for the last part alone: the others are answered."""
    with gateway(SCRIPT % "1s", fallback_reply="sorry", on_error="http500") as gw:
        assert burst(gw, twilio, "please", "fail")[1].messages == ["sorry"]
        assert twilio.text(gw, "fail alone", sid="SM9").status == 500


def test_a_flood_is_joined_in_twenties(gateway, twilio):
    with gateway(SCRIPT % "13s", max_sender_queue=30, script_threads=1) as gw:
        sent = []
        for i in range(25):
            sent.append(twilio.text_async(gw, "again", sid=f"SM{i}"))
            gw.wait_metric("replyd_messages_total", equals=i - (i >= 20), kind="message",
                           outcome="merged")
        assert sent[19].result().messages[0].count("again") == 40    # bodies, parts
        assert twilio.text(gw, "now").messages == ["now 1"]
        assert sent[24].result().messages[0].count("again") == 10


TWO = {"a.lua": "return { debounce = '13s', message = function(m) return 'A ' .. m.body end }",
       "b.lua": "return { debounce = '1s', message = function(m) return 'B ' .. m.body end }"}
ROUTES = [{"path": "/a", "script": "scripts/a.lua"}, {"path": "/b", "script": "scripts/b.lua"}]


def test_a_reload_that_moves_scripts_joins_none_of_two(gateway, twilio):
    """Of the scripts' places in the configuration a burst knows nothing."""
    with gateway(TWO, routes=ROUTES) as gw:
        first = twilio.text_async(gw, "first", path="/a")
        gw.wait_metric("replyd_runs", equals=1)
        gw.reload(TWO, routes=ROUTES[::-1])
        assert twilio.text(gw, "second", path="/b").messages == ["B second"]
        assert first.result().messages == ["A first"]
        first = twilio.text_async(gw, "third", path="/a")
        gw.wait_metric("replyd_runs", equals=1)
        fast = {"a.lua": TWO["a.lua"].replace("13s", "1s"), "b.lua": TWO["b.lua"]}
        gw.reload(fast, routes=ROUTES)
        assert twilio.text(gw, "fourth", path="/a").messages == ["A third\nfourth"]
        assert first.result().messages == []


def test_a_burst_goes_on_over_a_reload(gateway, twilio):
    with gateway(SCRIPT % "13s") as gw:
        first = twilio.text_async(gw, "before", sid="SM1")
        gw.wait_metric("replyd_runs", equals=1)
        gw.reload(SCRIPT % "1s")
        assert twilio.text(gw, "after", sid="SM2").messages == [
            "SM2: before\nafter (SM1=before SM2=after) 0"]
        assert first.result().messages == []
        gw.wait_metric("replyd_generations", equals=1)
