"""Very many handlers wait at once, after msg:finish: little memory each, and all of them end."""

import re
import time

from load import Load

FULL = 100_000
SCRIPT = """
return { keywords = {
  wait = function(msg)
    msg:reply(msg.args)
    msg:finish()
    replyd.debug.wait_event("go")
  end,
  go = function() return tostring(replyd.debug.signal("go")) end,
} }
"""


def resident(gw):
    """MiB of memory that is the process's own."""
    with open(f"/proc/{gw.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1]) / 1024


def test_waiting_handlers_fit_in_memory_and_all_complete(gateway, twilio, count):
    n = count(FULL, "suspended handlers", least=1000)
    with gateway(SCRIPT, script_threads=1, late_limit="1h", max_sender_queue=1000,
                 max_in_flight=n + 1000, vm_memory="1GiB", log={"level": "error"}) as gw:
        before = resident(gw)
        # a sender's next message waits for its turn, so everybody is a sender of his own
        load = Load(gw, rate=2000, limit=n, senders=10 * n, word="wait", fresh=0.001)
        report = load.start().join()
        assert not report.lost and not report.failed and not report.foreign, report.foreign[:3]
        gw.wait_metric("replyd_runs", at_least=n * 0.9)
        waiting, used = gw.metric("replyd_runs"), resident(gw)
        vm = gw.metric("replyd_vm_bytes")
        start = time.monotonic()
        woken = int(twilio.text(gw, "go", tls=False, from_="+15550009999").messages[0])
        gw.wait_metric("replyd_runs", equals=0, limit=120)
        took = time.monotonic() - start
        each = (used - before) * 1024 / waiting
        print(f"{waiting} handlers wait in {used:.0f} MiB, {each:.2f} KiB each, of it "
              f"{vm / waiting / 1024:.2f} in Lua; {woken} woken, all ended after {took:.2f} s")
    assert used <= 400, used
    assert each <= (4.5 if n >= 10_000 else 7)    # few pay for what all of them share
    assert woken == waiting
