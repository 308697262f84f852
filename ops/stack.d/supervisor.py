"""Keeps the programs running, as systemd does in production.

One process, started by `ops/stack programs up`. It reads which programs are
wanted from run/desired.json (again on SIGHUP) and writes what it sees to
run/programs.json. A program that ends is started again after a pause that
doubles from 0.5 s to 30 s and is forgotten after 60 s of running. SIGTERM:
every program gets SIGTERM and 15 s, then SIGKILL.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import programs
from home import Failure, write_file

PAUSE_MIN, PAUSE_MAX, STEADY, GRACE = 0.5, 30.0, 60.0, 15.0
TICK = 0.2


def report(name, text):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"{stamp} {name}: {text}", flush=True)


class Program:
    """One supervised program."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        self.child = None
        self.generation = 0
        self.since = time.time()
        self.begun = self.again_at = 0.0
        self.pause = PAUSE_MIN
        self.restarts = 0
        self.last_exit = None
        self.ready = False
        self.kill_at = None

    def start(self):
        command, environment = programs.launch(self.home, self.name)
        with open(self.home.log(self.name), "ab") as log:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd="/", env=environment, start_new_session=True)
        self.begun, self.since = time.monotonic(), time.time()
        self.ready = False
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
            if not self.ready:
                self.ready = self._answers()
            return
        self.last_exit = f"signal {-code}" if code < 0 else f"exit {code}"
        if time.monotonic() - self.begun >= STEADY:
            self.pause = PAUSE_MIN
        self.child = None
        self.ready = False
        asked = self.kill_at is not None
        self.kill_at = None
        report(self.name, f"ended: {self.last_exit}")
        self.again_at = time.monotonic() + (0 if asked else self.pause)
        if not asked:
            self.restarts += 1
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
            state = "ready" if self.ready else "starting"
        return {"state": state, "since": self.since,
                "pid": self.child.pid if self.child else None,
                "generation": self.generation, "restarts": self.restarts,
                "last_exit": self.last_exit}


class Supervisor:
    """The loop over all programs."""

    def __init__(self, home):
        self.home = home
        self.programs = {name: Program(home, name)
                         for name in programs.names()}
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
            program.restarts, program.last_exit = 0, None
        if wanted and time.monotonic() >= program.again_at:
            try:
                program.start()
            except (OSError, Failure) as error:
                report(program.name, str(error))
                program.last_exit = str(error)
                program.restarts += 1
                program.again_at = time.monotonic() + program.pause
                program.pause = min(program.pause * 2, PAUSE_MAX)

    def _write(self):
        text = json.dumps({name: program.state() for name, program
                           in self.programs.items()}) + "\n"
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
