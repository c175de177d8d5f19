"""make bench: replyd beside nginx with its Lua module, the same signed echo in the same run.

Nothing is asserted but that every answer was right. README.md says how to read the result.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import time

import messages
import peers
import process
import report

TOP = peers.TOP
BUILD = TOP / "build/bench"
SERVER_CORE, GENERATOR_CORE = CORES = 0, 1
NOISE = 0.15          # share of a core that others may use while a measurement is not repeated
SPOILT = ("bad_status", "bad_text", "broken", "timeouts")


class Wrong(Exception):
    """A wrong, lost or refused answer: the run is worth nothing."""


# name -> (listener, whether requests come on new connections, the generator's arguments)
LOADS = {
    "plain": ("plain", False, ["-c", "64"]),
    "tls": ("tls", False, ["-c", "64"]),
    "open": ("tls", False, ["-c", "64", "-R", "5000"]),
    "full": ("tls", True, ["-c", "32", "-x"]),
    "resumed": ("tls", True, ["-c", "32", "-x", "-r"]),
}


def generate(peer, name, seconds):
    """Runs the generator against a peer; its result, with the server's CPU in the window."""
    kind, closing, arguments = LOADS[name]
    command = ["taskset", "-c", str(GENERATOR_CORE), BUILD / "load",
               "-p", str(peer.ports[kind]), "-k", messages.TOKEN, "-d", str(seconds),
               "-f", BUILD / ("closing.bin" if closing else "messages.bin"),
               *(["-s"] if kind == "tls" else []), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as generator:
        if generator.stdout.readline() != "window\n":
            raise Wrong(f"{peer.NAME}, {name}: the generator ended ({generator.wait()}): "
                        f"{peer.log()}")
        cpu, cores, at = process.cpu(peer.pid), machine(), time.perf_counter()
        line = generator.stdout.readline()
        result = json.loads(line)
        result["cpu"] = process.cpu(peer.pid) - cpu
        took = time.perf_counter() - at
    result["server"] = result["cpu"] / took
    result["noise"] = noise(cores, machine(), took, result)
    result["spoilt"] = {k: result[k] for k in SPOILT if result[k]}
    if result["spoilt"] or result["good"] == 0:
        raise Wrong(f"{peer.NAME}, {name}: {result['answers']} answers, {result['spoilt']}")
    return result


def machine():
    return [process.busy(core) for core in CORES]


def noise(before, after, took, result):
    """Share of the two cores that neither server nor generator used, the worse of the two."""
    shares = []
    for (busy, steal), (busy2, steal2), own in zip(
            before, after, (result["server"], result["generator"])):
        shares.append((busy2 - busy + steal2 - steal) / took - own)
    return max(0.0, *shares)


class Patience:
    """Waits for a quiet machine, so many seconds in all."""

    def __init__(self, seconds):
        self.left = seconds

    def quiet(self):
        while self.left > 0:
            before = machine()
            time.sleep(0.5)
            used = max(b + s - b0 - s0 for (b0, s0), (b, s) in zip(before, machine())) / 0.5
            if used < NOISE:
                return
            self.left -= 0.5


class Bench:
    def __init__(self, options):
        self.options = options
        self.rounds = []
        self.patience = Patience(options.wait)

    def start(self, name):
        return peers.PEERS[name](BUILD / name, SERVER_CORE)

    def load(self, name, load):
        self.patience.quiet()
        with self.start(name) as peer:
            peer.ready()
            return generate(peer, load, self.options.seconds)

    def first_answer(self, name):
        """(milliseconds, MiB after that answer); the median of three starts."""
        found = []
        for _ in range(3):
            with self.start(name) as peer:
                found.append((peer.first_answer(), process.pss(peer.pid)))
        return sorted(found)[1]

    def idle_memory(self, names):
        """MiB 10 s after `ready`, all peers at once."""
        running = []
        try:
            for name in names:
                running.append(self.start(name))
                running[-1].ready()
            time.sleep(10)
            return {peer.NAME: process.pss(peer.pid) for peer in running}
        finally:
            for peer in running:
                peer.close()

    def round(self, number):
        names = self.options.peers if number % 2 == 0 else self.options.peers[::-1]
        found = {name: {} for name in names}
        for load in self.options.loads:
            for name in names:
                found[name][load] = self.load(name, load)
                say(number, name, load, found[name][load])
        for name in names:
            ms, memory = self.first_answer(name)
            found[name]["start"] = {"first_answer": ms, "first_memory": memory}
        if number == 0 or not self.options.quick:
            for name, memory in self.idle_memory(names).items():
                found[name]["idle"] = {"memory": memory}
        self.rounds.append(found)

    def run(self):
        for name in self.options.peers:
            with self.start(name) as peer:
                peer.ready()
                peer.check()
        for number in range(self.options.rounds):
            self.round(number)


def say(number, name, load, result):
    print(f"  round {number + 1} {load:8} {name:8} {result['per_second']:8.0f}/s "
          f"{result['cpu'] / result['good'] * 1e6:8.1f} us, others {result['noise']:.2f}",
          file=sys.stderr, flush=True)


def certificate():
    name = BUILD / "certificate"
    if not name.with_suffix(".pem").exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-days", "3650", "-subj", "/CN=sms.example.com",
             "-addext", "subjectAltName=DNS:sms.example.com",
             "-keyout", f"{name}.key", "-out", f"{name}.pem"], check=True, capture_output=True)


def prepare():
    """What every measurement here needs."""
    os.sched_setaffinity(0, CORES)
    BUILD.mkdir(parents=True, exist_ok=True)
    certificate()


def keep(name, found):
    results = TOP / "build/results"
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(found, indent=1))


def head(options):
    git = subprocess.run(["git", "-C", TOP, "log", "-1", "--format=%h %s"], check=False,
                         capture_output=True, text=True).stdout.strip()
    dirty = subprocess.run(["git", "-C", TOP, "status", "--porcelain", "-uno"], check=False,
                           capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": git + (" (with changes)" if dirty else ""),
        "machine": f"{process.processor()}, kernel {process.read('/proc/sys/kernel/osrelease')}",
        "versions": {name: peers.PEERS[name].version() for name in options.peers},
        "rounds": options.rounds,
        "seconds": options.seconds,
        "form": messages.form_size(),
    }


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two short rounds, 90 s at most")
    parser.add_argument("--rounds", type=int, help="default 5, quick 2")
    parser.add_argument("--seconds", type=float, help="of each measurement, default 3, quick 1.5")
    parser.add_argument("--peers", default=",".join(peers.PEERS), help="names, by commas")
    parser.add_argument("--loads", default=",".join(LOADS), help="names, by commas")
    parser.add_argument("--wait", type=float, default=60,
                        help="seconds, in all, to wait for a quiet machine")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (1.5 if options.quick else 3)
    options.peers = options.peers.split(",")
    options.loads = options.loads.split(",")
    if options.quick:
        options.wait = min(options.wait, 10)
    return options


def main():
    options = parse()
    prepare()
    messages.write(BUILD / "messages.bin")
    messages.write(BUILD / "closing.bin", close=True)
    bench = Bench(options)
    try:
        heading = head(options)
        bench.run()
    except (Wrong, RuntimeError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    verify = subprocess.run(["taskset", "-c", str(SERVER_CORE), BUILD / "verify"], check=False,
                            capture_output=True, text=True)
    found = {"head": heading, "rounds": bench.rounds, "verify": verify.stdout}
    keep("bench", found)
    print(report.text(found))
    if verify.returncode != 0:
        print(f"bench: verify failed: {verify.stderr}", file=sys.stderr)
    return verify.returncode


if __name__ == "__main__":
    sys.exit(main())
