"""Where one stack keeps its things: paths, ports and secrets.

A stack is one directory (CERTFLOW_HOME). Everything it writes is below it,
except the PostgreSQL cluster when the directory cannot be reached by the
unprivileged user that PostgreSQL needs (see postgres.py).
"""

import fcntl
import json
import os
import random
import secrets
import socket
import sys

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

PROGRAMS = ("registrar", "keygen", "issuer", "activator", "projector",
            "ocsp", "crl")
BROKERS = ("kafka", "kafka-2", "kafka-3")
INSTANCES_MAX = 4


def instance_name(program, number):
    """registrar, registrar-1, registrar-2 ..."""
    return f"{program}-{number}" if number else program


# Port of each listener, counted from CERTFLOW_PORT_BASE.
PORTS = {
    "kafka": 2,
    "kafka-controller": 3,
    "postgresql": 4,
    "registry": 5,
    "public": 6,
    "registry-management": 7,
    **{instance_name(program, number): 11 + 10 * number + place
       for number in range(INSTANCES_MAX)
       for place, program in enumerate(PROGRAMS)},
    **{f"{instance_name('ocsp', number)}-http": 18 + 10 * number
       for number in range(INSTANCES_MAX)},
    # The further brokers, and where programs reach things by another way.
    **{name: 52 + 2 * number for number, name in enumerate(BROKERS) if number},
    **{f"{name}-controller": 53 + 2 * number
       for number, name in enumerate(BROKERS) if number},
    **{f"{name}-programs": 62 + number for number, name in enumerate(BROKERS)},
    **{f"{name}-route": 72 + number for number, name in enumerate(BROKERS)},
    "postgresql-route": 75,
    "registry-route": 76,
}
PORT_BASE = 19090
PORT_STRIDE = 80


class Failure(Exception):
    """Something an operator can act on; printed without a traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def write_file(path, text, mode=0o644):
    """Replace a file in one step, so that no reader sees half of it."""
    temporary = f"{path}.new.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                         mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(temporary, mode)
    os.replace(temporary, path)


def read_file(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def port_is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def base_is_free(base):
    return all(port_is_free(base + offset) for offset in PORTS.values())


def claim(base):
    """A socket that says to others who look for ports that these are taken,
    until it is closed: what will listen there takes its time. None: they are
    taken already."""
    sign = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sign.bind(("127.0.0.1", base))
        sign.listen()
    except OSError:
        sign.close()
        return None
    if base_is_free(base):
        return sign
    sign.close()
    return None


def free_base():
    """A port base below the kernel's range for outgoing connections, and
    the sign that it is taken."""
    for _ in range(500):
        base = random.randrange(10000, 32000, PORT_STRIDE)
        if abs(base - PORT_BASE) < PORT_STRIDE:
            continue
        sign = claim(base)
        if sign:
            return base, sign
    raise Failure("no free port range found between 10000 and 32000")


def own_files(name):
    """registrar-1 reads what is for all registrars, then what is its own."""
    program = name.rsplit("-", 1)[0]
    return (program, name) if program in PROGRAMS and program != name \
        else (name,)


def pairs(path):
    """(key, value) of each line KEY=VALUE; INI sections go before a dot."""
    try:
        lines = read_file(path).splitlines()
    except FileNotFoundError:
        return
    section = ""
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1] + "."
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise Failure(f"{path}:{number}: not KEY=VALUE: {line}")
        yield section + key.strip(), value.strip()


class Home:
    """The directory of one stack."""

    def __init__(self, root, ports=None, brokers=None, routes=False):
        self.root = os.path.realpath(root)
        self.wanted_ports = ports
        self.wanted_brokers, self.wanted_routes = brokers, routes
        self.cache = os.environ["CERTFLOW_CACHE"]
        self._sign = None

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def folder(self, *parts, mode=0o755):
        path = self.path(*parts)
        os.makedirs(path, mode=mode, exist_ok=True)
        return path

    def exists(self):
        return os.path.exists(self.path("stack.json"))

    def create(self):
        os.makedirs(self.root, exist_ok=True)
        # PostgreSQL's user passes through, but cannot list.
        os.chmod(self.root, 0o711)
        for name in ("etc", "log", "run", "ca", "var"):
            self.folder(name)
        self.folder("secrets", mode=0o700)
        if not self.exists():
            write_file(self.path("stack.json"), json.dumps({
                "port_base": self._choose_base(),
                "brokers": self.wanted_brokers or 1,
                "routes": self.wanted_routes}) + "\n")
        elif self.wanted_brokers not in (None, len(self.brokers())):
            raise Failure(f"this stack has {len(self.brokers())} brokers, "
                          "chosen at its first start; ops/stack reset first")
        elif self.wanted_routes and not self.has_routes():
            raise Failure("this stack began without --route-programs; "
                          "ops/stack reset first")

    def _choose_base(self):
        wanted = self.wanted_ports or os.environ.get("CERTFLOW_PORT_BASE")
        if wanted == "auto":
            base, self._sign = free_base()
            return base
        if wanted:
            base = int(wanted) if wanted.isdecimal() else 0
            if not 1024 <= base <= 65500:
                raise Failure(f"port base {wanted} is not in 1024..65500")
            return base
        self._sign = claim(PORT_BASE)
        if self._sign:
            return PORT_BASE
        base, self._sign = free_base()
        say(f"ports from {PORT_BASE} on are in use; "
            f"this stack uses those from {base} on")
        return base

    def settings(self):
        try:
            return json.loads(read_file(self.path("stack.json")))
        except FileNotFoundError:
            raise Failure(f"no stack in {self.root}; "
                          "start one with: ops/stack up") from None

    def brokers(self):
        """Names of the Kafka brokers."""
        return BROKERS[:self.settings().get("brokers", 1)]

    def has_routes(self):
        return self.settings().get("routes", False)

    def instances(self):
        """How many instances of each program."""
        return self.settings().get("instances", 1)

    def remember(self, key, value):
        settings = self.settings()
        settings[key] = value
        write_file(self.path("stack.json"), json.dumps(settings) + "\n")

    def port(self, name):
        return self.settings()["port_base"] + PORTS[name]

    def address(self, name):
        return f"127.0.0.1:{self.port(name)}"

    def route(self, name):
        """Port at which the programs reach a component."""
        return self.port(f"{name}-route" if self.has_routes() else name)

    def secret(self, name):
        """A random secret, made once; the file is for its owner alone."""
        path = self.path("secrets", name)
        if not os.path.exists(path):
            write_file(path, secrets.token_hex(16), mode=0o600)
        return read_file(path).strip()

    def log(self, name):
        return self.path("log", f"{name}.log")

    def additions(self, name):
        """{variable: value} of etc/NAME.env, which is the user's: what a
        component or program gets beside the environment of the stack. For
        a further instance the program's own file comes first."""
        values = {}
        for each in own_files(name):
            for key, value in pairs(self.path("etc", f"{each}.env")):
                values[key] = value
        return values

    def lock(self):
        """Held by a command that changes the stack; freed when closed."""
        stream = open(self.path("run", "lock"), "w", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another ops/stack command to finish")
            fcntl.flock(stream, fcntl.LOCK_EX)
        return stream


def program_folders():
    """Where the programs may be, best first."""
    chosen = os.environ.get("CERTFLOW_BUILD")
    if chosen:
        return [os.path.join(os.path.abspath(chosen), "bin")]
    return [os.path.join(REPO, folder, "bin") for folder in
            ("build-release", "build-dev", "build", "build-asan")]


def find_program(name):
    """Path of a program of this project; None if it is not built."""
    for folder in program_folders():
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
