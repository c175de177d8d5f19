"""Signals that come again while replyd ends do not spoil its exit code."""

import os
import signal

import pytest

from harness import wait_for

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
