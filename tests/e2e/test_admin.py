"""The admin listener: health, readiness, metrics, and in test builds the fault points."""

import os
import shutil
import stat
import subprocess
import urllib.request

import pytest

import harness

SCRIPT = "return function(msg) return 'hi' end"


def test_a_private_socket_in_the_state_folder(gateway):
    with gateway(SCRIPT) as gw:
        mode = os.stat(gw.state / "admin.sock").st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE(os.stat(gw.state).st_mode) == 0o700
    assert not (gw.state / "admin.sock").exists()


def test_health_and_readiness(gateway):
    with gateway(SCRIPT) as gw:
        assert gw.admin("/healthz") == (200, "ok\n")
        assert gw.admin("/readyz") == (200, "ready\n")
        assert gw.admin("/nonsense")[0] == 404
        assert gw.admin("/metrics", "DELETE")[0] == 405


def test_readiness_ends_with_the_drain(gateway, twilio):
    with gateway(SCRIPT) as gw:
        gw.fault("script.start", stall_until="released")
        pending = twilio.text_async(gw)
        gw.wait_stalled("script.start")
        gw.terminate()
        harness.wait_for(lambda: gw.admin("/readyz")[0] == 503, "readyz 503")
        assert gw.admin("/healthz")[0] == 200
        gw.release("script.start")
        assert pending.result().messages == ["hi"]


def test_info_names_listeners_with_real_ports(gateway):
    with gateway(SCRIPT, public_url="https://bot.example.com/x") as gw:
        info = gw.info()
        assert info["listeners"] == gw.listeners
        assert info["public_urls"] == ["https://bot.example.com/x"]
        assert info["pid"] == gw.pid and info["ready"] is True and info["generation"] >= 1


def test_metrics_count_what_happened(gateway, twilio):
    with gateway(SCRIPT) as gw:
        for _ in range(3):
            twilio.text(gw)
        assert twilio.text(gw, token="wrong").status == 403
        # counted once the answer is written: a moment after it was read here
        gw.wait_metric("replyd_messages_total", equals=3, kind="message", outcome="ok")
        gw.wait_metric("replyd_signature_failures_total", equals=1, reason="mismatch")
        gw.wait_metric("replyd_http_responses_total", equals=3, **{"class": "2xx"})
        gw.wait_metric("replyd_http_responses_total", equals=1, **{"class": "4xx"})
        gw.wait_metric("replyd_answer_seconds_count", equals=3)
        assert gw.metric("replyd_generations") == 1


def test_promtool_is_content_with_a_live_server(gateway, twilio):
    if shutil.which("promtool") is None and harness.TIER == "test":
        pytest.skip("no promtool")
    with gateway(SCRIPT) as gw:
        twilio.text(gw)
        done = subprocess.run(["promtool", "check", "metrics"], input=gw.admin("/metrics")[1],
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_loopback_address_instead_of_the_socket(gateway):
    with gateway(SCRIPT, admin="127.0.0.1:0") as gw:
        url = gw.wait_log("admin")["listening"]
        with urllib.request.urlopen(url + "/readyz") as answer:
            assert answer.read() == b"ready\n"
        assert not (gw.state / "admin.sock").exists()


def test_fault_points_stall_and_count(gateway, twilio):
    with gateway(SCRIPT) as gw:
        gw.fault("front.send", stall_until="released")
        pending = twilio.text_async(gw)
        gw.wait_stalled("front.send")
        assert not pending.done()
        gw.release("front.send")
        assert pending.result().messages == ["hi"]
        assert gw.hits("front.send") == 1 and gw.stalled("front.send") == 0
        assert gw.admin("/fault/nonsense")[0] == 404
        assert gw.admin("/fault/front.send", "POST", "explode")[0] == 400
