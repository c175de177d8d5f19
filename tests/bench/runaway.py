"""Handlers that never end, one or ten at a time: how long everybody else waits for them.

While they spin, the next one sent as soon as one is cut, two generators ask at a fixed rate:
senders of the thread that they spin on ("own"), and of the other. README.md says how to read it.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time

import bench
import messages
import peers
import process
import report
from parties import senders_on

THREADS = 2
OFFENDER = "script-0"                 # as ps -L shows it: thread 0
GROUPS = ("own", "other")             # senders of thread 0, of thread 1
SENDERS = 1000                        # of each: a sender's messages wait for each other
RATE = 400                            # messages/s of each
SPINS = {0: "none spins", 1: "one spins", 10: "ten spin"}
# the core of the server, None: as we; those of the generators and of us
LAYOUTS = {"one core": (bench.SERVER_CORE, [bench.GENERATOR_CORE]),
           "two cores": (None, bench.CORES)}
VARIANTS = list(itertools.product(LAYOUTS, SPINS))
SLICE = 2                             # ms, as shipped


class Spinner(peers.Replyd):
    SETTINGS = f"script_threads = {THREADS},"
    SCRIPT = """return function(msg)
  while msg.body == "spin" do end
  return "Got your message: " .. msg.body
end
"""


class Runaway(threading.Thread):
    """A spinning handler; once it has been cut, the next follows at once."""

    def __init__(self, peer, sender):
        super().__init__()
        self.port, self.sender = peer.ports["plain"], sender
        self.ending = threading.Event()
        self.times = []               # (sent, answered)
        self.wrong = None

    def run(self):
        while not self.ending.is_set() and self.wrong is None:
            raw, _ = messages.signed(random.getrandbits(32), sender=self.sender, body="spin")
            sent = time.monotonic()
            try:
                status, body = peers.ask(self.port, False, raw, timeout=30)
                if status != 200 or b"<Message" in body:
                    self.wrong = f"{status} {body!r}"
            except (OSError, IndexError) as e:
                self.wrong = repr(e)
            self.times.append((sent, time.monotonic()))

    def share(self, begin, end):
        """Of the time from begin to end, how much one of its messages was with the server."""
        return sum(max(0, min(b, end) - max(a, begin)) for a, b in self.times) / (end - begin)


@contextlib.contextmanager
def runaways(peer, n):
    running = [Runaway(peer, s) for s in itertools.islice(senders_on(0, THREADS, 5000000), n)]
    for r in running:
        r.start()
    try:
        yield running
    finally:
        for r in running:
            r.ending.set()
        for r in running:
            r.join()


def generator(peer, group, seconds):
    return subprocess.Popen(
        [bench.BUILD / "load", "-p", str(peer.ports["plain"]), "-k", messages.TOKEN,
         "-f", file_of(group), "-R", str(RATE), "-d", str(seconds)],
        stdout=subprocess.PIPE, text=True)


def file_of(group):
    return bench.BUILD / f"runaway-{group}.bin"


def ask_all(peer, seconds):
    """What both generators found, and what the machine did meanwhile."""
    with generator(peer, "own", seconds) as own, generator(peer, "other", seconds) as other:
        both = {"own": own, "other": other}
        if any(g.stdout.readline() != "window\n" for g in both.values()):
            raise bench.Wrong(f"a generator ended: {peer.log()}")
        begin, cores = time.monotonic(), bench.machine()
        cpu, spun = process.cpu(peer.pid), process.cpu(peer.pid, OFFENDER)
        found = {group: json.loads(g.stdout.readline()) for group, g in both.items()}
        end = time.monotonic()
    took = end - begin
    used = process.cpu(peer.pid) - cpu + took * sum(r["generator"] for r in found.values())
    busy = sum(map(sum, bench.machine())) - sum(map(sum, cores))
    return found | {"begin": begin, "end": end, "others": max(0, busy - used) / took,
                    "spun": (process.cpu(peer.pid, OFFENDER) - spun) / took}


def measure(layout, spins, seconds):
    core, ours = LAYOUTS[layout]
    os.sched_setaffinity(0, ours)
    with Spinner(bench.BUILD / "runaway", core) as peer:
        peer.ready()
        with runaways(peer, spins) as running:
            found = ask_all(peer, seconds)
        found["cut"] = sum(len(r.times) for r in running)
        found["least"] = min((r.share(found["begin"], found["end"]) for r in running), default=0)
        wrong = [r.wrong for r in running if r.wrong]
        for group in GROUPS:
            wrong += [f"{k} {found[group][k]}" for k in bench.SPOILT if found[group][k]]
        if wrong or not all(found[group]["good"] for group in GROUPS):
            raise bench.Wrong(f"{layout}, {spins} spinning: {wrong}: {peer.log()}")
    return found


def say(number, layout, spins, found):
    own, other = (found[group]["p99"] / 1000 for group in GROUPS)
    print(f"  round {number + 1} {layout:9} {SPINS[spins]:10} p99 own {own:7.2f} ms, "
          f"other {other:7.2f} ms, others {found['others']:.2f}", file=sys.stderr, flush=True)


# ---- the printed result ----------------------------------------------------------------


def aim(layout, group, spins, quiet):
    """Most ms that spinning handlers may add to p99."""
    if group == "own":
        return {1: 2, 10: 12}[spins] * SLICE + 5
    return 2 * SLICE + 1 if layout == "one core" else 2 * quiet + 1


def p99(rounds, layout, spins, group):
    return [r[layout, spins][group]["p99"] / 1000 for r in rounds]


def latencies(rounds):
    quiet, *others = SPINS.values()
    yield ["p99 ms, median (min-max)", quiet, *(f"{s}: added, aim" for s in others)]
    for layout, group in itertools.product(LAYOUTS, GROUPS):
        quiet = p99(rounds, layout, 0, group)
        row = [f"{layout}, {group} thread", report.spread(quiet, "%.2f")]
        for n in list(SPINS)[1:]:
            added = [a - q for a, q in zip(p99(rounds, layout, n, group), quiet)]
            limit = aim(layout, group, n, statistics.median(quiet))
            row.append(f"{report.spread(added, '%.1f')}, {limit:.1f}")
        yield row


def spinning(rounds):
    yield ["share of a core or of the window", "their thread", "each is there, least", "cut",
           "others, most"]
    for layout, n in VARIANTS:
        found = [r[layout, n] for r in rounds]
        yield [f"{layout}, {SPINS[n]}", report.spread([f["spun"] for f in found], "%.2f"),
               f"{min(f['least'] for f in found):.3f}" if n > 0 else "-",
               str(sum(f["cut"] for f in found)), f"{max(f['others'] for f in found):.2f}"]


def text(rounds, seconds):
    answers = [f[group]["answers"] for r in rounds for f in r.values() for group in GROUPS]
    samples = sum(r["one core", 0]["own"]["samples"] for r in rounds)
    return "\n".join([
        f"handlers that spin, beside {RATE}/s to their thread and {RATE}/s to the other: "
        f"{len(rounds)} interleaved rounds of {seconds:g} s,",
        f"{samples:,} samples for each p99; {sum(answers):,} answers, each checked, 0 wrong", "",
        *report.table(list(latencies(rounds))), "", *report.table(list(spinning(rounds)))])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds of 2 s")
    options = parser.parse_args()
    count, seconds, wait = (2, 2, 10) if options.quick else (5, 10.5, 60)
    bench.prepare()
    for thread, group in enumerate(GROUPS):
        messages.write(file_of(group), senders=list(
            itertools.islice(senders_on(thread, THREADS), SENDERS)))
    patience, rounds = bench.Patience(wait), []
    try:
        for number in range(count):
            rounds.append({})
            for variant in VARIANTS[::-1 if number % 2 else 1]:
                patience.quiet()
                rounds[-1][variant] = measure(*variant, seconds)
                say(number, *variant, rounds[-1][variant])
    except (bench.Wrong, RuntimeError) as e:
        print(f"runaway: {e}", file=sys.stderr)
        return 1
    bench.keep("runaway", [{f"{layout}, {n}": found for (layout, n), found in r.items()}
                           for r in rounds])
    print(text(rounds, seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
