"""The messages that are sent: 22 parameters as Twilio sends them, and their signature.

The generator signs at sending (load/template.h): here are the requests with holes, runs of one
control character, for what differs in each: 1 MessageSid, 2 token, 3 signature, 4 idempotency
token. signed() fills one by Python's own HMAC, so that a mistake of either side is seen.
"""

import base64
import hashlib
import hmac
import pathlib
import random
import struct
import sys
from urllib.parse import quote_plus

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from parties import ACCOUNT, TO

TOKEN = "0123456789abcdef0123456789abcdef"
BASE = "https://sms.example.com"
URL = BASE + "/incoming"
SID, MARK, SIGNATURE, UUID = "\1" * 32, "\2" * 8, "\3" * 28, "\4" * 36
COUNT = 1000    # different texts; SIDs, tokens and signatures differ in every request
WORDS = ("hi yes no stop thanks order status when where is my package please call me back "
         "tomorrow at noon ok great see you soon help appointment confirm cancel").split()
# every tenth text has characters to escape, to encode, beyond the BMP
EXTRAS = {3: " <b>AT&T</b>", 6: " café ñandú", 8: " \U0001F600\U0001F44D"}


def text(rnd, number):
    words = " ".join(rnd.choice(WORDS) for _ in range(rnd.randrange(3, 14)))
    return words + EXTRAS.get(number % 10, "") + " #" + MARK


def parameters(rnd, body, sender=None):
    sid = "SM" + SID
    return [("ToCountry", "US"), ("ToState", "CA"), ("SmsMessageSid", sid), ("NumMedia", "0"),
            ("ToCity", "SAN FRANCISCO"), ("FromZip", "94105"), ("SmsSid", sid),
            ("FromState", "CA"), ("SmsStatus", "received"), ("FromCity", "SAN FRANCISCO"),
            ("Body", body), ("FromCountry", "US"), ("To", TO),
            ("MessagingServiceSid", "MG" + "0123456789abcdef" * 2), ("ToZip", "94105"),
            ("NumSegments", "1"), ("ReferralNumMedia", "0"), ("MessageSid", sid),
            ("AccountSid", ACCOUNT),
            ("From", sender or f"+1415555{rnd.randrange(10000):04}"), ("OptOutType", ""),
            ("ApiVersion", "2010-04-01")]


def escaped(body):
    return body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def request(params, close):
    # quote_plus would encode the holes: they are letters to it
    form = "&".join(f"{k}={encode(v)}" for k, v in params)
    return (f"POST /incoming HTTP/1.1\r\nHost: sms.example.com\r\nUser-Agent: TwilioProxy/1.1\r\n"
            f"Content-Length: {len(form)}\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"X-Twilio-Signature: {SIGNATURE}\r\nI-Twilio-Idempotency-Token: {UUID}\r\n"
            "X-Home-Region: us1\r\nAccept: */*\r\n"
            + ("Connection: close\r\n" if close else "") + f"\r\n{form}").encode()


def encode(value):
    return "".join(c if c in "\1\2" else quote_plus(c) for c in value)


def message(rnd, number, close=False, sender=None, body=None):
    """(request, what is signed, what the answer holds), with holes."""
    body = body or text(rnd, number)
    params = parameters(rnd, body, sender)
    covered = URL + "".join(k + v for k, v in sorted(params))
    answer = f"<Message>Got your message: {escaped(body)}</Message>"
    return request(params, close), covered.encode(), answer.encode()


def write(path, close=False, senders=()):
    """The generator's file; a message from each of senders, if there are any."""
    rnd = random.Random(20261124)
    with open(path, "wb") as out:
        for number, sender in enumerate(senders or [None] * COUNT):
            for part in message(rnd, number, close, sender):
                out.write(struct.pack("<I", len(part)) + part)


def signed(number, token=TOKEN, sender=None, body=None):
    """(request, what the answer holds): a message of its own, signed here."""
    rnd = random.Random(number)
    parts = message(rnd, number, True, sender, body)
    holes = {SID: f"{rnd.getrandbits(128):032x}", MARK: f"{number:08x}",
             UUID: "00000000-0000-4000-8000-000000000000"}
    for hole, filling in holes.items():
        parts = [p.replace(hole.encode(), filling.encode()) for p in parts]
    digest = hmac.new(token.encode(), parts[1], hashlib.sha1).digest()
    return parts[0].replace(SIGNATURE.encode(), base64.b64encode(digest)), parts[2]


def form_size():
    sizes = [len(message(random.Random(n), n)[0].split(b"\r\n\r\n", 1)[1]) for n in range(100)]
    return sum(sizes) // len(sizes)
