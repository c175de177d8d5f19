"""Messages at a fixed rate, each with a token that its own answer must bring back.

    load = Load(gw, rate=200).start()
    ...
    report = load.stop()          # everything sent has been answered, or is in report.lost

Latency counts from the intended moment of sending, so that a stall of replyd is not hidden by
the requests that could not be sent during it. Signed here, not by Twilio's library: it is slow.
"""

import asyncio
import base64
import gc
import hashlib
import hmac
import os
import random
import re
import threading
import time
import urllib.parse

import harness
from harness import seconds
from parties import ACCOUNT, TO

# what a stand-in answer says: never equal to a token
FALLBACK = "FALLBACK-MARKER"
WAITING = "WAITING-MARKER"


def request(gw, params, keep_alive=True, path="/"):
    """A signed webhook as bytes, for the plain listener."""
    url = gw.http_url + path
    text = url + "".join(k + params[k] for k in sorted(params))
    digest = hmac.new(gw.token.encode(), text.encode(), hashlib.sha1).digest()
    body = urllib.parse.urlencode(params)
    return (f"POST {path} HTTP/1.1\r\nHost: {urllib.parse.urlsplit(url).netloc}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {base64.b64encode(digest).decode()}\r\n"
            + ("" if keep_alive else "Connection: close\r\n") + f"\r\n{body}").encode()


def message(body, sid, from_, **extra):
    return {"MessageSid": sid, "SmsSid": sid, "AccountSid": ACCOUNT, "From": from_, "To": TO,
            "Body": body, "NumMedia": "0", "NumSegments": "1", **extra}


class Result:
    """One request: what came back, and when."""

    def __init__(self, sid, token, from_, intended):
        self.sid, self.token, self.from_, self.intended = sid, token, from_, intended
        self.status = None          # None: no answer
        self.body = b""
        self.closes = False         # the answer says Connection: close
        self.connected = False
        self.error = None
        self.latency = None

    @property
    def text(self):
        """The text of the first message, None without one."""
        found = re.search(rb"<Message[^>]*>(?:<Body>)?([^<]*)", self.body)
        return found[1].decode() if found else None

    def __repr__(self):
        return (f"<{self.sid} {self.status} {self.body!r} {self.error or ''} "
                f"after {self.latency}>")


async def exchange(reader, writer, data, result):
    """Sends one request and reads its answer into result."""
    writer.write(data)
    head = await reader.readuntil(b"\r\n\r\n")
    result.status = int(head[9:12])
    result.closes = b"connection: close" in head.lower()
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]) if result.status != 204 else 0
    result.body = await reader.readexactly(length)


class Pool:
    """Kept-alive connections to the plain listener; of one asyncio loop."""

    def __init__(self, gw):
        parts = urllib.parse.urlsplit(gw.http_url)
        self.host, self.port = parts.hostname, parts.port
        self.idle = []

    async def take(self, fresh):
        while self.idle and not fresh:
            reader, writer = self.idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port)

    async def send(self, data, result, fresh=False):
        writer = None
        try:
            reader, writer = await self.take(fresh)
            result.connected = True
            await asyncio.wait_for(exchange(reader, writer, data, result), seconds(30))
        except (OSError, EOFError, asyncio.TimeoutError) as e:
            result.error = repr(e)
        result.latency = time.monotonic() - result.intended
        if writer is None:
            return
        if result.error or result.closes or fresh:
            writer.close()
        else:
            self.idle.append((reader, writer))

    def close(self):
        for _, writer in self.idle:
            writer.close()
        self.idle = []


class Report:
    def __init__(self, results, seed):
        self.results = results
        self.seed = seed
        self.lost = [r for r in results if r.status is None]
        self.failed = [r for r in results if r.status != 200]
        self.foreign = [r for r in results if r.status == 200 and r.text != r.token]

    def late(self, limit):
        return [r for r in self.results if r.status is not None and r.latency > limit]

    def __str__(self):
        times = sorted(r.latency for r in self.results) or [0]
        pick = [times[min(len(times) - 1, int(len(times) * q))] for q in (.5, .99)] + [times[-1]]
        return (f"{len(self.results)} messages: {len(self.lost)} lost, {len(self.failed)} not 200, "
                f"{len(self.foreign)} with another text; p50/p99/max "
                + "/".join(f"{1000 * t:.1f}" for t in pick) + f" ms; seed {self.seed}")


class Load:
    """rate messages/s from `senders` different senders until stop(); limit: at most so many.

    word: the body is "word token". fresh: the share of requests on a connection of their own.
    stop_refused: it ends by itself once a connection is refused (a drain).
    """

    def __init__(self, gw, rate=200, limit=None, senders=100, word="echo", fresh=0.1,
                 stop_refused=False, seed=harness.SEED):
        self.gw, self.rate, self.limit, self.word = gw, rate, limit, word
        self.fresh, self.stop_refused, self.seed = fresh, stop_refused, seed
        self.random = random.Random(seed)
        self.senders = [f"+1666{self.random.randrange(10**7):07d}" for _ in range(senders)]
        self.run = os.urandom(6).hex()
        self.results = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    def start(self):
        gc.disable()    # with 100,000 results and log lines it stops everybody for a second
        self.thread.start()
        return self

    def join(self):
        """Waits until `limit` messages are sent and answered."""
        self.thread.join(seconds(600))
        assert not self.thread.is_alive()
        gc.enable()
        return Report(self.results, self.seed)

    def stop(self):
        self.ending.set()
        return self.join()

    def answered(self):
        return sum(r.status is not None for r in list(self.results))

    async def _main(self):
        pool, tasks, start, n = Pool(self.gw), set(), time.monotonic(), 0
        while not self.ending.is_set() and n != self.limit:
            n += 1
            intended = start + n / self.rate
            await asyncio.sleep(max(0, intended - time.monotonic()))
            task = asyncio.create_task(self._one(pool, n, intended))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        pool.close()

    async def _one(self, pool, n, intended):
        token, from_ = f"t{self.run}x{n}", self.random.choice(self.senders)
        result = Result(f"SM{self.run}{n:020x}", token, from_, intended)
        self.results.append(result)
        params = message(f"{self.word} {token}", result.sid, from_)
        fresh = self.random.random() < self.fresh
        await pool.send(request(self.gw, params, not fresh), result, fresh)
        if self.stop_refused and not result.connected:
            self.ending.set()
