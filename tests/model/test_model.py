"""test_model.py - the rules of design section 5 keep their promises, wrong ones are caught.

pytest, or alone: `python3 tests/model/test_model.py` prints the counts,
`... NAME` the counterexample of that mutant, `... --all` those of all as in counterexamples.md.
"""
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import rules                                     # noqa: E402
from explore import explore                      # noqa: E402
from state import Config                         # noqa: E402

GOOD = [
    # two requests
    Config("filter, overload", filter=True, overload=1),
    Config("http500, fallback call, overload", http500=True, second="fallback", overload=1),
    Config("store fails", store_fails=1),
    Config("store fails twice", store_fails=2, replies=0),
    Config("lost thread", lost=1),
    Config("lost thread, http500, fallback call", lost=1, http500=True, second="fallback",
           replies=0),
    Config("crash", crash=1),
    Config("latest", latest=1),
    Config("crash, store fails", crash=1, store_fails=1, replies=0),
    Config("no REST: crash, lost thread", rest=False, crash=1, lost=1),
    Config("no REST: http500, fallback call, store fails", rest=False, http500=True,
           second="fallback", store_fails=1),
    Config("no REST: crash, store fails", rest=False, crash=1, store_fails=1),
    Config("no REST: latest, lost thread", rest=False, latest=1, lost=1),
    Config("status event: crash, lost thread, store fails", status=True, replies=0, finish=False,
           crash=1, lost=1, store_fails=1),
    # one request
    Config("one: crash, crash", second="none", crash=2),
    Config("one: crash, crash, crash", second="none", crash=3, replies=0),
    Config("one: crash, lost thread", second="none", crash=1, lost=1),
    Config("one: lost thread twice", second="none", lost=2, replies=0),
    Config("one: lost thread, store fails", second="none", lost=1, store_fails=1),
    Config("one: latest, lost thread", second="none", latest=1, lost=1),
    Config("one: latest, crash", second="none", latest=1, crash=1),
    Config("one: latest, store fails", second="none", latest=1, store_fails=1),
    Config("one, no REST: all of it", rest=False, second="none", crash=1, lost=1, latest=1,
           store_fails=1, replies=0),
]

ONE = Config("one", second="none")
TWO = Config("two")
NOT_DONE = "an acknowledged message is never finished"
NO_REPLY = "a reply of the committed run was neither delivered nor counted"
TWICE = "a reply was delivered twice, in the answer and by the outbox"
NOT_ON_DISK = "an answer left that is not on disk, and was not counted"
STALE = "a run that lost its message commits effects or replies"

# mutant (or several), where it is to be caught, and as what
CAUGHT = [
    ("end_does_not_freeze", TWO._replace(crash=1), NO_REPLY),
    ("no_correction", TWO, NO_REPLY),
    ("freeze_in_lookup", TWO, TWICE),
    ("count_replies", ONE._replace(lost=1), NO_REPLY),
    ("post_after_unlock", ONE._replace(lost=1), "an entry can never be forgotten"),
    ("fire_and_forget", ONE._replace(store_fails=1, replies=0),
     "an effect of the committed run is lost"),
    ("no_serial_check", ONE._replace(lost=1), STALE),
    ("rerun_keeps_published", ONE._replace(lost=1),
     "a reply of the committed run was delivered twice"),
    ("end_does_not_freeze+store_overwrites", TWO, NOT_ON_DISK),
    ("http500_when_frozen", TWO._replace(http500=True), "500 although something is frozen"),
    ("http500_to_fallback", TWO._replace(http500=True, second="fallback"),
     "500 to a call of the fallback URL"),
    ("cancel_keeps_run", ONE._replace(rest=False), STALE),
    ("no_rerun_after_crash", ONE._replace(crash=1), NOT_DONE),
    ("no_rerun_when_lost", ONE._replace(lost=1), NOT_DONE),
    ("forget_with_mail", TWO, TWICE),
    ("forget_while_running", TWO, NOT_DONE),
    ("hard_not_counted", ONE, NOT_ON_DISK),
    ("hard_does_nothing", ONE, "a request was not answered by its hard deadline"),
    ("no_suppression", ONE, "a reply is in the outbox twice"),
    ("settle_at_freeze", ONE, NOT_ON_DISK),
    ("never_gives_up", ONE._replace(store_fails=1), "an entry can never be forgotten"),
    ("give_up_forgotten", ONE._replace(store_fails=1), "an entry can never be forgotten"),
    ("repeat_keeps_epoch", ONE._replace(store_fails=1, lost=1),
     "an entry can never be forgotten"),
    ("failed_503", ONE._replace(store_fails=1), "503 after a handler has started"),
    ("claim_then_start", TWO._replace(filter=True), NOT_DONE),
    ("latest_keeps_outbox", ONE._replace(latest=1),
     "a late reply of a cancelled run stays in the outbox"),
    ("joins_run_again", TWO._replace(crash=1), "a reply of the committed run was delivered twice"),
]


def good(config):
    began = time.time()
    result = explore(config)
    line = "model: %-52s %8d states %5.1f s" % (config.name, result.states, time.time() - began)
    return result, line


def caught(names, config):
    result = explore(config, names.split("+"), limit=400000)
    line = "model: %-38s caught after %6d states, %2d steps" % (names, result.states,
                                                                len(result.steps))
    return result, line


def pytest_generate_tests(metafunc):
    if "config" in metafunc.fixturenames:
        metafunc.parametrize("config", GOOD, ids=[c.name for c in GOOD])
    if "mutant" in metafunc.fixturenames:
        metafunc.parametrize("mutant", CAUGHT, ids=[m[0] for m in CAUGHT])


def test_rules_hold(config, capsys):
    result, line = good(config)
    with capsys.disabled():
        print("\n" + line, end=" ")
    assert not result.why, "\n" + result.text()
    assert result.states > 800    # something was explored


def test_mutant_is_caught(mutant, capsys):
    names, config, why = mutant
    result, line = caught(names, config)
    with capsys.disabled():
        print("\n" + line, end=" ")
    assert result.why == why, result.text()


def test_every_mutant_has_a_test_and_a_recipe():
    tested = {name for names, _, _ in CAUGHT for name in names.split("+")}
    assert tested == set(rules.MUTANTS)
    text = (HERE / "counterexamples.md").read_text()
    assert [n for n in rules.MUTANTS if "`%s`" % n not in text] == []


def main(arguments):
    for names, config, _ in CAUGHT:
        if names in arguments or "--all" in arguments:
            print("## %s\n\n%s\n\n```\n%s\n```\n" % (
                names, "; ".join(rules.MUTANTS[n] for n in names.split("+")),
                caught(names, config)[0].text()))
    if arguments:
        return 0
    total, wrong = 0, 0
    for config in GOOD:
        result, line = good(config)
        total += result.states
        wrong += bool(result.why)
        print(line + ("\n" + result.text() if result.why else ""), flush=True)
    for names, config, why in CAUGHT:
        result, line = caught(names, config)
        wrong += result.why != why
        print(line + ("" if result.why == why else "\nWRONG: " + result.text()), flush=True)
    print("model: %d states, %d mutants, %d wrong" % (total, len(CAUGHT), wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
