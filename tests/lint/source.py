"""What the lint reads: the tracked files, C functions (by ctags), includes, commits."""

import functools
import json
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]


def run(*command):
    return subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout


@functools.cache
def tracked():
    """Files that git knows or would add, as paths relative to the top."""
    names = run("git", "ls-files", "-co", "--exclude-standard").splitlines()
    return [pathlib.Path(n) for n in names if (TOP / n).is_file()]


def files(*patterns):
    return [f for f in tracked() if any(f.match(p) and f.parts[0] == p.split("/")[0]
                                        for p in patterns)]


@functools.cache
def c_sources():
    """C files and headers of core/ and plugins/."""
    return [f for f in tracked() if f.parts[0] in ("core", "plugins") and f.suffix in (".c", ".h")]


def text(path):
    return (TOP / path).read_text(encoding="utf-8", errors="replace")


def includes(path, marks='[<"]'):
    return re.findall(rf'^\s*#\s*include\s*{marks}([^>"]+)[>"]', text(path), re.M)


class Function:
    """One C function definition; lines counts from its name to its closing brace."""

    def __init__(self, tag):
        self.path = pathlib.Path(tag["path"])
        self.name = tag["name"]
        self.first = tag["line"]
        self.last = tag["end"]
        self.static = bool(tag.get("file"))

    @property
    def lines(self):
        return self.last - self.first + 1

    @property
    def body(self):
        return text(self.path).splitlines()[self.first - 1:self.last]

    @property
    def is_table(self):
        return any("lint: table" in line for line in self.body)

    def __str__(self):
        return f"{self.path}:{self.first} {self.name}"


@functools.cache
def functions():
    names = [str(f) for f in c_sources()]
    if not names:
        return []
    out = run("ctags", "--output-format=json", "--languages=C,C++", "--langmap=C:.c.h",
              "--kinds-C=f", "--fields=+nef", "-f", "-", *names)
    tags = (json.loads(line) for line in out.splitlines())
    return [Function(t) for t in tags if t.get("kind") == "function" and "end" in t]


def subjects():
    """(hash, subject) of every commit, newest first."""
    rows = run("git", "log", "--no-merges", "--format=%h %s").splitlines()
    return [row.split(" ", 1) for row in rows]
