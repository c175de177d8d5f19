"""What guarding a handler costs: instructions of standard.lua, counted by callgrind.

The same file runs in Lua as it is, in Lua with our patches (deps/patches), and in replyd with
sandbox, frozen libraries and budgets. Two numbers of turns each: their difference is the handler
alone, without start and load.
"""

import json
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
FEW, MANY = 500, 2500

PARAMS = {
    "AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01",
    "Body": "Hello,  I want my  order #4711 to be  sent today", "From": "+15551230001",
    "FromCity": "OAKLAND", "FromCountry": "US", "FromState": "CA", "FromZip": "94601",
    "MessageSid": "SM" + "1" * 32, "MessagingServiceSid": "MG" + "2" * 32, "NumMedia": "0",
    "NumSegments": "1", "SmsMessageSid": "SM" + "1" * 32, "SmsSid": "SM" + "1" * 32,
    "SmsStatus": "received", "To": "+15550006789", "ToCity": "", "ToCountry": "US", "ToState": "",
    "ToZip": "", "ProfileName": "Ann", "WaId": "15551230001",
}


def program():
    params = ", ".join(f'{name} = "{value}"' for name, value in PARAMS.items())
    return ("local handler = (function()\n" + (HERE / "standard.lua").read_text() + "end)()\n"
            f"local msg = {{ params = {{ {params} }} }}\n"
            "local function loop(n)\n  local last\n"
            "  for _ = 1, n do last = handler(msg) end\n  return last\nend\n")


def instructions(command):
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)],
        capture_output=True, text=True, check=True, timeout=900)
    assert "Order 4711 of +15551230001: 19 fields, order" in done.stdout, done.stdout
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def per_turn(command):
    few, many = (instructions([*command, n]) for n in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def measure(build=BUILD):
    """{"stock", "patched", "guarded"}: instructions of one handler."""
    folder = build / "bench"
    folder.mkdir(exist_ok=True)
    plain, guarded = folder / "guard-plain.lua", folder / "guard-replyd.lua"
    # lua.c sets the generational collector, embedders as replyd have the incremental one
    plain.write_text("collectgarbage('incremental')\n" + program() +
                     "print(loop(tonumber(arg[1])))\n")
    guarded.write_text(program() + "return function(msg) return loop(tonumber(msg.body)) end\n")
    binaries = build / "deps/bin"
    return {"stock": per_turn([binaries / "lua-stock", plain]),
            "patched": per_turn([binaries / "lua-patched", plain]),
            "guarded": per_turn([folder / "script", "run", guarded])}


def report(found):
    stock, patched, guarded = (found[key] for key in ("stock", "patched", "guarded"))
    return (f"standard.lua: {stock:.0f} instructions in stock Lua, {guarded:.0f} in replyd with "
            f"its guard on ({guarded / stock - 1:+.1%}, aim at most +2 %); of these "
            f"{patched / stock - 1:+.1%} by the patches of Lua alone ({patched:.0f})")


def start_cost(build=BUILD, runs=200000):
    """Microseconds of start and finish of a trivial handler: the engine, bare Lua; of 3 runs."""
    found = [json.loads(subprocess.run([build / "bench/script", "start", str(runs)], check=True,
                                       capture_output=True, text=True).stdout) for _ in range(3)]
    return [min(f[key] for f in found) / 1000 for key in ("engine_ns", "bare_ns")]


if __name__ == "__main__":
    engine, bare = start_cost()
    print(f"start and finish of a trivial handler: {engine:.2f} us, {engine / bare:.2f} times a "
          f"bare lua_newthread and lua_resume ({bare:.2f} us; aim at most 2 times)")
    print(report(measure()))
