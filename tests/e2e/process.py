"""One running replyd: started, observed, reloaded, ended."""

import collections
import http.client
import json
import os
import queue
import re
import shlex
import signal
import socket
import subprocess
import threading

import harness
from harness import Lua, lua_string, seconds, to_lua, wait_for

TOKEN = "0123456789abcdef0123456789abcdef"

# keywords of gateway() that are not configuration keys
RESERVED = {
    "config_text",     # the whole replyd.lua instead of the keywords
    "flags",           # further arguments of `replyd run`
    "env",             # further environment variables
    "read_log",        # False: nobody reads standard error (a blocked pipe)
    "exit_code",       # what the process must end with; None: any
    "sanitized",       # False: sanitizer reports are expected
    "preexec",         # called in the child before replyd starts (limits)
}

SANITIZER = re.compile(r"(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:|"
                       r"rd_check|assertion")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class LogLine(dict):
    """The fields of a line; .raw is the text."""

    def __init__(self, raw):
        super().__init__()
        self.raw = raw
        if raw.startswith("{"):
            try:
                self.update(json.loads(raw))
            except ValueError:
                pass
            return
        for field in split_logfmt(raw):
            key, _, value = field.partition("=")
            self[key] = value

    def matches(self, fields):
        return all(str(self.get(k)) == str(v) for k, v in fields.items())


def split_logfmt(raw):
    try:
        return [f for f in shlex.split(raw) if "=" in f]
    except ValueError:
        return []


class Gateway:
    def __init__(self, folder, script, configuration):
        unknown = {k for k in configuration if k.startswith("_")}
        assert not unknown, unknown
        self.name = folder.name
        self.folder = folder
        self.options = {k: configuration.pop(k) for k in list(configuration) if k in RESERVED}
        self.configuration = configuration
        self.state = folder / "state"
        self.token = configuration.get("auth_token", TOKEN)
        self.lines = []                    # of the log, as LogLine
        self.of_sid = collections.defaultdict(list)    # those that name one: a log is long
        self.changed = threading.Condition()
        self.listeners = []
        self.process = None
        self.marks = 0
        self.callers = []                  # kept-alive connections of Twilio (caller.py)
        self.terminated = False
        (folder / "scripts").mkdir(parents=True)
        self.write_scripts(script)
        self.write_config()

    # ---- files ---------------------------------------------------------------

    def write_scripts(self, script):
        script = script or "return function() end"
        files = script if isinstance(script, dict) else {"main.lua": script}
        for name, text in files.items():
            path = self.folder / "scripts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def write_config(self, **changes):
        """Writes replyd.lua; changes are new values of keys (None: the key is taken out)."""
        self.configuration.update(changes)
        keys = {
            "listen": ["https://127.0.0.1:0", "http://127.0.0.1:0"],
            "auth_token": TOKEN,
            "state": str(self.state),
            "script_threads": 2,
            "loop_guard": {"count": 0},    # tests repeat themselves
            **self.configuration,
        }
        text = self.options.get("config_text") or "return {\n" + "".join(
            f"  {k} = {to_lua(v)},\n" for k, v in keys.items() if v is not None) + "}\n"
        path = self.folder / "replyd.lua"
        path.write_text(text)
        path.chmod(0o600)

    # ---- start and end ----------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def start(self, wait=True):
        """Starts it; with wait, until it says `ready`."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("TWILIO_")}
        env.update(self.options.get("env") or {})
        self.process = subprocess.Popen(
            [harness.BINARY, "run", "-c", "replyd.lua",
             *self.options.get("flags", [])],
            cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=self.options.get("preexec"))
        self.pid = self.process.pid
        self.output = queue.Queue()
        self.readers = [threading.Thread(target=self._read_output, daemon=True)]
        if self.options.get("read_log", True):
            self.readers.append(threading.Thread(target=self._read_log, daemon=True))
        for reader in self.readers:
            reader.start()
        if wait:
            self.wait_ready()
        return self

    def _read_output(self):
        for line in self.process.stdout:
            self.output.put(line.decode().rstrip("\n"))
        self.output.put(None)

    def _read_log(self):
        for line in self.process.stderr:
            read = LogLine(line.decode(errors="replace").rstrip("\n"))
            with self.changed:
                self.lines.append(read)
                if "sid" in read:
                    self.of_sid[read["sid"]].append(read)
                self.changed.notify_all()
        with self.changed:
            self.lines.append(LogLine(""))
            self.changed.notify_all()

    def wait_ready(self):
        self.listeners = []
        while True:
            try:
                line = self.output.get(timeout=seconds(30))
            except queue.Empty:
                raise AssertionError("replyd did not get ready\n" + self.log_tail()) from None
            if line is None:
                code = self.process.wait(timeout=seconds(10))
                self._join()
                raise AssertionError(f"replyd ended with {code}\n" + self.log_tail())
            if line == "ready":
                return
            if line.startswith("listening "):
                self.listeners.append(line.split(" ", 1)[1])

    @property
    def url(self):
        """The first https listener."""
        return next(u for u in self.listeners if u.startswith("https:"))

    @property
    def http_url(self):
        return next(u for u in self.listeners if u.startswith("http:"))

    def terminate(self):
        """SIGTERM; a second one jumps to the store."""
        self.terminated = True
        self.process.send_signal(signal.SIGTERM)

    def wait_end(self, limit=30):
        """Waits for the process's end and gives its exit code."""
        code = self.process.wait(timeout=seconds(limit))
        self._join()
        return code

    def _join(self):
        for reader in self.readers:
            reader.join(timeout=seconds(10))

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            if kind is None:
                self.release_all()
            if not self.terminated:
                self._hang_up()
                self.terminate()
        try:
            code = self.wait_end()
        except subprocess.TimeoutExpired:
            self.kill()
            if kind is None:
                raise AssertionError("replyd did not end after SIGTERM\n" +
                                     self.log_tail()) from None
            return
        if kind is None:
            self.check_end(code)

    def _hang_up(self):
        """Else the end waits its second for what idle connections may still bring."""
        for connection in self.callers:
            if not connection.busy:
                connection.close()

    def check_end(self, code):
        expected = self.options.get("exit_code", 0)
        if expected is not None:
            assert code == expected, f"exit code {code}\n{self.log_tail()}"
        if self.options.get("sanitized", True):
            reports = [l.raw for l in self.lines if SANITIZER.search(l.raw)]
            assert not reports, "\n".join([l.raw for l in self.lines][-400:])

    def kill(self):
        """What a failed test leaves behind; by the pid that we started."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    # ---- log ---------------------------------------------------------------------

    def log_tail(self, n=200):
        with self.changed:
            return "\n".join(l.raw for l in self.lines[-n:])

    def log(self, event=None, **fields):
        """The log lines written until now with that event and those fields."""
        self._read_log_until_now()
        with self.changed:
            return self._matching(event, fields)

    def _read_log_until_now(self):
        """The log thread reads the threads' rings one after the other, so one mark may overtake
        older lines of another thread; a second one, written after the first was read, does not."""
        if self.process.poll() is not None or self.admin("/healthz")[0] != 200:
            return
        for _ in range(2):
            self.marks += 1
            if self.admin(f"/mark/{self.marks}", "POST")[0] != 200:
                return    # not a test build
            self.wait_log("mark", msg=str(self.marks))

    def wait_log(self, event=None, n=1, limit=20, **fields):
        """Waits until n such lines are there and gives the n-th."""
        with self.changed:
            found = self.changed.wait_for(lambda: len(self._matching(event, fields)) >= n,
                                          timeout=seconds(limit))
            assert found, f"no line {event} {fields}\n" + "\n".join(
                l.raw for l in self.lines[-100:])
            return self._matching(event, fields)[n - 1]

    def _matching(self, event, fields):
        wanted = {**fields, **({"event": event} if event else {})}
        among = self.of_sid.get(str(fields["sid"]), []) if "sid" in fields else self.lines
        return [l for l in among if l.matches(wanted)]

    # ---- admin listener -------------------------------------------------------------

    def admin(self, path, method="GET", body=None):
        """(status, text) of a request to the admin listener."""
        connection = UnixConnection(str(self.state / "admin.sock"), seconds(20))
        try:
            connection.request(method, path, body=body, headers={"Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def info(self):
        return json.loads(self.admin("/info")[1])

    def metrics(self):
        """{(name, frozenset of labels): value}"""
        status, text = self.admin("/metrics")
        assert status == 200
        found = {}
        for line in text.splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and not line.startswith("#"):
                labels = frozenset(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                value = float(match[3])
                found[match[1], labels] = int(value) if value.is_integer() else value
        return found

    def metric(self, name, **labels):
        """The value of a metric; the sum of all series that have these labels."""
        wanted = set(labels.items())
        values = [v for (n, l), v in self.metrics().items() if n == name and wanted <= l]
        assert values, f"no metric {name} {labels}"
        return sum(values)

    def wait_metric(self, name, at_least=None, equals=None, limit=20, **labels):
        def reached():
            value = self.metric(name, **labels)
            return value == equals if at_least is None else value >= at_least

        what = f"{name} {labels} " + (f"= {equals}" if at_least is None else f">= {at_least}")
        wait_for(reached, what, limit)
        return self.metric(name, **labels)

    # ---- fault points ------------------------------------------------------------------

    def fault(self, point, command=None, stall_until=None, fail=None):
        """fault(p, stall_until="released"), fault(p, fail=3), fault(p, "pass")."""
        if stall_until is not None:
            assert stall_until == "released"
            command = "stall"
        if fail is not None:
            command = f"fail={fail}"
        status, text = self.admin(f"/fault/{point}", "POST", command)
        assert status == 200, text

    def release(self, point):
        self.fault(point, "release")

    def pass_one(self, point):
        """Lets one of the stalled go on."""
        self.fault(point, "pass")

    def _fault_counts(self, point):
        status, text = self.admin(f"/fault/{point}")
        assert status == 200, text
        return {k: int(v) for k, v in (f.split("=") for f in text.split())}

    def hits(self, point):
        """How often the point was reached."""
        return self._fault_counts(point)["hits"]

    def stalled(self, point):
        """How many threads wait in it."""
        return self._fault_counts(point)["stalled"]

    def wait_stalled(self, point, n=1, limit=20):
        wait_for(lambda: self.stalled(point) >= n, f"{n} stalled in {point}", limit)

    def wait_hits(self, point, n, limit=20):
        wait_for(lambda: self.hits(point) >= n, f"{point} reached {n} times", limit)

    def release_all(self):
        """A test that ends well must not leave a stalled thread in the way of the drain."""
        source = (harness.TOP / "core/base/fault.h").read_text()
        for point in re.findall(r'X\(\w+,\s*"([\w.]+)"', source):
            try:
                self.admin(f"/fault/{point}", "POST", "release")
            except OSError:
                return    # no admin listener (any more)

    # ---- reload -----------------------------------------------------------------------------

    def sighup(self):
        self.process.send_signal(signal.SIGHUP)

    def reload(self, script=None, ok=True, **configuration):
        """Writes what has changed, sends SIGHUP, waits for the reload's end."""
        result = "ok" if ok else "failed"
        before = self.metric("replyd_reloads_total", result=result)
        if script is not None:
            self.write_scripts(script)
        if configuration:
            self.write_config(**configuration)
        self.sighup()
        self.wait_metric("replyd_reloads_total", at_least=before + 1, result=result)
