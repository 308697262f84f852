"""Watches the programs while faults are injected: high-water marks of their
memory, and every end of a program with its cause."""

import calendar
import collections
import os
import re
import signal
import threading
import time

import psycopg2
from world import process  # of ops/stack.d

ENDED = re.compile(r"^(\S+Z) (\S+): ended: (signal|exit) (\d+)$")
STOPPED_HARD = re.compile(r"^(\S+Z) (\S+): did not stop in time, killed$")
SANITIZER = re.compile(r"AddressSanitizer|runtime error:|LeakSanitizer|"
                       r"\*\*\* stack smashing|free\(\): |malloc\(\): |"
                       r"double free|Assertion .* failed")
LIMIT_MIB = collections.defaultdict(lambda: 64, registrar=128)
STOP_LIMIT = 30.0  # seconds to end after SIGTERM; a frozen one cannot
ENDING = 12.0  # seconds from SIGTERM to the end, at most, and some more
AFTERMATH = 60.0  # seconds in which a fault may still be the cause
CANNOT_GO_ON, HUNG = 1, 75  # exit codes that say: start me again


def program_of(name):
    """registrar-1 is an instance of registrar."""
    return re.sub(r"-\d+$", "", name)


class Projection(threading.Thread):
    """Looks the newest certificate up in the read model, again and again:
    the flow `projected`."""

    def __init__(self, world, driver):
        super().__init__(name="projection", daemon=True)
        self.world, self.driver = world, driver
        self.ending = threading.Event()

    def run(self):
        connection, found = None, None
        while not self.ending.wait(0.1):
            latest = self.driver.latest
            if latest is None or latest == found:
                continue
            try:
                connection = connection or self.world.connect()
                if self._is_there(connection, latest[0]):
                    found = latest
                    self.driver.flows["projected"].note(time.monotonic(),
                                                        latest[1])
            except psycopg2.Error:  # also: tables that are gone
                if connection is not None:
                    connection.close()
                connection = None

    @staticmethod
    def _is_there(connection, serial):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM read_model.certificate"
                           " WHERE serial_number = %s", (serial,))
            return cursor.fetchone() is not None


class Watcher:
    """What the programs did while faults were injected."""

    def __init__(self, world):
        self.world = world
        self.faults = []
        self.until = {}  # fault: when it had been injected
        self.stops, self.late = {}, []
        self._waiting = []

    def terminate(self, name):
        """SIGTERM; how long it takes to end is looked at meanwhile."""
        pid = self.world.wait_pid(name)
        thread = threading.Thread(target=self._await_end, args=(
            name, pid, process.start_ticks(pid)), daemon=True)
        os.kill(pid, signal.SIGTERM)
        thread.start()
        self._waiting.append(thread)

    def _await_end(self, name, pid, ticks):
        begin = time.monotonic()
        while process.start_ticks(pid) == ticks:
            if time.monotonic() - begin > STOP_LIMIT:
                self.late.append(f"{name} does not end within "
                                 f"{STOP_LIMIT:.0f} s of SIGTERM")
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.05)
        program = program_of(name)
        self.stops[program] = max(self.stops.get(program, 0.0),
                                  round(time.monotonic() - begin, 2))

    def expect(self, fault):
        """From now on this fault may end programs."""
        self.faults.append((time.time(), fault))

    def injected(self, fault):
        """Up to now it has ended some: a rolling restart takes its time."""
        self.until[fault] = time.time()

    def memory(self):
        """{name: high-water mark in MiB}"""
        return {name: round(peak / 1048576, 1)
                for name, peak in sorted(self.world.memory().items())}

    def too_large(self):
        return [f"{name} used {size:.0f} MiB, limit "
                f"{LIMIT_MIB[program_of(name)]}"
                for name, size in self.memory().items()
                if size > LIMIT_MIB[program_of(name)]]

    # ---- ends of programs ----

    def _cause(self, moment, program, window=AFTERMATH):
        """The latest fault that may have ended this program then."""
        for begun, fault in reversed(self.faults):
            over = max(begun + fault.seconds, self.until.get(fault, 0))
            if begun <= moment + 1.5 and moment < over + window and (
                    program is None or program in fault.ends):
                return fault.name
        return None

    def ends(self):
        """[(name, how, cause, verdict)] with verdict harness, itself or
        problem, from the supervisor's log."""
        found = []
        with open(self.world.home.log("supervisor"),
                  encoding="utf-8") as stream:
            for line in stream:
                match = ENDED.match(line)
                if match:
                    found.append(self._judge(*match.groups()))
                match = STOPPED_HARD.match(line)
                if match:
                    found.append((match[2], "did not stop in time", None,
                                  "problem"))
        return found

    def _judge(self, stamp, name, word, number):
        moment = calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))
        how, program = f"{word} {number}", program_of(name)
        if how in ("signal 9", "signal 15", "exit 0"):
            cause = self._cause(moment, program, ENDING)
            return (name, how, cause, "harness" if cause else "problem")
        if how in (f"exit {CANNOT_GO_ON}", f"exit {HUNG}"):
            cause = self._cause(moment, None)
            return (name, how, cause, "itself" if cause else "problem")
        return (name, how, self._cause(moment, None), "problem")

    def sanitizer_lines(self):
        """What a sanitizer or the C library wrote before an abort."""
        folder = self.world.path("log")
        for file in (f"{name}.log" for name in self.world.programs()):
            with open(os.path.join(folder, file), encoding="utf-8",
                      errors="replace") as stream:
                for line in stream:
                    if SANITIZER.search(line):
                        yield f"{file}: {line.strip()}"
