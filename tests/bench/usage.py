"""CPU that a stack's processes use, from /proc: by program, over time."""

import os
import threading
import time

import process
import rebuild

TICK = os.sysconf("SC_CLK_TCK")


def ticks(pid, reaped=False):
    """User and system time of a process, all its threads; reaped: with that
    of its children that ended. None if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8",
                  errors="replace") as stream:
            fields = stream.read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return sum(map(int, fields[11:15 if reaped else 13]))


class Usage:
    """Seconds of CPU of every program and component of a world since it was
    made. A restarted program goes on counting where its last life ended, as
    far as that was seen."""

    def __init__(self, world, children):
        self.world, self.children = world, children
        self._last = {}  # {pid: ticks}
        self._sum = {}   # {name: ticks}
        self._lock = threading.Lock()  # a Watch asks beside others
        self.take()
        self._sum = dict.fromkeys(self._sum, 0)

    def _pids(self):
        for name, entry in self.world.states().items():
            if entry.get("pid"):
                yield name, entry["pid"], False
        for name in rebuild.BESIDE:
            entry = process.known(self.world.home, name)
            if entry:
                yield name, entry["pid"], False
        for name in self.world.components():
            first = self.world.component_pid(name)
            if first:
                yield name, first, True
                for pid in self.children(first):
                    yield name, pid, False

    def take(self):
        """{name: seconds}, up to now."""
        with self._lock:
            self._count()
            return {name: count / TICK for name, count in self._sum.items()}

    def _count(self):
        seen = set()
        for name, pid, reaped in list(self._pids()):
            now = ticks(pid, reaped)
            if now is None:
                continue
            before = self._last.get((name, pid), 0)
            self._sum[name] = self._sum.get(name, 0) + now - before
            self._last[name, pid] = now
            seen.add((name, pid))
        for name, pid in self._last.keys() - seen:
            if name in self.world.components():
                # What it used is in its parent's count now.
                self._sum[name] -= self._last[name, pid]
            del self._last[name, pid]


class Watch(threading.Thread):
    """Samples of CPU and of one counter, a few a second, until it is
    closed: [(seconds since the beginning, counter, {name: seconds})]"""

    def __init__(self, usage, counter, period=0.25):
        super().__init__(name="usage", daemon=True)
        self.usage, self.counter, self.period = usage, counter, period
        self.samples, self.begun = [], time.time()
        self._ending = threading.Event()
        self.start()

    def run(self):
        while not self._ending.wait(self.period):
            self.samples.append((time.time() - self.begun, self.counter(),
                                 self.usage.take()))

    def close(self):
        self._ending.set()
        self.join()
        return self.samples


def process_age(pid):
    """Seconds since a process was started, to a tick."""
    with open(f"/proc/{pid}/stat", encoding="utf-8",
              errors="replace") as stream:
        begun = int(stream.read().rsplit(")", 1)[1].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - begun / TICK
