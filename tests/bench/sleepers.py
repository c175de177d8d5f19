"""10,000 handlers in flight, each asleep for 2 s: how near to the ideal 5,000 answers a second.

Nothing is asserted but that every answer was right. Each connection asks again when it has its
answer, each time as another sender: one sender's messages wait for each other.
"""

import argparse
import json
import resource
import subprocess
import sys

import bench
import messages
import peers

SLEEP, FLIGHT = 2, 10_000
FILES = FLIGHT + 200    # of the server, and of the generator


class Sleeper(peers.Replyd):
    SETTINGS = (f"max_in_flight = {2 * FLIGHT}, max_mailbox = {2 * FLIGHT}, "
                f"max_connections = {FLIGHT + 100}, vm_memory = \"256MiB\",")
    SCRIPT = f"""return function(msg)
  replyd.sleep({SLEEP})
  return "Got your message: " .. msg.body
end
"""


def raise_file_limit():
    """For the server and the generator, which inherit it; whether that was allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
        except (ValueError, OSError):
            return False
    return True


def measure(seconds):
    with Sleeper(bench.BUILD / "sleepers") as peer:
        peer.ready()
        done = subprocess.run(
            [bench.BUILD / "load", "-p", str(peer.ports["plain"]), "-k", messages.TOKEN,
             "-f", bench.BUILD / "sleepers.bin", "-c", str(FLIGHT), "-w", str(3 * SLEEP),
             "-d", str(seconds)], check=True, capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    spoilt = {k: result[k] for k in bench.SPOILT if result[k]}
    if spoilt or result["good"] == 0:
        raise bench.Wrong(f"{result['answers']} answers, {spoilt}")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a window of 4 s, not of 10")
    options = parser.parse_args()
    if not raise_file_limit():
        print(f"sleepers: left out: a limit of {FILES} open files is not allowed (ulimit -Hn)")
        return 0
    bench.prepare()
    messages.write(bench.BUILD / "sleepers.bin",
                   senders=[f"+1415{n:07}" for n in range(2 * FLIGHT)])
    try:
        result = measure(4 if options.quick else 10)
    except (bench.Wrong, RuntimeError) as e:
        print(f"sleepers: {e}", file=sys.stderr)
        return 1
    ideal = FLIGHT / SLEEP
    print(f"{FLIGHT} handlers in flight, each asleep for {SLEEP} s: {result['per_second']:.0f} "
          f"answers/s, {result['per_second'] / ideal:.1%} of the ideal {ideal:.0f} (aim 97 %); "
          f"p99 {result['p99'] / 1e6:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
