"""The printed result, from what bench.py found (also kept in build/results/bench.json)."""

import statistics

MIB = "%.1f"


def per_answer(load):
    return load["cpu"] / load["good"] * 1e6


# sentence, measurement, value, format, whether more is better
ROWS = (
    ("CPU us per request, HTTP keep-alive", "plain", per_answer, "%.1f", False),
    ("requests/s, HTTP keep-alive", "plain", lambda r: r["per_second"], "%.0f", True),
    ("CPU us per request, HTTPS keep-alive", "tls", per_answer, "%.1f", False),
    ("requests/s, HTTPS keep-alive", "tls", lambda r: r["per_second"], "%.0f", True),
    ("p50 ms, HTTPS, 5,000/s open loop", "open", lambda r: r["p50"] / 1000, "%.2f", False),
    ("p99 ms, the same", "open", lambda r: r["p99"] / 1000, "%.2f", False),
    ("CPU us per request, the same", "open", per_answer, "%.1f", False),
    ("CPU us per new HTTPS connection + request", "full", per_answer, "%.0f", False),
    ("new HTTPS connections/s", "full", lambda r: r["per_second"], "%.0f", True),
    ("CPU us per resumed connection + request", "resumed", per_answer, "%.0f", False),
    ("resumed HTTPS connections/s", "resumed", lambda r: r["per_second"], "%.0f", True),
    ("exec to first HTTPS answer, ms", "start", lambda r: r["first_answer"], "%.1f", False),
    ("PSS MiB after that answer", "start", lambda r: r["first_memory"], MIB, False),
    ("PSS MiB 10 s after ready, nothing asked", "idle", lambda r: r["memory"], MIB, False),
)


def spread(values, form):
    if not values:
        return "-"
    middle = form % statistics.median(values)
    if len(values) == 1:
        return middle
    return f"{middle} ({form % min(values)}-{form % max(values)})"


def column(rounds, name, what, value):
    return [value(r[name][what]) for r in rounds if what in r[name]]


def ratios(rounds, name, base, what, value, more):
    """How many times better than base, round by round."""
    found = []
    for r in rounds:
        if what in r[name] and what in r[base]:
            mine, other = value(r[name][what]), value(r[base][what])
            found.append(mine / other if more else other / mine)
    return found


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows]


def results(rounds, names):
    base = names[-1]
    others = [n for n in names if n != base]
    rows = [["median (min-max)", *names, *(f"{n} : {base}" for n in others)]]
    for sentence, what, value, form, more in ROWS:
        columns = [spread(column(rounds, n, what, value), form) for n in names]
        if all(c == "-" for c in columns):
            continue
        better = [spread(ratios(rounds, n, base, what, value, more), "%.2f") for n in others]
        rows.append([sentence, *columns, *better])
    return table(rows)


def cores(rounds, names):
    """Who was busy: a rate means capacity only where the server was the one at its limit."""
    rows = [["share of a core", *(f"{n}: server/generator/others" for n in names)]]
    for what in ("plain", "tls", "open", "full", "resumed"):
        row = [what]
        for n in names:
            loads = [r[n][what] for r in rounds if what in r[n]]
            if loads:
                row.append("/".join(
                    "%.2f" % pick(load[k] for load in loads) for k, pick in
                    (("server", statistics.median), ("generator", max), ("noise", max))))
        if len(row) == len(names) + 1:
            rows.append(row)
    return table(rows)


def text(found):
    head, rounds = found["head"], found["rounds"]
    names = list(head["versions"])
    loads = [load for r in rounds for peer in r.values() for load in peer.values()
             if "answers" in load]
    lines = [
        f"make bench, {head['date']}, commit {head['commit']}",
        head["machine"],
        *(f"  {name}: {version}" for name, version in head["versions"].items()),
        f"{head['rounds']} interleaved rounds, {head['seconds']:g} s each; server on core 0, "
        f"generator on core 1; 64 connections (32 for new ones)",
        f"signed messages of 22 parameters, {head['form']} bytes on average; "
        f"{sum(load['answers'] for load in loads):,} answers, each checked, 0 wrong",
    ]
    if loads:
        lines.append("TLS: " + ", ".join(sorted({ld["protocol"] for ld in loads} - {""})))
    lines += ["", *results(rounds, names), "", "ratio: more than 1 is better, round by round", "",
              *cores(rounds, names), ""]
    return "\n".join(lines) + "\n" + found["verify"]
