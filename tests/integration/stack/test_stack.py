#!/usr/bin/python3 -B
"""ops/stack as its users see it: up, env for any client, loss and repair,
supervision, down. Everything on a stack of its own."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
STACK = os.path.join(REPO, "ops", "stack")
PROGRAMS = ("registrar", "keygen", "issuer", "activator", "projector", "crl")


class Stack:
    """A throw-away home and the commands on it."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="certflow-stack-")

    def run(self, *arguments, **environment):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith("CERTFLOW_")}
        return subprocess.run(
            [STACK, "--home", self.home, "--ports", "auto", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False,
            env={**clean, **environment})

    def env(self):
        lines = self.run("env").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def record(self, name):
        with open(os.path.join(self.home, "run", name),
                  encoding="utf-8") as stream:
            return json.load(stream)

    def processes(self):
        """Command lines of living processes that mention this home."""
        found = []
        for pid in filter(str.isdecimal, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as stream:
                    text = stream.read().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if self.home in text:
                found.append(text)
        return found

    def remove(self):
        self.run("reset", "--yes")
        shutil.rmtree(self.home, ignore_errors=True)


def output(command, **environment):
    return subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", check=False,
                          env={**os.environ, **environment}).stdout


class Running(unittest.TestCase):
    """One stack for all; methods run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack()
        begin = time.monotonic()
        cls.first = cls.stack.run("up")
        cls.seconds = time.monotonic() - begin
        cls.values = cls.stack.env() if cls.first.returncode == 0 else {}

    @classmethod
    def tearDownClass(cls):
        cls.stack.remove()

    def setUp(self):
        self.assertEqual(self.first.returncode, 0, self.first.stdout)

    def test_01_is_up_when_it_says_so(self):
        print(f"up after {self.seconds:.1f} s")
        self.assertIn("stack is up after", self.first.stdout)
        self.assertEqual(self.stack.run("status").returncode, 0)

    def test_02_env_is_plain(self):
        wanted = {"CERTFLOW_KAFKA", "CERTFLOW_REGISTRY", "CERTFLOW_PG",
                  "CERTFLOW_PKCS11_MODULE", "SOFTHSM2_CONF",
                  "CERTFLOW_CA_DIR", "CERTFLOW_PUBLIC_URL", "CERTFLOW_HOME",
                  "CERTFLOW_SOFTHSM2_CONF_ROOT",
                  "CERTFLOW_SOFTHSM2_CONF_ISSUING",
                  "CERTFLOW_SOFTHSM2_CONF_AUDIT"}
        self.assertLessEqual(wanted, set(self.values))
        for value in self.values.values():
            self.assertNotRegex(value, r"[\s'\"]")

    def test_03_any_kafka_client(self):
        text = output(["kcat", "-L", "-b", self.values["CERTFLOW_KAFKA"]])
        for name in ("certflow.events", "certflow.inbox.manager",
                     "certflow.outcomes"):
            self.assertIn(f'"{name}" with 12 partitions', text)
        self.assertIn('"certflow.schemas" with 1 partitions', text)

    def test_04_registry_rule(self):
        with urllib.request.urlopen(
                self.values["CERTFLOW_REGISTRY"] + "/config") as answer:
            rule = json.load(answer)
        self.assertEqual(rule, {"compatibilityLevel": "FULL_TRANSITIVE"})

    def test_05_reader_only_reads(self):
        def ask(sql):
            return output(["psql", "-X", "-At", self.values["CERTFLOW_PG"],
                           "-c", sql])
        self.assertEqual(ask("SELECT count(*) FROM read_model.customer"),
                         "0\n")
        for sql in ("DELETE FROM read_model.customer",
                    "SELECT full_name FROM read_model.legal_representative",
                    "CREATE TABLE x (y int)"):
            self.assertIn("permission denied", ask(sql), sql)

    def test_06_tokens_have_their_own_pins(self):
        pins = set()
        for group in ("ROOT", "ISSUING", "AUDIT", "CUSTOMER"):
            path = self.values[f"CERTFLOW_PIN_FILE_{group}"]
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
            with open(path, encoding="ascii") as stream:
                pin = stream.read()
            pins.add(pin)
            text = output(
                ["pkcs11-tool", "--module",
                 self.values["CERTFLOW_PKCS11_MODULE"], "--login",
                 "--pin", "env:PIN", "--list-objects"], PIN=pin,
                SOFTHSM2_CONF=self.values[f"CERTFLOW_SOFTHSM2_CONF_{group}"])
            self.assertNotIn("CKR_", text)
        self.assertEqual(len(pins), 4)

    def test_07_public_files(self):
        path = os.path.join(self.values["CERTFLOW_CA_DIR"], "sample.crl")
        with open(path, "wb") as stream:
            stream.write(b"\x30\x00")
        url = self.values["CERTFLOW_PUBLIC_URL"]
        with urllib.request.urlopen(url + "/sample.crl") as answer:
            self.assertEqual(answer.headers["Content-Type"],
                             "application/pkix-crl")
        os.unlink(path)
        for hidden in ("/../etc/pin.issuing", "/..%2fetc%2fpin.issuing",
                       "/.hidden"):
            with self.assertRaises(urllib.error.HTTPError):
                urllib.request.urlopen(url + hidden)

    def test_08_lost_registry_gets_the_same_ids(self):
        before = self._ids()
        self.assertGreater(len(before), 30)
        os.kill(self.stack.record("registry.json")["pid"], signal.SIGKILL)
        port = self.values["CERTFLOW_PG"].split(":")[-1].split("/")[0]
        passwords = os.path.join(self.stack.home, "secrets", "pgpass")
        text = output(["psql", "-h", "127.0.0.1", "-p", port, "-U",
                       "certflow_admin", "postgres", "-c",
                       "DROP DATABASE apicurio WITH (FORCE)"],
                      PGPASSFILE=passwords)
        self.assertIn("DROP DATABASE", text)
        again = self.stack.run("up")
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertEqual(self._ids(), before)

    def _ids(self):
        base = self.values["CERTFLOW_REGISTRY"]
        with urllib.request.urlopen(base + "/subjects") as answer:
            subjects = json.load(answer)
        ids = {}
        for subject in subjects:
            with urllib.request.urlopen(
                    f"{base}/subjects/{subject}/versions/latest") as answer:
                ids[subject] = json.load(answer)["id"]
        return ids

    def test_08b_a_doc_may_change(self):
        before = self._ids()
        with tempfile.TemporaryDirectory(prefix="certflow-stack-") as other:
            for name in os.listdir(REPO):
                if name.startswith("build"):
                    os.symlink(os.path.join(REPO, name),
                               os.path.join(other, name))
            for name in ("ops", "schemas"):
                shutil.copytree(os.path.join(REPO, name),
                                os.path.join(other, name))
            path = os.path.join(other, "schemas", "RequestApproved.avsc")
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            changed = text.replace('"doc": "', '"doc": "In other words: ', 1)
            self.assertNotEqual(text, changed)
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(changed)
            answer = subprocess.run(
                [os.path.join(other, "ops", "stack"), "--home",
                 self.stack.home, "deploy"], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", check=False)
        self.assertEqual(answer.returncode, 0, answer.stdout)
        again = self.stack.run("deploy")
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertEqual(self._ids(), before)

    def test_09_supervisor_restarts_and_stops(self):
        folder = os.path.join(self.stack.home, "fake", "bin")
        os.makedirs(folder)
        marks = os.path.join(self.stack.home, "fake", "starts")
        for name in PROGRAMS:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as stream:
                stream.write('#!/bin/sh\n[ "$1" = --help ] && exit\n'
                             f"date +%s.%N >>{marks}\nsleep 0.1\nexit 75\n")
            os.chmod(path, 0o755)
        started = self.stack.run("programs", "up", "issuer",
                                 CERTFLOW_BUILD=os.path.dirname(folder))
        self.assertEqual(started.returncode, 1)
        self.assertIn("issuer is not ready", started.stdout)
        self.assertIn("exit 75", started.stdout)
        self.assertIn("issuer.log", started.stdout)
        times = []
        until = time.monotonic() + 30
        while len(times) < 4 and time.monotonic() < until:
            time.sleep(0.2)
            with open(marks, encoding="ascii") as stream:
                times = [float(line) for line in stream]
        gaps = [b - a for a, b in zip(times, times[1:])]
        self.assertGreaterEqual(len(gaps), 3)
        self.assertLess(gaps[0], 1.5)
        for earlier, later in zip(gaps, gaps[1:]):
            self.assertGreater(later, earlier * 1.3)
        self.assertEqual(self.stack.run("programs", "down").returncode, 0)

    def test_10_names_a_broken_component(self):
        self.stack.run("down")
        data = os.path.join(self.stack.home, "kafka", "meta.properties")
        with open(data, encoding="utf-8") as stream:
            good = stream.read()
        with open(data, "w", encoding="utf-8") as stream:
            stream.write("version=1\ncluster.id=other\nnode.id=99\n")
        try:
            broken = self.stack.run("up")
        finally:
            with open(data, "w", encoding="utf-8") as stream:
                stream.write(good)
        self.assertEqual(broken.returncode, 1)
        self.assertIn("kafka stopped while starting", broken.stdout)
        self.assertIn("kafka.log", broken.stdout)

    def test_11_names_a_port_in_use(self):
        self.stack.run("down")
        port = int(self.values["CERTFLOW_KAFKA"].split(":")[1])
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", port))
            other.listen()
            refused = self.stack.run("up")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"port {port} (kafka) is in use", refused.stdout)

    def test_12_data_survives_and_nothing_stays_running(self):
        again = self.stack.run("up")
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertEqual(self.stack.env(), self.values)
        self.assertGreater(len(self._ids()), 30)
        self.assertEqual(self.stack.run("down").returncode, 0)
        self.assertEqual(self.stack.processes(), [])
        self.assertEqual(self.stack.run("status").returncode, 1)

    def test_13_reset_asks_and_removes(self):
        self.assertIn("--yes", self.stack.run("reset").stdout)
        self.assertTrue(os.listdir(os.path.join(self.stack.home, "kafka")))
        self.assertEqual(self.stack.run("reset", "--yes").returncode, 0)
        self.assertEqual(os.listdir(self.stack.home), ["fake"])
        self.assertIn("no stack in", self.stack.run("env").stdout)


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
