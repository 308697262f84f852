"""Keeps the programs running, as systemd does in production.

One process, started by `ops/stack programs up`. It reads which programs are
wanted from run/desired.json (again on SIGHUP) and writes what it sees to
run/programs.json. A program that ends is started again after a pause that
doubles from 0.5 s to 30 s. The pause is forgotten once a program had been
ready for 5 s or had run for 60 s; and SIGKILL, which comes from outside,
does not lengthen that of a program that was ready. SIGTERM: every program
gets SIGTERM and 15 s, then SIGKILL.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import programs
from home import PROGRAMS, Failure, write_file

PAUSE_MIN, PAUSE_MAX, GRACE = 0.5, 30.0, 15.0
STEADY_READY, STEADY_RUNNING = 5.0, 60.0
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # prctl(2)
TICK = 0.2


def report(name, text):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{stamp} {name}: {text}", flush=True)


def end_with_us():
    """In the child: a supervisor that is killed takes the programs with it.
    Nobody would see them end, and the next one would start them beside the
    old ones."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One supervised program."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        self.child = None
        self.generation = 0
        self.since = time.time()
        self.begun = self.again_at = 0.0
        self.pause = PAUSE_MIN
        self.restarts = self.failures = 0
        self.last_exit = None
        self.ready_at = None
        self.kill_at = None

    def start(self):
        command, environment = programs.launch(self.home, self.name)
        with open(self.home.log(self.name), "ab") as log:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", env=environment, start_new_session=True,
                preexec_fn=end_with_us)
        self.begun, self.since = time.monotonic(), time.time()
        self.ready_at = None
        report(self.name, f"started, pid {self.child.pid}")

    def stop(self):
        if self.child and self.kill_at is None:
            self.child.terminate()
            self.kill_at = time.monotonic() + GRACE

    def poll(self):
        """Notice an end, a need to kill, readiness."""
        if self.child is None:
            return
        code = self.child.poll()
        if code is None:
            if self.kill_at and time.monotonic() > self.kill_at:
                report(self.name, "did not stop in time, killed")
                self.child.kill()
            if self.ready_at is None and self._answers():
                self.ready_at = time.monotonic()
                self.failures = 0
            return
        self.last_exit = f"signal {-code}" if code < 0 else f"exit {code}"
        report(self.name, f"ended: {self.last_exit}")
        asked = self.kill_at is not None
        self.child = self.kill_at = None
        if asked:
            self.again_at = time.monotonic()
        else:
            self._was_well(code)
            self.count_failure()
        self.ready_at = None

    def _was_well(self, code):
        """Forget earlier pauses if what has ended now had been well."""
        now = time.monotonic()
        ready = 0.0 if self.ready_at is None else now - self.ready_at
        if (ready >= STEADY_READY or now - self.begun >= STEADY_RUNNING
                or (ready > 0 and code == -signal.SIGKILL)):
            self.pause = PAUSE_MIN

    def count_failure(self):
        self.restarts += 1
        self.failures += 1
        self.again_at = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, PAUSE_MAX)

    def _answers(self):
        port = self.home.port(self.name)
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/health", timeout=0.5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.HTTPError):
            return False

    def state(self):
        if self.child is None:
            state = "waiting" if self.generation else "stopped"
        elif self.kill_at is not None:
            state = "stopping"
        else:
            state = "starting" if self.ready_at is None else "ready"
        return {"state": state, "since": self.since,
                "pid": self.child.pid if self.child else None,
                "generation": self.generation, "restarts": self.restarts,
                "failures": self.failures, "last_exit": self.last_exit}


class Supervisor:
    """The loop over all programs."""

    def __init__(self, home):
        self.home = home
        self.programs = {name: Program(home, name)
                         for name in programs.every_name()}
        self.wanted = {}
        self.reread = True
        self.ending = False
        self.written = None

    def _on_hangup(self, _number, _frame):
        self.reread = True

    def _on_end(self, _number, _frame):
        self.ending = True

    def _follow(self, program):
        """Bring one program towards what is wanted."""
        wanted = 0 if self.ending else self.wanted.get(program.name, 0)
        if program.child is not None:
            if wanted != program.generation:
                program.stop()
            return
        if wanted != program.generation:
            program.generation = wanted
            program.again_at, program.pause = 0.0, PAUSE_MIN
            program.restarts, program.failures = 0, 0
            program.last_exit = None
        if wanted and time.monotonic() >= program.again_at:
            try:
                program.start()
            except (OSError, Failure) as error:
                report(program.name, str(error))
                program.last_exit = str(error)
                program.count_failure()

    def _write(self):
        text = json.dumps({
            name: program.state() for name, program in self.programs.items()
            if program.generation or program.child
            or name in PROGRAMS}) + "\n"
        if text != self.written:
            write_file(self.home.path("run", "programs.json"), text)
            self.written = text

    def run(self):
        signal.signal(signal.SIGHUP, self._on_hangup)
        signal.signal(signal.SIGTERM, self._on_end)
        signal.signal(signal.SIGINT, self._on_end)
        report("supervisor", f"pid {os.getpid()}")
        while True:
            if self.reread:
                self.reread = False
                self.wanted = programs.desired(self.home)
            for program in self.programs.values():
                program.poll()
                self._follow(program)
            self._write()
            if self.ending and all(program.child is None
                                   for program in self.programs.values()):
                report("supervisor", "ended")
                sys.exit(0)
            time.sleep(TICK)
