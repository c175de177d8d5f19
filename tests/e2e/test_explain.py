"""Why a request was refused: in the log, by `replyd explain`, at a prompt by `replyd verify`."""

import hashlib
import json
import urllib.parse

import pytest
from twilio.request_validator import RequestValidator

SCRIPT = """return { keywords = { fail = function() error("as asked") end },
  message = function(msg) return msg.body end }"""
PUBLIC = "https://bot.example.com"
TOKEN = "sesame" * 5

# what is configured, what Twilio calls, where it arrives, headers on the way, the sentence
MISTAKES = [
    ({"public_url": "http://bot.example.com"}, PUBLIC + "/sms", "/sms", {},
     "it matches if public_url were https://bot.example.com"),
    ({"public_url": PUBLIC}, PUBLIC + ":8443/sms", "/sms", {"Host": "bot.example.com:8443"},
     "it matches if public_url were https://bot.example.com:8443"),
    ({"public_url": PUBLIC}, PUBLIC + "/hook/sms", "/sms", {"X-Forwarded-Prefix": "/hook"},
     "it matches if public_url were https://bot.example.com/hook"),
    ({"public_url": PUBLIC}, PUBLIC + "/sms/", "/sms", {},
     "it matches if the URL were https://bot.example.com/sms/ (with a slash at its end)"),
    ({}, PUBLIC + "/sms", "/sms", {"X-Forwarded-Proto": "https", "Host": "bot.example.com"},
     "it matches if trusted_proxies had 127.0.0.1, or public_url were https://bot.example.com"),
]


@pytest.mark.parametrize("config, url, path, headers, sentence", MISTAKES)
def test_a_mistake_is_explained_in_the_log_and_on_demand(gateway, twilio, replyd, config, url,
                                                         path, headers, sentence):
    with gateway(SCRIPT, auth_token=TOKEN, **config) as gw:
        answer = twilio.text(gw, path=path, url=url, headers=headers, sid="SM1", tls=False)
        assert (answer.status, answer.text) == (403, "Forbidden\n")
        assert all("example" not in value for value in answer.headers.values())
        line = gw.wait_log("explain", sid="SM1")
        assert line["why"] == sentence and int(line["tried"]) > 0
        done = replyd("explain", "SM1", "-c", gw.folder / "replyd.lua")
        assert done.returncode == 0, done.stderr
        assert f"    {sentence}\n" in done.stdout
        assert "refused: no public URL and token give this signature\n" in done.stdout
        assert f"POST {path} from 127.0.0.1, account {twilio.account}" in done.stdout
        as_json = json.loads(replyd("explain", "--json", "SM1", "-c",
                                    gw.folder / "replyd.lua").stdout)
        assert as_json["refused"][0]["why"] == sentence
        assert {entry["event"] for entry in as_json["log"]} == {"signature", "explain"}
        assert TOKEN not in gw.log_tail() + done.stdout


def test_trimmed_values_and_a_query_encoded_again_are_explained_everywhere(gateway, twilio, replyd,
                                                                           tmp_path):
    """In the log, by `explain` and by `verify` with one sentence, and nothing in the reply."""
    url, came = PUBLIC + "/sms?q=a%20b%2Fc", "/sms?q=a+b/c"
    params = twilio.message_params("hello")
    sent = {**params, "Body": " hello\n"}
    cases = [
        ("SM1", url, "/sms?q=a%20b%2Fc", sent,
         "it matches if the values had no blanks around them"),
        ("SM2", url, came, params,
         f"it matches if the URL were {url} (with its query encoded again)"),
        ("SM3", url, came, sent, f"it matches if the URL were {url} (with its query encoded again)"
                                 " and the values had no blanks around them")]
    with gateway(SCRIPT, public_url=PUBLIC) as gw:
        for sid, signed_url, target, form, sentence in cases:
            sids = {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid}
            signature = twilio.sign(signed_url, {**params, **sids}, gw.token)
            answer = twilio.post(gw, {**form, **sids}, path=target,
                                 headers={"X-Twilio-Signature": signature})
            assert (answer.status, answer.text) == (403, "Forbidden\n")
            assert gw.wait_log("explain", sid=sid)["why"] == sentence
            done = replyd("explain", sid, "-c", gw.folder / "replyd.lua")
            assert done.returncode == 0 and f"    {sentence}\n" in done.stdout
            done = verify(replyd, PUBLIC + target, signature,
                          urllib.parse.urlencode({**form, **sids}), tmp_path, token=gw.token)
            assert (done.returncode, done.stdout) == (1, f"not valid: {sentence}\n")


def test_the_token_of_another_account(gateway, twilio):
    accounts = {"AC" + c * 32: {"auth_token": c * 16} for c in "ab"}
    with gateway(SCRIPT, auth_token=None, accounts=accounts) as gw:
        a, b = accounts
        twilio.text(gw, token="b" * 16, AccountSid=a, sid="SM1")
        assert gw.wait_log("explain", sid="SM1")["why"] == (
            f"it matches if account {a} had the token of {b}")
        twilio.text(gw, token="b" * 16, AccountSid="AC9", sid="SM2")
        assert gw.wait_log("explain", sid="SM2")["why"] == (
            f"it matches if account AC9 had the token of {b}")


def test_a_forger_does_not_buy_explanations(gateway, twilio, count):
    n = count(5000, "forgeries", least=200)
    with gateway(SCRIPT) as gw:
        for i in range(n):
            assert twilio.text(gw, token="wrong", sid=f"SM{i}").status == 403
        gw.wait_metric("replyd_signature_failures_total", equals=n)
        seconds = 1 + float(gw.log("signature")[-1]["ts"][17:23]) - float(
            gw.log("signature")[0]["ts"][17:23])
        assert len(gw.log("explain")) <= 10 + seconds % 60 + 1
        assert len(gw.log("signature")) <= n
        assert twilio.text(gw, "still there").messages == ["still there"]


def test_a_request_without_message_is_not_explained(gateway, twilio):
    with gateway(SCRIPT) as gw:
        assert twilio.post(gw, {"Body": "x"}, token="wrong").status == 403
        twilio.text(gw, token="wrong", sid="SM1")
        gw.wait_log("explain", sid="SM1")
        assert len(gw.log("explain")) == 1


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_a_failed_message_is_explained_by_the_log(gateway, twilio, replyd, log_format):
    with gateway(SCRIPT, log={"format": log_format}) as gw:
        twilio.text(gw, "fail", sid="SM1")
        twilio.text(gw, "hello", sid="SM2")
        gw.wait_log("message", sid="SM2")
        done = replyd("explain", "SM1", "-c", gw.folder / "replyd.lua")
        assert done.returncode == 0 and "as asked" in done.stdout, done.stdout + done.stderr
        assert "SM1 message: error: the handler raised an error" in done.stdout
        assert replyd("explain", "SM2", "-c", gw.folder / "replyd.lua").returncode == 1
        log = gw.folder / "the.log"
        log.write_text("".join(f"Nov 24 12:00:00 host replyd[1]: {line.raw}\n"
                               for line in gw.log()))
        done = replyd("explain", log)
        assert done.returncode == 0
        assert "as asked" in done.stdout and "outcome: error" in done.stdout
        assert "SM1" in done.stdout and "SM2" not in done.stdout
        assert json.loads(replyd("explain", "--json", log).stdout)["log"][0]["sid"] == "SM1"


# what the script says of two messages of one sender, and the sentence for each
CUT = [
    ("concurrency = 'drop'", {
        "SM1": "cancelled: the deadline came before the handler's end",
        "SM2": "dropped: the one before it still ran, and concurrency is \"drop\""}),
    ("concurrency = 'latest'", {
        "SM1": "cancelled: a newer one came, and concurrency is \"latest\"", "SM2": None}),
    ("debounce = '1s'", {
        "SM1": "merged: part of a joined burst (debounce): its last part has the answer",
        "SM2": None}),
]


@pytest.mark.parametrize("rule, sentences", CUT, ids=["drop", "latest", "debounce"])
def test_a_message_that_was_cut_dropped_or_merged_is_explained(gateway, twilio, replyd, rule,
                                                               sentences):
    script = """return { %s, message = function(msg)
      if msg.body == "wait" then replyd.sleep(60) end end }""" % rule
    with gateway(script, deadline="3s", script_threads=1) as gw:
        first = twilio.text_async(gw, "wait", sid="SM1")
        gw.wait_metric("replyd_runs", equals=1)
        twilio.text(gw, "hello", sid="SM2")
        first.result()
        for sid, sentence in sentences.items():
            gw.wait_log("message", sid=sid)
            done = replyd("explain", sid, "-c", gw.folder / "replyd.lua")
            assert done.returncode == (0 if sentence else 1), done.stdout + done.stderr
            as_json = json.loads(replyd("explain", "--json", sid, "-c",
                                        gw.folder / "replyd.lua").stdout)
            assert [line["sentence"] for line in as_json["log"]] == [sentence] * bool(sentence)
            assert not sentence or f" {sid} message: {sentence}\n" in done.stdout


def test_a_request_from_a_file_is_tried_on_the_configuration(replyd, tmp_path, twilio):
    (tmp_path / "replyd.lua").write_text(
        f'return {{ auth_token = "{TOKEN}", state = "st", public_url = "{PUBLIC}" }}')
    params = twilio.message_params("hello")
    for url, sentence in ((PUBLIC + "/sms", "it matches if nothing is changed"),
                          ("http://bot.example.com/sms",
                           "it matches if public_url were http://bot.example.com\n")):
        (tmp_path / "request").write_text(
            "POST /sms HTTP/1.1\nHost: x\nContent-Type: application/x-www-form-urlencoded\n"
            f"X-Twilio-Signature: {twilio.sign(url, params, TOKEN)}\n\n"
            + urllib.parse.urlencode(params))
        done = replyd("explain", "request")
        assert done.returncode == 0 and sentence in done.stdout, done.stdout + done.stderr
    (tmp_path / "request").write_text("POST /sms HTTP/1.1\nHost: x")
    assert replyd("explain", "request").returncode == 1


def test_what_is_not_known_and_wrong_usage(replyd, tmp_path):
    assert replyd("explain").returncode == 2
    assert replyd("explain", "a", "b").returncode == 2
    assert replyd("explain", "./no/such/file").returncode == 2
    (tmp_path / "replyd.lua").write_text('return { auth_token = "x", state = "st" }')
    done = replyd("explain", "SM1")
    assert done.returncode == 1 and "cannot be asked" in done.stderr
    assert replyd("explain", "not a sid").returncode == 1
    (tmp_path / "empty.log").write_text("")
    assert replyd("explain", "empty.log").returncode == 1
    (tmp_path / "replyd.lua").write_text("return { nonsense = 1 }")
    assert replyd("explain", "SM1").returncode == 2


# ---- replyd verify -------------------------------------------------------------------------


def verify(replyd, url, signature, body=None, tmp_path=None, token=TOKEN, **options):
    arguments = ["verify", "--url", url, "--token", token, "--signature", signature]
    if body is not None:
        (tmp_path / "body").write_bytes(body if isinstance(body, bytes) else body.encode())
        arguments += ["--body", "body"]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}", value]
    return replyd(*arguments)


def test_verify_says_valid_or_what_would_be(replyd, tmp_path):
    url, params = PUBLIC + "/sms?a=%20b", {"Body": "hello wörld", "From": "+1"}
    signature = RequestValidator(TOKEN).compute_signature(url, params)
    body = urllib.parse.urlencode(params)
    done = verify(replyd, url, signature, body, tmp_path)
    assert (done.returncode, done.stdout) == (0, "valid\n")
    for given, sentence in (
            (url.replace("https", "http"), f"if the URL were {url}"),
            (url.replace("/sms", "/sms/"), f"if the URL were {url} (without the slash at its end)"),
            (url.replace("/sms", "/x/sms"),
             f"if the URL were {url} (without the first part of its path)"),
            (url.replace("%20", "+"), f"if the URL were {url} (with its query encoded again)")):
        done = verify(replyd, given, signature, body, tmp_path)
        assert (done.returncode, done.stdout) == (1, f"not valid: it matches {sentence}\n")
    done = verify(replyd, url, signature, body, tmp_path, token=TOKEN + " ")
    assert done.stdout == ("not valid: it matches if the token had no blanks or line end around"
                           " it\n")
    done = verify(replyd, url, signature, body + "&x=y", tmp_path)
    assert done.returncode == 1 and "variants of URL, token and parameters" in done.stdout
    done = verify(replyd, url, signature[:-1], body, tmp_path)
    assert "28 characters alone, not 27" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_verify_reads_the_token_from_a_file(replyd, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC, {})
    assert verify(replyd, PUBLIC, signature, token="@token").returncode == 0
    assert verify(replyd, PUBLIC + "#rc=2", signature, token="@token").returncode == 0
    assert verify(replyd, PUBLIC + "/", signature, token="@token").returncode == 1


def test_verify_knows_get_and_json(replyd, tmp_path):
    url = PUBLIC + "/sms?Body=x"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    assert verify(replyd, url, signature, "ignored=1", tmp_path, method="GET").returncode == 0
    body = b'{"Body": "x"}'
    url = PUBLIC + "/sms?bodySHA256=" + hashlib.sha256(body).hexdigest()
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    assert verify(replyd, url, signature, body, tmp_path,
                  content_type="application/json").returncode == 0
    done = verify(replyd, url, signature, body + b" ", tmp_path, content_type="application/json")
    assert done.returncode == 1 and "changes the body" in done.stdout


def test_verify_has_no_limits(replyd, tmp_path):
    params = {f"P{i}": "x" * 100 for i in range(1001)}
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + "/", params)
    done = verify(replyd, PUBLIC + "/", signature, urllib.parse.urlencode(params), tmp_path)
    assert done.returncode == 0


def test_verify_agrees_with_twilio_for_random_requests(replyd, tmp_path, rng, count):
    alphabet = "aB9 +%&=;#?\r\n\t\"<>é€👍\u00a0"
    for _ in range(count(10_000, "requests", least=50)):
        names = rng.sample(["Body", "From", "To", "A", "AB", "a", "Ä", "x y", "b[]"], 5)
        params = {name: "".join(rng.choices(alphabet, k=rng.randrange(20))) for name in names}
        url = PUBLIC + rng.choice(["", ":443", ":8443"]) + rng.choice(["/", "/sms", "/a%20b?c=d"])
        signature = RequestValidator(TOKEN).compute_signature(url, params)
        if rng.random() < 0.3:
            params[rng.choice(names)] += "!"
        expected = RequestValidator(TOKEN).validate(url, params, signature)
        done = verify(replyd, url, signature, urllib.parse.urlencode(params), tmp_path)
        assert (done.returncode == 0) == expected, (url, params)


def test_verify_refuses_what_it_cannot_use(replyd, tmp_path):
    right = {"url": PUBLIC, "token": "t", "signature": "s"}
    for missing in right:
        arguments = [x for k, v in right.items() if k != missing for x in (f"--{k}", v)]
        assert replyd("verify", *arguments).returncode == 2
    everything = [x for k, v in right.items() for x in (f"--{k}", v)]
    assert replyd("verify", *everything, "more").returncode == 2
    assert replyd("verify", *everything, "--body", "missing").returncode == 2
    assert replyd("verify", *everything, "--nonsense", "x").returncode == 2
    assert replyd("verify", "--url", "nonsense", "--token", "t", "--signature", "s").returncode == 2
    assert replyd("verify", "--url", PUBLIC, "--token", "@missing", "--signature",
                  "s").returncode == 2
