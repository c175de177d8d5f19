"""explore.py - every order of events, breadth first: a counterexample is a shortest one."""
import check
import rules
import store
from state import CRASH, LATEST, LOOKUP, LOST, OVERLOAD, STORE_FAILS, spend, start


def requests(s, c, m):
    for i, t in enumerate(s.tickets):
        name = "request %d" % (i + 1)
        if t.state == "idle" and (i == 0 or s.tickets[0].state != "idle"):
            kind = "arrives" if i == 0 else "(%s) arrives" % c.second
            yield "env", "%s %s" % (name, kind), rules.claim(s, c, m, i, False)
            if s.left[OVERLOAD] and s.entry is None and c.filter and not s.seen:
                yield "env", "%s %s; overload" % (name, kind), rules.claim(s, c, m, i, True)
        if t.state != "wait" or t.overdue:
            continue
        # a soft deadline does nothing once one has acted: the hard one may come next
        if s.entry and (s.entry.frozen is not None or s.entry.soft_due):
            overdue = s.tickets[:i] + (t._replace(overdue=True),) + s.tickets[i + 1:]
            yield "", "hard deadline of %s" % name, rules.hard(s._replace(tickets=overdue), m)
        else:
            yield "", "soft deadline of %s" % name, rules.soft(s, c, m)


def front(s, c, m):
    if "claim_then_start" in m:
        p = rules.second_hold(s, c, m)
        if p is not None:
            yield "", "the front dispatches the message (second hold)", p
    if rules.forgettable(s, m):
        yield "", "the entry is forgotten", s._replace(entry=None)
    if not s.done_q:
        return
    d = s.done_q[0]
    text = "the front learns: %s %s, row %s" % (d.op.kind, "ok" if d.ok else "FAILED", d.row)
    yield "", text, rules.completed(s, c, m, False, False)
    if d.op.kind == "lookup" and d.ok and s.left[OVERLOAD] and d.row == "absent":
        if s.entry and s.entry.id == d.op.entry and s.entry.phase == LOOKUP:
            yield "", text + "; overload", rules.completed(s, c, m, True, False)
    if not d.ok and d.op.kind != "lookup":
        yield "", text + "; late_limit", rules.completed(s, c, m, False, True)


def the_store(s, c, m):
    for queue, whose in (("front_q", "front"), ("script_q", "script")):
        q = getattr(s, queue)
        if q:
            text = "the store takes `%s` of the %s" % (q[0].kind, whose)
            yield "", text, store.store_takes(s, c, m, queue, False)
            if s.left[STORE_FAILS]:
                yield "", text + " and FAILS", store.store_takes(s, c, m, queue, True)


def handler(s, c, m, r):
    name = "run %d" % r.serial
    said = (r.said + 1, r.content)
    if r.said < c.replies:
        yield "", "%s: msg:reply %s" % (name, said), rules.run_replies(s, m, r)
    if c.finish and not r.finished:
        yield "", "%s: msg:finish" % name, rules.run_finishes(s, c, m, r)
    effects = r.overlay + ((r.serial, 2),)
    replies = () if c.status else r.pub + (said,)
    yield "", "%s returns %s" % (name, said), rules.run_ends(s, m, r, replies, effects)
    if c.fails:
        yield "", "%s raises an error" % name, rules.run_fails(s, c, m, r)


def script(s, c, m):
    if "repeat_keeps_epoch" in m and s.left[LOST] and not s.runs and not s.buried:
        yield "env", "the thread is lost, in another message", \
            spend(s, LOST)._replace(buried=True)
    for r in s.runs:
        name = "run %d" % r.serial
        mine = rules.current(s, r, m)
        if s.left[LOST] and not r.lost:
            yield "env", "the thread of %s (%s) is lost" % (name, r.state), \
                rules.thread_lost(s, c, m, r, False)
            if r.state == "running":
                yield "env", "%s blocks its thread in C: lost" % name, \
                    rules.thread_lost(s, c, m, r, True)
        if r.state == "posting":
            yield "", "%s posts its end" % name, rules.posts_end(s, r)
            continue
        if not mine:
            yield "", "%s is not the current one: dropped" % name, rules.swap(s, r)
            continue
        if r.lost and "no_serial_check" not in m:
            raise AssertionError("a lost run is current")
        if s.left[LATEST] and not r.lost:
            yield "env", "%s is cancelled by `latest`" % name, rules.run_cancelled(s, m, r)
        if r.state == "queued":
            yield "", "%s starts" % name, rules.run_starts(s, r, 0)
            if r.serial > 1:
                yield "", "%s starts, will say other things" % name, rules.run_starts(s, r, 1)
        elif r.state == "running":
            yield from handler(s, c, m, r)


def wakes(s):
    if not s.wake_q:
        return
    serial, ok, effects = s.wake_q[0]
    p = s._replace(wake_q=s.wake_q[1:])
    for r in s.runs:
        if r.serial == serial and r.state == "waiting":
            overlay = r.overlay if ok else effects + r.overlay
            p = rules.swap(p, r, r._replace(state="running", overlay=overlay))
    yield "", "run %d goes on: its commit %s" % (serial, "is done" if ok else "failed"), p


def moves(s, c, m):
    if not m:
        # A run without its message can change nothing any more: let it go before all else.
        for r in s.runs:
            if not rules.current(s, r, m):
                yield "", "run %d is not the current one: dropped" % r.serial, rules.swap(s, r)
                return
    yield from requests(s, c, m)
    yield from front(s, c, m)
    yield from the_store(s, c, m)
    yield from script(s, c, m)
    yield from wakes(s)
    if s.left[CRASH] and s.seen:
        yield "env", "kill -9, restart", rules.crash(s, m)


def trace(parents, s, last):
    steps = [last] if last else []
    while parents[s] is not None:
        s, step = parents[s]
        steps.append(step)
    return steps[::-1]


class Result:
    def __init__(self, states, why, steps):
        self.states, self.why, self.steps = states, why, steps

    def text(self):
        lines = ["%3d. %s" % (i + 1, step) for i, step in enumerate(self.steps)]
        return "\n".join(lines + ["     => " + self.why])


def explore(config, mutants=(), limit=2000000):
    """All states of a configuration, or a shortest way to a broken promise."""
    m = frozenset(mutants)
    first = start(config)
    parents = {first: None}
    level = [first]
    while level:
        after = []
        for s in level:
            ends = True
            for kind, text, p in moves(s, config, m):
                ends = ends and kind == "env"
                if p in parents:
                    continue
                why = check.broken(p)
                if why:
                    return Result(len(parents), why, trace(parents, s, text))
                parents[p] = (s, text)
                after.append(p)
            if ends:
                why = check.undone(s)
                if why:
                    return Result(len(parents), why, trace(parents, s, None))
        if len(parents) > limit:
            raise MemoryError("%s: more than %d states" % (config.name, limit))
        level = after
    return Result(len(parents), "", [])
