"""Bytes on a connection, plain or TLS, with half-close, RST and responses told apart.

    with Wire(host, port, tls=True) as w:
        w.send(b"...")
        responses = w.finish()      # half-closes, reads to the end
"""

import select
import socket
import ssl
import struct
import time


class Response:
    """One final response; interim ones (100 Continue) are counted in `interim`."""

    def __init__(self, status, headers, body, interim):
        self.status = status
        self.headers = headers
        self.body = body
        self.interim = interim

    @property
    def closes(self):
        return self.headers.get("connection", "").lower() == "close"

    def __repr__(self):
        return f"<{self.status}{' close' if self.closes else ''} {len(self.body)}>"


class Malformed(Exception):
    """What came is no HTTP response."""


def _head(data):
    lines = data.decode("latin-1").split("\r\n")
    version, status, _reason = lines[0].split(" ", 2)
    if version != "HTTP/1.1" or len(status) != 3:
        raise Malformed(lines[0])
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise Malformed(line)
        headers[name.lower()] = value.strip()
    return int(status), headers


def split(data, head=False):
    """All complete responses in data, and the bytes behind them."""
    found, interim = [], 0
    while True:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return found, data
        status, headers = _head(data[:end])
        if status < 200:
            interim += 1
            data = data[end + 4:]
            continue
        n = 0 if head or status in (204, 304) else int(headers["content-length"])
        if len(data) < end + 4 + n:
            return found, data
        found.append(Response(status, headers, data[end + 4:end + 4 + n], interim))
        interim = 0
        data = data[end + 4 + n:]


def insecure():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Wire:
    def __init__(self, host, port, tls=False, context=None, timeout=20, session=None):
        self.deadline = time.monotonic() + timeout
        self.data = b""
        self.ended = None           # None, "eof" or "reset"
        self.sock = socket.create_connection((host, port), timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.notified = False       # close_notify came
        self.tls = None
        if tls:
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = (context or insecure()).wrap_bio(self.incoming, self.outgoing,
                                                        session=session)
            while not self._step(self.tls.do_handshake):
                if self.ended:
                    raise ConnectionError("no handshake: " + self.ended)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    # -- raw bytes ------------------------------------------------------------
    def _wait(self, write):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing more within the time; so far {self.data[:200]!r}")
        r, w, _ = select.select([self.sock], [self.sock] if write else [], [], left)
        return bool(r), bool(w)

    def _raw_read(self):
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return b""
        except ConnectionResetError:
            self.ended = "reset"
            return b""
        if not data:
            self.ended = "eof"
        return data

    def _raw_send(self, data):
        """Sends while reading, so that neither side blocks the other."""
        view = memoryview(data)
        while view and not self.ended:
            readable, writable = self._wait(True)
            if readable:
                self._take(self._raw_read())
            if writable and not self.ended:
                try:
                    view = view[self.sock.send(view):]
                except BlockingIOError:
                    pass
                except (BrokenPipeError, ConnectionResetError):
                    self.ended = self.ended or "reset"

    def _take(self, data):
        if self.tls is None:
            self.data += data
            return
        self.incoming.write(data)
        if self.ended:
            self.incoming.write_eof()
        self._decrypt()

    def _decrypt(self):
        while True:
            try:
                data = self.tls.read(65536)
            except ssl.SSLZeroReturnError:
                data = b""
            except (ssl.SSLWantReadError, ssl.SSLEOFError):    # EOF: no close_notify
                return
            if not data:
                self.notified = True
                return
            self.data += data

    def _step(self, call):
        try:
            call()
            done = True
        except ssl.SSLWantReadError:
            done = False
        pending = self.outgoing.read()
        if pending:
            self.sock.setblocking(True)
            self.sock.sendall(pending)
            self.sock.setblocking(False)
        if not done:
            self._wait(False)
            data = self._raw_read()
            if data:
                self.incoming.write(data)
        return done

    # -- what tests use -------------------------------------------------------
    def send(self, data):
        if self.tls is None:
            self._raw_send(data)
        elif data:
            self.tls.write(data)
            self._raw_send(self.outgoing.read())

    def half_close(self):
        """No more from us: close_notify and FIN."""
        if self.ended:
            return
        if self.tls is not None:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            self._raw_send(self.outgoing.read())
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def read_some(self):
        """Waits for bytes or the end; false at the end."""
        if not self.ended:
            self._wait(False)
            self._take(self._raw_read())
        return not self.ended

    def read_responses(self, n):
        """Reads until n final responses are there or the connection ends."""
        while len(split(self.data)[0]) < n and self.read_some():
            pass
        return split(self.data)[0]

    def read_to_end(self):
        while self.read_some():
            pass
        return split(self.data)[0]

    def finish(self):
        self.half_close()
        return self.read_to_end()
