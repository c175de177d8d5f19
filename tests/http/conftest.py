"""A server for the tests of this folder."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from server import Server  # noqa: E402
from wire import Wire  # noqa: E402


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """One server for plain (port 0) and TLS (port 1), with short limits of time."""
    state = tmp_path_factory.mktemp("state")
    with Server(state, "http://127.0.0.1:0", "https://127.0.0.1:0", request_timeout=400,
                handshake_timeout=5000) as server:
        with Wire("127.0.0.1", server.ports[0]) as w:    # libuv opens a spare descriptor
            w.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            w.finish()
        yield server


@pytest.fixture(params=["plain", "tls"])
def port(request, servers):
    """(port, tls) of both listeners in turn."""
    tls = request.param == "tls"
    return servers.ports[tls], tls
