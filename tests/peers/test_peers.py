"""Twilio's own Python and node libraries beside ours, on random requests, replies and texts.

They agree but where docs say that a library is wrong: python3-twilio before 9 takes one of
several values of a name; Python writes CR as it is, which XML parsers lose; node raises or writes
ill-formed XML for characters that XML forbids; node sorts names beyond the BMP by UTF-16.
"""

import os
import pathlib
import random
import string
import subprocess
import urllib.parse
import xml.etree.ElementTree

import pytest
import twilio
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

HERE = pathlib.Path(__file__).parent
TOP = HERE.parents[1]
SEED = int(os.environ.get("REPLYD_SEED") or int.from_bytes(os.urandom(4), "little"))
SCALE = float(os.environ.get("REPLYD_SCALE", "0.01"))
REPLYD = pathlib.Path(os.environ.get("REPLYD_BIN", TOP / "build/test/replyd"))
PEER = REPLYD.parent / "tests/peer"
ONE_VALUE = int(twilio.__version__.split(".")[0]) < 9


@pytest.fixture(scope="module")
def node():
    fetched = subprocess.run([TOP / "deps/fetch-peers"], capture_output=True, text=True,
                             check=False)
    if fetched.returncode != 0 and os.environ.get("REPLYD_TIER", "test") == "test":
        pytest.skip(fetched.stderr)
    assert fetched.returncode == 0, fetched.stderr
    return ["node", HERE / "peer.js", fetched.stdout.strip()]


@pytest.fixture
def rng():
    return random.Random(SEED)


def count(full, what):
    n = max(100, round(full * SCALE))
    print(f"{what}: {n} of {full}, seed {SEED}")
    return n


def run(command, lines):
    result = subprocess.run(command, input="".join(f"{line}\n" for line in lines),
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    answers = result.stdout.splitlines()
    assert len(answers) == len(lines)
    return answers


def enhex(data):
    data = data.encode() if isinstance(data, str) else data
    return data.hex() or "-"


def unhex(word):
    return b"" if word == "-" else bytes.fromhex(word)


# ---- signatures and forms ------------------------------------------------------------------

NAMES = ["Body", "From", "To", "MessageSid", "A", "AB", "a", "MediaUrl1", "MediaUrl10", "x.y",
         "z[1]"]
PIECES = ["a", "Hello", " ", "+", "%", "&", "=", ";", "é", "🙂", "\0", "\r\n", "<", "ü%", "%41",
          "日本"]
RAW = ["%C3%A9", "%c3%A9", "%F0%9F%99%82", "a", "+", "%20", ";", "~", "*", "%00", "=", "é", "日"]
BROKEN = ["%C3", "%FF", "%E2%82", "%zz", "%", "%4", "%F0%9F%99", "%ED%A0%80", "a", "+", "%C3%A9"]


def some(rng, pieces, most):
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(most)))


def form_of(rng):
    """A form as Twilio or a stranger may write it. Node mangles raw letters beside bad escapes."""
    pairs = []
    for _ in range(rng.randrange(12)):
        name = rng.choice(NAMES) if rng.random() < 0.8 else some(rng, ["n", "é", "%41", "-"], 5)
        kind = rng.random()
        if kind < 0.5:
            value = urllib.parse.quote_plus(some(rng, PIECES, 8))
        else:
            value = some(rng, RAW if kind < 0.75 else BROKEN, 8)
        pairs.append(rng.choice([f"{name}={value}"] * 8 + [name, "", f"={value}"]))
    return "&".join(pairs)


def url_of(rng):
    host = rng.choice(["bot.example.com", "example.org", "[2001:db8::1]", "h"])
    port = rng.choice(["", "", ":443", ":80", ":8443"]) if host[0] != "[" else ""
    query = rng.choice(["", "", "?a=1&b=%20", "?x='\"<>|", "?q=%C3%A9+b"])
    path = "/" + some(rng, ["a", "-", "/"], 6)
    return rng.choice(["https", "http"]) + "://" + host + port + path + query


def signed_urls(url):
    """What Twilio may have signed for it."""
    parts = urllib.parse.urlsplit(url)
    bare = f"{parts.scheme}://{parts.netloc.split(':')[0]}" if parts.netloc[0] != "[" \
        else f"{parts.scheme}://{parts.netloc}"
    rest = url.split("://", 1)[1][len(parts.netloc):]
    port = ":443" if parts.scheme == "https" else ":80"
    return [url] + ([bare + rest] if ":" in parts.netloc and parts.netloc[0] != "[" else
                    [f"{bare}{port}{rest}"] if parts.netloc[0] != "[" else [])


def multimap(form):
    pairs = urllib.parse.parse_qsl(form, keep_blank_values=True, errors="replace", separator="&")
    out = {}
    for name, value in pairs:
        out.setdefault(name, []).append(value)
    return out


def pairs_of(words):
    out = {}
    for name, value in zip(words[::2], words[1::2]):
        out.setdefault(unhex(name).decode(), []).append(unhex(value).decode())
    return out


def changed(rng, signature):
    i = rng.randrange(len(signature))
    other = rng.choice([c for c in string.ascii_letters + string.digits + "+/"
                        if c != signature[i]])
    return signature[:i] + other + signature[i + 1:]


def is_disputed(params):
    """Values of one name that node sorts by UTF-16, in another order than bytes have."""
    return any(sorted(v) != sorted(v, key=lambda s: s.encode("utf-16-be"))
               for v in params.values())


def python_says(token, url, params, signature):
    return RequestValidator(token).validate(url, params, signature)


def request_of(rng):
    """One in three is signed wrongly. flat: its parameters when no name has several values."""
    token, form, url = f"{rng.getrandbits(128):032x}", form_of(rng), url_of(rng)
    params = multimap(form)
    single = all(len(v) == 1 for v in params.values())
    flat = {k: v[0] for k, v in params.items()}
    signed = rng.choice(signed_urls(url))
    if single:
        signature = RequestValidator(token).compute_signature(signed, flat)
    else:    # the rule itself: python3-twilio 7 takes one value of a name
        joined = "".join(k + v for k in sorted(params) for v in sorted(set(params[k])))
        signature = RequestValidator(token).compute_signature(signed + joined, {})
    good = rng.random() < 0.7
    shown = signature if good else changed(rng, signature)
    return token, form, url, params, flat if single else None, shown, good


def test_requests_are_decoded_and_verified_as_twilio_does(node, rng):
    n = count(10000, "requests")
    cases, lines = [], []
    for _ in range(n):
        token, form, url, params, flat, shown, good = case = request_of(rng)
        cases.append(case)
        lines.append(f"sign {enhex(token)} {enhex(url)} {enhex(form)} {enhex(shown)}")
    ours, nodes = run(PEER, lines), run(node, lines)
    for case, our, theirs in zip(cases, ours, nodes):
        token, form, url, params, flat, shown, good = case
        our, theirs = our.split(), theirs.split()
        assert pairs_of(our[2:]) == params, case
        assert pairs_of(theirs[2:]) == params, case
        assert our[1] == str(int(good)), case
        if not is_disputed(params):
            assert (theirs[1], theirs[0]) == (our[1], our[0]), case
        if flat is not None or not ONE_VALUE:
            assert python_says(token, url, flat if flat is not None else params, shown) == good


def test_verify_at_a_prompt_says_what_both_libraries_say(node, rng):
    n = count(2000, "requests at a prompt")
    cases = [request_of(rng) for _ in range(n)]
    nodes = run(node, [f"sign {enhex(token)} {enhex(url)} {enhex(form)} {enhex(shown)}"
                       for token, form, url, _, _, shown, _ in cases])
    refused = 0
    for (token, form, url, params, flat, shown, good), theirs in zip(cases, nodes):
        done = subprocess.run([REPLYD, "verify", "--url", url, "--token", token, "--signature",
                               shown, "--body", "-", "--content-type",
                               "application/x-www-form-urlencoded"],
                              input=form.encode(), capture_output=True, check=False)
        assert done.returncode == int(not good), (url, form, done.stdout, done.stderr)
        if not is_disputed(params):
            assert theirs.split()[1] == str(int(good)), (url, form)
        if flat is not None or not ONE_VALUE:
            assert python_says(token, url, flat if flat is not None else params, shown) == good
        refused += not good
    assert 0 < refused < n


# ---- TwiML -----------------------------------------------------------------------------------

TEXTS = ["Hello", " ", "&", "<", ">", '"', "'", "]]>", "é", "🙂", "\n", "\t", "&amp;", "日本",
         "%20", "x" * 70]
FORBIDDEN = ["\0", "\x0b", "\x1f", "\uffff", "\ufffe"]


def reply_of(rng, pieces):
    words = []
    for _ in range(rng.randrange(4)):
        words.append(("M", ""))
        for letter in "tfahs":
            if rng.random() < 0.3:
                words.append((letter, some(rng, pieces, 5)))
        nouns = rng.random() < 0.4
        if not nouns or rng.random() < 0.8:
            words.append(("b", some(rng, pieces, 8)))
        if nouns:
            words.append(("n", ""))
        words += [("m", some(rng, pieces, 4)) for _ in range(rng.randrange(4) if nouns else 0)]
    if rng.random() < 0.3:
        words.append(("R", some(rng, pieces, 4)))
        if rng.random() < 0.5:
            words.append(("r", rng.choice(["GET", "POST"])))
    return words


def line_of(words):
    return " ".join(["twiml"] + [f"{letter}={enhex(text)}" for letter, text in words])


ATTRIBUTES = {"t": "to", "f": "from_", "a": "action", "h": "method", "s": "status_callback"}


def python_twiml(words):
    response, items, redirect = MessagingResponse(), [], None
    for letter, text in words:
        if letter == "M":
            items.append({"attributes": {}, "media": [], "body": None, "nouns": False})
        elif letter == "R":
            redirect = [text, {}]
        elif letter == "r":
            redirect[1]["method"] = text
        elif letter == "b":
            items[-1]["body"] = text
        elif letter == "n":
            items[-1]["nouns"] = True
        elif letter == "m":
            items[-1]["media"].append(text)
        else:
            items[-1]["attributes"][ATTRIBUTES[letter]] = text
    for item in items:
        if not item["nouns"]:
            response.message(item["body"], **item["attributes"])
            continue
        message = response.message(**item["attributes"])
        if item["body"] is not None:
            message.body(item["body"])
        for url in item["media"]:
            message.media(url)
    if redirect:
        response.redirect(redirect[0], **redirect[1])
    return str(response)


def tree(document):
    def walk(element):
        return (element.tag, dict(element.attrib), element.text or "", [walk(e) for e in element])

    return walk(xml.etree.ElementTree.fromstring(document))


def test_replies_are_written_as_twilio_does(node, rng):
    n = count(10000, "replies")
    replies = [reply_of(rng, TEXTS + (["\r"] if i % 2 else [])) for i in range(n)]
    lines = [line_of(words) for words in replies]
    for words, our, theirs in zip(replies, run(PEER, lines), run(node, lines)):
        ours = unhex(our.strip()).decode()
        assert ours == unhex(theirs.strip()).decode(), words
        if all("\r" not in text for _, text in words):
            assert tree(ours) == tree(python_twiml(words)), words


def test_forbidden_characters_leave_well_formed_xml(rng):
    n = count(10000, "replies with forbidden characters")
    replies = [reply_of(rng, TEXTS + FORBIDDEN * 2 + ["\r"]) for _ in range(n)]
    for words, our in zip(replies, run(PEER, [line_of(words) for words in replies])):
        clean = [(letter, "".join(c for c in text if c not in FORBIDDEN)) for letter, text in words]
        again = run(PEER, [line_of(clean)])[0] if n <= 100 else None
        tree(unhex(our.strip()))
        assert again is None or again == our, words


# ---- segments ----------------------------------------------------------------------------------

CHARACTERS = [
    *"abcXYZ019 @£$\n\r|^{}[]~\\€`çáê’“”…–", "\r\n", "\0", "\t", "\u00a0", "é", "Ω", "e\u0301",
    "a\u0301\u0302\u0303", "🙂", "👍", "👍🏽", "☝🏿", "☝\ufe0f🏿", "👩‍👧", "👨‍👩‍👧‍👦", "❤️‍🔥", "👩🏽‍🚀",
    "🏳️‍🌈", "🇩🇪", "🇫", "🇺🇸🇬🇧🇫", "\u200d", "\ufe0f", "🏻", "\u0301", "\u0600", "한",
    "\u1112\u1161\u11ab", "कि", "\u0e33", "日本", "\U0001f468\u0301\u0301🏽", "\ufffd", "\u2028",
    "\U000e0067", "🇦\u0301🇧"]


def text_of(rng):
    pool = rng.choice([CHARACTERS, CHARACTERS[:20], CHARACTERS[30:],
                       [rng.choice(CHARACTERS) for _ in range(3)] + ["a"] * 20])
    return "".join(rng.choice(pool) for _ in range(rng.choice([0, 3, 40, 75, 170, 330])))


def test_segments_are_counted_as_twilios_calculator_does(node, rng):
    n = count(10000, "texts")
    lines = [f"segments {enhex(text_of(rng))}" for _ in range(n)]
    for line, our, theirs in zip(lines, run(PEER, lines), run(node, lines)):
        assert our == theirs, unhex(line.split()[1]).decode()


def test_the_classes_of_all_code_points_are_the_calculators(node):
    lines = [f"class {p}" for p in range(0x110000) if not 0xD800 <= p < 0xE000]
    for line, our, theirs in zip(lines, run(PEER, lines), run(node, lines)):
        assert our == theirs, line
