"""SIGHUP: under load nobody notices; test_broken_reload.py has what is refused."""

import hashlib
import os
import ssl
import subprocess
import urllib.parse

import pytest

import harness
from load import FALLBACK, Load

SCRIPT = """
local generation = %d
return { keywords = {
  echo = function(msg) return msg.args end,
  which = function() return tostring(generation) end,
  wait = function() replyd.debug.wait_event("go") return "waited in " .. generation end,
  go = function() replyd.debug.signal("go") return "gone" end,
  nap = function() replyd.sleep(2) return "slept in " .. generation end,
  block = function() replyd.debug.block(30) end,
} }
"""


def errors(gw, event="reload"):
    return "\n".join(l.raw for l in gw.log(event, level="error"))


def alive(gw):
    return gw.metric("replyd_generations")


def test_reloads_under_load_fail_nobody(gateway, twilio, count):
    n = count(200, "SIGHUPs under load", least=10)
    with gateway(SCRIPT % 0, fallback_reply=FALLBACK, log={"level": "warn"}) as gw:
        load = Load(gw, rate=200).start()
        for i in range(1, n + 1):
            gw.reload(SCRIPT % i)
            assert twilio.text(gw, "which").messages == [str(i)]
        report = load.stop()
        print(report)
        assert not report.lost and not report.failed and not report.foreign, report.failed[:5]
        assert len(report.results) > n / 10
        gw.wait_metric("replyd_generations", equals=1)
        assert gw.metric("replyd_generations_leaked_total") == 0
        assert gw.metric("replyd_reloads_total", result="failed") == 0


def test_a_burst_of_sighups_ends_with_the_newest_script(gateway, twilio, count):
    n = count(1000, "SIGHUPs in bursts", least=50)
    with gateway(SCRIPT % 0, fallback_reply=FALLBACK, log={"level": "warn"}) as gw:
        load = Load(gw, rate=200).start()
        for i in range(1, n + 1):
            gw.write_scripts(SCRIPT % i)
            gw.sighup()
        harness.wait_for(lambda: twilio.text(gw, "which").messages == [str(n)], "newest script")
        report = load.stop()
        print(f"{report}; {gw.metric('replyd_reloads_total', result='ok')} reloads")
        assert not report.lost and not report.failed and not report.foreign
        gw.wait_metric("replyd_generations", equals=1)


def test_a_missing_script_or_configuration_never_replaces_a_working_one(gateway, twilio):
    with gateway(SCRIPT % 1) as gw:
        (gw.folder / "scripts/main.lua").unlink()
        gw.reload(ok=False)
        assert "main.lua" in errors(gw)
        gw.write_scripts(SCRIPT % 2)
        (gw.folder / "replyd.lua").write_text("return {\n  deadline = \n}\n")
        before = gw.metric("replyd_reloads_total", result="failed")
        gw.sighup()
        gw.wait_metric("replyd_reloads_total", equals=before + 1, result="failed")
        assert "replyd.lua:3" in errors(gw) or "replyd.lua:2" in errors(gw), errors(gw)
        assert twilio.text(gw, "which").messages == ["1"]
        gw.reload(deadline="3s")
        assert twilio.text(gw, "which").messages == ["2"]


def test_a_pipe_in_the_place_of_a_script_does_not_hold_up_a_reload(gateway, twilio):
    with gateway(SCRIPT % 1) as gw:
        (gw.folder / "scripts/main.lua").unlink()
        os.mkfifo(gw.folder / "scripts/main.lua")
        gw.reload(ok=False)
        assert "scripts/main.lua: not a regular file" in errors(gw)
        assert twilio.text(gw, "which").messages == ["1"]


def test_what_has_begun_ends_in_its_own_generation(gateway, twilio):
    with gateway(SCRIPT % 1, deadline="8s", script_threads=1) as gw:
        waiting = twilio.text_async(gw, "wait", from_="+15550001111")
        napping = twilio.text_async(gw, "nap", from_="+15550002222")
        gw.wait_hits("script.start", 2)
        gw.reload(SCRIPT % 2)
        assert alive(gw) == 2
        assert twilio.text(gw, "which").messages == ["2"]
        assert napping.result().messages == ["slept in 1"]
        twilio.text(gw, "go", from_="+15550003333")
        assert waiting.result().messages == ["waited in 1"]
        gw.wait_metric("replyd_generations", equals=1)
        assert gw.metric("replyd_generations_leaked_total") == 0


def test_more_than_eight_generations_wait(gateway, twilio):
    with gateway(SCRIPT % 1, deadline="13s", script_threads=1) as gw:
        held = []
        for i in range(1, 9):
            held.append(twilio.text_async(gw, "wait", from_=f"+1555000{i:04d}"))
            gw.wait_hits("script.start", 2 * i - 1)
            if i < 8:
                gw.reload(SCRIPT % (i + 1))
                assert twilio.text(gw, "which").messages == [str(i + 1)]
        assert alive(gw) == 8
        gw.write_scripts(SCRIPT % 9)
        gw.sighup()
        assert "8 generations" in gw.wait_log("reload", level="warn")["msg"]
        assert twilio.text(gw, "which").messages == ["8"] and alive(gw) == 8
        twilio.text(gw, "go")
        assert sorted(h.result().messages[0] for h in held) == [
            f"waited in {i}" for i in range(1, 9)]
        gw.wait_metric("replyd_reloads_total", equals=8, result="ok")
        assert twilio.text(gw, "which").messages == ["9"]
        gw.wait_metric("replyd_generations", equals=1)


@pytest.mark.parametrize("key, value", [
    ("listen", ["https://127.0.0.1:0"]), ("state", "elsewhere"), ("script_threads", 3),
    ("front_threads", 2)])
def test_what_needs_a_restart_is_refused_by_name(gateway, twilio, key, value):
    with gateway(SCRIPT % 1) as gw:
        gw.reload(SCRIPT % 2, ok=False, **{key: value})
        assert key in errors(gw) and "restart" in errors(gw), errors(gw)
        assert twilio.text(gw, "which").messages == ["1"]
        gw.reload(**{key: None if key not in ("listen", "state", "script_threads") else {
            "listen": ["https://127.0.0.1:0", "http://127.0.0.1:0"],
            "state": str(gw.state), "script_threads": 2}[key]})
        assert twilio.text(gw, "which").messages == ["2"]


def test_a_lost_thread_while_reloading(gateway, twilio):
    with gateway(SCRIPT % 1, fallback_reply=FALLBACK, script_threads=1) as gw:
        stuck = twilio.text_async(gw, "block")
        gw.wait_hits("script.start", 1)
        gw.reload(SCRIPT % 2)                # acknowledged by the successor
        assert stuck.result().messages == [FALLBACK]
        assert twilio.text(gw, "which").messages == ["2"]
        # the lost thread keeps both generations, as each had a VM for it: leaked and counted
        assert alive(gw) == gw.metric("replyd_generations_leaked_total") == 2
        gw.reload(SCRIPT % 3)
        assert twilio.text(gw, "which").messages == ["3"]


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
                   check=True, capture_output=True)
    (folder / "key.pem").chmod(0o600)


def served(gw):
    """SHA-256 of the certificate that new connections get."""
    parts = urllib.parse.urlsplit(gw.url)
    pem = ssl.get_server_certificate((parts.hostname, parts.port))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def test_a_changed_certificate_serves_new_connections(gateway, twilio, tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    make_certificate(folder, "first")
    with gateway(SCRIPT % 1, tls={"certificate": str(folder / "cert.pem"),
                                  "key": str(folder / "key.pem")}) as gw:
        first = served(gw)
        assert twilio.text(gw, "which").messages == ["1"]    # a connection that stays
        make_certificate(folder, "second")
        gw.reload(SCRIPT % 2)
        second = served(gw)
        assert second != first
        assert twilio.text(gw, "which").messages == ["2"]
        key = (folder / "key.pem").read_text()
        make_certificate(folder, "third")
        (folder / "key.pem").write_text(key)                 # does not belong to it
        gw.reload(SCRIPT % 3, ok=False)
        assert served(gw) == second and twilio.text(gw, "which").messages == ["2"]
        assert "pem" in errors(gw), errors(gw)
        (folder / "cert.pem").write_text("no certificate")
        gw.reload(ok=False)
        assert served(gw) == second
        assert gw.metric("replyd_connections_total") > 0
