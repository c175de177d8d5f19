"""Coroutines beside the handler's own: replyd.spawn, all, race, timeout."""

import pytest

pytestmark = pytest.mark.waits

SCRIPT = """
local function late(what) return function() replyd.debug.wait_event(what) return what end end
return { keywords = {
  all = function(msg)
    local l = {} for i = 1, 20 do l[i] = function() replyd.sleep(0.05) return i .. msg.args end end
    return table.concat({ replyd.all(l) }, " ") end,
  race = function(msg)
    return replyd.race{ late("never"), function() replyd.sleep(0.01) return msg.args end } end,
  timeout = function(msg)
    local v, err = replyd.timeout("30ms", late("never")) return err.kind .. " " .. msg.args end,
  both = function(msg)
    replyd.all{ function() replyd.sleep(0.02) msg:reply("second") end,
                function() msg:reply("first") end } return "third" end,
  asleep = function() replyd.all{ late("never"), late("never") } end,
  spawn = function(msg)
    replyd.spawn(function()
      late("go")() replyd.log.info("went on")
      local ok, err = pcall(msg.reply, msg, "too late") replyd.log.info("reply: " .. err) end)
    return msg.args end,
  forever = function() replyd.spawn(late("never")) return "ended" end,
  go = function() return "n" .. replyd.debug.signal("go") end,
  block = function() replyd.spawn(function() replyd.debug.block(8) end) return "answered" end,
  ops = function() local c = replyd.debug.counters() return "n" .. c.started - c.released end,
  fails = function() replyd.spawn(function() error("in spawned") end) return "fine" end,
} }
"""
OTHER = "+15550000099"


@pytest.fixture
def gw(gateway):
    with gateway(SCRIPT, script_threads=1, deadline="2s", late_limit="3s",
                 fallback_reply="sorry") as running:
        yield running


def test_all_race_and_timeout_give_their_own_results(gw, twilio, count):
    n = count(1000, "handlers with coroutines", least=20)
    sent = [(i, twilio.text_async(gw, f"{word} t{i}", from_=f"+1555{i:07d}", tls=False))
            for i in range(n) for word in ("all", "race", "timeout")]
    for k, (i, answer) in enumerate(sent):
        wanted = (" ".join(f"{j}t{i}" for j in range(1, 21)), f"t{i}", f"timeout t{i}")[k % 3]
        assert answer.result().messages == [wanted]
    gw.wait_metric("replyd_runs", equals=0)
    assert twilio.text(gw, "ops").messages == ["n0"]


def test_replies_come_in_the_order_in_which_they_were_made(gw, twilio):
    assert twilio.text(gw, "both").messages == ["first", "second", "third"]


def test_the_deadline_frees_every_operation(gw, twilio):
    answer = twilio.text(gw, "asleep")
    assert answer.messages == ["sorry"] and answer.elapsed < 3
    gw.wait_metric("replyd_runs", equals=0)
    assert twilio.text(gw, "ops").messages == ["n0"]


def test_what_was_spawned_goes_on_after_the_answer(gw, twilio):
    assert twilio.text(gw, "spawn token").messages == ["token"]
    assert twilio.text(gw, "spawn another").messages == ["another"]    # its turn was over
    assert gw.metric("replyd_runs") == 2
    assert twilio.text(gw, "go", from_=OTHER).messages == ["n2"]
    gw.wait_log("script", n=2, msg="went on")
    gw.wait_metric("replyd_runs", equals=0)
    assert all("the handler of this message has ended" in line["msg"]
               for line in gw.log("script") if line["msg"].startswith("reply"))


def test_but_not_longer_than_late_limit(gw, twilio):
    assert twilio.text(gw, "forever", sid="SM1").messages == ["ended"]
    assert gw.metric("replyd_runs") == 1
    gw.wait_metric("replyd_runs", equals=0)
    line = gw.wait_log("late_limit", sid="SM1")
    assert (line["level"], line["what"]) == ("warn", "spawned") and "spawned" in line["why"]
    assert twilio.text(gw, "ops").messages == ["n0"]


def test_an_error_in_it_is_logged(gw, twilio):
    assert twilio.text(gw, "fails", sid="SMfails").messages == ["fine"]
    assert "in spawned" in gw.wait_log("coroutine_failed", sid="SMfails")["error"]


def test_a_drain_ends_it(gateway, twilio):
    with gateway(SCRIPT, script_threads=1, deadline="1s", drain_limit="2s") as gw:
        assert twilio.text(gw, "forever").messages == ["ended"]
        gw.terminate()
        assert gw.process.wait(20) == 0


def test_a_thread_that_is_lost_in_it_answers_nobody_twice(gw, twilio):
    answer = twilio.text(gw, "block", sid="SMblock")
    assert answer.messages in (["answered"], ["sorry"])
    gw.wait_metric("replyd_script_threads_lost_total", equals=1)
    gw.wait_log("recovered")
    assert twilio.text(gw, "all x", from_=OTHER).status == 200
    assert twilio.text(gw, "block", sid="SMblock").body == answer.body
    gw.wait_metric("replyd_runs", equals=0)
