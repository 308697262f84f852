"""A stack in pieces: every part of it comes when the test says so, and the
programs are started, watched and stopped by the test itself."""

import atexit
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..",
                                    ".."))
BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build"))
BIN = os.path.join(BUILD, "bin")
os.environ["CERTFLOW_BUILD"] = BUILD
os.environ["CERTFLOW_CACHE"] = subprocess.run(
    [os.path.join(REPO, "ops", "setup"), "path"], check=True,
    stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()
sys.path.insert(0, os.path.join(REPO, "ops", "stack.d"))
sys.path.insert(0, os.path.join(REPO, "tests", "lib"))

import kafka as brokers  # noqa: E402
import main  # noqa: E402
import postgres  # noqa: E402
import process  # noqa: E402
import programs  # noqa: E402
import registry  # noqa: E402
import responder  # noqa: E402
import tokens  # noqa: E402
from home import PROGRAMS as NAMES  # noqa: E402
from home import Home  # noqa: E402

PATIENCE = 40


class kafka:  # noqa: N801, a component like the modules
    """The one broker, as the other components are."""

    NAME = "kafka"

    @staticmethod
    def start(home):
        brokers.prepare(home)
        brokers.start(home, "kafka")

    @staticmethod
    def wait(home):
        brokers.wait(home, "kafka")

    @staticmethod
    def stop(home):
        return brokers.stop(home, "kafka")


class Running:
    """One program, its health and what it wrote since it was started."""

    def __init__(self, pieces, name, environment, options):
        self.home, self.name = pieces.home, name
        self.path = pieces.home.path("log", f"{name}-test.log")
        self.begin = (os.path.getsize(self.path)
                      if os.path.exists(self.path) else 0)
        command, clean = programs.launch(self.home, name)
        for key, value in options.items():
            command += ["--set", f"{key}={value}"]
        with open(self.path, "ab") as log:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**clean, **environment})

    def health(self):
        """(status, text); status 0: no answer."""
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.home.port(self.name)}/health",
                    timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def lines(self):
        with open(self.path, "rb") as stream:
            stream.seek(self.begin)
            return stream.read().decode(errors="replace").splitlines()

    def wait_health(self, part, seconds=PATIENCE):
        """Until a line of /health begins with this; 'ready' too."""
        end = time.monotonic() + seconds
        while True:
            status, text = self.health()
            if any(line.startswith(part) for line in text.splitlines()):
                return text
            if self.child.poll() is not None or time.monotonic() > end:
                raise AssertionError(
                    f"{self.name} ({self.child.poll()}) is not \"{part}\" but "
                    f"{status} {text}\n" + "\n".join(self.lines()[-20:]))
            time.sleep(0.05)

    def repeated(self):
        """Complaints that were written more than once: [(line, count)]."""
        said = collections.Counter(
            re.sub(r"^\S+Z ", "", line) for line in self.lines()
            if re.match(r"\S+Z (warn|error) ", line))
        return [(line, n) for line, n in said.items() if n > 1]

    def terminate(self):
        self.asked = time.monotonic()
        self.child.send_signal(signal.SIGTERM)

    def ended(self, seconds=30):
        """(exit code, seconds since it was asked)."""
        code = self.child.wait(timeout=seconds)
        return code, time.monotonic() - self.asked

    def kill(self):
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()


class Pieces:
    """A home with configuration, tokens and a CA, and nothing running."""

    def __init__(self):
        root = tempfile.mkdtemp(prefix="certflow-startstop-")
        atexit.register(self.close)
        self.home = Home(root, "auto")
        self.home.create()
        self.running = {}
        tokens.create(self.home)
        subprocess.run(
            [os.path.join(BIN, "certflow"), "ca", "init", "--key", "p256"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**os.environ, **main.environment(self.home)})
        responder.ensure(self.home)
        programs.write_configurations(self.home)
        for component in (kafka, postgres, registry):
            self.home.log(component.NAME)

    # ---- programs ---------------------------------------------------------

    def start(self, name, environment=None, **options):
        self.running[name] = Running(
            self, name, environment or {},
            {key.replace("__", "."): value for key, value in options.items()})
        return self.running[name]

    def start_all(self):
        return [self.start(name) for name in NAMES]

    def wait_ready(self, seconds=90):
        for program in self.running.values():
            program.wait_health("ready", seconds)

    def stop_all(self):
        """{name: (exit code, seconds)}; all are asked at once."""
        for program in self.running.values():
            program.terminate()
        found = {}
        while len(found) < len(self.running):
            for name, program in self.running.items():
                if name not in found and (
                        program.child.poll() is not None
                        or time.monotonic() - program.asked > 30):
                    found[name] = program.ended(1)
            time.sleep(0.02)
        return found

    # ---- components -------------------------------------------------------

    def up(self, *components):
        for component in components:
            component.start(self.home)
            component.wait(self.home)

    def processes(self, component):
        """All of a component: PostgreSQL has many."""
        first = process.known(self.home, component.NAME)["pid"]
        children = subprocess.run(["pgrep", "-P", str(first)], check=False,
                                  stdout=subprocess.PIPE, encoding="utf-8")
        return [first, *map(int, children.stdout.split())]

    def freeze(self, component):
        stopped = self.processes(component)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        return stopped

    @staticmethod
    def thaw(stopped):
        for pid in reversed(stopped):
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def publish(self, *arguments, text=None, environment=None):
        """(exit code, output) of the program of that name."""
        result = subprocess.run(
            [os.path.join(BIN, "publish"), *arguments], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False, timeout=120,
            env={**os.environ, "CERTFLOW_KAFKA": self.home.address("kafka"),
                 "CERTFLOW_REGISTRY": registry.url(self.home),
                 **(environment or {})})
        return result.returncode, result.stdout

    def close(self):
        if not os.path.isdir(self.home.root):
            return
        for program in self.running.values():
            program.kill()
        for component in (registry, kafka, postgres):
            process.stop(self.home, component.NAME, signal.SIGKILL)
        postgres.remove(self.home)
        shutil.rmtree(self.home.root, ignore_errors=True)
