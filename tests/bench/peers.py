"""Who is measured: each does the same signed echo, over plain HTTP and HTTPS at once.

A peer is a class here with NAME, version(), command() and, when it says when it is ready, ready().
"""

import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import subprocess
import time

import messages

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
START_LIMIT = 20    # seconds
CLIENT_TLS = ssl.create_default_context()
CLIENT_TLS.check_hostname = False
CLIENT_TLS.verify_mode = ssl.CERT_NONE


def ports_to_try():
    """Below the range that outgoing connections take theirs from, each once."""
    yield from range(18000 + os.getpid() % 1000, 32000)


PORTS = ports_to_try()


def free_port():
    for port in PORTS:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


def ask(port, tls, raw, timeout=10):
    """(status, body): one request on a connection of its own, which the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        if tls:
            s = CLIENT_TLS.wrap_socket(s, server_hostname="sms.example.com")
        with s:
            s.sendall(raw)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


class Peer:
    """A server that runs from construction to close(); its files lie in folder."""

    NAME = ""

    def __init__(self, folder, core=None):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ports = {kind: free_port() for kind in ("plain", "tls")}
        command = self.command()
        # the child inherits the core; a `taskset` in between would count as its start
        mine = os.sched_getaffinity(0)
        if core is not None:
            os.sched_setaffinity(0, {core})
        self.started = time.perf_counter()
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                            cwd=folder, process_group=0)
        os.sched_setaffinity(0, mine)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ready(self):
        """Waits until it accepts connections."""
        self.wait(lambda: self.accepts("plain") and self.accepts("tls"))

    def wait(self, condition):
        while not condition():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.NAME} ended: {self.log()}")
            if time.perf_counter() - self.started > START_LIMIT:
                raise RuntimeError(f"{self.NAME} did not start: {self.log()}")
            time.sleep(0.001)

    def accepts(self, kind):
        try:
            socket.create_connection(("127.0.0.1", self.ports[kind]), timeout=1).close()
            return True
        except OSError:
            return False

    def first_answer(self):
        """Milliseconds from exec to a right answer over HTTPS."""
        raw, text = messages.signed(0)

        def answered():
            try:
                status, body = ask(self.ports["tls"], True, raw)
            except (OSError, IndexError):
                return False
            if status != 200 or text not in body:
                raise RuntimeError(f"{self.NAME}: wrong first answer {status} {body!r}")
            return True

        self.wait(answered)
        return (time.perf_counter() - self.started) * 1000

    def check(self):
        """Raises unless it gives right answers and refuses wrong signatures, both ways."""
        for kind in ("plain", "tls"):
            for number in range(1, 21):
                raw, text = messages.signed(number)
                status, body = ask(self.ports[kind], kind == "tls", raw)
                if status != 200 or text not in body:
                    raise RuntimeError(f"{self.NAME}, {kind}: {status} {body!r}, not {text!r}")
            raw, _ = messages.signed(99, token="wrong")
            status, body = ask(self.ports[kind], kind == "tls", raw)
            if status != 403:
                raise RuntimeError(f"{self.NAME}, {kind}: {status} for a wrong signature")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)    # a group of its own: our children alone
                self.process.wait()
        self.process.stdout.close()
        (self.folder / "log").unlink(missing_ok=True)    # a line per message adds up


class Replyd(Peer):
    """The shipped binary with its defaults: threads, watchdog, budgets, log to a file."""

    NAME = "replyd"
    BINARY = TOP / "build/replyd"
    SCRIPT = (HERE / "replyd/echo.lua").read_text()
    SETTINGS = ""    # lines of replyd.lua

    @classmethod
    def version(cls):
        out = subprocess.run([cls.BINARY, "--version"], check=True, capture_output=True, text=True)
        lines = out.stdout.split("\n")
        return lines[0].replace("replyd ", "") + ", store memory"

    def command(self):
        certificate = self.folder.parent / "certificate"
        (self.folder / "replyd.lua").write_text(f"""return {{
  listen = {{ "http://127.0.0.1:{self.ports["plain"]}", "https://127.0.0.1:{self.ports["tls"]}" }},
  public_url = "{messages.BASE}",
  tls = {{ certificate = "{certificate}.pem", key = "{certificate}.key" }},
  auth_token = "{messages.TOKEN}",
  store = "memory", {self.SETTINGS}
  loop_guard = {{ count = 1000, window = "1s" }},    -- senders here repeat themselves
  state = "{self.folder}/state",
  routes = {{ {{ path = "/incoming", script = "echo.lua" }} }},
}}
""")
        (self.folder / "replyd.lua").chmod(0o600)
        (self.folder / "echo.lua").write_text(self.SCRIPT)
        return [self.BINARY, "run", "-c", self.folder / "replyd.lua"]

    def ready(self):
        out, seen = self.process.stdout, b""
        while b"\nready\n" not in b"\n" + seen:
            left = self.started + START_LIMIT - time.perf_counter()
            if not select.select([out], [], [], max(0, left))[0]:
                raise RuntimeError(f"replyd is not ready: {self.log()}")
            chunk = os.read(out.fileno(), 4096)
            if not chunk:
                raise RuntimeError(f"replyd ended: {self.log()}")
            seen += chunk


class Nginx(Peer):
    """nginx with its Lua module, one worker, tuned: no access log, keep-alive without end."""

    NAME = "nginx"
    BINARY = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    MODULES = pathlib.Path("/usr/lib/nginx/modules")

    @classmethod
    def version(cls):
        if cls.BINARY is None or not (cls.MODULES / "ngx_http_lua_module.so").exists():
            raise RuntimeError("nginx or its Lua module is missing (deps/install-packages bench)")
        out = subprocess.run([cls.BINARY, "-v"], check=True, capture_output=True, text=True)
        packages = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-http-lua"],
            check=False, capture_output=True, text=True).stdout
        return out.stderr.split("/")[1].split()[0] + ", Lua module " + (packages or "unknown")

    def command(self):
        certificate = self.folder.parent / "certificate"
        script = (HERE / "nginx/incoming.lua").read_text().replace("@TOKEN@", messages.TOKEN)
        (self.folder / "incoming.lua").write_text(script)
        user = "user root; " if os.geteuid() == 0 else ""
        paths = " ".join(f"{kind}_temp_path {self.folder}/temp;" for kind in
                         ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"""
{user}daemon off; worker_processes 1; worker_rlimit_nofile 20000;
pid {self.folder}/pid; error_log {self.folder}/log error;
load_module {self.MODULES}/ndk_http_module.so;
load_module {self.MODULES}/ngx_http_lua_module.so;
events {{ worker_connections 19900; }}
http {{
  access_log off; server_tokens off; {paths}
  keepalive_timeout 300s; keepalive_requests 1000000000;
  client_body_buffer_size 64k; client_max_body_size 64k;
  lua_package_path "{self.folder}/?.lua;;";
  init_by_lua_block {{ require "resty.core"; require "incoming" }}
  server {{
    listen 127.0.0.1:{self.ports["plain"]} backlog=4096;
    listen 127.0.0.1:{self.ports["tls"]} ssl backlog=4096;
    ssl_certificate {certificate}.pem; ssl_certificate_key {certificate}.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location = /incoming {{ content_by_lua_block {{ require("incoming").handle() }} }}
  }}
}}
""")
        return [self.BINARY, "-c", self.folder / "nginx.conf", "-p", self.folder]


PEERS = {peer.NAME: peer for peer in (Replyd, Nginx)}
