"""A stack under test, and everything that one can do to it.

    with World(instances=2, proxy=True) as world:
        world.start()
        world.kill("issuer")
        world.wait_ready()

World runs `ops/stack` on a home of its own, makes a CA, and starts the
programs under the supervisor of the stack, as an operator would. What it does
to them afterwards it does from outside: signals, files, ports, SQL. Each
method returns when the thing has happened and waits for conditions, never for
a time; what does not happen raises Missing with the end of the log.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
STACK = os.path.join(REPO, "ops", "stack")
CACHE = subprocess.run([os.path.join(REPO, "ops", "setup"), "path"],
                       check=True, stdout=subprocess.PIPE,
                       encoding="utf-8").stdout.strip()
os.environ.setdefault("CERTFLOW_CACHE", CACHE)
for place in (os.path.join(REPO, "ops", "stack.d"),
              os.path.dirname(os.path.abspath(__file__))):
    if place not in sys.path:
        sys.path.insert(0, place)
import home as homes  # noqa: E402
import process  # noqa: E402
from clocks import Clocks  # noqa: E402
from databases import Databases  # noqa: E402
from kafkas import Kafkas  # noqa: E402
from patience import Missing, until  # noqa: E402
from proxy import Proxy  # noqa: E402
from shim import Shim  # noqa: E402

BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build-release"))
HOLDERS = ("keygen", "issuer", "activator", "crl")  # of sessions with a token
__all__ = ("World", "Missing", "until")


class World(Databases, Kafkas, Clocks):
    """One stack. settings and environment are by program or instance:
    {"registrar": {"unsaved_ttl": "5s"}, "issuer-1": {...}}.

    proxy: programs reach Kafka, PostgreSQL and the registry through a proxy,
    so that their connections can be cut and slowed, and only theirs.
    shim: the token's programs load the PKCS#11 fault shim; world.shim.
    faketime: the programs' clocks can be set.
    full_disk: names whose disk can be filled: programs, "postgresql".
    """

    def __init__(self, instances=1, brokers=1, proxy=False, shim=False,
                 faketime=False, full_disk=(), home=None, build=BUILD,
                 settings=None, environment=None, ca_key="rsa4096"):
        self.build = os.path.abspath(build)
        self.root = home or tempfile.mkdtemp(prefix="certflow-faults-")
        os.chmod(self.root, 0o711)
        self.home = homes.Home(self.root)
        self.count, self.broker_count = instances, brokers
        self.has_proxy, self.has_shim = proxy, shim
        self.has_faketime, self.full_disk = faketime, tuple(full_disk)
        self.ca_key = ca_key
        self.env = {}
        self._settings = {name: dict(values) for name, values
                          in (settings or {}).items()}
        self._environment = {name: dict(values) for name, values
                             in (environment or {}).items()}
        self.shim = self._proxy = None
        self._peaks = {}
        self._read_logs = {}
        self._ending = threading.Event()
        self._watcher = None

    # ---- from beginning to end ------------------------------------------

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, programs=True):
        """Everything: stack, CA, proxy, programs that are ready."""
        # A test that is told to end takes its stack with it.
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        options = ["--brokers", str(self.broker_count)]
        if self.has_proxy:
            options.append("--route-programs")
        os.makedirs(os.path.join(self.root, "etc"), exist_ok=True)
        self._prepare()
        self.stack("up", "--instances", str(self.count), options=options)
        self.env = dict(line.split("=", 1)
                        for line in self.stack("env").splitlines())
        if not os.path.exists(self.path("ca", "issuing.pem")):
            self.tool("certflow", "ca", "init", "--key", self.ca_key,
                      **self.yesterday())
        if self.has_proxy:
            self._start_proxy()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        if programs:
            self.stack("programs", "up")
        return self

    def close(self):
        """Stop everything, remove all."""
        self._ending.set()
        if self._watcher:
            self._watcher.join()
        self._thaw_all()
        if self._proxy:
            self._proxy.close()
        if self.home.exists():
            self.stack("reset", "--yes")
        shutil.rmtree(self.root, ignore_errors=True)

    def stack(self, *arguments, options=()):
        """ops/stack on this home; what it says."""
        result = subprocess.run(
            [STACK, "--home", self.root, "--ports", "auto", *options,
             *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False,
            env=self.clean_environment(CERTFLOW_BUILD=self.build))
        if result.returncode != 0:
            raise Missing(f"ops/stack {' '.join(arguments)}: "
                          f"{result.stdout}")
        return result.stdout

    def tool(self, name, *arguments, text=None, **environment):
        """A program of the project in the environment of this stack."""
        result = subprocess.run(
            [os.path.join(self.build, "bin", name), *arguments], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False,
            env=self.clean_environment(**self.env, **environment))
        if result.returncode != 0:
            raise Missing(f"{name} {' '.join(arguments)}: {result.stdout}")
        return result.stdout

    @staticmethod
    def clean_environment(**more):
        """Nothing of another stack must come through."""
        kept = {key: value for key, value in os.environ.items()
                if not key.startswith("CERTFLOW_")
                and key not in ("SOFTHSM2_CONF", "LD_PRELOAD")}
        return {**kept, "CERTFLOW_CACHE": os.environ["CERTFLOW_CACHE"],
                **more}

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    # ---- settings ---------------------------------------------------------

    def _prepare(self):
        """etc/NAME.env and etc/NAME.local.conf, which ops/stack adds to
        what it writes itself."""
        if self.has_shim:
            self.shim = Shim(self.folder("shim"))
            for name in HOLDERS:
                self._settings.setdefault(name, {}).setdefault(
                    "hsm.module", Shim.library(self.build))
                self._environment.setdefault(name, {}).update(
                    self.shim.environment())
        if self.has_faketime:
            self._prepare_clocks()
        for name in self.full_disk:
            self._prepare_disk(name)
        for name, values in self._settings.items():
            self._write("local.conf", name, values)
        for name, values in self._environment.items():
            self._write("env", name, values)

    def _write(self, suffix, name, values):
        homes.write_file(self.path("etc", f"{name}.{suffix}"), "".join(
            f"{key}={value}\n" for key, value in values.items()))

    def folder(self, *parts):
        path = self.path(*parts)
        os.makedirs(path, exist_ok=True)
        return path

    def set(self, name, **values):
        """Change settings (a__b is a.b; None: as it was) for the next
        start of a program; restart() makes it now."""
        present = self._settings.setdefault(name, {})
        for key, value in values.items():
            key = key.replace("__", ".")
            if value is None:
                present.pop(key, None)
            else:
                present[key] = value
        self._write("local.conf", name, present)

    def set_environment(self, name, **values):
        """The same for variables."""
        present = self._environment.setdefault(name, {})
        for key, value in values.items():
            if value is None:
                present.pop(key, None)
            else:
                present[key] = value
        self._write("env", name, present)

    def preload(self, name, library):
        """Put a library in front of a program or component."""
        present = self._environment.setdefault(name, {})
        libraries = present.get("LD_PRELOAD", "").split(":")
        present["LD_PRELOAD"] = ":".join(
            [*filter(None, libraries), library])

    # ---- programs ---------------------------------------------------------

    def programs(self):
        """Names of all instances."""
        return [homes.instance_name(program, number)
                for program in homes.PROGRAMS for number in range(self.count)]

    def instances(self, program):
        return [name for name in self.programs()
                if homes.own_files(name)[0] == program]

    def states(self):
        """What the supervisor sees: {name: {state, pid, restarts, ...}}"""
        try:
            return json.loads(homes.read_file(self.path("run",
                                                        "programs.json")))
        except FileNotFoundError:
            return {}

    def pid(self, name):
        """Of a running program; None between end and restart."""
        entry = self.states().get(name, {})
        pid = entry.get("pid")
        return pid if pid and process.start_ticks(pid) else None

    def wait_pid(self, name, other_than=None, seconds=45):
        return until(lambda: (self.pid(name) not in (None, other_than)
                              and self.pid(name)), seconds,
                     lambda: f"{name} does not run\n{self.tail(name)}")

    def kill(self, name, number=signal.SIGKILL):
        """Send a signal; for one that ends it, wait for the end. Returns
        the process that was hit."""
        pid = self.wait_pid(name)
        ticks = process.start_ticks(pid)
        self._sample(name, pid)
        os.kill(pid, number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            until(lambda: process.start_ticks(pid) != ticks, 45,
                  lambda: f"{name} (pid {pid}) does not end after signal "
                  f"{number}\n{self.tail(name)}")
        return pid

    def freeze(self, name):
        """SIGSTOP; returns once it stands still."""
        return self._freeze(name, self.kill(name, signal.SIGSTOP))

    def thaw(self, name):
        self._thaw(name, self.pid(name))

    def _freeze(self, name, pid):
        until(lambda: process_state(pid) in ("T", "t", None), 10,
              lambda: f"{name} (pid {pid}) does not stop")
        return pid

    def _thaw(self, name, pid):
        if pid:
            os.kill(pid, signal.SIGCONT)
            until(lambda: process_state(pid) not in ("T", "t"), 10,
                  lambda: f"{name} (pid {pid}) does not go on")

    def _thaw_all(self):
        """Before the end: what stands still cannot stop."""
        names = self.programs() if self.home.exists() else []
        for name in names:
            if self.pid(name):
                os.kill(self.pid(name), signal.SIGCONT)
        for name in self.components() if names else ():
            if self.component_pid(name):
                self._signal_component(name, signal.SIGCONT)

    def health(self, name):
        """(status of /health or None, its text)"""
        url = f"http://127.0.0.1:{self.home.port(name)}/health"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")
        except OSError as error:
            return None, str(error)

    def metrics(self, name):
        """/metrics of a program, {line without its value: value}"""
        url = f"http://127.0.0.1:{self.home.port(name)}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return {key: float(value) for key, value in (
            line.rsplit(" ", 1) for line in lines if line
            and line[0] != "#")}

    def is_ready(self, name):
        return self.pid(name) is not None and self.health(name)[0] == 200

    def wait_ready(self, names=None, seconds=60):
        """All at once: none of them may have gone back meanwhile."""
        names = [names] if isinstance(names, str) else (
            names or self.programs())

        def complain():
            bad = [name for name in names if not self.is_ready(name)]
            return "\n".join(
                f"{name} is not ready: {self.health(name)[1]}\n"
                f"{self.tail(name)}" for name in bad) or "flickering"
        until(lambda: all(map(self.is_ready, names)), seconds, complain)

    def wait_not_ready(self, name, seconds=60):
        until(lambda: not self.is_ready(name), seconds,
              lambda: f"{name} says that it is still ready")

    def restart(self, name):
        """SIGTERM and start, by the supervisor; returns when ready."""
        self.stack("programs", "restart", name)

    def stop(self, name):
        """The supervisor stops it and does not start it again."""
        self._sample(name, self.pid(name))
        self.stack("programs", "down", name)

    def start_program(self, name):
        self.stack("programs", "up", name)

    def tail(self, name, lines=15):
        return process.tail(self.home.log(name), lines)

    # ---- components -------------------------------------------------------

    def components(self):
        return [*self.home.brokers(), "postgresql", "registry", "public"]

    def component_pid(self, name):
        entry = process.known(self.home, name)
        return entry and entry["pid"]

    def kill_component(self, name):
        self.stack("component", "kill", name)

    def stop_component(self, name):
        """In good order: brokers hand over, PostgreSQL checkpoints."""
        self.stack("component", "stop", name)

    def start_component(self, name):
        """Returns when it serves."""
        self.stack("component", "start", name)

    def freeze_component(self, name):
        """Also all processes of PostgreSQL."""
        self._signal_component(name, signal.SIGSTOP)
        pid = self.component_pid(name)
        until(lambda: process_state(pid) in ("T", "t", None), 10,
              lambda: f"{name} does not stop")

    def thaw_component(self, name):
        self._signal_component(name, signal.SIGCONT)

    def _signal_component(self, name, number):
        first = self.component_pid(name)
        if first is None:
            raise Missing(f"{name} does not run\n{self.tail(name)}")
        for pid in (first, *children(first)):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    # ---- connections ------------------------------------------------------

    def _start_proxy(self):
        """Everything the programs connect to, at the ports they know."""
        ways = {}
        for name in (*self.home.brokers(), "postgresql", "registry"):
            behind = f"{name}-programs" if name in homes.BROKERS else name
            ways[name] = (self.home.route(name), self.home.port(behind))
        self._proxy = Proxy(ways)

    def cut(self, *names):
        """Connections of the programs to it end and are refused."""
        for name in names or self._proxy.names():
            self._proxy.cut(name)

    def mend(self, *names):
        """As if nothing had been: neither cut nor slow."""
        for name in names or self._proxy.names():
            self._proxy.mend(name)

    def slow(self, name, delay_s=0.0, bytes_per_s=None):
        """Each direction is late by delay_s and no faster than that."""
        self._proxy.slow(name, delay_s, bytes_per_s)

    # ---- a full disk ------------------------------------------------------

    def _prepare_disk(self, name):
        library = self.path("full_disk.so")
        if not os.path.exists(library):
            # PostgreSQL's user can reach the home, but perhaps not a build.
            shutil.copyfile(os.path.join(self.build, "tests",
                                         "full_disk.so"), library)
            os.chmod(library, 0o755)
        values = self._environment.setdefault(name, {})
        values["FULL_DISK_BELOW"] = self._disk(name)
        values["FULL_DISK_WHILE"] = self.path(f"{name}.disk-is-full")
        self.preload(name, library)

    def _disk(self, name):
        if name == "postgresql":
            import postgres
            return postgres.folder(self.home)
        return self.path("var", name)

    def fill_disk(self, name):
        """Nothing more can be written where this one writes."""
        path = self.path(f"{name}.disk-is-full")
        homes.write_file(path, "")

    def free_disk(self, name):
        try:
            os.unlink(self.path(f"{name}.disk-is-full"))
        except FileNotFoundError:
            pass

    # ---- memory -----------------------------------------------------------

    def _watch(self):
        while not self._ending.wait(0.5):
            for name, entry in self.states().items():
                self._sample(name, entry.get("pid"))

    def _sample(self, name, pid):
        size = peak(pid) if pid else 0
        if size > self._peaks.get(name, 0):
            self._peaks[name] = size

    def memory(self):
        """{name: most octets it ever had resident}, restarts included."""
        for name, entry in self.states().items():
            self._sample(name, entry.get("pid"))
        return dict(self._peaks)


def process_state(pid):
    """R, S, T ...; None if it is gone."""
    try:
        return homes.read_file(f"/proc/{pid}/stat").rsplit(")", 1)[1].split(
            )[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid):
    """All processes below one."""
    found = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        for task in tasks:
            found += map(int, homes.read_file(
                f"/proc/{pid}/task/{task}/children").split())
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [each for child in found for each in (child, *children(child))]


def peak(pid):
    """VmHWM in octets; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as stream:
            for line in stream:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0
