"""The MAC decides nothing but the verdict: valgrind sees each branch on undefined memory."""

import shutil
import subprocess

import pytest

import harness

PROGRAM = harness.TOP / "build/test/tests/unit_twilio_test_constant_time"


def test_no_branch_depends_on_a_mac():
    if harness.FLAVOUR != "test":
        pytest.skip("valgrind runs what no sanitizer has been built into")
    if harness.TIER == "test" and not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    done = subprocess.run(["valgrind", "--error-exitcode=9", "--leak-check=no", PROGRAM],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "under valgrind: yes" in done.stdout
    assert "ERROR SUMMARY: 0 errors" in done.stderr
