"""What the environment says (tests/run sets it), and small things that the helpers share."""

import os
import pathlib
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("REPLYD_BIN") or str(TOP / "build/test/replyd")
FLAVOUR = os.environ.get("REPLYD_FLAVOUR", "test")
TIER = os.environ.get("REPLYD_TIER", "test")
SCALE = float(os.environ.get("REPLYD_SCALE", "0.01"))
SEED = int(os.environ.get("REPLYD_SEED") or int.from_bytes(os.urandom(4), "little"))

# sanitizers slow everything down; limits that only catch hangs are wider there
SLOWNESS = {"asan": 3, "tsan": 8}.get(FLAVOUR, 1)


def seconds(n):
    """A limit that only a hang may reach, for this flavour."""
    return n * SLOWNESS


class Lua(str):
    """A piece of Lua source, to be written into the configuration as it is."""


def to_lua(value):
    """A Python value as a Lua expression."""
    if isinstance(value, Lua):
        return str(value)
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (str, os.PathLike)):
        return lua_string(str(value))
    if isinstance(value, (list, tuple)):
        return "{ " + "".join(to_lua(v) + ", " for v in value) + "}"
    if isinstance(value, dict):
        return "{ " + "".join(f"[{lua_string(k)}] = {to_lua(v)}, "
                              for k, v in value.items()) + "}"
    raise TypeError(f"no Lua for {value!r}")


def lua_string(text):
    safe = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03d}"
                   for b in text.encode())
    return f'"{safe}"'


def wait_for(condition, what, limit=20):
    """The first true value of condition(); for what offers nothing to block on (a metric)."""
    end = time.monotonic() + seconds(limit)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds(limit)} s in vain: {what}")
        time.sleep(0.002)
