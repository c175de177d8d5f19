"""Who texts whom, and which script thread serves them."""

import itertools

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
FROM = "+15551230001"
TO = "+15550006789"


def shard_thread(from_, threads):
    """The script thread of from_'s conversation with TO, as core/loop/shard.c spreads them."""
    h = 2166136261
    for part in (ACCOUNT, TO, from_):
        for byte in part.encode():
            h = (h ^ byte) * 16777619 & 0xffffffff
        h = h * 16777619 & 0xffffffff
    return ((h ^ h >> 8 ^ h >> 16 ^ h >> 24) & 0xff) % threads


def senders_on(thread, threads, start=0):
    """Senders without end whose conversations with TO are served by that script thread."""
    senders = (f"+1555{n:07d}" for n in itertools.count(start))
    return (s for s in senders if shard_thread(s, threads) == thread)


def sender_on(thread, threads, start=0):
    return next(senders_on(thread, threads, start))
