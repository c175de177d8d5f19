"""What is broken never replaces what works: scripts, configurations, certificates, by the dozen.

All of each kind are tried on one server, beside a load that notices none of them; each is refused
within a second, and the log names the file, the line where there is one, and what is wrong.
"""

import re
import ssl
import subprocess
import time
import urllib.parse

import harness
from load import FALLBACK, Load

SCRIPT = """
local generation = %d
return { keywords = {
  echo = function(msg) return msg.args end,
  which = function() return tostring(generation) end,
} }
"""

ENDLESS = {    # source: line and words of the error
    "local x\nwhile true do x = 1 end\nreturn {}\n": (2, "the CPU budget of 200 ms"),
    "local t, s = {}, ('x'):rep(10000)\nfor i = 1, 1e9 do t[i] = s .. i end\nreturn {}\n":
        (2, "not enough memory for loading"),
    "local x = 1\nlocal s = ('x'):rep(1 << 30)\nreturn {}\n": (2, "not enough memory for loading"),
    "local f = 1\nwhile true do pcall(function() while true do end end) end\n":
        (2, "the CPU budget of 200 ms"),
}
LINES = {    # second of three lines: line and words of the error
    "x = = 1": (2, "unexpected symbol near '='"),
    "local = 1": (2, "<name> expected"),
    "for i = 1 do end": (2, "',' expected"),
    "if true the x() end": (2, "'then' expected"),
    "return return": (2, "unexpected symbol near 'return'"),
    "goto nowhere": (4, "'nowhere' for <goto> at line 2"),
    "break": (4, "break outside loop at line 2"),
    "local s = 'no end": (2, "unfinished string"),
    "local t = { 1, 2 return": (2, "'}' expected"),
    "f(": (3, "unexpected symbol near 'return'"),
    "x.y:z": (3, "function arguments expected"),
    "1 = 2": (2, "unexpected symbol near '1'"),
    "local a <closed> = 1": (2, "unknown attribute 'closed'"),
    "undeclared = 1": (2, "undeclared global 'undeclared'"),
    "local x = nowhere.y": (2, "global 'nowhere'"),
    "local x = nil .. 'a'": (2, "concatenate a nil"),
    "local x = #5": (2, "length of a number"),
    "nowhere()": (2, "call a nil value"),
    "local x = {} < {}": (2, "compare two table"),
    "require '../up'": (2, "'../up' is no module name"),
    "require 'a b'": (2, "'a b' is no module name"),
    "require 'nowhere'": (2, "no module 'nowhere' below scripts"),
    "error('told so')": (2, "told so"),
    "error({})": (2, "an error that is a table"),
    "error()": (2, "an error that is nil"),
    "assert(false, 'no')": (2, "no"),
    "os.execute('ls')": (2, "field 'execute'"),
    "io.open('x')": (2, "global 'io'): scripts have no files"),
    "load('x =')()": (2, "call a nil value"),
    "string.rep('x', 1 << 40)": (2, "resulting string too large"),
    "coroutine.yield()": (2, "coroutine.yield outside of a coroutine"),
    "setmetatable({}, { __gc = print })": (2, "'__gc' is not available"),
    "replyd.slep(1)": (2, "did you mean 'sleep'?"),
    "replyd.sleep(1)": (2, "sleep cannot wait while a script is loaded"),
    "string.gsub = 1": (2, "string is read-only"),
    "local x <const> = 1; x = 2": (2, "const variable 'x'"),
}
VALUES = {    # returned on the second line
    "7": (2, "the file returned number"),
    "'text'": (2, "the file returned string"),
    "nil": (2, "the file returned nothing"),
    "{ mesage = print }": (2, "did you mean 'message'?"),
    "{ message = 'text' }": (2, "'message' must be a function"),
    "{ keywords = 1 }": (2, "'keywords' must be a table"),
    "{ keywords = { STOP = 'x' } }": (2, '"STOP" is an opt-out word'),
    "{ keywords = { [''] = 'x' } }": (2, 'keyword "" has no word in it'),
    "{ concurrency = 'all' }": (2, '"queue", "latest" or "drop"'),
    "{ debounce = '1 hour' }": (2, "'debounce' is a duration"),
    "{ debounce = '14s' }": (2, "at most 13s"),
    "{ schedule = { ['61 * * * *'] = print } }": (2, '"61" is no minute'),
    "{ status = {} }": (2, "'status' must be a function"),
    "{ error = true }": (2, "'error' must be a function"),
    "{ opt_out = 'x' }": (2, "'opt_out' must be a function"),
}
SCRIPTS = {**{f"local first = 1\n{line}\nreturn {{}}\n": told for line, told in LINES.items()},
           **{f"\nreturn {value}\n": told for value, told in VALUES.items()}, **ENDLESS}

SETTINGS = {    # last lines of the configuration: words of the error after "replyd.lua:LINE: "
    "deadlin = '3s',": "deadlin: unknown key, did you mean deadline?",
    "deadline = '1 hour',": "deadline: expected a duration",
    "deadline = '14s',": "from 1s to 13.5s, found the string",
    "deadline = {},": "deadline: expected a duration",
    "cpu_limit = true,": "cpu_limit: expected a duration",
    "slice = '0s',": "slice: expected a duration",
    "vm_memory = '1TiB',": "vm_memory: expected a size",
    "handler_memory = 'much',": "handler_memory: expected a size",
    "max_body = -1,": "max_body: expected a size",
    "max_in_flight = 0,": "max_in_flight: expected a whole number from 1",
    "max_sender_queue = 1.5,": "max_sender_queue: expected a whole number",
    "on_error = 'http404',": 'on_error: expected one of "twiml", "http500"',
    "schedule_missed = 'twice',": 'schedule_missed: expected one of "once", "skip"',
    "log = { level = 'loud' },": 'log.level: expected one of "trace"',
    "log = 'json',": "log: expected a table",
    "fallback_reply = function() end,": "fallback_reply: expected a string or { body=, media= }",
    "public_url = 'ftp://example.com',": "public_url: expected scheme://host",
    "trusted_proxies = { '10.0.0.0/40' },": "trusted_proxies[1]: expected an address or a network",
    "timezone = 'Europe/Berln',": 'timezone: no time zone "Europe/Berln"',
    "opt_out_words = { HALT = { 'x' } },": "opt_out_words: expected { STOP = {...}",
    "routes = { { path = 'x', script = 'scripts/main.lua' } },": "routes[1].path: expected a path",
    "routes = { { path = '/x' } },": "routes[1]: no script",
    "routes = { { path = '/', script = 'scripts/main.lua', countries = { 'XX' } } },":
        "routes[1].countries[1]: expected two capital letters",
    "accounts = { AC1 = 1 },": "accounts.AC1: expected a table with auth_token",
    "auth_token = file 'nowhere',": 'file "nowhere": No such file',
    "basic_auth = { user = 'x' },": "basic_auth: user and password belong together",
    "drain_limit = '1s',": "drain_limit: must not be below the hard deadline",
    "deadline = nowhere.x,": "global 'nowhere'",
    "deadline = os.getenv 'HOME',": "global 'os'",
    "deadline = (function() while true do end end)(),": "takes more than",
    "deadline = ('8s')('9s'),": "attempt to call a string value",
    "deadline = = '8s',": "unexpected symbol near '='",
    "deadline = '8s": "unfinished string",
    "deadline = '8s' fallback_reply = 'x',": "'}' expected",
    "} return {": "<eof> expected near 'return'",
}
SETTINGS_WITHOUT_LINE = {
    "routes = { { path = '/', script = 'scripts/gone.lua' } },": "scripts/gone.lua: No such file",
    "'deadline',": "a value without a key",
    "deadline = (function() local s = 'x' while true do s = s .. s end end)(),":
        "the configuration needs more than 16 MiB of memory",
}


def refused(gw, told):
    """The errors of one reload, which must fail within a second, or five where it spins."""
    seen, start = len(gw.log("reload", level="error")), time.monotonic()
    gw.reload(ok=False)
    spins = "while true" in told or told in ENDLESS    # CPU time that others take, too
    assert time.monotonic() - start < harness.seconds(5 if spins else 1), told
    lines = gw.log("reload", level="error")[seen:]
    assert lines[-1]["msg"] == "failed: generation 1 serves on", told
    return [line["msg"] for line in lines[:-1]]


def unhurt(gw, twilio, load):
    report = load.stop()
    print(report)
    assert report.results and not report.lost and not report.failed and not report.foreign
    assert not report.late(harness.seconds(1))
    assert twilio.text(gw, "which").messages == ["1"]
    gw.wait_metric("replyd_generations", equals=1)


def test_broken_scripts(gateway, twilio):
    assert len(SCRIPTS) >= 50
    with gateway(SCRIPT % 1, fallback_reply=FALLBACK, load_limit="200ms", vm_memory="8MiB",
                 handler_memory="4MiB") as gw:
        load = Load(gw, rate=100).start()
        for text, (line, words) in SCRIPTS.items():
            gw.write_scripts(text)
            errors = refused(gw, text)
            assert any(e.startswith(f"scripts/main.lua:{line}: ") and words in e
                       for e in errors), (text, errors)
        unhurt(gw, twilio, load)
        gw.reload(SCRIPT % 2)
        assert twilio.text(gw, "which").messages == ["2"]


def test_broken_configurations(gateway, twilio):
    with gateway(SCRIPT % 1) as gw:
        path = gw.folder / "replyd.lua"
        good = path.read_text()
        head = good.removesuffix("}\n")
        line = head.count("\n") + 1
        load = Load(gw, rate=100).start()
        for text, words in {**SETTINGS, **SETTINGS_WITHOUT_LINE}.items():
            path.write_text(f"{head}  {text}\n}}\n")
            where = f"replyd.lua:{line}: " if text in SETTINGS else "replyd.lua: "
            errors = refused(gw, text)
            assert any(e.startswith(where) and words in e for e in errors), (text, errors)
        path.write_text("")
        assert "replyd.lua: must return a table, returns nothing" in refused(gw, "")
        path.unlink()
        assert "replyd.lua: No such file or directory" in refused(gw, "")
        path.write_text(good)
        unhurt(gw, twilio, load)
        gw.reload(SCRIPT % 2)
        assert twilio.text(gw, "which").messages == ["2"]


class Certificates:
    """PEM files that openssl has made, and what can be broken about them."""

    def __init__(self, folder):
        self.folder = folder
        self.pem, self.key = self.make("rsa:2048")
        self.other_pem, self.other_key = self.make("ec", "-pkeyopt",
                                                   "ec_paramgen_curve:prime256v1")

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, check=True,
                              capture_output=True)
        return done.stdout.decode()

    def make(self, *kind):
        """(certificate, key), good for two days."""
        self.openssl("req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj",
                     "/CN=localhost", "-keyout", "made.key", "-out", "made.pem")
        return tuple((self.folder / f"made.{end}").read_text() for end in ("pem", "key"))

    def of_key(self, *arguments):
        (self.folder / "made.key").write_text(self.key)
        return self.openssl(*arguments, "-in", "made.key")

    def dated(self, which, date):
        """The certificate with another notBefore (0) or notAfter (1)."""
        der = bytearray(ssl.PEM_cert_to_DER_cert(self.pem))
        at = [m.start() for m in re.finditer(rb"\d{12}Z", bytes(der))][which]
        der[at:at + 13] = date
        return ssl.DER_cert_to_PEM_cert(bytes(der))

    def broken(self):
        """{what is wrong: (certificate, key, words of the error)}; None: there is no such file."""
        pem, key, middle = self.pem, self.key, len(self.pem) // 2
        small = self.make("rsa:1024")
        request = self.openssl("req", "-new", "-key", "made.key", "-subj", "/CN=x")
        return {
            "no certificate": (None, key, "cert.pem: No such file"),
            "an empty certificate": ("", key, "cert.pem: "),
            "a text": ("no certificate\n", key, "a PEM file is needed"),
            "a key as certificate": (key, key, "cert.pem: "),
            "a request as certificate": (request, key, "cert.pem: "),
            "half a certificate": (pem[:middle], key, "cert.pem: "),
            "a certificate without its end": (pem.replace("-----END", "---END"), key, "cert.pem: "),
            "no base64": (pem[:middle] + "!" + pem[middle + 1:], key, "cert.pem: "),
            "bytes that are no certificate": (
                ssl.DER_cert_to_PEM_cert(b"\x30\x03\x02\x01\x01"), key, "cert.pem: "),
            "a broken second one": (pem + pem[:middle] + pem[middle + 64:], key,
                                    "1 of its certificates cannot be read"),
            "the root first": (self.other_pem + pem, key, "own certificate must come first"),
            "a long chain": (pem * 20, key, "too long"),
            "an expired certificate": (self.dated(1, b"210101000000Z"), key,
                                       "has expired on 2021-01-01; renew it"),
            "a certificate of tomorrow": (self.dated(0, b"491231000000Z"), key,
                                          "not valid before 2049-12-31"),
            "a 13th month": (self.dated(1, b"291301000000Z"), key, "cert.pem: "),
            "a date of letters": (self.dated(1, b"soon or late."), key, "cert.pem: "),
            "no key": (pem, None, "key.pem: No such file"),
            "an empty key": (pem, "", "key.pem: "),
            "a text as key": (pem, "secret\n", "private key is needed"),
            "a certificate as key": (pem, pem, "private key is needed"),
            "half a key": (pem, key[:len(key) // 2], "private key is needed"),
            "a public key": (pem, self.of_key("pkey", "-pubout"), "private key is needed"),
            "an encrypted key": (pem, self.of_key("pkey", "-aes128", "-passout", "pass:x"),
                                 "the key is encrypted; decrypt it with: openssl pkey"),
            "another's key": (pem, self.other_key, "does not belong to the first certificate"),
            "another's certificate": (self.other_pem, key, "does not belong"),
            "a key that is too short": (*small, "RSA key of 1024 bits is too short"),
            "a kind of key that TLS clients lack": (*self.make("ed25519"), "cert.pem: "),
        }


def served(gw):
    parts = urllib.parse.urlsplit(gw.url)
    return ssl.get_server_certificate((parts.hostname, parts.port))


def put(path, text):
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
        path.chmod(0o600)


def test_broken_certificates(gateway, twilio, tmp_path):
    certificates = Certificates(tmp_path)
    pem, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    put(pem, certificates.pem)
    put(key, certificates.key)
    with gateway(SCRIPT % 1, tls={"certificate": str(pem), "key": str(key)}) as gw:
        load = Load(gw, rate=100).start()
        for case, (a, b, words) in certificates.broken().items():
            put(pem, a)
            put(key, b)
            errors = refused(gw, case)
            assert any(e.startswith("replyd.lua:") and str(tmp_path) in e and words in e
                       for e in errors), (case, errors)
            assert served(gw) == certificates.pem, case
            assert twilio.text(gw, "which").messages == ["1"], case
        unhurt(gw, twilio, load)
        put(pem, certificates.other_pem)
        put(key, certificates.other_key)
        gw.reload(SCRIPT % 2)
        assert served(gw) == certificates.other_pem
        assert twilio.text(gw, "which").messages == ["2"]
