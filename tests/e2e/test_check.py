"""replyd check: says what run would do, or what is wrong and where."""

import os

import pytest

SCRIPT = """
return {
  keywords = { hours = "Mon-Fri 9-17", ["sign up"] = function(msg) return "done" end },
  message = function(msg) return "hi" end,
  status = function(ev) end,
}
"""


def write(folder, script=SCRIPT, config='return { auth_token = "x", state = "st" }'):
    (folder / "scripts").mkdir(exist_ok=True)
    (folder / "scripts/main.lua").write_text(script)
    (folder / "replyd.lua").write_text(config)
    (folder / "replyd.lua").chmod(0o600)


def test_a_good_configuration_prints_every_route_and_handler(replyd, tmp_path):
    write(tmp_path)
    done = replyd("check")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "ok"
    assert "/*" in done.stdout and "scripts/main.lua" in done.stdout
    for handler in ("message", "status", '"hours"', '"sign up"'):
        assert handler in done.stdout
    assert not (tmp_path / "st").exists(), "check changes nothing"


def test_routes_are_printed_with_their_conditions(replyd, tmp_path):
    write(tmp_path, config="""return { auth_token = "x", state = "st", routes = {
        { path = "/a", to = "+15550001111", deadline = "3s", script = "scripts/main.lua" },
        { path = "/b/*", channel = "whatsapp", script = "scripts/main.lua" } } }""")
    out = replyd("check").stdout
    assert "/a to=+15550001111 deadline=3s -> scripts/main.lua" in out
    assert "/b/* channel=whatsapp -> scripts/main.lua" in out


TIMES = """
return {
  message = function(msg) return "hi" end, concurrency = "latest", debounce = "1500ms",
  schedule = { ["0 9 * * mon-fri"] = function() end, ["@hourly"] = function() end },
}
"""


def test_schedules_are_printed_with_their_zone_and_how_messages_wait(replyd, tmp_path):
    write(tmp_path, TIMES, config='return { auth_token = "x", state = "st",'
                                  ' timezone = "Europe/Berlin" }')
    lines = [line.strip() for line in replyd("check").stdout.splitlines()]
    assert lines[-6:-1] == ["message schedule", "concurrency=latest", "debounce=1.5s",
                            'schedule "0 9 * * mon-fri" Europe/Berlin',
                            'schedule "@hourly" Europe/Berlin']
    write(tmp_path, TIMES, config='return { auth_token = "x", state = "st", deadline = "2s" }')
    assert "debounce=1.5s (1s: the rest of the deadline is the handler's)" in replyd("check").stdout
    write(tmp_path)
    out = replyd("check").stdout
    assert "concurrency" not in out and "debounce" not in out and "schedule" not in out


def test_a_broken_script_is_refused_with_file_and_line(replyd, tmp_path):
    write(tmp_path, script="return {\n  message = function(msg)\n    return 1 +\n  end }\n")
    done = replyd("check")
    assert done.returncode == 1
    assert "scripts/main.lua:4:" in done.stderr
    assert "ok" not in done.stdout.splitlines()


def test_an_unknown_handler_gets_a_suggestion(replyd, tmp_path):
    write(tmp_path, script="return { mesage = function() end }")
    done = replyd("check")
    assert done.returncode == 1
    assert "mesage" in done.stderr and "did you mean" in done.stderr and "message" in done.stderr


def test_a_wrong_configuration_is_refused_with_file_and_line(replyd, tmp_path):
    write(tmp_path, config='return {\n auth_token = "x",\n deadlin = "8s",\n}')
    done = replyd("check")
    assert done.returncode == 1
    assert done.stderr == "error: replyd.lua:3: deadlin: unknown key, did you mean deadline?\n"


def test_warnings_do_not_refuse(replyd, tmp_path):
    write(tmp_path, script="""local count = 0
return function(msg)
  count = count + 1
  return tostring(count)
end
""", config='return { auth_token = file "token", state = "st", deadline = "10s", region = "ie1",'
          ' waiting_reply = "soon" }')
    (tmp_path / "token").write_text("x\n")
    (tmp_path / "token").chmod(0o644)
    done = replyd("check")
    assert done.returncode == 0
    assert "warning: scripts/main.lua:3: count is a file-level local" in done.stderr
    assert "warning: replyd.lua:1: token: anybody on this machine can read it" in done.stderr
    assert "warning: replyd.lua:1: deadline: above 9 s" in done.stderr
    assert "warning: replyd.lua:1: region: not in this version, ignored" in done.stderr
    assert "warning: replyd.lua:1: waiting_reply: not in this version, ignored" in done.stderr
    assert done.stderr.count("\n") == 5


def test_assigned_file_level_locals_of_modules_are_warned_of(replyd, tmp_path):
    """Wherever the handler's code stands; but whoever wrote a rock knows what it does."""
    module = "local n = 0\nreturn { next = function()\n\n  n = n + 1\n  return n\nend }\n"
    write(tmp_path, script="local a, b = require 'lib.counter', require 'rock'\n"
                           "return function() return a.next() + b.next() end\n")
    for folder in ("lib", "lua_modules"):
        (tmp_path / "scripts" / folder).mkdir()
    (tmp_path / "scripts/lib/counter.lua").write_text(module)
    (tmp_path / "scripts/lua_modules/rock.lua").write_text(module)
    done = replyd("check")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ("warning: scripts/lib/counter.lua:4: n is a file-level local and "
                           "assigned in a function: it exists once per script thread, and ends at "
                           "a reload\n")


def test_names_that_nothing_has_are_warned_of(replyd, tmp_path):
    """They would else wait for the first message that reaches them."""
    write(tmp_path, script="""
        local m = require 'm'
        if jit then m.fast() end
        local unpack = unpack or table.unpack
        local lib = replyd.later or _G.print
        local function ok(msg)
          local t = { name = 1 }
          local encode = replyd.json.encode
          return t.nmae, string.format("%d", 1), encode(t), ("x"):foo(), lib.foo, math.pi
        end
        return {
          concurrency = latest,
          message = function(msg) replyd.slep(1) return ok(msg) end,
          keywords = {
            a = function() retrun = 1 end,
            b = function() return string.fromat("%d", 1), replyd.json.decod("1") end,
            c = function() return replyd.http.get("x"), tostrin(1), math.wat end,
            d = function() local _ENV = { x = 1 } return x, y end,
            e = function() return _ENV.whatever, _G.other end,
          },
        }""")
    (tmp_path / "scripts/m.lua").write_text("return { f = function() n = 1 end }\n")
    done = replyd("check")
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.splitlines()) == {
        "warning: scripts/m.lua:1: global 'n' is assigned, which raises an error: write 'local n'",
        "warning: scripts/main.lua:12: no local and no global is called 'latest': it is nil "
        "(a text needs quotes)",
        "warning: scripts/main.lua:13: replyd has no 'slep': did you mean 'sleep'?",
        "warning: scripts/main.lua:15: global 'retrun' is assigned, which raises an error: "
        "write 'local retrun'",
        "warning: scripts/main.lua:16: string has no 'fromat': did you mean 'format'?",
        "warning: scripts/main.lua:16: replyd.json has no 'decod': did you mean 'decode'?",
        "warning: scripts/main.lua:17: replyd has no 'http' in this version",
        "warning: scripts/main.lua:17: no local and no global is called 'tostrin': it is nil: "
        "did you mean 'tostring'?",
        "warning: scripts/main.lua:17: math has no 'wat'",
        "warning: scripts/main.lua:19: no local and no global is called 'whatever': it is nil "
        "(a text needs quotes)",
        "warning: scripts/main.lua:19: _G has no 'other'",
    }


def test_an_endless_loop_at_load_is_refused(replyd, tmp_path):
    write(tmp_path, script="while true do end", config=
          'return { auth_token = "x", state = "st", load_limit = "200ms" }')
    done = replyd("check")
    assert done.returncode == 1
    assert "scripts/main.lua" in done.stderr


def test_a_script_can_be_named_without_any_file(replyd, tmp_path):
    (tmp_path / "bot.lua").write_text("return function() return 'x' end")
    done = replyd("check", "bot.lua", env={"TWILIO_AUTH_TOKEN": "t"})
    assert done.returncode == 0, done.stderr
    assert "bot.lua" in done.stdout


def test_usage(replyd):
    assert replyd("check", "--nonsense").returncode == 2
    assert replyd("check", "a", "b").returncode == 2


@pytest.mark.parametrize("what", ["scripts/main.lua", "replyd.lua", "token"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_not_a_regular_file_is_refused_by_name(replyd, tmp_path, what, make):
    write(tmp_path, config='return { auth_token = file "token", state = "st" }')
    (tmp_path / "token").write_text("x")
    (tmp_path / what).unlink()
    make(tmp_path / what)
    done = replyd("check", timeout=10)
    assert done.returncode == 1
    assert what in done.stderr and "not a regular file" in done.stderr, done.stderr


def test_a_required_pipe_is_refused_by_name(replyd, tmp_path):
    write(tmp_path, script="require 'pipe'\nreturn {}")
    os.mkfifo(tmp_path / "scripts/pipe.lua")
    done = replyd("check", timeout=10)
    assert done.returncode == 1
    assert "scripts/pipe.lua is not a regular file" in done.stderr
