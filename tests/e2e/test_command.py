"""The command line: help, version, what is unknown, exit codes."""

import re


def test_help_names_every_command(replyd):
    done = replyd("help")
    assert done.returncode == 0 and done.stderr == ""
    for name in ("run", "check", "text", "verify", "explain", "help"):
        assert f"replyd {name} " in done.stdout
    assert replyd("--help").stdout == done.stdout
    assert "replay" not in done.stdout, "what comes later is absent"


def test_no_command_is_a_usage_error(replyd):
    assert replyd().returncode == 2


def test_help_config_prints_every_key(replyd):
    out = replyd("help", "config").stdout
    for key in ("listen", "public_url", "deadline", "accounts.*.auth_token", "routes.*.path",
                "log.level", "max_body", "drain_limit"):
        assert f"\n  {key} = " in out
    assert 'deadline = "8s"   (duration, 1s to 13.5s)' in out
    assert max(map(len, out.splitlines())) <= 100


def test_help_lua_prints_the_api(replyd):
    done = replyd("help", "lua")
    assert done.returncode == 0, done.stderr
    for name in ("replyd.sleep", "replyd.now", "replyd.log.info", "replyd.json.encode",
                 "msg:reply", "msg:finish", "msg:time_left"):
        assert name in done.stdout, name


def test_help_says_what_bounds_a_handler(replyd):
    lua = " ".join(replyd("help", "lua").stdout.split())
    assert 'require "lib.prices", at the top of a file' in lua and "Not io, package" in lua
    for text in ("opt_out = function(ev) ... end", "After msg:finish() the next one may begin.",
                 "while a handler runs, both are dropped", "at most 1000 coroutines",
                 "Has 100 ms of CPU time", "nested deeper than 200. Integers"):
        assert text in lua, text
    assert lua.count("s is at most 256 KiB.") == 3
    missed = " ".join(replyd("help", "config").stdout.split()).split("schedule_missed = ")[1]
    assert "durable store alone, which is not in this version" in missed[:400]


def test_help_metrics_prints_every_metric(replyd):
    out = replyd("help", "metrics").stdout
    assert "replyd_messages_total{kind, outcome}   (counter)" in out
    assert "replyd_answer_seconds   (histogram)" in out
    assert "lost_thread" in out
    assert "newer_message" in out and "queue_full" in out    # why= of a message's line


def test_help_of_a_command_is_its_usage(replyd):
    assert replyd("help", "run").stdout.startswith("  replyd run [-c FILE]")
    assert replyd("help", "nonsense").returncode == 2
    for command in ("run", "check", "text", "verify", "explain"):
        for arguments in (["--help"], ["-h"], ["x", "--help"]):
            done = replyd(command, *arguments)
            assert done.returncode == 0 and done.stderr == ""
            assert done.stdout.startswith(f"  replyd {command} "), done.stdout


def test_help_names_the_script_that_is_run_when_none_is_named(replyd):
    for command in ("run", "check"):
        assert "scripts/main.lua" in replyd(command, "--help").stdout


def test_version_names_the_libraries(replyd):
    out = replyd("--version").stdout
    assert re.match(r"replyd \d+\.\d+\.\d+ \(\w+\)\n", out)
    for library in ("libuv", "llhttp", "lua", "mbedtls", "yyjson", "zlib"):
        assert re.search(rf"^  {library} +\d+\.\d+", out, re.M), library


def test_an_unknown_command_gets_a_suggestion(replyd):
    done = replyd("chekc")
    assert (done.returncode, done.stderr) == (2, "replyd: unknown command chekc,"
                                                 " did you mean check?\n")
    assert replyd("frobnicate").returncode == 2


def test_commands_of_a_later_version_say_so(replyd):
    for name in ("messages", "backup", "send", "webhook", "doctor"):
        done = replyd(name)
        assert (done.returncode, done.stderr) == (2, f"replyd {name}: not in this version\n")


def test_run_refuses_bad_usage_and_configuration_with_2(replyd, tmp_path):
    assert replyd("run", "--nonsense").returncode == 2
    assert replyd("run", "a.lua", "b.lua").returncode == 2
    done = replyd("run", "none.lua", env={"TWILIO_AUTH_TOKEN": "x"})
    assert done.returncode == 2 and "none.lua: No such file or directory" in done.stderr
    (tmp_path / "replyd.lua").write_text("return { auth_token = 'x', state = 'st', colour = 1 }")
    done = replyd("run")
    assert done.returncode == 2 and "replyd.lua:1: colour: unknown key" in done.stderr
    assert done.stdout == ""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/main.lua").write_text("return function() end")
    (tmp_path / "replyd.lua").write_text("""return { auth_token = 'x', state = 'st',
        tls = { certificate = 'nope.pem', key = 'key.pem' } }""")
    done = replyd("run")
    assert done.returncode == 2 and "replyd.lua:2: tls: nope.pem: No such" in done.stderr
    assert replyd("check").returncode == 1


def test_an_address_in_use_is_69(replyd, gateway):
    with gateway("return function() return 'x' end") as gw:
        done = replyd("run", "-c", gw.folder / "replyd.lua", "--listen", gw.http_url,
                      "--state", gw.folder / "other")
        assert done.returncode == 69, done.stderr
        assert gw.http_url.split(":")[-1] in done.stderr


def test_a_state_folder_in_use_is_69(replyd, gateway):
    with gateway("return function() return 'x' end") as gw:
        done = replyd("run", "-c", gw.folder / "replyd.lua")
        assert done.returncode == 69
        assert "another replyd listens there" in done.stderr
