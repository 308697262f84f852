"""The Python side of the PKCS#11 fault shim (p11_shim.c): which faults the
token shall have, and what the real token did.

    shim = Shim("/tmp/shim")
    environment |= shim.environment()          # of the program under test
    ... --set hsm.module=<Shim.library(build)>
    fault = shim.inject("code", rv="CKR_DEVICE_ERROR", program="issuer")
    fault.wait()                               # until it has struck
    shim.signatures()                          # all that the token ever made

Nothing here imports from certflow: the checker's count of signatures must
not come from the code that is being checked.
"""

import collections
import fcntl
import hashlib
import itertools
import os
import time

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
KINDS = ("code", "close", "logout", "hang", "sleep", "wrong", "other-key")
OPTIONS = ("call", "program", "token", "except", "rv", "skip", "count",
           "for", "seconds", "ms", "when")

# The one text that programs sign to see whether a key works.
SELF_TEST = b"certflow test signature: this text certifies nothing"

Signature = collections.namedtuple(
    "Signature", "time_us pid token key_id mechanism data")
Login = collections.namedtuple("Login", "time_us pid token rv")
Claim = collections.namedtuple(
    "Claim", "number monotonic_us pid program call token")

_PREFIX = {"sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
           "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
           "sha512": bytes.fromhex("3051300d060960864801650304020305000440")}


def fields_of(data):
    """All that `data` of a signature over these octets can look like: the
    token hashed, or got a digest (ECDSA), or a DigestInfo (bare RSA)."""
    fields = {hashlib.sha256(data).hexdigest()}
    for name, prefix in _PREFIX.items():
        digest = hashlib.new(name, data).digest()
        fields.add(f"raw:{digest.hex()}")
        fields.add(f"raw:{(prefix + digest).hex()}")
    return fields


def is_self_test(signature):
    return signature.data in fields_of(SELF_TEST)


class Fault:
    """A fault that was asked for."""

    def __init__(self, shim, name):
        self.shim, self.name = shim, name

    def claims(self):
        """The calls that took it, first to last; with skip= also the calls
        that were let pass."""
        found = []
        for entry in os.listdir(self.shim.path("claims")):
            name, _, number = entry.rpartition(".")
            if name != self.name:
                continue
            with open(self.shim.path("claims", entry),
                      encoding="utf-8") as stream:
                at, pid, program, call, token = stream.read().split()
            found.append(Claim(int(number), int(at), int(pid), program, call,
                               token))
        return sorted(found)

    def wait(self, count=1, seconds=30):
        """Until it has struck so often; returns the claims."""
        end = time.monotonic() + seconds
        while True:
            claims = self.claims()
            if len(claims) >= count:
                return claims
            if time.monotonic() > end:
                raise AssertionError(
                    f"fault {self.name} struck {len(claims)} times, not "
                    f"{count}: {self.shim.errors()}")
            time.sleep(0.01)

    def end(self):
        """Ask for it no longer; calls that hang come back."""
        self.shim.withdraw(self.name)


class Shim:
    """A directory that programs under test share with the test."""

    def __init__(self, directory, real=SOFTHSM):
        self.directory, self.real = directory, real
        os.makedirs(self.path("claims"), exist_ok=True)
        self._numbers = itertools.count(1)

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    @staticmethod
    def library(build):
        return os.path.join(build, "tests", "p11_shim.so")

    def environment(self):
        return {"P11_SHIM_REAL": self.real, "P11_SHIM_DIR": self.directory}

    # ---- faults ---------------------------------------------------------

    def inject(self, kind, **options):
        """Ask for a fault; a Python word is made harmless by a trailing
        underscore (for_=2)."""
        if kind not in KINDS:
            raise ValueError(kind)
        name = f"f{os.getpid()}-{time.monotonic_ns()}-{next(self._numbers)}"
        words = [name, kind]
        for key, value in options.items():
            if key.rstrip("_") not in OPTIONS:
                raise ValueError(key)
            words.append(f"{key.rstrip('_')}={value}")
        self._change(lambda lines: lines + [" ".join(words)])
        return Fault(self, name)

    def withdraw(self, name):
        self._change(lambda lines: [line for line in lines
                                    if line.split()[0] != name])

    def clear(self):
        """No faults any more."""
        self._change(lambda lines: [])

    def _change(self, change):
        """Replaced as a whole, by one at a time."""
        with open(self.path("lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new = self.path("control.new")
            with open(new, "w", encoding="utf-8") as stream:
                for line in change(self._lines("control")):
                    stream.write(line + "\n")
            os.rename(new, self.path("control"))

    # ---- what happened ----------------------------------------------------

    def _lines(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as stream:
                return stream.read().splitlines()
        except FileNotFoundError:
            return []

    def signatures(self):
        """Every signature the real token made, also one that was falsified
        or withheld."""
        found = []
        for line in self._lines("signatures.log"):
            at, pid, token, key_id, mechanism, data = line.split(" ")
            found.append(Signature(int(at), int(pid), token, key_id,
                                   int(mechanism, 16), data))
        return found

    def logins(self):
        """Every C_Login that reached the real token."""
        return [Login(int(at), int(pid), token, int(rv, 16))
                for at, pid, token, rv in
                (line.split(" ") for line in self._lines("logins.log"))]

    def errors(self):
        """What the shim could not do or understand; must be empty."""
        return self._lines("errors.log")
