"""Bytes that no client should send, to the whole gateway: every case ends as it must.

The server of core/http alone has tests of its own in tests/http; here TLS, gateway and script
stand behind it, and signed messages must still be answered afterwards.
"""

import contextlib
import os
import resource
import socket
import struct
import sys

import pytest

import harness
import raw
from harness import wait_for
from process import Gateway, UnixConnection

sys.path.insert(0, str(harness.TOP / "tests/http"))

import cases  # noqa: E402

SCRIPT = "return { message = function(msg) return msg.body end, status = function(ev) end }"
CASES = cases.load()


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """One gateway with short timeouts for all cases: none may harm the next."""
    gw = Gateway(tmp_path_factory.mktemp("cases") / "gw", SCRIPT, {"request_timeout": "400ms"})
    with gw:
        yield gw


def fds(gw):
    return len(os.listdir(f"/proc/{gw.pid}/fd"))


def wait_rest(gw, before):
    """All connections but the admin request's own are gone, with their descriptors."""
    gw.wait_metric("replyd_connections", equals=0)
    wait_for(lambda: fds(gw) <= before, f"descriptors back to {before}")


def signed(twilio, gw, n, tls=False, first=0):
    return [b"".join(raw.post(twilio, gw, twilio.message_params(f"n{i}"), tls=tls))
            for i in range(first, first + n)]


def send_until_closed(connection, data):
    """What is sent after a rejection is dropped for a moment only, then it is closed."""
    try:
        connection.send(data)
    except OSError:
        pass


# ---- M1: the cases ---------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_all_cases_end_as_expected(short, twilio, tls):
    port = int((short.url if tls else short.http_url).rsplit(":", 1)[1])
    wrong = {}
    for case in CASES:
        verdict = cases.run("127.0.0.1", port, tls, case)
        if not cases.ok(case, verdict):
            wrong[case["name"]] = (verdict, case["expected"])
    assert len(CASES) == 185 and not wrong
    assert short.metric("replyd_messages_total") == 0    # no handler ran for any of them
    wait_rest(short, 10**6)


def test_a_signed_message_is_answered_afterwards(short, twilio):
    assert twilio.text(short, "still there", reuse=False).messages == ["still there"]


# ---- M3: segments ----------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_where_a_request_is_cut_does_not_matter(gateway, twilio, tls, count):
    params = twilio.message_params("cut anywhere", sid="SM1")
    with gateway(SCRIPT) as gw:
        data = b"".join(raw.post(twilio, gw, params, tls=tls))
        with raw.Connection(gw, tls) as c:
            c.send(data)
            whole = c.response()
            assert b"cut anywhere" in whole.body
            step = max(1, len(data) // count(len(data), "cuts", least=60))
            for cut in range(1, len(data), step):    # each other cut on the same connection
                c.send(data[:cut])
                c.send(data[cut:])
                assert c.response().body == whole.body, cut
            for i in range(len(data)):
                c.send(data[i:i + 1])
            assert c.response().body == whole.body
        gw.wait_metric("replyd_messages_total", equals=1, outcome="ok")    # the rest were replays


# ---- M6: pipelining --------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_many_pipelined_requests(gateway, twilio, count, tls):
    n = count(20000, "pipelined requests", least=200)
    with gateway(SCRIPT) as gw, raw.Connection(gw, tls) as c:
        c.send_while_reading(b"".join(signed(twilio, gw, n, tls)))
        for i in range(n):
            assert f">n{i}</Message>".encode() in c.response().body


def test_an_invalid_request_in_the_middle_ends_the_pipeline(gateway, twilio, count):
    n = count(20000, "pipelined requests", least=200)
    with gateway(SCRIPT) as gw, raw.Connection(gw, tls=False) as c:
        bad = n // 2 - 1
        # after its 400 replyd throws away 4 MiB, for a second, then resets: what comes behind is
        # less, and of 10,000 answers a slow reader has the most before
        requests = signed(twilio, gw, bad + 1 + min(bad, 3000))
        requests[bad] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n"
        for first, end, sent in [(0, bad - 50, bad - 50), (bad - 50, bad, len(requests))]:
            sender = twilio.submit(send_until_closed, c, b"".join(requests[first:sent]))
            for i in range(first, end):
                assert f">n{i}</Message>".encode() in c.response().body
        last = c.response()
        assert (last.status, last.headers["connection"]) == (400, "close")
        assert c.at_end()
        with contextlib.suppress(OSError):    # replyd has reset it by now, or not yet
            c.sock.shutdown(socket.SHUT_RDWR)
        sender.result()
        gw.wait_metric("replyd_messages_total", equals=bad, outcome="ok")


# ---- M7: ends of connections -----------------------------------------------------------


def reset(connection):
    """Closes with RST instead of FIN."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sock.close()


def test_a_client_that_has_sent_all_may_say_so_early(gateway, twilio):
    with gateway("return function(msg) replyd.sleep('100ms') return msg.body end") as gw:
        with raw.Connection(gw, tls=False) as c:
            c.send(signed(twilio, gw, 1)[0])
            c.sock.shutdown(socket.SHUT_WR)
            assert b">n0</Message>" in c.response().body and c.at_end()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_connection_that_breaks_anywhere_leaves_nothing(gateway, twilio, count, tls):
    with gateway(SCRIPT) as gw:
        data = b"".join(raw.post(twilio, gw, twilio.message_params("x", sid="SM1"), tls=tls))
        twilio.text(gw, reuse=False)
        gw.wait_metric("replyd_connections", equals=0)
        before = fds(gw)
        step = max(1, len(data) // count(len(data), "breaks", least=20))
        for cut in range(0, len(data) + 1, step):
            for end in (reset, lambda c: c.sock.close()):
                c = raw.Connection(gw, tls)
                c.send(data[:cut])
                end(c)
        wait_rest(gw, before)
        gw.wait_metric("replyd_exchanges", equals=0)
        assert twilio.text(gw, "after", reuse=False).messages == ["after"]


def test_the_answer_waits_for_the_retry_when_the_client_is_gone(gateway, twilio):
    script = """local n = 0
    return function(msg) n = n + 1 replyd.sleep("200ms") return "run " .. n end"""
    with gateway(script) as gw:
        c = raw.Connection(gw)
        params = twilio.message_params("x", sid="SM1")
        c.send(b"".join(raw.post(twilio, gw, params)))
        gw.wait_metric("replyd_exchanges", equals=1)
        reset(c)
        line = gw.wait_log("message", sid="SM1", outcome="ok")
        assert line["connection"] == "gone"
        assert twilio.post(gw, params).messages == ["run 1"]


# ---- M12: budgets ----------------------------------------------------------------------


def bytes_read(gw):
    with open(f"/proc/{gw.pid}/io", encoding="ascii") as f:
        return int(f.read().split("rchar: ")[1].split()[0])


HEAD = (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n")
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MIB = 1 << 20
BODY_LIMIT, HEAD_LIMIT = 64 * 1024, 16 * 1024    # the standard max_body and max_head
NOISE = 8 * 1024    # of event descriptors and the like

BUDGETS = {
    "1 MiB header": (HEAD + b"X: " + b"a" * MIB + b"\r\n\r\n", {431}),
    "1 MiB target": (b"POST /" + b"a" * MIB + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
    "20,000 headers": (HEAD + b"A: b\r\n" * 20000 + b"\r\n", {431}),
    "1 MiB chunk extension": (CHUNKED + b"1;" + b"a" * MIB + b"\r\nx\r\n0\r\n\r\n",
                              {400, 413, 431}),
    "20,000 trailers": (CHUNKED + b"1\r\nx\r\n0\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
                        {400, 413, 431}),
    "2 MiB chunked": (CHUNKED + (b"1000\r\n" + b"a" * 4096 + b"\r\n") * 512 + b"0\r\n\r\n", {413}),
    "100 GB": (HEAD + b"Content-Length: 107374182400\r\n\r\n" + b"a" * MIB, {413}),
    "10,000 parameters": (HEAD + b"Content-Length: 39999\r\n\r\n" + b"a=b&" * 9999 + b"a=b", {413}),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_a_budget_ends_a_request_soon(gateway, twilio, name):
    data, statuses = BUDGETS[name]
    with gateway(SCRIPT) as gw, raw.Connection(gw, tls=False) as c:
        before = bytes_read(gw)

        sender = twilio.submit(send_until_closed, c, data)
        answer = c.response()
        assert answer.status in statuses and answer.headers["connection"] == "close", name
        assert c.at_end()
        read = bytes_read(gw) - before
        c.sock.close()
        sender.result()
        print(f"{name}: {read} bytes read")
        assert read <= BODY_LIMIT + HEAD_LIMIT + 64 * 1024 + NOISE
        assert twilio.text(gw, reuse=False).messages == ["hello"]


# ---- M14: descriptors ------------------------------------------------------------------


def limit_files(n):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))


def cpu_seconds(gw):
    with open(f"/proc/{gw.pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def healthy(gw):
    """The admin listener answers within moments, not when descriptors are free again."""
    connection = UnixConnection(str(gw.state / "admin.sock"), harness.seconds(3))
    try:
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    finally:
        connection.close()


def test_running_out_of_descriptors_is_survived(gateway, twilio):
    with gateway(SCRIPT, preexec=limit_files(64), idle_timeout="60s") as gw:
        address = ("127.0.0.1", int(gw.http_url.rsplit(":", 1)[1]))
        held = [socket.create_connection(address, 20) for _ in range(200)]
        gw.wait_log("accept-paused")
        cpu = cpu_seconds(gw)
        for _ in range(50):
            assert healthy(gw)
        gw.reload(SCRIPT.replace("msg.body end", "'new' end"))
        assert cpu_seconds(gw) - cpu < 2
        paused = [line["ts"][:19] for line in gw.log("accept-paused")]
        assert len(paused) <= len(set(paused)) + 1    # one a second
        for s in held:
            s.close()
        assert twilio.text(gw, reuse=False).messages == ["new"]
        assert twilio.text(gw, tls=False, reuse=False).messages == ["new"]
