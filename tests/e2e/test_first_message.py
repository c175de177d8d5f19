"""`make run`: one command, and the first signed message is answered."""

import os
import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]


def test_the_first_message_is_answered_and_the_server_ends():
    done = subprocess.run([TOP / "scripts/first-message"], capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, "REPLYD_ONCE": "1"})
    assert done.returncode == 0, done.stderr
    assert 'Hello! You wrote: "Hello, replyd"' in done.stdout
