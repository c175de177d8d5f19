"""What the kernel knows of a server: CPU time, memory; and of the machine beside it."""

import os

TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and all below it."""
    found, left = [], [pid]
    while left:
        pid = left.pop()
        try:
            threads = os.listdir(f"/proc/{pid}/task")
            children = [open(f"/proc/{pid}/task/{t}/children").read().split() for t in threads]
        except OSError:
            continue
        found.append(pid)
        left += [int(c) for row in children for c in row]
    return found


def cpu(pid, name=None):
    """Seconds of CPU of all threads (of that name) of the tree, by the scheduler's clock (ns)."""
    total = 0
    for p in tree(pid):
        for t in os.listdir(f"/proc/{p}/task"):
            try:
                if name is None or name == read(f"/proc/{p}/task/{t}/comm"):
                    total += int(open(f"/proc/{p}/task/{t}/schedstat").read().split()[0])
            except OSError:
                pass
    return total / 1e9


def pss(pid):
    """MiB: memory, shared pages divided among those who share them."""
    total = 0
    for p in tree(pid):
        with open(f"/proc/{p}/smaps_rollup") as rollup:
            total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    return total / 1024


def busy(core):
    """Seconds that a core has worked, and those that the host took from it."""
    with open("/proc/stat") as stat:
        for line in stat:
            if line.startswith(f"cpu{core} "):
                user, nice, system, _, _, irq, soft, steal = map(int, line.split()[1:9])
                return (user + nice + system + irq + soft) / TICKS, steal / TICKS
    raise RuntimeError(f"no cpu{core}")


def read(path, default="unknown"):
    try:
        with open(path) as f:
            return f.read().strip()
    except OSError:
        return default


def processor():
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine
