"""The cases of vectors/http-cases.json against any server: what it made of each.

    for case in cases.load():
        verdict = cases.run(host, port, tls, case)
        assert cases.ok(case, verdict)

Verdicts are the words of the file's `outcomes`, so that `expected` and `also_ok` can be compared.
The server's request_timeout must be below `timeout` (seconds).
"""

import json
import pathlib

from wire import Malformed, Wire, split

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "http-cases.json"

# What a server says about the way a request was written; all else is an answer to it.
FRAMING = {400, 411, 413, 414, 415, 417, 431, 501, 505}


def load():
    return json.loads(VECTORS.read_text())["cases"]


def data(case):
    if "bytes" in case:
        return case["bytes"].encode("latin-1")
    return b"".join(text.encode("latin-1") * n for text, n in case["parts"])


def _rejects(response):
    return response.status in FRAMING or (response.status == 405 and response.closes)


def verdict_of(responses, rest, ended):
    """The word for a connection that is over."""
    if rest:
        return f"garbage {rest[:60]!r}"
    if ended != "eof":
        return "reset"    # a client may lose the answer
    if not responses:
        return "close"
    last = responses[-1]
    accepted = len(responses) - (_rejects(last) or last.status == 408)
    if any(_rejects(r) for r in responses[:-1]):
        return "responses behind a rejection"
    if last.status == 408:
        return "timeout 408" if accepted == 0 else f"accept {accepted} + timeout 408"
    if _rejects(last):
        if not last.closes:
            return f"reject {last.status} without close"
        return f"{f'accept {accepted} + ' if accepted else ''}reject {last.status}"
    if accepted > 1:
        return f"accept {accepted}"
    return "accept-close" if last.closes else "accept"


def run(host, port, tls, case, timeout=10, context=None):
    """Sends the case, reads what comes, and says what it was."""
    with Wire(host, port, tls, context, timeout) as w:
        payload = data(case)
        if case["mode"] == "bytewise":
            for i in range(len(payload)):
                w.send(payload[i:i + 1])
        else:
            w.send(payload)
        if case["mode"] != "halfclose":
            w.read_responses(1)    # or the server's own end: only then does our FIN say nothing new
        try:
            responses = w.finish()
        except Malformed as e:
            return f"malformed {e}"
        return verdict_of(responses, split(w.data)[1], w.ended)


def ok(case, verdict):
    wanted = [case["expected"], *case.get("also_ok", [])]
    if verdict == "close" and "timeout 408" in wanted:
        return True
    return verdict in wanted
