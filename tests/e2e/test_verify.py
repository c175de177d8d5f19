"""Verification as the whole gateway does it: Twilio's library signs."""

import base64
import hashlib
import json
import urllib.parse

import pytest

import raw
from parties import ACCOUNT

SCRIPT = """return { message = function(msg)
  return msg.body .. "/" .. (msg.params.Extra or "") end, status = function(ev) end }"""
PUBLIC = "https://bot.example.com"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def send(twilio, gw, target, signature, method="POST", body=None, content_type=FORM, **headers):
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    if content_type:
        headers["Content-Type"] = content_type
    return twilio.request(gw, method, target, body, headers, tls=False)


# ---- what is signed ------------------------------------------------------------------------


def test_a_get_webhook_is_signed_by_its_url(gateway, twilio):
    with gateway(SCRIPT, public_url=PUBLIC) as gw:
        query = urllib.parse.urlencode(twilio.message_params("a b&ü=👍", Extra="x"))
        target = "/sms?" + query
        signature = twilio.sign(PUBLIC + target, {}, gw.token)
        answer = send(twilio, gw, target, signature, "GET", content_type=None)
        assert answer.messages == ["a b&ü=👍/x"]
        assert answer.headers["Cache-Control"] == "no-store"
        for wrong in (target + "&Extra=y", target.replace("+", "%20", 1), "/sms"):
            assert send(twilio, gw, wrong, signature, "GET", content_type=None).status == 403
        # what the signature does not cover is not read
        other = twilio.message_params("hello")
        target = "/sms?" + urllib.parse.urlencode(other)
        signature = twilio.sign(PUBLIC + target, {}, gw.token)
        answer = send(twilio, gw, target, signature, "GET", "Body=forged&Extra=forged")
        assert answer.messages == ["hello/"]


def signed_json(twilio, gw, body, path="/sms"):
    target = f"{path}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    return target, twilio.sign(PUBLIC + target, {}, gw.token)


def test_a_json_body_is_vouched_for_by_its_hash(gateway, twilio):
    with gateway(SCRIPT, public_url=PUBLIC) as gw:
        body = json.dumps({**twilio.message_params("grüße 👍"), "Extra": {"a": [1, 2]}}).encode()
        target, signature = signed_json(twilio, gw, body)
        answer = send(twilio, gw, target, signature, body=body, content_type=JSON)
        assert answer.messages == ['grüße 👍/{"a":[1,2]}']
        for wrong in (body + b" ", body.replace(b"SM", b"SX"), b""):
            assert send(twilio, gw, target, signature, body=wrong, content_type=JSON).status == 403
        assert send(twilio, gw, "/sms", twilio.sign(PUBLIC + "/sms", {}, gw.token), body=body,
                    content_type=JSON).status == 403
        upper = target[:5] + target[5:].replace(target[16:], target[16:].upper())
        assert send(twilio, gw, upper, twilio.sign(PUBLIC + upper, {}, gw.token), body=body,
                    content_type=JSON).status == 403


def test_a_json_body_that_says_nothing_is_refused_after_verification(gateway, twilio):
    with gateway(SCRIPT, public_url=PUBLIC) as gw:
        for i, body in enumerate((b"[1]", b"{", b"{}", b"\xff"), 1):
            target, signature = signed_json(twilio, gw, body)
            answer = send(twilio, gw, target, signature, body=body, content_type=JSON)
            assert (answer.status, answer.messages) == (200, [])
            gw.wait_metric("replyd_messages_total", equals=i, outcome="refused")


def test_a_form_with_many_parameters_repeats_and_broken_utf8(gateway, twilio):
    with gateway(SCRIPT, public_url=PUBLIC) as gw:
        params = twilio.message_params("hello")
        more = {f"P{i}": str(i) for i in range(1000 - len(params))}
        answer = twilio.post(gw, {**params, **more}, path="/sms", url=PUBLIC + "/sms")
        assert answer.messages == ["hello/"]
        # repeats count once each, in the order of their values; the script reads the first
        params = twilio.message_params("hello", Extra=["b", "a", "b"])
        signature = twilio.sign(PUBLIC + "/sms", {**params, "Extra": "aExtrab"},
                                gw.token)    # sorted, name and value each, as node does
        form = urllib.parse.urlencode(params, doseq=True)
        assert send(twilio, gw, "/sms", signature, body=form).messages == ["hello/b"]
        params = twilio.message_params("broken")
        signature = twilio.sign(PUBLIC + "/sms", {**params, "Extra": "x\N{REPLACEMENT CHARACTER}y"},
                                gw.token)
        form = urllib.parse.urlencode(params) + "&Extra=x%FFy"
        assert send(twilio, gw, "/sms", signature, body=form).messages == [
            "broken/x\N{REPLACEMENT CHARACTER}y"]


PAIRS = """return function(msg)
  local seen = {}
  for name, value in pairs(msg.params) do seen[#seen + 1] = name .. "=" .. value end
  return { table.concat(seen, "&"), table.concat(msg.params:all("New.Thing"), "+"), msg.channel }
end"""


def test_what_we_do_not_know_arrives_as_it_was_sent(gateway, twilio):
    with gateway(PAIRS, public_url=PUBLIC) as gw:
        params = twilio.message_params("hello", from_="pigeon:loft-7")
        pairs = [("zz", "last"), *params.items(), ("New.Thing", "b"), ("bodySHA256", "no"),
                 ("New.Thing", ""), ("New.Thing", "a"), ("aa", ""), ("New.Thing", "b")]
        signed = {**params, "zz": "last", "bodySHA256": "no", "aa": "",
                  "New.Thing": "New.ThingaNew.Thingb"}    # each value once, sorted, as node does
        form = urllib.parse.urlencode(pairs)
        answer = send(twilio, gw, "/sms", twilio.sign(PUBLIC + "/sms", signed, gw.token), body=form)
        assert answer.messages == ["&".join(f"{k}={v}" for k, v in pairs), "b++a+b", "pigeon"]


# ---- whose token ---------------------------------------------------------------------------


def test_two_tokens_while_one_is_rotated(gateway, twilio):
    with gateway(SCRIPT, auth_token=["new" * 8, "old" * 8]) as gw:
        for i, token in enumerate(("new" * 8, "old" * 8), 1):
            sid = twilio.new_sid()
            assert twilio.text(gw, token=token, sid=sid).status == 200
            assert gw.wait_log("message", sid=sid)["token"] == str(i)
        assert twilio.text(gw, token="older" * 5).status == 403
    with gateway(SCRIPT) as gw:
        twilio.text(gw)
        assert "token" not in gw.wait_log("message")


def test_each_account_and_subaccount_has_tokens_of_its_own(gateway, twilio):
    accounts = {"AC" + c * 32: {"auth_token": c * 16} for c in "ab"}
    main = "AC" + "0" * 32
    with gateway(SCRIPT, accounts=accounts, account_sid=main, auth_token="main" * 8) as gw:
        for account, token in [(main, "main" * 8), *((a, v["auth_token"])
                                                     for a, v in accounts.items())]:
            assert twilio.text(gw, token=token, AccountSid=account).status == 200
        assert twilio.text(gw, token="a" * 16, AccountSid="AC" + "b" * 32).status == 403
        assert twilio.text(gw, token="main" * 8, AccountSid="AC" + "a" * 32).status == 403
        assert twilio.text(gw, token="main" * 8, AccountSid="AC" + "c" * 32).status == 403
        gw.wait_metric("replyd_signature_failures_total", equals=2, reason="mismatch")
        gw.wait_metric("replyd_signature_failures_total", equals=1, reason="no_token")


# ---- what stands in front --------------------------------------------------------------------


def test_several_public_urls_and_both_forms_of_the_port(gateway, twilio):
    urls = ["https://bot.example.com", "http://old.example.com:8080/hook",
            "https://user:secret@third.example.com/",
            "https://u:p@fourth.example.com:8443/x#rc=2&rp=all"]
    with gateway(SCRIPT, public_url=urls) as gw:
        for path, url in (("/sms", "https://bot.example.com/sms"),
                          ("/sms", "https://bot.example.com:443/sms"),
                          ("/hook/sms", "http://old.example.com:8080/hook/sms"),
                          ("/hook/sms", "http://old.example.com/hook/sms"),
                          ("/sms", "https://third.example.com/sms"),
                          ("/", "https://third.example.com"),
                          ("/x/sms", "https://fourth.example.com:8443/x/sms"),
                          ("/x/sms", "https://fourth.example.com/x/sms")):
            assert twilio.text(gw, path=path, url=url).status == 200, url
        for path, url in (("/sms", "http://bot.example.com/sms"),
                          ("/sms", "https://bot.example.com:8443/sms"),
                          ("/sms", "https://bot.example.com/sms/"),
                          ("/sms", "https://user:secret@third.example.com/sms"),
                          ("/x/sms", "https://fourth.example.com:8443/x/sms#rc=2&rp=all"),
                          ("/sms", "https://other.example.com/sms")):
            assert twilio.text(gw, path=path, url=url).status == 403, url


@pytest.mark.parametrize("path", ["/hook/sms", "/sms"], ids=["kept", "taken off"])
def test_a_proxy_may_keep_the_prefix_or_take_it_off(gateway, twilio, path):
    routes = [{"path": "/sms", "script": "scripts/main.lua"}]
    with gateway(SCRIPT, public_url=PUBLIC + "/hook", routes=routes) as gw:
        assert twilio.text(gw, path=path, url=PUBLIC + "/hook/sms").messages == ["hello/"]
        assert twilio.text(gw, path=path, url=PUBLIC + "/sms").status == 403
        assert twilio.text(gw, path="/other", url=PUBLIC + "/hook/other").status == 404


def test_a_status_callback_leads_back_through_the_proxy(gateway, twilio):
    def callback(path, url, **config):
        with gateway(SCRIPT, **config) as gw:
            answer = twilio.text(gw, path=path, url=url, headers=FORWARDED, tls=False)
            return answer.twiml.find("Message").get("statusCallback")

    assert callback("/sms", PUBLIC + "/hook/sms", public_url=PUBLIC + "/hook") == (
        PUBLIC + "/hook/sms")
    named = "https://user:secret@bot.example.com/hook#rc=2"
    assert callback("/sms", PUBLIC + "/hook/sms", public_url=named) == PUBLIC + "/hook/sms"
    assert callback("/sms", PUBLIC + "/hook/sms", trusted_proxies="127.0.0.1") == (
        PUBLIC + "/hook/sms")


FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "bot.example.com",
             "X-Forwarded-Prefix": "/hook"}


def test_forwarded_headers_count_from_trusted_proxies_only(gateway, twilio):
    for proxies, status in ((["127.0.0.0/8"], 200), (["10.0.0.0/8", "::1"], 403), (None, 403)):
        with gateway(SCRIPT, trusted_proxies=proxies) as gw:
            answer = twilio.text(gw, path="/sms", url=PUBLIC + "/hook/sms", headers=FORWARDED,
                                 tls=False)
            assert answer.status == status, proxies
    with gateway(SCRIPT, trusted_proxies="127.0.0.1", public_url=PUBLIC) as gw:
        assert twilio.text(gw, path="/sms", url=PUBLIC + "/hook/sms",
                           headers=FORWARDED).status == 403    # the configuration knows better


def test_the_log_names_the_client_behind_a_trusted_proxy(gateway, twilio):
    headers = {"X-Forwarded-For": "198.51.100.9, 192.0.2.7"}
    for proxies, peer in (("127.0.0.1", "192.0.2.7"), (None, "127.0.0.1")):
        with gateway(SCRIPT, trusted_proxies=proxies) as gw:
            assert twilio.text(gw, token="wrong", headers=headers).status == 403
            assert gw.wait_log("signature")["peer"] == peer


def test_basic_authentication_is_asked_for_first(gateway, twilio):
    auth = {"user": "twilio", "password": "pa:ss wörd"}

    def header(text):
        return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}

    with gateway(SCRIPT, basic_auth=auth) as gw:
        first = twilio.text(gw)
        assert first.status == 401
        assert first.headers["WWW-Authenticate"] == 'Basic realm="replyd"'
        assert twilio.text(gw, headers=header("twilio:pa:ss wörd")).messages == ["hello/"]
        for wrong in ("twilio:", "twilio:pa:ss word", "twilio:pa:ss wörd ", ""):
            assert twilio.text(gw, headers=header(wrong)).status == 401
        assert twilio.text(gw, headers=header("twilio:pa:ss wörd"), token="wrong").status == 403
        for secret in ("wörd", "dHdpbGlvOnBhOnNz"):
            assert secret not in gw.log_tail()


# ---- what a forger learns ---------------------------------------------------------------------


def raw_post(gw, target, form, signatures):
    """With one header for each signature."""
    headers = "".join(f"X-Twilio-Signature: {s}\r\n" for s in signatures)
    with raw.Connection(gw, tls=False) as c:
        c.send(f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n{headers}"
               f"Content-Length: {len(form)}\r\n\r\n{form}".encode())
        return c.response()


def test_every_reason_for_a_refusal_looks_the_same(gateway, twilio):
    with gateway(SCRIPT, account_sid=ACCOUNT) as gw:
        params = twilio.message_params("hello")
        form = urllib.parse.urlencode(params)
        right = twilio.sign(gw.http_url + "/", params, gw.token)
        other = urllib.parse.urlencode({**params, "AccountSid": "AC" + "9" * 32})
        twice = raw_post(gw, "/", form, [right, right])
        answers = [
            send(twilio, gw, "/", None, body=form),
            send(twilio, gw, "/", "", body=form),
            send(twilio, gw, "/", right[:-1], body=form),
            send(twilio, gw, "/", right.swapcase(), body=form),
            send(twilio, gw, "/", right + ", " + right, body=form),
            send(twilio, gw, "/", right, body=other),
            send(twilio, gw, "/", right, body=form + "&a=b"),
            send(twilio, gw, "/", right, body=form, content_type=JSON),
            send(twilio, gw, "/?" + form, right, "GET", content_type=None),
        ]
        seen = {(a.status, a.body, tuple(k for k, _ in a.headers.items())) for a in answers[:-1]}
        assert len(seen) == 1 and answers[0].status == 403
        assert (answers[-1].status, answers[-1].body) == (403, answers[0].body)
        assert (twice.status, twice.body) == (403, answers[0].body)
        assert list(twice.headers) == [k.lower() for k, _ in answers[0].headers.items()]
        for reason in ("missing", "repeated", "malformed", "no_token", "mismatch"):
            gw.wait_metric("replyd_signature_failures_total", at_least=1, reason=reason)
        assert send(twilio, gw, "/", right, body=form).messages == ["hello/"]


def test_forgeries_get_nothing(gateway, twilio, rng, count):
    n = count(100_000, "forgeries", least=300)
    with gateway(SCRIPT) as gw:
        for _ in range(n):
            params = twilio.message_params("hello")
            signature = twilio.sign(gw.http_url + "/", params, gw.token)
            name = rng.choice([k for k, v in params.items() if v])
            how = rng.randrange(3)
            if how == 0:
                at = rng.randrange(27)
                changed = chr(ord("A") + (ord(signature[at]) + rng.randrange(1, 26)) % 26)
                changed = changed if changed != signature[at] else "/"
                signature = signature[:at] + changed + signature[at + 1:]
            elif how == 1:
                params[name] = params[name][:-1] + chr(ord(params[name][-1]) ^ 1)
            else:
                params.pop(name)
            answer = send(twilio, gw, "/", signature, body=urllib.parse.urlencode(params))
            assert answer.status == 403, (signature, params)
        assert gw.metric("replyd_signature_failures_total") == n
        assert gw.metric("replyd_messages_total") == 0


def test_no_secret_is_logged(gateway, twilio):
    with gateway(SCRIPT, auth_token=["sesame" * 5, "simsim" * 5]) as gw:
        twilio.text(gw, token="wrong")
        gw.wait_log("signature")
        twilio.text(gw, token="simsim" * 5)
        gw.wait_log("message")
        assert "sesame" not in gw.log_tail() and "simsim" not in gw.log_tail()
