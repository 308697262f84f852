#!/usr/bin/python3 -B
"""ops/stack transactions: one that is open is told from one that will never
end, and only the latter is ended. The hanging one is made as a killed broker
leaves it: its records are on the partition, no coordinator knows of it."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import confluent_kafka
from confluent_kafka import admin

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
STACK = os.path.join(REPO, "ops", "stack")
TOPIC = "certflow.dead-letters"
PRODUCE, TRANSACTIONAL, UNKNOWN = 0, 0x10, 424242


def crc32c(data):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    crc = 0xFFFFFFFF
    for octet in data:
        crc = crc >> 8 ^ table[(crc ^ octet) & 255]
    return crc ^ 0xFFFFFFFF


def varint(number):
    """Zigzag, of a small number."""
    return bytes([number << 1])


def batch(producer, when):
    """One record without a key, of a transaction nobody began."""
    value = b"left behind"
    record = (b"\0" + varint(0) + varint(0) + b"\1"  # key: null
              + varint(len(value)) + value + varint(0))
    body = (struct.pack(">hiqqqhii", TRANSACTIONAL, 0, when, when, producer,
                        0, 0, 1) + varint(len(record)) + record)
    rest = struct.pack(">ib", 0, 2) + struct.pack(">I", crc32c(body)) + body
    return struct.pack(">qi", 0, len(rest)) + rest


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def produce(address, partition, records, name):
    """A Produce request, version 7, as octets; returns its error."""
    body = (text(name) + struct.pack(">hi", -1, 10000)
            + struct.pack(">i", 1) + text(TOPIC)
            + struct.pack(">iii", 1, partition, len(records)) + records)
    head = struct.pack(">hhih", PRODUCE, 7, 1, -1)
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(struct.pack(">i", len(head + body)) + head + body)
        answer = stream.recv(4096)
    place = 4 + 4 + 4 + 2 + len(TOPIC) + 4 + 4
    return struct.unpack_from(">h", answer, place)[0]


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
        self._leave_behind(partition=5)

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

    def _leave_behind(self, partition):
        """Brokers of today ask the coordinator first; not this one."""
        resource = admin.ConfigResource(
            admin.ConfigResource.Type.BROKER, "1")
        resource.set_config("transaction.partition.verification.enable",
                            "false")
        client = admin.AdminClient({"bootstrap.servers": self.kafka})
        for future in client.alter_configs([resource]).values():
            future.result(20)
        ago = int(time.time() * 1000) - 600000
        end = time.monotonic() + 20
        while True:  # until the broker has taken over the setting
            error = produce(self.kafka, partition, batch(UNKNOWN, ago),
                            "left-behind")
            if error == 0 or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.assertEqual(error, 0)


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
