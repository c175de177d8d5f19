"""Very many handlers wait at once, after msg:finish: little memory each, and all of them end."""

import re
import time

from load import Load

FULL = 100_000
SCRIPT = """
local pause = "none"
return { keywords = {
  wait = function(msg)
    msg:reply(msg.args)
    msg:finish()
    replyd.debug.wait_event("go")
  end,
  -- garbage until the collector has been round once; the longest time between two steps of it
  probe = function(msg)
    msg:finish()
    local clock, count = os.clock, collectgarbage
    local worst, most, last = 0, 0, clock()
    for i = 1, 20e6 do
      local rubbish = { i }
      local now = clock()
      if now - last > worst then worst = now - last end
      last = now
      if i % 1000 == 0 then
        local used = count("count")
        if used > most then most = used elseif used < most - 1000 then break end
      end
    end
    pause = string.format("%.1f", worst * 1000)
  end,
  pause = function() return pause end,
  go = function() return tostring(replyd.debug.signal("go")) end,
} }
"""


def resident(gw):
    """MB (10^6 bytes) of memory that is the process's own."""
    with open(f"/proc/{gw.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1]) * 1024 / 1e6


def test_waiting_handlers_fit_in_memory_and_all_complete(gateway, twilio, count):
    n = count(FULL, "suspended handlers", least=1000)
    with gateway(SCRIPT, script_threads=1, late_limit="1h", max_sender_queue=1000,
                 max_in_flight=n + 1000, vm_memory="1GiB",
                 cpu_limit="60s", log={"level": "error"}) as gw:
        before = resident(gw)
        # a sender's next message waits for its turn, so everybody is a sender of his own
        load = Load(gw, rate=2000, limit=n, senders=10 * n, word="wait", fresh=0.001)
        report = load.start().join()
        assert not report.lost and not report.failed and not report.foreign, report.foreign[:3]
        gw.wait_metric("replyd_runs", at_least=n * 0.9)
        waiting, used = gw.metric("replyd_runs"), resident(gw)
        vm = gw.metric("replyd_vm_bytes")
        twilio.text(gw, "probe", tls=False, from_="+15550009998")
        gw.wait_metric("replyd_runs", equals=waiting, limit=120)
        pause = twilio.text(gw, "pause", tls=False, from_="+15550009997").messages[0]
        start = time.monotonic()
        woken = int(twilio.text(gw, "go", tls=False, from_="+15550009999").messages[0])
        gw.wait_metric("replyd_runs", equals=0, limit=120)
        took = time.monotonic() - start
        each = (used - before) * 1e6 / 1024 / waiting
        print(f"{waiting} handlers wait in {used:.0f} MB, {each:.2f} KiB each, of it "
              f"{vm / waiting / 1024:.2f} in Lua; {woken} woken, all ended after {took:.2f} s; "
              f"the collector's longest pause: {pause} ms of CPU time")
    assert used <= 400, used
    most = 4 if n == FULL else 4.5 if n >= FULL / 10 else 7    # few pay for what all share
    assert each <= most
    assert woken == waiting
