"""TLS of the server: versions, suites, resumption, and no stall on new connections."""

import os
import socket
import ssl
import stat
import time

import pytest

import wire
from server import Server
from wire import Wire

GET = b"GET / HTTP/1.1\r\nHost: gw.example\r\n\r\n"
SUITES_12 = {f"ECDHE-ECDSA-{c}" for c in ("AES128-GCM-SHA256", "AES256-GCM-SHA384",
                                          "CHACHA20-POLY1305")}


def context(version):
    c = wire.insecure()
    c.minimum_version = c.maximum_version = version
    return c


def talk(port, c, session=None):
    """One request over a new connection of a client with Nagle; the socket and its seconds."""
    start = time.monotonic()
    raw = socket.create_connection(("127.0.0.1", port), timeout=10)
    s = c.wrap_socket(raw, server_hostname="localhost", session=session)
    s.sendall(GET)
    assert s.recv(65536).startswith(b"HTTP/1.1 403 ")
    return s, time.monotonic() - start


@pytest.mark.timed
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume_and_new_connections_do_not_stall(servers, version):
    c = context(version)
    session, seconds = None, []
    for i in range(6):
        s, t = talk(servers.ports[1], c, session)
        assert s.session_reused == (i > 0)
        session = s.session
        seconds.append(t)
        s.close()
    assert min(seconds[1:]) < 0.035, f"40 ms each: {seconds}"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(servers, version):
    c = context(version)
    c.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk(servers.ports[1], c)


def test_only_ephemeral_authenticated_suites(servers):
    c = context(ssl.TLSVersion.TLSv1_2)
    c.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    found = set()
    for name in [s["name"] for s in c.get_ciphers() if s["protocol"] != "TLSv1.3"]:
        one = context(ssl.TLSVersion.TLSv1_2)
        one.set_ciphers(name + ":@SECLEVEL=0")
        try:
            s, _ = talk(servers.ports[1], one)
        except (ssl.SSLError, ConnectionError):
            continue
        found.add(s.cipher()[0])
        s.close()
    assert found == SUITES_12


def test_http_1_1_is_what_alpn_gets(servers):
    c = wire.insecure()
    c.set_alpn_protocols(["h2", "http/1.1"])
    s, _ = talk(servers.ports[1], c)
    assert s.selected_alpn_protocol() == "http/1.1"
    s.close()


def test_a_body_in_full_records_arrives(port):
    body = b"x" * 60000
    with Wire("127.0.0.1", *port, context=context(ssl.TLSVersion.TLSv1_2)) as w:
        w.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        (answer,) = w.read_responses(1)
    assert answer.body.endswith(body)


def test_the_end_is_told_by_close_notify(servers):
    with Wire("127.0.0.1", servers.ports[1], True) as w:
        w.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
        w.read_to_end()
        assert w.notified and w.ended == "eof"


def test_the_self_signed_certificate_is_made_once_and_private(tmp_path):
    seen = set()
    for _ in range(2):
        with Server(tmp_path, "https://127.0.0.1:0") as server:
            pem = (tmp_path / "tls-cert.pem").read_text()
            c = ssl.create_default_context(cadata=pem)
            for name in ("localhost", "127.0.0.1"):
                raw = socket.create_connection(("127.0.0.1", server.ports[0]), timeout=10)
                c.wrap_socket(raw, server_hostname=name).close()
            seen.add(pem)
    assert len(seen) == 1
    for name in ("tls-cert.pem", "tls-key.pem"):
        assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600


def test_plain_http_on_a_tls_port_ends(servers):
    with Wire("127.0.0.1", servers.ports[1]) as w:
        w.send(GET)
        w.read_to_end()
