"""Certificates from a running system: a stack with an issuing CA of one kind
of key, on which requests are played for packages, keys and customers."""

import base64
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(REPO, "ops", "demo.d"))

import journey  # noqa: E402
from publisher import Publisher  # noqa: E402
from readmodel import ReadModel, quoted  # noqa: E402
from scenarios import USB_YEAR, YEAR, Product, Scenario  # noqa: E402

PSS_YEAR = Product("HSM", "ORG_HSM_CA4_PSS", 12, "CA4_PSS_12T")
PACKAGES = {each.package: each for each in (YEAR, PSS_YEAR, USB_YEAR)}
INBOXES = ("einvoice", "officer", "manager", "personal")
PATIENCE = 180  # seconds
X509_MAX = 64  # characters of CN and O


@dataclass
class Certificate:
    """One that was issued, and what was asked for."""

    ca_key: str
    package: str
    algorithm: str
    enterprise: str
    serial: str
    der: bytes
    profile: str

    @property
    def name(self):
        return "-".join((self.ca_key, self.package, self.algorithm,
                         self.enterprise)).lower()


def enterprises():
    """The samples, but for the one whose name is too long for any
    certificate."""
    path = os.path.join(REPO, "tests", "data", "enterprises.json")
    with open(path, encoding="utf-8") as stream:
        return {each["id"]: each for each in json.load(stream)["enterprises"]
                if each["id"] != "E08"}


def _build():
    return os.environ.get("CERTFLOW_BUILD",
                          os.path.join(REPO, "build-release"))


class PatientModel(ReadModel):
    """Several customers wait for RSA keys at once, on any machine."""

    def wait(self, query, what, seconds=30.0, pause=0.02):
        return super().wait(query, what, max(seconds, PATIENCE), pause)


def _open_stage(folder):
    program = os.path.join(_build(), "bin", "publish")
    return journey.Stage(
        {role: Publisher(program, role, PATIENCE) for role in INBOXES},
        PatientModel(os.environ["CERTFLOW_PG"]), folder)


def _close_stage(stage):
    for publisher in stage.publishers.values():
        publisher.close()
    stage.model.close()


class System:
    """A stack of its own and all programs on it."""

    def __init__(self, ca_key):
        self.ca_key = ca_key
        self.home = tempfile.mkdtemp(prefix=f"certflow-verifiers-{ca_key}-")
        os.chmod(self.home, 0o755)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _stack(self, *arguments):
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("CERTFLOW_")}
        result = subprocess.run(
            [os.path.join(REPO, "ops", "stack"), "--home", self.home,
             "--ports", "auto", *arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False,
            env={**environment, "CERTFLOW_BUILD": _build()})
        if result.returncode != 0:
            raise AssertionError(f"ops/stack {arguments}: {result.stdout}")
        return result.stdout

    def _start(self):
        self._stack("up")
        os.environ.update(line.split("=", 1)
                          for line in self._stack("env").splitlines())
        self.tool("ca", "init", "--key", self.ca_key)
        self._stack("programs", "up")
        self.ca = os.environ["CERTFLOW_CA_DIR"]

    def tool(self, *arguments):
        """certflow ..., on this stack."""
        return subprocess.run(
            [os.path.join(_build(), "bin", "certflow"), *arguments],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8").stdout

    def start(self, program, **options):
        """One more of a program, in a slot of its own; it is to refuse:
        (exit code, what it says)."""
        command = [os.path.join(_build(), "bin", program), "--config",
                   os.path.join(self.home, "etc", f"{program}.conf"),
                   "--set", "slot=3", "--set", "health.port=0"]
        for key, value in options.items():
            command += ["--set", f"{key.replace('__', '.')}={value}"]
        result = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False,
            timeout=60, env={
                **{key: value for key, value in os.environ.items()
                   if not key.startswith("CERTFLOW_")},
                "SOFTHSM2_CONF": os.environ[
                    "CERTFLOW_SOFTHSM2_CONF_ISSUING"]})
        return result.returncode, result.stdout

    def issue(self, cases, lanes):
        """A certificate for each (package, algorithm, enterprise). Requests
        of one customer come one after another, others beside them."""
        queues = {}
        for case in cases:
            queues.setdefault(case[2]["id"], []).append(case)
        with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
            return [one for found in pool.map(self._issue_all,
                                              queues.values())
                    for one in found]

    def _issue_all(self, cases):
        stage = _open_stage(self.home)
        try:
            return [self._issue(stage, *case) for case in cases]
        finally:
            _close_stage(stage)

    def _issue(self, stage, package, algorithm, enterprise):
        """Play a request to its certificate."""
        # Two requests of one customer differ in nothing else.
        longer = len(enterprise["legal_name"]) > X509_MAX
        known = stage.model.row(
            "SELECT 1 FROM read_model.customer"
            f" WHERE tax_code = {quoted(enterprise['tax_code'])}")
        play = journey.play_scenario(stage, Scenario(
            enterprise["id"], "", PACKAGES[package], algorithm,
            ("NAME_TOO_LONG",) if longer and not known else ()), enterprise)
        if play.problem:
            raise AssertionError(f"{package} {algorithm} {enterprise['id']}:"
                                 f" {play.problem}")
        row = stage.model.row(
            "SELECT encode(c.certificate_der, 'base64') AS der,"
            " o.profile_name FROM read_model.certificate c"
            " JOIN read_model.issuance_order o USING (order_id)"
            f" WHERE c.serial_number = {quoted(play.serial)}")
        return Certificate(self.ca_key, package, algorithm, enterprise["id"],
                           play.serial, base64.b64decode(row["der"]),
                           row["profile_name"])

    def close(self):
        if os.path.exists(os.path.join(self.home, "stack.json")):
            self._stack("reset", "--yes")
        shutil.rmtree(self.home, ignore_errors=True)
