"""state.py - what the model of design section 5 remembers. Immutable values only.

One message, at most two requests for it, its claims entry, its runs, the store's queue of each
producer, the row. Rules live in rules.py, the store in store.py, what must hold in check.py.
"""
from typing import NamedTuple, Optional, Tuple

ABSENT, EARLY, ANSWERED, DONE, GIVEN_UP = "absent", "EARLY", "ANSWERED", "DONE", "given up"
LOOKUP, RUNNING, SETTLED = "LOOKUP", "RUNNING", "SETTLED"

FALLBACK = (98, 0)     # the error or fallback reply: a key of its own
WAITING = (99, 0)      # waiting_reply; never a reply of a handler
# Any other reply is (ordinal, content); an answer's bytes are the tuple of replies in it.


class Config(NamedTuple):
    name: str
    rest: bool = True            # REST credentials
    second: str = "retry"        # what request 2 is: retry (or duplicate) | fallback | none
    http500: bool = False        # on_error
    status: bool = False         # a status event: answered 204 as soon as it is recorded
    filter: bool = False         # the never-seen filter spares the first look-up
    replies: int = 1             # msg:reply calls of a run, at most
    finish: bool = True
    fails: bool = True           # handlers may raise (or pass late_limit)
    # how often each may happen
    crash: int = 0
    lost: int = 0
    latest: int = 0
    store_fails: int = 0
    overload: int = 0


class Ticket(NamedTuple):
    state: str = "idle"          # idle | wait | gone | 200 | 500 | 503
    bytes: Tuple = ()
    overdue: bool = False        # its hard deadline has passed


class Entry(NamedTuple):
    id: int
    phase: str
    run: int = 0                 # serial of the current run, 0: none
    pub: Tuple = ()
    frozen: Optional[Tuple] = None
    settled: Optional[Tuple] = None   # what the tickets got; differs from frozen under mutants only
    soft_due: bool = False
    mails: int = 0
    row: str = ABSENT
    begun: bool = False          # dispatched once
    started: bool = False        # a handler began


class Run(NamedTuple):
    serial: int
    state: str                   # queued | running | waiting (for a commit) | posting (mutants)
    content: int = 0             # a rerun may say something else
    said: int = 0                # msg:reply calls so far
    pub: Tuple = ()              # its own list of replies
    overlay: Tuple = ()          # effects not yet committed
    finished: bool = False
    lost: bool = False           # its thread was declared lost
    op: Optional[Tuple] = None   # posting: what it will post


class Op(NamedTuple):
    kind: str                    # lookup | early | final | correct
    entry: int
    frozen: Tuple = ()
    to: str = ""                 # final: ANSWERED | DONE
    serial: int = 0
    replies: Tuple = ()
    effects: Tuple = ()
    discard: bool = False
    waits: bool = False          # a coroutine waits for it
    repeated: bool = False       # it failed before (repeat_keeps_epoch)
    stale: bool = False          # ghost: posted by a run that had lost its message
    whole: bool = False          # ghost: the end of a run


class Completion(NamedTuple):
    op: Op
    ok: bool
    row: str
    bytes: Tuple


class Row(NamedTuple):
    state: str
    bytes: Tuple
    attempts: int = 0


class State(NamedTuple):
    tickets: Tuple
    entry: Optional[Entry] = None
    runs: Tuple = ()
    front_q: Tuple = ()          # to the store, from the front
    script_q: Tuple = ()         # to the store, from the script threads
    done_q: Tuple = ()           # completions, to the front
    wake_q: Tuple = ()           # completions, to waiting coroutines: (serial, ok, effects)
    row: Optional[Row] = None
    outbox: Tuple = ()
    effects: Tuple = ()
    # counters of the program
    unrecorded: bool = False
    undeliverable: Tuple = ()
    given_up: bool = False
    # ghosts, for the checks alone
    committed: Optional[Tuple] = None   # (serial, replies, effects) of the end that is in the row
    stale: Tuple = ()            # runs that have lost their message
    crashed: bool = False
    seen: bool = False
    buried: bool = False         # the store discards mail of the first run's epoch (mutant)
    bad: str = ""
    next_id: int = 1
    next_run: int = 1
    left: Tuple = ()             # crash, lost, latest, store_fails, overload


def start(config):
    n = 1 if config.second == "none" else 2
    return State(tickets=(Ticket(),) * n,
                 left=(config.crash, config.lost, config.latest, config.store_fails,
                       config.overload))


CRASH, LOST, LATEST, STORE_FAILS, OVERLOAD = range(5)


def spend(s, what):
    return s._replace(left=s.left[:what] + (s.left[what] - 1,) + s.left[what + 1:])
