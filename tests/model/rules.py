"""rules.py - design section 5 as mended: one function per event, one hold of the entry's lock each.

`MUTANTS` are the rules that were not chosen, or got wrong: each must give a counterexample, or the
checks prove nothing. `m` is the set of those switched on; the good rules are m == {}.
"""
from state import (ABSENT, ANSWERED, CRASH, DONE, EARLY, FALLBACK, GIVEN_UP, LATEST, LOOKUP, LOST,
                   OVERLOAD, RUNNING, SETTLED, WAITING, Entry, Op, Run, spend)

MUTANTS = {
    "end_does_not_freeze": "rule 1 literally: the handler's end freezes nothing, rule 3 corrects",
    "no_correction": "the same, and nobody corrects the row",
    "freeze_in_lookup": "the soft deadline freezes and writes while the row is still unknown",
    "count_replies": "a row remembers how many replies are in its bytes, not which",
    "post_after_unlock": "the end of a handler is posted after the lock was let go",
    "fire_and_forget": "msg:finish and late replies do not wait for their commit",
    "no_serial_check": "a run that lost its message may still publish and commit",
    "rerun_keeps_published": "a rerun starts with the published replies of the lost run",
    "store_overwrites": "who comes second writes over the row's bytes",
    "http500_when_frozen": "500 although something is frozen",
    "http500_to_fallback": "500 although a fallback call waits",
    "cancel_keeps_run": "without REST: the soft deadline answers, but the run stays current",
    "no_rerun_after_crash": "recovery leaves EARLY rows alone",
    "no_rerun_when_lost": "a lost thread's messages are dropped",
    "forget_with_mail": "an entry may be forgotten while mail to the store is under way",
    "forget_while_running": "an entry may be forgotten while its run goes on",
    "hard_not_counted": "the hard deadline does not count answered_unrecorded",
    "hard_does_nothing": "at the hard deadline the store is waited for",
    "no_suppression": "a rerun's replies are not compared with the outbox",
    "settle_at_freeze": "the answer leaves before the store has it",
    "never_gives_up": "a row that cannot be written keeps its entry for ever",
    "give_up_forgotten": "an early write that still arrives makes a given-up entry EARLY again",
    "repeat_keeps_epoch": "the repeat of a failed write is discarded if its thread was lost since",
    "failed_503": "503 when a commit fails, after a handler has started",
    "claim_then_start": "RUNNING in one hold, dispatched in a second: a soft deadline fits between",
    "latest_keeps_outbox": "late replies of a run cancelled by `latest` stay in the outbox",
    "joins_run_again": "a duplicate of a running message starts a run of its own",
}


# ---- what one hold may do -------------------------------------------------------------------

def bad(s, text):
    return s if s.bad else s._replace(bad=text)


def entry(s, **changes):
    return s._replace(entry=s.entry._replace(**changes))


def freeze(s, replies):
    return s if s.entry.frozen is not None else entry(s, frozen=replies)


def post(s, queue, op):
    """Into the store's mailbox. The queues of the two producers may overtake each other."""
    e = s.entry
    stale = op.serial in s.stale
    s = s._replace(**{queue: getattr(s, queue) + (op._replace(stale=stale),)})
    return entry(s, mails=e.mails + 1) if e and e.id == op.entry else s


def tell(s, state, replies=()):
    """Every waiting ticket gets this."""
    if state == "200" and s.entry.settled is not None:
        replies = s.entry.settled
    for i, t in enumerate(s.tickets):
        if t.state == "wait":
            s = answer(s, i, state, replies)
    return s


def answer(s, i, state, replies=()):
    others = [t.bytes for t in s.tickets if t.state == "200"]
    if state == "200" and not s.unrecorded:
        if any(b != replies for b in others):
            s = bad(s, "two different answers for one message")
        if s.row is None or s.row.bytes != replies:
            s = bad(s, "an answer left that is not on disk, and was not counted")
    if state == "500" and others and not s.unrecorded:
        s = bad(s, "an error after an answer of the same message")
    ticket = s.tickets[i]._replace(state=state, bytes=replies)
    return s._replace(tickets=s.tickets[:i] + (ticket,) + s.tickets[i + 1:])


def settle(s, replies=None):
    if s.entry.phase == SETTLED:
        return s
    s = entry(s, phase=SETTLED, settled=s.entry.frozen if replies is None else replies)
    return tell(s, "200", s.entry.settled)


def forget(s, state):
    if state == "503" and s.entry.started:
        s = bad(s, "503 after a handler has started")
    if s.entry.frozen is not None:
        s = bad(s, state + " although something is frozen")
    return tell(s, state)._replace(entry=None)


def freeze_and_write(s, m, queue, frozen, **op):
    s = freeze(s, frozen)
    s = post(s, queue, Op("early", s.entry.id, s.entry.frozen, **op))
    return settle(s) if "settle_at_freeze" in m else s


# ---- front ----------------------------------------------------------------------------------

def begin(s, c, m, full):
    """The row is absent: to the script thread, then a soft deadline that had to wait for this."""
    if full:
        return forget(spend(s, OVERLOAD), "503")
    if s.entry.phase == LOOKUP:
        s = entry(s, phase=RUNNING)
    if c.status:                  # answered as soon as it is recorded; the handler runs then
        return freeze_and_write(s, m, "front_q", ())
    s = dispatch(s)
    return soft(s, c, m) if s.entry.soft_due else s


def dispatch(s):
    run = s.next_run
    s = entry(s, run=run, begun=True)
    return s._replace(next_run=run + 1, runs=s.runs + (Run(run, "queued", overlay=((run, 1),)),))


def claim(s, c, m, i, full):
    e = s.entry
    s = s._replace(tickets=s.tickets[:i] + (s.tickets[i]._replace(state="wait"),)
                   + s.tickets[i + 1:])
    if e is None:
        known = s.seen or not c.filter
        s = s._replace(entry=Entry(s.next_id, LOOKUP), next_id=s.next_id + 1, seen=True)
        if known:
            return post(s, "front_q", Op("lookup", s.entry.id))
        if "claim_then_start" in m:
            return entry(s, phase=RUNNING)
        return begin(s, c, m, full)
    if e.phase == SETTLED:
        return answer(s, i, "200", e.settled)
    if "joins_run_again" in m and e.phase == RUNNING:
        return begin(s, c, m, False)
    return s


def second_hold(s, c, m):
    """claim_then_start: the dispatch of what `claim` made RUNNING."""
    e = s.entry
    if e and e.phase == RUNNING and not e.begun:
        return begin(s, c, m, False) if e.frozen is None else entry(s, begun=True)
    return None


def soft(s, c, m):
    e = s.entry
    if e is None or e.phase == SETTLED or e.frozen is not None:
        return s
    if e.phase == LOOKUP and "freeze_in_lookup" not in m:
        return entry(s, soft_due=True)
    if c.rest:
        return freeze_and_write(s, m, "front_q", e.pub or (WAITING,))
    s = freeze(s, e.pub + (FALLBACK,))
    if e.run and "cancel_keeps_run" not in m:
        s = entry(s, run=0)
    s = s._replace(stale=s.stale + (e.run,) if e.run else s.stale)
    s = post(s, "front_q", Op("final", e.id, s.entry.frozen, ANSWERED, replies=s.entry.frozen))
    return settle(s) if "settle_at_freeze" in m else s


def hard(s, m):
    e = s.entry
    if e is None or e.phase == SETTLED or "hard_does_nothing" in m:
        return s
    if e.phase == LOOKUP and e.frozen is None:
        return forget(s, "503")
    if e.frozen is None or not e.mails:
        return bad(s, "the hard deadline finds nothing frozen, or no mail to the store under way")
    if "hard_not_counted" not in m:
        s = s._replace(unrecorded=True)
    return settle(s)


def completed(s, c, m, full, late_limit):
    """The next completion. late_limit: a write that failed is not repeated any more."""
    d, s = s.done_q[0], s._replace(done_q=s.done_q[1:])
    e = s.entry
    if e is None or e.id != d.op.entry:
        return s
    s = entry(s, mails=e.mails - 1)
    if d.op.kind == "lookup":
        return found(s, c, m, d, full)
    if not d.ok:
        return failed(s, c, m, d, late_limit)
    if e.row != GIVEN_UP or d.row != EARLY or "give_up_forgotten" in m:
        s = entry(s, row=d.row)
    literal = {"end_does_not_freeze", "no_correction", "freeze_in_lookup"} & m
    if d.row == EARLY and not e.begun and (c.status or "freeze_in_lookup" in m):
        s = dispatch(s)
    if e.phase != SETTLED:
        return settle(s, d.bytes if literal else None)
    if d.bytes != s.entry.settled:
        if not literal:
            return bad(s, "the row says something else than the wire")
        if "no_correction" not in m:
            return post(s, "front_q", Op("correct", e.id, s.entry.settled, DONE))
    return s


def found(s, c, m, d, full):
    e = s.entry
    if "freeze_in_lookup" in m and e.frozen is not None:
        return s                  # the write that is under way will tell the same
    if not d.ok:
        return forget(s, "503")
    if d.row == ABSENT:
        return begin(s, c, m, full)
    s = entry(s, row=d.row if d.row != EARLY else GIVEN_UP, frozen=d.bytes)
    return settle(s)


def failed(s, c, m, d, late_limit):
    e = s.entry
    if e.phase != SETTLED:
        if "failed_503" in m:
            return forget(entry(s, frozen=None), "503")
        if c.status and not e.begun:     # nothing went out, nothing is under way
            return forget(entry(s, frozen=None), "503")
        s = settle(s._replace(unrecorded=True), d.op.frozen)
    if d.op.kind == "early" and not s.entry.run and e.begun:
        return s                  # the run has ended: its final mail carries the row
    if late_limit and (d.op.kind != "early" or not e.begun):
        s = s._replace(given_up=True)
        return s if "never_gives_up" in m else entry(s, row=GIVEN_UP)
    op = d.op
    if op.kind == "early" and op.waits:
        op = op._replace(replies=(), effects=(), waits=False)   # those went back to the script
    return post(s, "front_q", op._replace(repeated="repeat_keeps_epoch" in m))


def forgettable(s, m):
    e = s.entry
    if e is None or e.phase != SETTLED:
        return False
    if e.mails and "forget_with_mail" not in m:
        return False
    if e.run and "forget_while_running" not in m:
        return False
    if {"forget_with_mail", "forget_while_running"} & m:
        return True
    return e.row in (ANSWERED, DONE, GIVEN_UP)


# ---- script thread --------------------------------------------------------------------------

def swap(s, old, *new):
    runs = tuple(sorted(tuple(r for r in s.runs if r is not old) + new))
    stale = tuple(n for n in s.stale if any(r.serial == n for r in runs))
    return s._replace(runs=runs, stale=stale)


def current(s, r, m):
    e = s.entry
    return e is not None and (e.run == r.serial or ("no_serial_check" in m and e.run != 0)
                              or ("joins_run_again" in m and r.serial not in s.stale))


def run_starts(s, r, content):
    return entry(swap(s, r, r._replace(state="running", content=content)), started=True)


def commit_point(s, m, r, freezes):
    """msg:finish, known late, a late msg:reply: the frozen bytes, and all of the run so far."""
    waits = "fire_and_forget" not in m
    s = swap(s, r, r._replace(state="waiting" if waits else "running", overlay=()))
    return freeze_and_write(s, m, "script_q", freezes, serial=r.serial, replies=r.pub,
                            effects=r.overlay, waits=waits)


def run_replies(s, m, r):
    said = r.said + 1
    new = r._replace(said=said, pub=r.pub + ((said, r.content),))
    s = entry(swap(s, r, new), pub=s.entry.pub + ((said, r.content),))
    return s if s.entry.frozen is None else commit_point(s, m, new, ())


def run_finishes(s, c, m, r):
    new = r._replace(finished=True)
    return commit_point(swap(s, r, new), m, new, s.entry.pub or ((WAITING,) if c.rest else ()))


def final(s, m, r, replies, effects):
    """The end of a run: the answer if nothing was frozen, what the frozen bytes lack otherwise."""
    e = s.entry
    literal = {"end_does_not_freeze", "no_correction"} & m
    if literal:
        first = e.phase != SETTLED
        bytes_ = replies if first else e.settled
    else:
        first = e.frozen is None
        s = freeze(s, e.pub[:-r.said] + replies if "rerun_keeps_published" in m and r.said and
                   replies != (FALLBACK,) else replies)
        if "rerun_keeps_published" in m and not r.said and first and replies != (FALLBACK,):
            s = entry(s, frozen=e.pub + replies)
        bytes_ = s.entry.frozen
    s = entry(s, run=0)
    op = Op("final", e.id, bytes_, ANSWERED if first else DONE, r.serial, replies, effects,
            whole=True)
    return s, op


def run_ends(s, m, r, replies, effects):
    s, op = final(s, m, r, replies, effects)
    if "post_after_unlock" in m:
        s = entry(s, mails=s.entry.mails + 1)
        return swap(s, r, r._replace(state="posting", op=op))
    s = post(swap(s, r), "script_q", op)
    return settle(s) if "settle_at_freeze" in m and s.entry.frozen is not None else s


def posts_end(s, r):
    """post_after_unlock: the entry has counted this mail already."""
    if s.entry and s.entry.id == r.op.entry:
        s = entry(s, mails=s.entry.mails - 1)
    return post(swap(s, r), "script_q", r.op)


def run_fails(s, c, m, r):
    e = s.entry
    waits_fallback = c.second == "fallback" and s.tickets[1].state == "wait"
    if c.http500 and (e.frozen is None or "http500_when_frozen" in m) and e.phase != SETTLED:
        if not waits_fallback or "http500_to_fallback" in m:
            if waits_fallback:
                s = bad(s, "500 to a call of the fallback URL")
            return forget(swap(s, r), "500")
    return run_ends(s, m, r, () if c.status else (FALLBACK,), ())


def run_cancelled(s, m, r):
    """`latest`, `drop`, a full sender queue."""
    first = s.entry.frozen is None
    s = entry(freeze(spend(swap(s, r), LATEST), ()), run=0)
    return post(s, "script_q", Op("final", s.entry.id, s.entry.frozen, ANSWERED if first else DONE,
                                  discard="latest_keeps_outbox" not in m, whole=True))


def thread_lost(s, c, m, r, stuck):
    """Main takes the message from the dead run; the serial alone stops the zombie."""
    s = spend(s, LOST)
    e = s.entry
    if r.state == "posting":      # what it posts now is behind the mail that declares it dead
        return swap(s, r)
    s = swap(s, r, r._replace(lost=True))
    if e is None or e.run != r.serial:
        return s
    if "no_rerun_when_lost" in m:
        return swap(s, next(x for x in s.runs if x.serial == r.serial))
    run = s.next_run
    s = entry(s, run=run, pub=e.pub if "rerun_keeps_published" in m else ())
    s = s._replace(next_run=run + 1, stale=s.stale + (r.serial,))
    new = Run(run, "queued", overlay=((run, 1),))
    s = s._replace(runs=tuple(sorted(s.runs + (new,))))
    return run_fails(s, c, m, new) if stuck else s


# ---- the process ----------------------------------------------------------------------------

def crash(s, m):
    """kill -9 and the next start; recovery makes the entries before the listeners open."""
    tickets = tuple(t._replace(state="gone") if t.state == "wait" else t for t in s.tickets)
    s = spend(s, CRASH)._replace(tickets=tickets, entry=None, runs=(), front_q=(), script_q=(),
                                 done_q=(), wake_q=(), crashed=True, seen=True, stale=())
    if s.row is None or s.row.state != EARLY or "no_rerun_after_crash" in m:
        return s
    row = s.row._replace(attempts=s.row.attempts + 1)
    e = Entry(s.next_id, SETTLED, frozen=row.bytes, settled=row.bytes, row=EARLY, begun=True,
              started=True)
    s = s._replace(row=row, entry=e, next_id=s.next_id + 1)
    if row.attempts > 2:          # outcome late_lost
        return post(s, "front_q", Op("final", e.id, e.frozen, DONE, replies=(FALLBACK,),
                                     whole=True))
    run = s.next_run
    s = entry(s, run=run)
    return s._replace(next_run=run + 1, runs=(Run(run, "queued", overlay=((run, 1),)),))
