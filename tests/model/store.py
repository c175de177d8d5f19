"""store.py - the store thread: it moves the row, and knows nothing of the claims table."""
from rules import bad
from state import ABSENT, DONE, EARLY, FALLBACK, STORE_FAILS, WAITING, Completion, Row, spend


def late(s, c, m, op, base):
    """Which replies of op nobody has yet: to the outbox, or counted without REST credentials."""
    if "count_replies" in m and op.replies != (FALLBACK,):
        new = op.replies[sum(k != WAITING for k in base):]
    else:
        new = tuple(k for k in op.replies if k not in base)
    if "no_suppression" not in m:
        new = tuple(k for k in new if k not in s.outbox and k not in s.undeliverable)
    if not c.rest:
        return s._replace(undeliverable=tuple(sorted(s.undeliverable + new)))
    return s._replace(outbox=tuple(sorted(s.outbox + new)))


def apply(s, c, m, op):
    """One transaction: effects, outbox, row."""
    row = s.row or Row(ABSENT, ())
    moves = row.state in (ABSENT, EARLY) or ("store_overwrites" in m and op.kind == "final")
    if op.kind == "correct":
        if row.bytes != op.frozen:
            s = late(s, c, m, op._replace(replies=row.bytes), op.frozen)
        return s._replace(row=row._replace(state=DONE, bytes=op.frozen))
    if not moves:
        return s
    if op.stale and (op.effects or op.replies):
        s = bad(s, "a run that lost its message commits effects or replies")
    if op.kind == "early":
        if row.state == ABSENT:
            row = Row(EARLY, op.frozen, 1)
    elif row.state == ABSENT:
        row = Row(op.to, op.frozen, 1)
    else:
        row = row._replace(state=DONE, bytes=op.frozen if "store_overwrites" in m else row.bytes)
    if op.discard:
        s = s._replace(outbox=())
    s = late(s._replace(row=row), c, m, op, row.bytes)
    s = s._replace(effects=tuple(sorted(s.effects + op.effects)))
    if op.kind == "final" and op.whole:
        if s.committed:
            s = bad(s, "two runs committed their ends")
        s = s._replace(committed=(op.serial, op.replies, op.effects))
    return s


def store_takes(s, c, m, queue, fails):
    op = getattr(s, queue)[0]
    s = s._replace(**{queue: getattr(s, queue)[1:]})
    if op.repeated and s.buried and op.serial:
        return s                  # no completion either
    if fails:
        s = spend(s, STORE_FAILS)
    elif op.kind != "lookup":
        s = apply(s, c, m, op)
    row = s.row or Row(ABSENT, ())
    s = s._replace(done_q=s.done_q + (Completion(op, not fails, row.state, row.bytes),))
    if op.waits:
        s = s._replace(wake_q=s.wake_q + ((op.serial, not fails, op.effects),))
    return s
