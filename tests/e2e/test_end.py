"""Signals that come again while replyd ends do not spoil its exit code."""

import signal

SCRIPT = "return function(msg) return 'hi' end"


def test_signals_up_to_the_last_moment_leave_the_exit_code_alone(gateway, twilio, count):
    for _ in range(count(200, "ends", least=5)):
        with gateway(SCRIPT) as gw:
            twilio.text(gw, reuse=False)
            gw.terminate()
            while gw.process.poll() is None:
                gw.process.send_signal(signal.SIGHUP)
