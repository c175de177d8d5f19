"""Programs give in replyd what they give in stock Lua, built in deps/ without our patches.

All programs stand in one file that both run, so that even line numbers are the same: those of
tests/lua/differential, written by hand, and random ones up to 300 (REPLYD_SEED). What differs on
purpose is in tests/lua/differential/differences.md, each with its reason, and must differ.
"""

import os
import re
import subprocess

import harness
from lua_grammar import Grammar

FOLDER = harness.TOP / "tests/lua/differential"
PROGRAMS = 300
HEAD = "local programs = {}\nlocal stack = require('lib.stack')\n"
# text of any value: no blanks, ASCII only, so that it survives any way of sending it
TAIL = r"""
local text

local function key_order(a, b)
  return a.text < b.text
end

local function text_of_table(t, depth)
  local keys, parts = {}, {}
  for k in next, t do keys[#keys + 1] = { key = k, text = text(k, depth + 1) } end
  table.sort(keys, key_order)
  for i, k in ipairs(keys) do parts[i] = k.text .. '=' .. text(rawget(t, k.key), depth + 1) end
  return '{' .. table.concat(parts, ',') .. '}'
end

function text(v, depth)
  local kind = math.type(v) or type(v)
  if kind == 'float' then return ('%.17g'):format(v):gsub('^-nan', 'nan') .. 'f' end
  if kind == 'integer' then return ('%d'):format(v) end
  if kind == 'string' then
    return "'" .. v:gsub('0x%x%x%x%x%x%x+', 'ADDRESS'):gsub('[^\33-\126]', function(c)
      return ('\\%03d'):format(c:byte()) end) .. "'"
  end
  if kind == 'table' and depth < 8 then return text_of_table(v, depth) end
  if kind == 'boolean' or kind == 'nil' then return tostring(v) end
  return kind
end

local function run(name)
  return text(table.pack(pcall(programs[name])), 0):sub(1, 14000)
end
"""
STOCK = TAIL + "for _, name in ipairs(arg) do print((run(name))) end\n"
REPLYD = TAIL + "return function(msg) return (run(msg.body)) end\n"


def written():
    return {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.lua"))}


def differences():
    return dict(re.findall(r"^\* `(\w+)`: (.+)$", (FOLDER / "differences.md").read_text(), re.M))


def generated(rng, n):
    grammar = Grammar(rng)
    return {f"random_{i}": grammar.program() for i in range(n)}


def source(programs):
    return HEAD + "".join(f"programs.{name} = function(...)\n{text}\nend\n"
                          for name, text in programs.items())


def stock(folder, programs):
    (folder / "scripts").mkdir()
    for name, text in {"main.lua": source(programs) + STOCK, **modules()}.items():
        path = folder / "scripts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    lua = harness.TOP / "build" / harness.FLAVOUR / "deps/bin/lua-stock"
    done = subprocess.run([lua, "scripts/main.lua", *programs], cwd=folder, text=True, check=True,
                          env={"LUA_PATH": "scripts/?.lua", "PATH": os.environ["PATH"]},
                          capture_output=True, timeout=harness.seconds(120))
    return dict(zip(programs, done.stdout.splitlines(), strict=True))


def modules():
    return {"lib/stack.lua": (FOLDER / "lib/stack.lua").read_text()}


def test_programs_give_what_stock_lua_gives(gateway, twilio, rng, tmp_path):
    by_hand, known = written(), differences()
    programs = {**by_hand, **generated(rng, max(0, PROGRAMS - len(by_hand)))}
    expected = stock(tmp_path, programs)
    found = {}
    with gateway({"main.lua": source(programs) + REPLYD, **modules()}) as gw:
        for name in programs:
            found[name] = "".join(twilio.text(gw, name, tls=False).messages)
    wrong = [f"{name}\n  stock  {expected[name]}\n  replyd {found[name]}\n{programs[name]}"
             for name in programs if name not in known and found[name] != expected[name]]
    print(f"{len(by_hand)} programs by hand, {len(programs) - len(by_hand)} random, "
          f"{len(known)} differ on purpose; seed {harness.SEED}")
    assert len(by_hand) - len(known) >= 60 and len(programs) >= PROGRAMS
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong)
    same = [name for name in known if found[name] == expected[name]]
    assert not same, f"no difference: {same}"


def test_the_differences_are_few_and_have_reasons():
    known = differences()
    assert 0 < len(known) <= 15
    assert set(known) <= set(written())
