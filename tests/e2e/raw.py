"""Bytes on a connection to a gateway: requests that an HTTP library would not send so."""

import select
import socket
import ssl
import urllib.parse

from harness import seconds


class Response:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (l.partition(":") for l in lines[1:])}
        self.body = body

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body!r}>"


class Connection:
    """with Connection(gw) as c: c.send(...); c.response(); c.at_end()"""

    def __init__(self, gw, tls=True):
        parts = urllib.parse.urlsplit(gw.url if tls else gw.http_url)
        self.sock = socket.create_connection((parts.hostname, parts.port), seconds(20))
        self.data = b""
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE    # self-signed, as made at first start
            self.sock = context.wrap_socket(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def send_while_reading(self, data):
        """All of data as fast as it goes, and what comes meanwhile: in one thread, because two at
        once on a TLS socket are more than Python's ssl module takes."""
        left = memoryview(data)
        limit = self.sock.gettimeout()
        self.sock.setblocking(False)
        while left:
            try:
                left = left[self.sock.send(left[:65536]):]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                assert any(select.select([self.sock], [self.sock], [], limit)), "nothing moves"
            try:
                self.data += self.sock.recv(65536)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
        self.sock.settimeout(limit)

    def _more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError as e:
            raise AssertionError(f"reset after {self.data!r}") from e
        self.data += data
        return bool(data)

    def _take(self, n):
        taken, self.data = self.data[:n], self.data[n:]
        return taken

    def response(self, head=False):
        """The next response; head: it answers a HEAD, so no body comes."""
        while b"\r\n\r\n" not in self.data:
            assert self._more(), f"end of the connection after {self.data!r}"
        found = Response(self._take(self.data.index(b"\r\n\r\n") + 4)[:-4], b"")
        length = 0 if head or found.status < 200 else int(found.headers.get("content-length", 0))
        while len(self.data) < length:
            assert self._more(), f"end of the connection after {self.data!r}"
        found.body = self._take(length)
        return found

    def at_end(self):
        """Nothing more came, and the connection was closed from there."""
        while not self.data and self._more():
            pass
        return not self.data


def post(twilio, gw, params, *, tls=True, version="HTTP/1.1", headers=(), path="/"):
    """A signed request as bytes: its head and its body."""
    url = (gw.url if tls else gw.http_url) + path
    body = urllib.parse.urlencode(params).encode()
    lines = [
        f"POST {path} {version}", f"Host: {urllib.parse.urlsplit(url).netloc}",
        "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}",
        f"X-Twilio-Signature: {twilio.sign(url, params, gw.token)}", *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(), body
