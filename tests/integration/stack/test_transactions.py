#!/usr/bin/python3 -B
"""ops/stack transactions: one that is open is told from one that will never
end, and only the latter is ended. The hanging one is made as a killed broker
leaves it: its records are on the partition, no coordinator knows of it."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import confluent_kafka

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
STACK = os.path.join(REPO, "ops", "stack")
TOPIC = "certflow.dead-letters"
sys.path.insert(0, os.path.join(REPO, "tests", "lib"))
import left_behind  # noqa: E402
class Transactions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="certflow-transactions-")
        os.chmod(cls.home, 0o755)
        cls.addClassCleanup(cls.remove)
        code, said = cls.stack("--ports", "auto", "up")
        assert code == 0, said
        _, said = cls.stack("env")
        cls.kafka = dict(line.split("=", 1)
                         for line in said.splitlines())["CERTFLOW_KAFKA"]

    @classmethod
    def remove(cls):
        cls.stack("reset", "--yes")
        shutil.rmtree(cls.home, ignore_errors=True)

    @classmethod
    def stack(cls, *arguments):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith("CERTFLOW_")
                 or key == "CERTFLOW_BUILD"}
        done = subprocess.run([STACK, "--home", cls.home, *arguments],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8",
                              check=False, env=clean)
        return done.returncode, done.stdout

    def test_1_none(self):
        self.assertEqual(self.stack("transactions"),
                         (0, "no transaction is open\n"))

    def test_2_open_and_hanging(self):
        producer = confluent_kafka.Producer({
            "bootstrap.servers": self.kafka, "transactional.id": "living",
            "transaction.timeout.ms": 300000})
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(TOPIC, b"x", partition=3)
        producer.flush(30)
        left_behind.leave(self.kafka, TOPIC, 5)

        code, said = self.stack("transactions")
        self.assertEqual(code, 1, said)
        self.assertIn(f"{TOPIC}/3 from offset 0: of living, Ongoing\n", said)
        self.assertIn(f"{TOPIC}/5 from offset 0: hanging", said)

        code, said = self.stack("transactions", "--abort-hanging")
        self.assertEqual(code, 0, said)
        self.assertIn(f"{TOPIC}/5 from offset 0: aborted", said)
        self.assertNotIn(f"{TOPIC}/3 from offset 0: aborted", said)

        code, said = self.stack("transactions")
        self.assertEqual((code, said), (
            0, f"{TOPIC}/3 from offset 0: of living, Ongoing\n"))
        producer.commit_transaction(30)
        self.assertEqual(self.stack("transactions"),
                         (0, "no transaction is open\n"))


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
