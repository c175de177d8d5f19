"""Fixtures of the end-to-end tests: a replyd of one's own, and Twilio's library as its caller.

    def test_x(gateway, twilio):
        with gateway(SCRIPT, deadline="2s") as gw:       # stops it and looks at its end
            assert twilio.text(gw, "hello").messages == ["..."]

A test waits for events (an answer, a metric, a fault point, a log line), never for a time.
"""

import os
import random
import subprocess

import pytest

import harness
from caller import Twilio
from process import Gateway


def pytest_report_header(config):
    return (f"replyd: {harness.BINARY} ({harness.FLAVOUR}), tier {harness.TIER}, "
            f"scale {harness.SCALE}, REPLYD_SEED={harness.SEED}")


def pytest_collection_modifyitems(items):
    if harness.TIER != "test":
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="only in .ci/run and make torture"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """When a test fails, the logs of its gateways are part of its report."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for gw in getattr(item, "gateways", []):
            report.sections.append((f"log of {gw.name}", gw.log_tail()))


@pytest.fixture
def gateway(request, tmp_path):
    """gateway(script, **configuration): a context manager that gives a running Gateway.

    script: Lua source, or a dict from file name below scripts/ to source (main.lua first).
    Keywords are configuration keys; those in process.RESERVED steer the harness.
    """
    request.node.gateways = []

    def make(script=None, **configuration):
        folder = tmp_path / f"gw{len(request.node.gateways)}"
        gw = Gateway(folder, script, configuration)
        request.node.gateways.append(gw)
        return gw

    yield make
    for gw in request.node.gateways:
        gw.kill()    # only what a failed test has left behind


@pytest.fixture
def twilio():
    """Signs and sends what Twilio would; several threads may use it."""
    caller = Twilio()
    yield caller
    caller.close()


@pytest.fixture
def replyd(tmp_path):
    """replyd("check", "x.lua"): runs a command to its end in tmp_path."""

    def run(*arguments, env=None, cwd=None, timeout=60):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TWILIO_", "XDG_"))}
        return subprocess.run([harness.BINARY, *map(str, arguments)], cwd=cwd or tmp_path,
                              env={**clean, **(env or {})}, timeout=harness.seconds(timeout),
                              capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def rng():
    """Everything random in a test comes from here; the seed is printed at the start."""
    return random.Random(harness.SEED)


@pytest.fixture
def count(record_property):
    """count(full, "messages"): how many of them this tier runs; printed and recorded."""

    def scaled(full, what, least=1):
        n = max(least, round(full * harness.SCALE))
        print(f"{what}: {n} of {full}")
        record_property(what, n)
        return n

    return scaled
