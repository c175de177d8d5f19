"""What we build from: pinned, above the versions with known holes, and no host is named."""

import pathlib
import re
import subprocess

import source

LOCK = "deps/deps.lock"


def rows():
    lines = (line.split("#")[0].split() for line in source.text(LOCK).splitlines())
    return [line for line in lines if line]


def version(path):
    """libuv1_1.50.0.orig.tar.gz -> (1, 50, 0)"""
    name = path.rsplit("/", 1)[1].replace("%2b", "+").replace("%7e", "~")
    number = re.sub(r"\.orig\..*|^.*really", "", name.split("_", 1)[1])
    return tuple(int(n) for n in re.match(r"[\d.]*\d", number)[0].split("."))


def test_every_row_is_whole():
    assert rows()
    for row in rows():
        name, minimum, pattern, suite, kind, sha, size, path = row
        assert re.fullmatch(r"[0-9a-f]{64}", sha), name
        assert kind in ("src", "deb") and int(size) > 0 and path.startswith("pool/"), name


def test_no_library_is_older_than_its_safe_minimum():
    for name, minimum, *_, path in rows():
        assert version(path) >= tuple(map(int, minimum.split("."))), name


def test_each_patch_begins_with_its_reason():
    patches = source.files("deps/patches/*.patch")
    assert patches
    for patch in patches:
        assert source.text(patch).startswith("Reason: "), patch


def test_a_patch_adds_no_files_but_our_own():
    """A whole file of somebody else's, such as the copy that patch(1) leaves, would be in git."""
    added = []
    for patch in source.files("deps/patches/*.patch"):
        added += re.findall(r"^@@ -0,0 .*", source.text(patch), re.M)
        names = re.findall(r"^\+\+\+ b/(\S+)", source.text(patch), re.M)
        assert names and all(n.endswith((".c", ".h")) for n in names), (patch, names)
    assert len(added) == 2, added    # lua_replyd.h, lweigh.c


def test_no_file_names_a_host_to_fetch_from():
    """The mirror is whatever apt here uses: neither its host nor any other stands in the tree."""
    bad = []
    hosts = set()
    for f in [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt").glob("*.d/*")]:
        if f.is_file():
            hosts |= set(re.findall(r"https?://([^/\s:]+)", f.read_text(errors="replace")))
    for f in source.tracked():
        text = source.text(f)
        bad += [f"{f}: {h}" for h in hosts if h in text]
        if f.parts[0] in ("deps", ".ci", "Makefile", "CMakeLists.txt"):
            bad += [f"{f}: a URL" for _ in re.findall(r"https?://[a-z]", text)]
    assert not bad, bad


def test_the_package_lists_are_whole():
    groups = {"build", "test", "ci", "bench"}
    for line in source.text("deps/packages").splitlines():
        words = line.split("#")[0].split()
        assert not words or words[0] in groups and len(words) in (2, 3), line


def test_shell_scripts_parse():
    for f in source.tracked():
        if (source.TOP / f).read_bytes()[:9] == b"#!/bin/sh":
            subprocess.run(["sh", "-n", source.TOP / f], check=True)
