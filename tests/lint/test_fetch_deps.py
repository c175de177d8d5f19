"""fetch-deps, with apt's two tools replaced: every byte is checked, stand-ins are announced."""

import hashlib
import io
import subprocess
import tarfile

import pytest

import source

HELPER = """#!/bin/sh
# apt-helper -o X download-file URL TO HASH
from=$MIRROR/${4#http://mirror.invalid/debian/}
[ -f "$from" ] || { echo "E: 404  Not Found"; exit 100; }
echo "$from" >>$MIRROR/downloads
cp "$from" "$5"
"""
APT_GET = """#!/bin/sh
case "$*" in
*'--print-uris update') echo "'http://mirror.invalid/debian/dists/sid/InRelease' x" ;;
*update) ;;
*source\\ thing/*) cat $MIRROR/current ;;
esac
"""


def tarball(version):
    data = version.encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo(f"thing-{version}/VERSION")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Place:
    """A mirror with one version of one library, a lock that pins one, a cache."""

    def __init__(self, folder):
        self.folder = folder
        self.mirror = folder / "mirror"
        self.pool = self.mirror / "pool/main/t/thing"
        self.pool.mkdir(parents=True)
        for name, text in (("apt-helper", HELPER), ("apt-get", APT_GET)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def serve(self, version, data=None):
        data = data or tarball(version)
        path = self.pool / f"thing_{version}.orig.tar.gz"
        path.write_bytes(data)
        sha = hashlib.sha256(tarball(version)).hexdigest()
        uri = f"http://mirror.invalid/debian/pool/main/t/thing/{path.name}"
        (self.mirror / "current").write_text(f"'{uri}' {path.name} {len(data)} SHA256:{sha}\n")

    def pin(self, version, minimum="1.0"):
        sha = hashlib.sha256(tarball(version)).hexdigest()
        (self.folder / "lock").write_text(
            f"thing {minimum} 1.* sid src {sha} 99 pool/main/t/thing/"
            f"thing_{version}.orig.tar.gz\n")

    def fetch(self):
        done = subprocess.run(
            [source.TOP / "deps/fetch-deps", self.folder / "cache", self.folder / "src"],
            capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": f"{self.folder}:/usr/bin:/bin", "MIRROR": str(self.mirror),
                 "DEPS_LOCK": str(self.folder / "lock"), "DEPS_KEYRING": "/etc/hostname",
                 "APT_HELPER": str(self.folder / "apt-helper")})
        got = self.folder / "src/thing/VERSION"
        return done.returncode, done.stderr, got.read_text() if got.is_file() else None

    def downloads(self):
        return (self.mirror / "downloads").read_text().count("\n")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_the_pinned_file_is_fetched_once(place):
    place.serve("1.2")
    place.pin("1.2")
    assert place.fetch() == (0, "", "1.2")
    assert place.fetch() == (0, "", "1.2")
    assert place.downloads() == 1


def test_other_bytes_than_the_pinned_are_refused(place):
    place.serve("1.2", data=tarball("1.2-evil"))
    place.pin("1.2")
    code, said, got = place.fetch()
    assert code != 0 and got is None and "could not be had" in said


def test_a_damaged_file_in_the_cache_is_fetched_again(place):
    place.serve("1.2")
    place.pin("1.2")
    place.fetch()
    cached = place.folder / "cache/thing_1.2.orig.tar.gz"
    cached.write_bytes(cached.read_bytes()[:-1] + b"x")
    assert place.fetch() == (0, "", "1.2")
    assert place.downloads() == 2


def test_the_current_version_stands_in_for_one_that_left_the_mirror(place):
    place.serve("1.3")
    place.pin("1.2")
    code, said, got = place.fetch()
    assert (code, got) == (0, "1.3")
    assert "NOTICE: thing_1.2.orig.tar.gz has left the mirror; using thing_1.3.orig.tar.gz" in said


@pytest.mark.parametrize("current, minimum", [("2.0", "1.0"), ("1.3", "1.10")],
                         ids=["out of range", "below the minimum"])
def test_a_version_out_of_range_does_not_stand_in(place, current, minimum):
    place.serve(current)
    place.pin("1.2", minimum=minimum)
    code, said, got = place.fetch()
    assert code != 0 and got is None and "no version 1.*" in said


def test_a_stand_in_with_other_bytes_than_the_index_says_is_refused(place):
    place.serve("1.3", data=tarball("1.3-evil"))
    place.pin("1.2")
    code, _, got = place.fetch()
    assert code != 0 and got is None
