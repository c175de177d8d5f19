"""The echo server of this folder as a process: started, asked, ended by its pid."""

import os
import pathlib
import signal
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]


def binary():
    built = os.environ.get("REPLYD_BIN")
    folder = pathlib.Path(built).parent if built else TOP / "build" / "test"
    return folder / "tests" / "echo_server"


class Server:
    """with Server(tmp, "http://127.0.0.1:0", request_timeout=500) as s: s.ports[0]"""

    def __init__(self, state, *listen, nofile=None, **options):
        command = [str(binary()), "--state", str(state)]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        if nofile:
            command = ["prlimit", f"--nofile={nofile}", *command]
        self.log = open(pathlib.Path(state) / "stderr", "w+b")
        self.process = subprocess.Popen([*command, *listen], stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        self.ports, self.lines = [], []
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if line.startswith("listening http"):
                self.ports.append(int(line.rsplit(":", 1)[1]))
            if line == "ready\n":
                return
        raise RuntimeError(f"it did not start: {self.lines} {self.errors()}")

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        if kind is None:
            assert code == 0, f"exit code {code}\n{self.errors()}"

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu(self):
        """CPU seconds so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def read_bytes(self):
        """Bytes that it has read by read()."""
        io = pathlib.Path(f"/proc/{self.process.pid}/io").read_text()
        return int(io.split("rchar: ")[1].split()[0])
