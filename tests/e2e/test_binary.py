"""What ships: a small hardened binary that needs nothing but libc and libm."""

import os
import pathlib
import subprocess

RELEASE = pathlib.Path(os.environ["REPLYD_RELEASE"])


def readelf(*options):
    return subprocess.run(["readelf", "-W", *options, RELEASE], check=True, capture_output=True,
                          text=True).stdout


def test_it_needs_only_libc_and_libm():
    needed = {line.split("[")[1].split("]")[0] for line in readelf("-d").splitlines()
              if "(NEEDED)" in line}
    assert needed <= {"libc.so.6", "libm.so.6"}


def test_it_is_stripped_and_under_4_megabytes():
    assert ".symtab" not in readelf("-S")
    size = RELEASE.stat().st_size
    print(f"{size} bytes")
    assert size < 4_000_000


def test_it_is_hardened():
    assert "Type:                              DYN" in readelf("-h")
    dynamic = readelf("-d")
    assert "BIND_NOW" in dynamic and "PIE" in dynamic
    segments = readelf("-l")
    assert "GNU_RELRO" in segments
    assert "RWE" not in segments
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert "__memcpy_chk" in symbols or "__snprintf_chk" in symbols or "_chk@" in symbols


def test_it_has_no_plugin_for_tests():
    assert b"rd_plugin_debug" not in RELEASE.read_bytes()
    done = subprocess.run([RELEASE, "--version"], check=True, capture_output=True, text=True)
    assert "mbedtls" in done.stdout.lower()
