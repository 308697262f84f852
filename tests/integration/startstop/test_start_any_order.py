#!/usr/bin/python3 -B
"""Programs that are started before anything else is there: each says once
what it waits for, goes on by itself when it comes, and works in the end."""

import json
import os
import subprocess
import sys
import unittest
import uuid

from confluent_kafka import Producer

sys.path.insert(0, os.path.dirname(__file__))
from pieces import (NAMES, Pieces, kafka, postgres,  # noqa: E402
                    programs, registry)
import deploy  # noqa: E402
import migrations  # noqa: E402
import parts  # noqa: E402
import topics  # noqa: E402

WORKERS = ("keygen", "issuer", "activator")


class StartInAnyOrder(unittest.TestCase):
    """One story, in order: from nothing to a key that was made."""

    @classmethod
    def setUpClass(cls):
        cls.pieces = Pieces()
        cls.home = cls.pieces.home

    @classmethod
    def tearDownClass(cls):
        cls.pieces.close()

    def program(self, name):
        return self.pieces.running[name]

    def wait(self, part, *names):
        for name in names:
            self.program(name).wait_health(part)

    def hidden(self, *path):
        return self.home.path("away", "-".join(path))

    def hide(self, *path):
        os.makedirs(self.home.path("away"), exist_ok=True)
        os.rename(self.home.path(*path), self.hidden(*path))

    def show(self, *path):
        os.rename(self.hidden(*path), self.home.path(*path))

    def ends_at_once(self, name, missing, *options):
        """What belongs to the configuration is not waited for."""
        command, environment = programs.launch(self.home, name)
        result = subprocess.run(
            command + ["--set", "health.port=0", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", timeout=30,
            env=environment, check=False)
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn(missing, result.stdout)

    def test_1_configuration(self):
        self.ends_at_once("registrar", "/nowhere.pem",
                          "--set", "ca.certificate=/nowhere.pem")
        self.ends_at_once("projector", "no.such.key",
                          "--set", "no.such.key=1")
        self.ends_at_once("projector", "is no directory",
                          "--set", "registry.cache_dir=/etc/passwd")

    def test_2_nothing_is_there(self):
        self.hide("hsm", "issuing", "tokens")
        os.mkdir(self.home.path("hsm", "issuing", "tokens"))
        self.hide("hsm", "customer", "tokens")
        os.mkdir(self.home.path("hsm", "customer", "tokens"))
        self.pieces.start_all()
        self.wait("kafka: ", "projector", "crl", *WORKERS)
        self.wait("database: connect", "registrar")
        code, output = self.pieces.publish(
            "--role", "einvoice", text="{}")
        self.assertNotEqual(code, 0)
        self.assertTrue(output)

    def test_3_one_after_the_other(self):
        self.pieces.up(kafka)
        self.wait("kafka: ", "projector", *WORKERS)
        self.program("keygen").wait_health("kafka: topic ")
        topics.create(self.home)
        self.wait("registry: ", *WORKERS)
        self.wait("work: connect", "projector")
        self.pieces.up(postgres)
        self.wait("work: connect", "projector")
        postgres.psql(self.home, migrations.ACCESS)
        self.wait("work: look at the tables", "projector")
        self.wait("database: look at the tables", "registrar")
        migrations.deploy(self.home)
        self.wait("registry: ", "registrar")
        self.wait("ready", "projector")
        self.pieces.up(registry)
        self.program("keygen").wait_health("registry: ")
        deploy.schema_registry(self.home)
        self.wait("ready", "registrar")
        self.wait("hsm: token", "crl", *WORKERS)

    def test_4_tokens_and_the_pin(self):
        self.hide("etc", "pin.customer")
        for group in ("issuing", "customer"):
            os.rmdir(self.home.path("hsm", group, "tokens"))
            self.show("hsm", group, "tokens")
        self.wait("hsm: ", "keygen", "activator")
        self.wait("ready", "issuer", "crl")
        self.program("keygen").wait_health("hsm: PIN file ")
        self.show("etc", "pin.customer")
        self.wait("ready", *NAMES)

    def test_5_all_work(self):
        code, output = self.pieces.publish(
            "--role", "einvoice", "--wait", text=json.dumps({
                "type": "KeyPairRequested",
                "meta": {"tax_code": parts.new_tax_code(),
                         "actor": {"id": "kh-1"}},
                "enrolment_id": str(uuid.uuid4()),
                "certificate_type": "SERVER_SIGNATURE",
                "unit_kind": "ENTERPRISE", "key_algorithm": "EC_P256"}))
        self.assertEqual(code, 0, output)
        self.program("keygen")
        kcat = ["kcat", "-b", self.home.address("kafka"), "-C", "-q", "-c1",
                "-t", "certflow.inbox.keygen", "-f", "%h"]
        made = subprocess.run(kcat, stdout=subprocess.PIPE, check=True,
                              timeout=60, encoding="utf-8").stdout
        self.assertIn("CsrGenerated", made)

    def test_6_said_once(self):
        for name in NAMES:
            program = self.program(name)
            # Tokens really came and went while the test moved them.
            self.assertEqual([
                (line, count) for line, count in program.repeated()
                if count > (2 if 'msg="tokens are not ready"' in line else 1)
            ], [], name)
            complaints = [line for line in program.lines()
                          if " warn " in line or " error " in line]
            self.assertGreater(len(complaints), 0, name)
            self.assertLess(len(complaints), 16,
                            name + "\n" + "\n".join(complaints))

    def test_7_configuration_of_workers(self):
        self.ends_at_once("issuer", "/nowhere.pem", "--set", "slot=1",
                          "--set", "ca.certificate=/nowhere.pem")
        self.ends_at_once("keygen", "/nowhere.so", "--set", "slot=1",
                          "--set", "hsm.module=/nowhere.so")
        self.ends_at_once("crl", "crl.refresh must be below", "--set",
                          "slot=1", "--set", "crl.next_update=6h")
        self.ends_at_once("crl", "crl.archive", "--set", "slot=1", "--set",
                          "crl.archive=/nowhere/archive")

    def test_8_an_event_of_a_newer_version(self):
        """Nobody has its schema: all stop before it, again and again."""
        producer = Producer({
            "bootstrap.servers": self.home.address("kafka")})
        producer.produce(
            "certflow.events", b"\0\x7f\xff\xff\xfenewer", b"0100109106",
            partition=3, headers={"ce_type": b"certflow.v1.Newer"})
        self.assertEqual(producer.flush(30), 0)
        for again in (False, True):
            for name in ("projector", "crl", *WORKERS):
                program = (self.pieces.start(name) if again
                           else self.program(name))
                self.assertEqual(program.child.wait(60), 1, name)
                self.assertIn("an event that this version does not know",
                              "\n".join(program.lines()), name)


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
