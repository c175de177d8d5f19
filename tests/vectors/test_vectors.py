"""The vectors here are those that the project shares, byte for byte, where those are at hand."""

import hashlib
import json
import os
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
SHARED = pathlib.Path(os.environ.get("REPLYD_SHARED", HERE.parents[2] / "shared")) / "vectors"
FILES = sorted(HERE.glob("*.json"))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_a_vector_file_is_json(path):
    assert json.loads(path.read_text())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the clone stands alone")
def test_vectors_are_the_shared_ones():
    ours = {p.name: digest(p) for p in FILES}
    shared = {p.name: digest(p) for p in SHARED.glob("*.json")}
    assert {name: ours.get(name) for name in shared} == shared
