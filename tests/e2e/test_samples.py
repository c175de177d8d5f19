"""Twilio's webhooks as they were seen: each over HTTPS, with its own bytes and signature."""

import json

import pytest

from harness import TOP

VECTORS = TOP / "tests/vectors"
SAMPLES = json.loads((VECTORS / "webhook-samples.json").read_text())["samples"]
EXPECTED = {s["name"]: s["msg"] for s in
            json.loads((VECTORS / "expected-samples.json").read_text())["samples"]}
INBOUND = [s for s in SAMPLES if s["kind"] == "inbound"]
STATUS = [s for s in SAMPLES if s["kind"] == "status"]

# The message as JSON, written here: no plugin has a part in it. Blanks are \u0020, so that a
# split of a long answer (at a word, where a blank is lost) takes nothing away. Every field that
# pairs() gives is there but for what is the gateway's own.
HANDLER = r"""
local OWN = { received_at = true, generation = true, attempt = true }
local LISTS = { media = true }

local function text(s)
  return '"' .. s:gsub('[%c "\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

local write

local function object(v)
  local items, seen = {}, {}
  for name, value in pairs(v) do
    if not seen[name] and not (v.params and OWN[name]) and type(value) ~= "function" then
      items[#items + 1] = text(name) .. ":" .. write(value, LISTS[name])
    end
    seen[name] = true
  end
  return "{" .. table.concat(items, ",") .. "}"
end

function write(v, is_list)
  if type(v) == "string" then return text(v) end
  if type(v) == "number" then return ("%.17g"):format(v) end
  if type(v) ~= "table" then return tostring(v) end
  if not is_list then return object(v) end
  local items = {}
  for i, item in ipairs(v) do items[i] = write(item) end
  return "[" .. table.concat(items, ",") .. "]"
end

return {
  message = function(msg) return write(msg) end,
  opt_out = function(ev) replyd.log.info("opt_out", { ev = write(ev) }) return "unseen" end,
  status = function(ev) replyd.log.info("status", { ev = write(ev) }) end,
}
"""

PUBLIC = ["https://hooks.example.com", "https://hooks.example.com:8443"]


@pytest.fixture
def hooks(gateway):
    tokens = {s["auth_token"] for s in SAMPLES}
    assert len(tokens) == 1
    with gateway(HANDLER, public_url=PUBLIC, auth_token=tokens.pop()) as gw:
        yield gw


def send(twilio, gw, sample, body=None, **headers):
    kept = {k: v for k, v in sample["headers"] if k != "Content-Length"}
    return twilio.request(gw, sample["method"], sample["request_target"],
                          (body or sample["body_raw"]).encode(), {**kept, **headers})


def test_every_inbound_sample_reaches_the_script_whole(hooks, twilio):
    assert {s["name"] for s in INBOUND} == set(EXPECTED) and len(INBOUND) == 32
    in_pieces = 0
    for sample in INBOUND:
        answer = send(twilio, hooks, sample)
        assert answer.status == 200, sample["name"]
        assert answer.headers["Content-Type"].split(";")[0] == "text/xml", sample["name"]
        assert all(len(m.encode("utf-16-le")) <= 2 * 1600 for m in answer.messages)
        in_pieces += len(answer.messages) > 1
        text = "".join(answer.messages)
        if "kind" in EXPECTED[sample["name"]]:
            assert text == "", sample["name"]
            sid = EXPECTED[sample["name"]]["id"]
            text = hooks.wait_log("script", sid=sid, msg="opt_out")["ev"]
        assert json.loads(text) == EXPECTED[sample["name"]], sample["name"]
    assert in_pieces > 0, "no JSON was long enough to be split"


def event_of(sample):
    """Every field of ev, by the table of parameters that Twilio documents."""
    params = dict(sample["params"])
    ev = {"id": params["MessageSid"], "status": params["MessageStatus"], "from": params["From"],
          "to": params["To"], "channel": sample["channel"], "account": params["AccountSid"],
          "final": params["MessageStatus"] != "sent", "params": params,
          "error_code": params.get("ErrorCode"), "error_text": params.get("ErrorMessage"),
          "done_at": params.get("RawDlrDoneDate"), "service": params.get("MessagingServiceSid")}
    return {name: value for name, value in ev.items() if value is not None}


def test_every_status_sample_gets_204_and_its_event_is_whole(hooks, twilio):
    assert len(STATUS) == 7
    for sample in STATUS:
        answer = send(twilio, hooks, sample)
        assert (answer.status, answer.body) == (204, b""), sample["name"]
        assert "Content-Length" not in answer.headers, sample["name"]
        line = hooks.wait_log("script", sid=dict(sample["params"])["MessageSid"], msg="status")
        assert json.loads(line["ev"]) == event_of(sample), sample["name"]


def changed(sample):
    """The body with one digit of the AccountSid replaced: as long, as well-formed."""
    before, after = sample["body_raw"].split("AccountSid=AC", 1)
    return before + "AccountSid=AC" + ("1" if after[0] == "0" else "0") + after[1:]


def test_one_changed_byte_gets_403_whatever_the_reason(hooks, twilio):
    refused = set()
    for sample in SAMPLES:
        good = sample["signature"]
        wrong = ("A" if good[0] != "A" else "B") + good[1:]
        refused |= {
            (a.status, a.body) for a in (
                send(twilio, hooks, sample, body=changed(sample)),
                send(twilio, hooks, sample, **{"X-Twilio-Signature": wrong}),
                send(twilio, hooks, sample, **{"X-Twilio-Signature": "short"}),
                send(twilio, hooks, sample, **{"X-Twilio-Signature": ""}),
            )}
    assert {status for status, _ in refused} == {403} and len(refused) == 1, refused
    n = 2 * len(SAMPLES)
    hooks.wait_metric("replyd_signature_failures_total", equals=n, reason="mismatch")
    hooks.wait_metric("replyd_signature_failures_total", equals=2 * n)


def test_a_missing_or_repeated_signature_looks_the_same(hooks, twilio):
    sample = SAMPLES[0]
    headers = {k: v for k, v in sample["headers"]
               if k not in ("Content-Length", "X-Twilio-Signature")}
    missing = twilio.request(hooks, "POST", sample["request_target"], sample["body_raw"], headers)
    assert missing.status == 403
    assert missing.body == send(twilio, hooks, sample, body=changed(sample)).body
    hooks.wait_metric("replyd_signature_failures_total", equals=1, reason="missing")
