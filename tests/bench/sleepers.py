"""10,000 handlers in flight, each asleep for 2 s: how near to the ideal 5,000 answers a second.

Run it by hand after tests/bench/run has built the generator; nothing is asserted but that every
answer was right. Each connection asks again when it has its answer, each time as another sender
(one sender's messages wait for each other), and a raised file limit is needed: ulimit -n 20000.
"""

import json
import subprocess
import sys

import bench
import messages
import peers

SLEEP, FLIGHT = 2, 10_000
SCRIPT = f"""return function(msg)
  replyd.sleep({SLEEP})
  return "Got your message: " .. msg.body
end
"""


class Sleeper(peers.Replyd):
    def command(self):
        command = super().command()
        (self.folder / "echo.lua").write_text(SCRIPT)
        config = self.folder / "replyd.lua"
        config.write_text(config.read_text().replace(
            "return {", f"return {{\n  max_in_flight = {2 * FLIGHT}, max_mailbox = {2 * FLIGHT}, "
            f"max_connections = {FLIGHT + 100}, vm_memory = \"256MiB\",", 1))
        return command


def main(seconds=10):
    bench.BUILD.mkdir(parents=True, exist_ok=True)
    bench.certificate()
    messages.write(bench.BUILD / "sleepers.bin", senders=2 * FLIGHT)
    with Sleeper(bench.BUILD / "sleepers") as peer:
        peer.ready()
        done = subprocess.run(
            [bench.BUILD / "load", "-p", str(peer.ports["plain"]), "-k", messages.TOKEN,
             "-f", bench.BUILD / "sleepers.bin", "-c", str(FLIGHT), "-w", str(3 * SLEEP),
             "-d", str(seconds)], check=True, capture_output=True, text=True)
    result = json.loads(done.stdout.splitlines()[-1])
    ideal = FLIGHT / SLEEP
    spoilt = {k: result[k] for k in bench.SPOILT if result[k]}
    print(f"{FLIGHT} handlers in flight, each asleep for {SLEEP} s: {result['per_second']:.0f} "
          f"answers/s, {result['per_second'] / ideal:.1%} of the ideal {ideal:.0f} (aim 97 %); "
          f"p99 {result['p99'] / 1e6:.2f} s{', spoilt: ' + str(spoilt) if spoilt else ''}")
    return 1 if spoilt else 0


if __name__ == "__main__":
    sys.exit(main())
