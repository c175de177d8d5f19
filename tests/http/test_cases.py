"""All cases of vectors/http-cases.json, over plain and TLS, against the server of core/http."""

import pathlib

import pytest

import cases

CASES = cases.load()
NOT_YET = set(pathlib.Path(__file__).with_name("not-yet.txt").read_text().split())


@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_the_case_ends_as_expected(port, case):
    verdict = cases.run("127.0.0.1", port[0], port[1], case)
    good = cases.ok(case, verdict)
    if case["name"] in NOT_YET:
        assert not good, "it is as expected now: take it off not-yet.txt"
    else:
        assert good, f"{verdict}, expected {case['expected']} or {case.get('also_ok', [])}"


def test_nothing_is_listed_that_is_no_case():
    assert NOT_YET <= {c["name"] for c in CASES}


def test_there_are_185_cases():
    assert len(CASES) == 185
