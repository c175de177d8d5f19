"""Connections that end anywhere, floods and exhaustion, against the server of core/http."""

import os
import random
import resource
import signal
import socket
import threading
import time

import pytest

import wire
from server import Server
from wire import Wire

SCALE = float(os.environ.get("REPLYD_SCALE", "0.01"))
RNG = random.Random(int(os.environ.get("REPLYD_SEED", "1")))
BODY = b"Body=" + b"x" * 300
POST = (b"POST /echo HTTP/1.1\r\nHost: gw.example\r\nContent-Type: application/"
        b"x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(BODY)) + BODY
GET = b"GET /verified HTTP/1.1\r\nHost: gw.example\r\n\r\n"


def quiet(server, fds):
    """Waits until the server has closed what the test opened."""
    end = time.monotonic() + 10
    while server.fds() > fds:
        assert time.monotonic() < end, f"{server.fds()} descriptors, {fds} at first"
        with Wire("127.0.0.1", server.ports[0]) as w:    # an event of the server's loop
            w.send(GET)
            w.finish()


def cuts(n):
    """Every byte at full scale; at least 40 of them."""
    most = max(40, int(n * SCALE * 10))
    return range(1, n) if most >= n else sorted(RNG.sample(range(1, n), most))


def test_a_request_may_end_at_every_byte(port, servers):
    fds = servers.fds()
    n = 0
    for at in cuts(len(POST)):
        for how in ("fin", "reset"):
            with Wire("127.0.0.1", *port) as w:
                w.send(POST[:at])
                if how == "reset":
                    w.reset()
                else:
                    assert w.finish() == []
            n += 1
    print(f"{n} cuts")
    quiet(servers, fds)


def test_a_response_may_be_cut_at_every_byte(port, servers):
    with Wire("127.0.0.1", *port) as w:
        w.send(POST)
        w.finish()
        n = len(w.data)
    fds = servers.fds()
    for at in cuts(n):
        with Wire("127.0.0.1", *port) as w:
            w.send(POST)
            while len(w.data) < at and w.read_some():
                pass
            w.reset()
    quiet(servers, fds)


def test_the_answer_comes_after_the_clients_fin(port):
    with Wire("127.0.0.1", *port) as w:
        w.send(POST)
        w.half_close()
        (answer,) = w.read_to_end()
    assert answer.status == 200 and answer.body.endswith(BODY)


def test_a_client_that_goes_while_its_request_is_held_harms_nobody(port, servers):
    fds = servers.fds()
    with Wire("127.0.0.1", *port) as w:
        w.send(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        w.reset()
    quiet(servers, fds)


FLOODS = {
    "1 MiB header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (1 << 20), 431, 16384),
    "20,000 headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 20000, 431, 16384),
    "1 MiB chunk extension": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              b"1;x=" + b"a" * (1 << 20), 413, 16384),
    "20,000 trailers": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        b"1\r\nx\r\n0\r\n" + b"A: b\r\n" * 20000, 431, 16384),
    "2 MiB in chunks": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + (b"400\r\n" + b"x" * 1024 + b"\r\n") * 2048, 413, 65536 + 16384),
    "100 GB announced": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n"
                         + b"x" * (1 << 20), 413, 16384),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_gets_its_answer_and_is_not_read(port, servers, flood):
    data, status, limit = FLOODS[flood]
    before = servers.read_bytes()
    with Wire("127.0.0.1", *port) as w:
        w.send(data)
        responses = w.read_to_end()
        assert [r.status for r in responses] == [status] and w.ended == "eof"
    assert servers.read_bytes() - before <= limit + 65536


# ---- exhaustion ---------------------------------------------------------------

def open_idle(port, n):
    found = []
    for _ in range(n):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
        found.append(s)
    return found


def test_64_descriptors_and_200_connections(tmp_path):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(7)[1]))
    with Server(tmp_path, "http://127.0.0.1:0", nofile=64) as server:
        idle = open_idle(server.ports[0], 200)
        cpu, start = server.cpu(), time.monotonic()
        while time.monotonic() - start < 2:    # the time over which the share is taken
            assert server.process.poll() is None
            time.sleep(0.1)
        share = (server.cpu() - cpu) / (time.monotonic() - start)
        assert share < 0.2, f"{share:.0%} of a core while nothing happens"
        for s in idle:
            s.close()
        start = time.monotonic()
        with Wire("127.0.0.1", server.ports[0]) as w:
            w.send(GET)
            assert w.read_responses(1)[0].status == 403
        assert time.monotonic() - start < 1
        lines = server.errors().count("\n")
        assert lines <= 5, server.errors()


def test_verified_connections_outlive_a_flood_of_others(tmp_path):
    with Server(tmp_path, "http://127.0.0.1:0", max_connections=20) as server:
        good = [Wire("127.0.0.1", server.ports[0]) for _ in range(5)]
        for w in good:
            w.send(GET)
            assert w.read_responses(1)[0].status == 403
        idle = open_idle(server.ports[0], 100)
        with Wire("127.0.0.1", server.ports[0]) as w:    # gets in: others are evicted for it
            w.send(GET)
            assert w.read_responses(1)[0].status == 403
        for w in good:
            w.send(GET)
            assert len(w.read_responses(2)) == 2
            w.sock.close()
        for s in idle:
            s.close()


def test_a_silent_handshake_ends(tmp_path):
    with Server(tmp_path, "https://127.0.0.1:0", handshake_timeout=200) as server:
        for data in (b"", b"\x16\x03\x01\x02\x00\x01"):
            with Wire("127.0.0.1", server.ports[0]) as w:
                w.send(data)
                w.read_to_end()
                assert w.ended == "eof"


# ---- the end ------------------------------------------------------------------

def client(port, tls, stop, counts):
    """Requests one after the other until the server says that it ends."""
    while not stop.is_set():
        try:
            w = Wire("127.0.0.1", port, tls)
        except OSError:
            return    # nobody listens any more
        with w:
            for n in range(1, 1000):
                asked = len(w.data)
                try:
                    w.send(POST)
                    responses = w.read_responses(n)
                except OSError:
                    responses = wire.split(w.data)[0]
                if len(responses) < n:
                    counts["lost" if n == 1 or len(w.data) > asked else "idle"] += 1
                    break
                counts["answered"] += 1
                if responses[-1].closes:
                    break


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_drain_loses_no_accepted_request(tmp_path, tls):
    runs = max(3, int(100 * SCALE))
    for _ in range(runs):
        scheme = "https" if tls else "http"
        counts = {"answered": 0, "lost": 0, "idle": 0}
        stop = threading.Event()
        with Server(tmp_path, f"{scheme}://127.0.0.1:0") as server:
            threads = [threading.Thread(target=client,
                                        args=(server.ports[0], tls, stop, counts))
                       for _ in range(4)]
            for t in threads:
                t.start()
            while counts["answered"] < 20:
                assert any(t.is_alive() for t in threads)
                time.sleep(0.001)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(10) == 0
            stop.set()
            for t in threads:
                t.join(10)
        assert counts["lost"] == 0 and counts["idle"] == 0, counts
    print(f"{runs} runs")
