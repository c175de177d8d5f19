"""`schedule` handlers under a clock that the test sets: $REPLYD_TEST_CLOCK, test builds only."""

import contextlib
import datetime

import pytest

from harness import wait_for

pytestmark = pytest.mark.waits

SCRIPT = """
local n = 0
local function ran(what) return function(...)
  n = n + 1
  replyd.log.info("ran " .. what .. os.date("! %H:%M ", replyd.now() // 1 | 0) ..
    select("#", ...) .. " " .. n)
  replyd.sleep(0.01) return "nobody hears this" end end
return {
  message = function(msg) return msg.body == "now" and replyd.now() or msg.body end,
  error = function(err) replyd.log.info("error handler: " .. tostring(err):match("on purpose")) end,
  schedule = {
    ["30 2 * * *"] = ran("fixed"),
    ["0 9 * * mon-fri"] = ran("weekdays"),
    ["15 9 * * *"] = function() error("on purpose") end,
    ["20 9 * * *"] = function() replyd.sleep(60) end,
    ["45 9 * * *"] = function() replyd.spawn(function() replyd.sleep(0.01)
      replyd.log.info("ran spawned") end) end,
  },
}
"""


def clock(text):
    """Starts three seconds before that moment (UTC)."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return {"env": {"REPLYD_TEST_CLOCK": str(moment.timestamp() - 3)}, "script_threads": 2}


def ran(gw, n=1):
    line = gw.wait_log("schedule", n=n)
    return line, [l["msg"] for l in gw.log("script") if l["msg"].startswith("ran ")]


def test_a_line_runs_at_its_time_once_on_one_thread(gateway, twilio):
    with gateway(SCRIPT, **clock("2026-05-27T09:00:00")) as gw:
        line, lines = ran(gw)
        assert lines == ["ran weekdays 09:00 0 1"]
        assert line["entry"] == "0 9 * * mon-fri" and line["outcome"] == "ok"
        gw.wait_metric("replyd_messages_total", equals=1, kind="schedule", outcome="ok")
        assert twilio.text(gw, "beside").messages == ["beside"]
        gw.wait_metric("replyd_runs", equals=0)


MOMENTS = [
    ("2026-03-29T01:00:00", "Europe/Berlin"),       # 02:30 is left out: at once
    ("2026-10-25T00:30:00", "Europe/Berlin"),       # the first 02:30 of two
    ("2026-07-01T06:30:00", "America/New_York"),
    ("2026-07-01T20:45:00", "Asia/Kathmandu"),
]


def test_the_time_is_that_of_the_zone(gateway):
    with contextlib.ExitStack() as stack:    # side by side: each waits for its moment
        running = [stack.enter_context(gateway(SCRIPT, timezone=zone, **clock(moment)))
                   for moment, zone in MOMENTS]
        for gw, (moment, _) in zip(running, MOMENTS):
            _, lines = ran(gw)
            assert lines == [f"ran fixed {moment[11:16]} 0 1"]


def test_the_second_time_of_two_is_none(gateway, twilio):
    with gateway(SCRIPT, timezone="Europe/Berlin", **clock("2026-10-25T01:30:00")) as gw:
        begun = float(twilio.text(gw, "now").messages[0])
        wait_for(lambda: float(twilio.text(gw, "now").messages[0]) > begun + 6, "the tick to pass")
        assert gw.log("schedule") == []


def test_an_error_is_logged_and_reaches_the_error_handler(gateway):
    with gateway(SCRIPT, fallback_reply="sorry", **clock("2026-05-30T09:15:00")) as gw:
        assert gw.wait_log("schedule")["outcome"] == "error"
        assert "on purpose" in gw.wait_log("script_failed")["error"]
        assert gw.wait_log("script")["msg"] == "error handler: on purpose"
        gw.wait_metric("replyd_messages_total", equals=1, kind="schedule", outcome="error")
        assert gw.metric("replyd_undeliverable_total") == 0


def test_it_ends_at_late_limit_with_a_warning(gateway):
    with gateway(SCRIPT, deadline="1s", late_limit="1s", **clock("2026-05-30T09:20:00")) as gw:
        line = gw.wait_log("schedule")
        assert (line["outcome"], line["why"], line["level"]) == ("cancelled", "late_limit", "warn")
        assert gw.wait_log("late_limit")["entry"] == line["entry"] == "20 9 * * *"


def test_it_may_spawn(gateway):
    with gateway(SCRIPT, **clock("2026-05-30T09:45:00")) as gw:
        gw.wait_log("script", msg="ran spawned")
        gw.wait_metric("replyd_runs", equals=0)


def test_a_reload_brings_new_lines(gateway):
    with gateway("return function() end", **clock("2026-05-27T09:00:00")) as gw:
        gw.reload(SCRIPT)
        _, lines = ran(gw)
        assert lines == ["ran weekdays 09:00 0 1"]
        gw.reload("return function() end")
        assert gw.metric("replyd_runs") == 0


def test_a_lost_thread_runs_it_again_elsewhere(gateway, twilio):
    script = SCRIPT.replace("  message = function(msg) return",
                            "  message = function(msg) return "
                            "msg.body == 'block' and replyd.debug.block(8) or "
                            "msg.body == 'go' and replyd.debug.signal('go') or")
    script = script.replace("replyd.sleep(0.01) return", "replyd.debug.wait_event('go') return")
    settings = {**clock("2026-05-27T09:00:00"), "script_threads": 1, "fallback_reply": "sorry"}
    with gateway(script, **settings) as gw:
        gw.wait_log("script", msg="ran weekdays 09:00 0 1")
        assert twilio.text(gw, "block").messages == ["sorry"]
        gw.wait_log("script", n=2, msg="ran weekdays 09:00 0 1")    # a VM of its own
        gw.wait_log("recovered")
        wait_for(lambda: twilio.text(gw, "go").messages == ["1"], "the second run to go on")
        _, lines = ran(gw)
        assert len(lines) == 2 and gw.wait_log("schedule")["outcome"] == "ok"


@pytest.mark.parametrize("line, reason", [
    ("0 25 * * *", '"25" is no hour'),
    ("every day", "is no cron line"),
    ("0 0 30 2 *", "never happens"),
    ("0" + ",0" * 200 + " * * * *", "at most 200 bytes"),
])
def test_check_names_file_and_line_of_what_is_no_cron_line(replyd, tmp_path, line, reason):
    (tmp_path / "bot.lua").write_text(
        'return {\n  schedule = {\n    ["%s"] = function() end,\n  },\n}\n' % line)
    (tmp_path / "replyd.lua").write_text(
        'return { auth_token = "0123456789abcdef0123456789abcdef", listen = "http://127.0.0.1:0" }')
    done = replyd("check", "bot.lua")
    assert done.returncode == 1, done.stderr
    assert "bot.lua:3:" in done.stderr + done.stdout and reason in done.stderr + done.stdout


@pytest.mark.parametrize("zone, reason", [("Europe/Berln", "no time zone \"Europe/Berln\""),
                                          ("../passwd", "no time zone")])
def test_a_zone_that_is_missing_is_named(replyd, tmp_path, zone, reason):
    (tmp_path / "bot.lua").write_text("return function() end")
    (tmp_path / "replyd.lua").write_text(
        'return { auth_token = "0123456789abcdef0123456789abcdef", listen = "http://127.0.0.1:0",'
        ' timezone = "%s" }' % zone)
    for command in ("check", "run"):
        done = replyd(command, "bot.lua")
        assert done.returncode in (1, 2) and reason in done.stderr + done.stdout


def test_a_system_without_zones_says_what_to_install(replyd, tmp_path):
    (tmp_path / "bot.lua").write_text("return function() end")
    (tmp_path / "replyd.lua").write_text(
        'return { auth_token = "0123456789abcdef0123456789abcdef", listen = "http://127.0.0.1:0",'
        ' timezone = "Europe/Berlin" }')
    done = replyd("check", "bot.lua", env={"TZDIR": str(tmp_path)})
    assert done.returncode in (1, 2) and "install tzdata" in done.stderr + done.stdout
