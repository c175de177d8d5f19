"""Twilio as a caller: signs with Twilio's own library, sends over kept-alive connections."""

import concurrent.futures
import http.client
import itertools
import os
import ssl
import threading
import time
import urllib.parse
import xml.etree.ElementTree

from twilio.request_validator import RequestValidator

from harness import seconds
from parties import ACCOUNT, FROM, TO


class Answer:
    """What came back for a webhook."""

    def __init__(self, response, body, elapsed):
        self.status = response.status
        self.headers = response.headers
        self.body = body                   # bytes
        self.elapsed = elapsed             # seconds

    @property
    def text(self):
        return self.body.decode()

    @property
    def messages(self):
        """The texts of the TwiML's <Message>s."""
        return [m.findtext("Body", m.text or "") for m in self.twiml.findall("Message")]

    @property
    def media(self):
        return [[x.text for x in m.findall("Media")] for m in self.twiml.findall("Message")]

    @property
    def twiml(self):
        root = xml.etree.ElementTree.fromstring(self.body)
        assert root.tag == "Response", self.text
        return root

    def __repr__(self):
        return f"<{self.status} {self.body!r} after {self.elapsed:.3f} s>"


class Twilio:
    def __init__(self, account=ACCOUNT):
        self.account = account
        self.serial = itertools.count(1)
        self.run = os.urandom(6).hex()
        self.local = threading.local()
        self.pool = None
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE    # self-signed, as made at first start
        self.open = []                              # connections of all threads

    def close(self):
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)
        for connection in self.open:
            connection.close()

    # ---- what Twilio sends ---------------------------------------------------------

    def new_sid(self, prefix="SM"):
        return prefix + f"{self.run}{next(self.serial):020x}"

    def message_params(self, body, sid=None, from_=FROM, to=TO, media=(), **extra):
        """The form of an inbound message; extra parameters win, None takes one out."""
        sid = sid or self.new_sid("MM" if media else "SM")
        params = {
            "ToCountry": "US", "ToState": "", "SmsMessageSid": sid, "NumMedia": str(len(media)),
            "ToCity": "", "FromZip": "", "SmsSid": sid, "FromState": "CA",
            "SmsStatus": "received", "FromCity": "", "Body": body, "FromCountry": "US", "To": to,
            "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": self.account,
            "From": from_, "ApiVersion": "2010-04-01",
        }
        for i, url in enumerate(media):
            params[f"MediaUrl{i}"] = url
            params[f"MediaContentType{i}"] = "image/jpeg"
        params.update(extra)
        return {k: v for k, v in params.items() if v is not None}

    def status_params(self, status, sid=None, from_=TO, to=FROM, **extra):
        sid = sid or self.new_sid()
        params = {"SmsSid": sid, "SmsStatus": status, "MessageStatus": status, "To": to,
                  "MessageSid": sid, "AccountSid": self.account, "From": from_,
                  "ApiVersion": "2010-04-01", **extra}
        return {k: v for k, v in params.items() if v is not None}

    # ---- sending -----------------------------------------------------------------------

    def text(self, gw, body="hello", *, path="/", tls=True, token=None, headers=None, url=None,
             reuse=True, **params):
        """An inbound message and its answer. url: what is signed, if not the listener's."""
        return self.post(gw, self.message_params(body, **params), path=path, tls=tls, token=token,
                         headers=headers, url=url, reuse=reuse)

    def status(self, gw, status="delivered", *, path="/", tls=True, token=None, headers=None,
               url=None, reuse=True, **params):
        """A status callback and its answer."""
        return self.post(gw, self.status_params(status, **params), path=path, tls=tls,
                         token=token, headers=headers, url=url, reuse=reuse)

    def text_async(self, gw, body="hello", **options):
        """The same in a thread of its own; .result() is the Answer."""
        return self.submit(self.text, gw, body, **options)

    def submit(self, function, *args, **options):
        if self.pool is None:
            self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=256)
        return self.pool.submit(function, *args, **options)

    def sign(self, url, params, token):
        return RequestValidator(token).compute_signature(url, params)

    def post(self, gw, params, *, path="/", tls=True, token=None, headers=None, url=None,
             reuse=True):
        """Signs params for the listener's own URL (or `url`) and posts them to path."""
        base = gw.url if tls else gw.http_url
        signature = self.sign(url or base + path, params, token or gw.token)
        form = urllib.parse.urlencode(params)
        return self.request(gw, "POST", path, form, {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature,
            "I-Twilio-Idempotency-Token": self.new_sid("IT"),
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            **(headers or {}),
        }, tls=tls, reuse=reuse)

    def request(self, gw, method, path, body=None, headers=None, *, tls=True, reuse=True):
        """Any request, unsigned, on this thread's kept-alive connection (reuse) or a new one."""
        connection, fresh = self.connection(gw, tls, reuse)
        start = time.monotonic()
        connection.busy = True
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            data = response.read()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            connection.close()
            if fresh:
                raise
            return self.request(gw, method, path, body, headers, tls=tls, reuse=False)
        finally:
            connection.busy = False
        answer = Answer(response, data, time.monotonic() - start)
        if not reuse:
            connection.close()
        return answer

    def connection(self, gw, tls, reuse):
        """This thread's connection to a gateway, and whether it is new."""
        kept = self.local.__dict__.setdefault("kept", {})
        key = (gw.pid, tls)
        if reuse and key in kept and kept[key].sock is not None:
            return kept[key], False
        parts = urllib.parse.urlsplit(gw.url if tls else gw.http_url)
        if tls:
            connection = http.client.HTTPSConnection(parts.hostname, parts.port,
                                                     context=self.context, timeout=seconds(60))
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port,
                                                    timeout=seconds(60))
        connection.busy = False
        if reuse:
            kept[key] = connection
            gw.callers.append(connection)
        self.open.append(connection)
        return connection, True
