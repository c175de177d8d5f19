"""Signals that come again while replyd ends do not spoil its exit code."""

import os
import signal

import pytest

from harness import wait_for

pytestmark = pytest.mark.waits

SCRIPT = "return function(msg) return 'hi' end"


def test_signals_up_to_the_last_moment_leave_the_exit_code_alone(gateway, twilio, count):
    for _ in range(count(200, "ends", least=5)):
        with gateway(SCRIPT) as gw:
            twilio.text(gw, reuse=False)
            gw.terminate()
            while gw.process.poll() is None:
                gw.process.send_signal(signal.SIGHUP)


def is_ready(gw):
    try:
        return gw.admin("/readyz")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("fd", [0, 1, 2])
def test_it_runs_and_ends_without_a_standard_descriptor(gateway, fd):
    gw = gateway(SCRIPT, preexec=lambda: os.close(fd))
    gw.start(wait=False)
    wait_for(lambda: is_ready(gw), "ready")
    gw.terminate()
    assert gw.wait_end() == 0


SLOW = "local n = 0 for i = 1, 2e7 do n = n + i end return { message = function() return 'hi' end }"


def test_sighup_while_scripts_are_loaded_is_a_reload_afterwards(gateway, twilio):
    gw = gateway(SLOW)
    gw.start(wait=False)
    wait_for(gw.state.exists, "the state folder, which is made before scripts are loaded")
    gw.sighup()
    gw.wait_ready()
    gw.wait_metric("replyd_reloads_total", at_least=1, result="ok")
    assert twilio.text(gw).messages == ["hi"]
    gw.terminate()
    assert gw.wait_end() == 0


def test_sigterm_while_scripts_are_loaded_ends_it(gateway):
    gw = gateway(SLOW)
    gw.start(wait=False)
    wait_for(gw.state.exists, "the state folder")
    gw.terminate()
    assert gw.wait_end() in (0, -signal.SIGTERM)
