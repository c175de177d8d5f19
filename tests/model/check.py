"""check.py - what must hold, in every state and where nothing is left to do."""
from state import EARLY, FALLBACK, WAITING

PROMISES = (
    "no two different answers on the wire for one message, unless answered_unrecorded",
    "an answer leaves after it was recorded, unless answered_unrecorded",
    "every reply of the committed run is delivered once, or counted",
    "effects are committed at most once, and none of a run that lost its message",
    "every request is answered by its hard deadline",
    "what was acknowledged (EARLY) is run until it is DONE, over crashes too",
    "every request is answered and every entry forgotten in the end",
    "503 before a handler starts only; 500 never with frozen bytes nor to a fallback call",
)


def on_wire(s, key):
    return max((t.bytes.count(key) for t in s.tickets if t.state == "200"), default=0)


def forgot(s):
    """Counted as unrecorded, and nothing of it is left: the retry runs afresh."""
    return s.unrecorded and (s.crashed or s.given_up)


def broken(s):
    """In every state; a sentence or ''."""
    if s.bad:
        return s.bad
    if len(set(s.effects)) != len(s.effects):
        return "an effect was committed twice"
    if len(set(s.outbox)) != len(s.outbox):
        return "a reply is in the outbox twice"
    if any(t.overdue and t.state == "wait" for t in s.tickets):
        return "a request was not answered by its hard deadline"
    if not forgot(s):
        for key in s.outbox:
            if on_wire(s, key):
                return "a reply was delivered twice, in the answer and by the outbox"
    return ""


def undone(s):
    """Where no step is left; a sentence or ''."""
    if any(t.state == "wait" for t in s.tickets):
        return "a request is never answered"
    if s.front_q or s.script_q or s.done_q or s.wake_q or s.runs:
        return "something waits for ever"
    if s.row and s.row.state == EARLY and not s.given_up:
        return "an acknowledged message is never finished"
    if s.entry is not None:
        return "an entry can never be forgotten"
    return lost_reply(s) or lost_effect(s)


def lost_reply(s):
    if s.committed is None:
        return ""
    # without an answer on the wire the row's bytes are delivered to the retry
    open_ = any(t.state == "gone" for t in s.tickets) or all(t.state != "200" for t in s.tickets)
    for key in s.committed[1]:
        sent = on_wire(s, key) or (s.row.bytes.count(key) if open_ else 0)
        sent += s.outbox.count(key)
        if sent + s.undeliverable.count(key) == 0:
            return "a reply of the committed run was neither delivered nor counted"
        if sent > 1 and not forgot(s):
            return "a reply of the committed run was delivered twice"
    if s.committed[1] == () and s.outbox:
        return "a late reply of a cancelled run stays in the outbox"
    replies = {k for k in s.row.bytes if k not in (WAITING, FALLBACK)}
    if s.row.state == "ANSWERED" and not replies <= set(s.committed[1]) | {FALLBACK}:
        return "the answer has a reply that is not of the run that committed"
    return ""


def lost_effect(s):
    if s.committed is None or s.committed[1] == (FALLBACK,) or not s.committed[2]:
        return ""
    serial = s.committed[0]
    if {(serial, 1), (serial, 2)} - set(s.effects):
        return "an effect of the committed run is lost"
    return ""
