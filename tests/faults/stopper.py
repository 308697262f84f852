"""Stops or kills a program at one call of its own, by stop_kafka.so in front
of it. See stop_kafka.c for the calls."""

import os
import re
import signal
import subprocess
import time

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build"))
LIBRARY = os.path.join(BUILD, "tests", "stop_kafka.so")


def preload(program):
    """LD_PRELOAD for this program: a sanitizer's run time must come first."""
    linked = subprocess.run(["ldd", program], check=True, encoding="utf-8",
                            stdout=subprocess.PIPE).stdout
    first = re.search(r"libasan\S* => (\S+)", linked)
    return ":".join(([first.group(1)] if first else []) + [LIBRARY])


class Stopper:
    """One program, or one life of it after the other."""

    def __init__(self, folder, name):
        self.control = os.path.join(folder, f"{name}.stop")
        self._told = 0

    def environment(self, program):
        return {"LD_PRELOAD": preload(program), "STOP_KAFKA": self.control}

    def arm(self, place, action="stop"):
        """From the program's next call on; replaces an earlier rule."""
        with open(self.control + ".new", "w", encoding="utf-8") as stream:
            stream.write(f"{place} {action}\n")
        os.rename(self.control + ".new", self.control)

    def disarm(self):
        self.arm("none before 0")

    def fired(self):
        """The lines that the program has left."""
        try:
            with open(self.control + ".fired", encoding="utf-8") as stream:
                return stream.readlines()
        except FileNotFoundError:
            return []

    def news(self):
        """Has a rule fired that wait() has not told yet?"""
        return len(self.fired()) > self._told

    def wait(self, seconds=30):
        """Until a rule that was armed has fired; the process it stopped."""
        end = time.monotonic() + seconds
        while not self.news():
            if time.monotonic() > end:
                raise AssertionError(f"{self.control}: never came there")
            time.sleep(0.01)
        self._told += 1
        process, *_, action = self.fired()[self._told - 1].split()
        if action == "stop":
            await_stopped(int(process))
        return int(process)


def state_of(process):
    """One letter, as in ps: T is stopped. Empty: no such process."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def await_stopped(process, seconds=10):
    end = time.monotonic() + seconds
    while state_of(process) != "T":
        if time.monotonic() > end:
            raise AssertionError(f"process {process} does not stop")
        time.sleep(0.01)


def thaw(process):
    os.kill(process, signal.SIGCONT)
