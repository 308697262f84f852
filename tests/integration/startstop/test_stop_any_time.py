#!/usr/bin/python3 -B
"""SIGTERM in every state: the program ends within ten seconds, and whatever
was in hand is done once, by it or by its next life."""

import collections
import glob
import json
import os
import shutil
import sys
import time
import unittest
import uuid

from confluent_kafka import Consumer, TopicPartition

sys.path.insert(0, os.path.dirname(__file__))
from pieces import (BUILD, NAMES, REPO, Pieces, kafka,  # noqa: E402
                    postgres, registry)
import deploy  # noqa: E402
import parts  # noqa: E402

sys.path.insert(0, os.path.join(REPO, "tests", "faults"))
import shim  # noqa: E402

LIMIT = 10
LATE = 75  # PROCESS_EXIT_HUNG: whom it waited for did not answer


class StopAnyTime(unittest.TestCase):
    """One stack; each test begins with no program running."""

    @classmethod
    def setUpClass(cls):
        cls.pieces = Pieces()
        cls.pieces.up(kafka, postgres, registry)
        deploy.topics_and_tables(cls.pieces.home)
        deploy.schema_registry(cls.pieces.home)
        cls.times = []

    @classmethod
    def tearDownClass(cls):
        for line in cls.times:
            print(line)
        cls.pieces.close()

    def setUp(self):
        for program in self.pieces.running.values():
            program.kill()
        self.pieces.running.clear()

    def stop(self, state, codes=(0,)):
        """All end in time; nobody is killed for it."""
        ended = self.pieces.stop_all()
        self.times.append(f"{state}: " + ", ".join(
            f"{name} {seconds:.1f} s ({code})"
            for name, (code, seconds) in ended.items()))
        for name, (code, seconds) in ended.items():
            lines = "\n".join(self.pieces.running[name].lines()[-10:])
            self.assertLess(seconds, LIMIT, f"{state}, {name}\n{lines}")
            self.assertIn(code, codes, f"{state}, {name}\n{lines}")

    def ask_for_keys(self, count):
        """Publishes so many requests; {tax code}."""
        wanted = {parts.new_tax_code() for _ in range(count)}
        code, output = self.pieces.publish("--role", "einvoice", text="".join(
            json.dumps({"type": "KeyPairRequested",
                        "meta": {"tax_code": tax_code,
                                 "actor": {"id": "kh-1"}},
                        "enrolment_id": str(uuid.uuid4()),
                        "certificate_type": "SERVER_SIGNATURE",
                        "unit_kind": "ENTERPRISE",
                        "key_algorithm": "EC_P256"}) + "\n"
            for tax_code in wanted))
        self.assertEqual(code, 0, output)
        return wanted

    def log(self, topic="certflow.events"):
        """{tax code: Counter of event types}, by headers alone."""
        consumer = Consumer({
            "bootstrap.servers": self.pieces.home.address("kafka"),
            "group.id": "reader", "isolation.level": "read_committed",
            "enable.auto.commit": False, "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, p, 0)
                         for p in range(12)])
        found, ends = collections.defaultdict(collections.Counter), set()
        end = time.monotonic() + 60
        while len(ends) < 12 and time.monotonic() < end:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                ends.add(message.partition())
                continue
            headers = dict(message.headers())
            found[headers["ce_subject"].decode()][
                headers["ce_type"].decode()] += 1
        consumer.close()
        self.assertEqual(len(ends), 12)
        return found

    def check_made_once(self, wanted, seconds=90):
        """Each has its request and its key once, and nothing else."""
        once = {"certflow.v1.KeyPairRequested": 1,
                "certflow.v1.CsrGenerated": 1}
        end = time.monotonic() + seconds
        while True:
            log = self.log()
            left = [tax_code for tax_code in wanted if log[tax_code] != once]
            if not left or time.monotonic() > end:
                break
            time.sleep(0.5)
        self.assertEqual({each: dict(log[each]) for each in left}, {})

    # ---- tests ------------------------------------------------------------

    def test_1_idle(self):
        self.pieces.start_all()
        self.pieces.wait_ready()
        self.stop("idle")

    def test_2_in_the_middle_of_a_burst(self):
        self.pieces.start_all()
        self.pieces.wait_ready()
        wanted = self.ask_for_keys(100)
        self.stop("burst")
        self.pieces.start_all()
        self.pieces.wait_ready()
        more = self.ask_for_keys(20)
        self.stop("burst again")
        self.pieces.start_all()
        self.check_made_once(wanted | more)

    def test_3_starting(self):
        for seconds in (0.1, 0.4, 1.0):
            for program in self.pieces.running.values():
                program.kill()
            self.pieces.start_all()
            time.sleep(seconds)
            # sanitizers: a signal before main() ends it at once
            self.stop(f"started {seconds} s ago", (0, -15))

    def test_4_database_hangs(self):
        self.pieces.start_all()
        self.pieces.wait_ready()
        wanted = self.ask_for_keys(20)
        stopped = self.pieces.freeze(postgres)
        try:
            time.sleep(1.5)  # until a checkpoint is due
            self.stop("database hangs", (0, LATE))
            self.pieces.running.clear()
            fresh = [self.pieces.start(name)
                     for name in ("registrar", "projector")]
            time.sleep(2)
            self.assertTrue(all(p.child.poll() is None for p in fresh))
            self.stop("started while it hangs", (0, LATE))
        finally:
            self.pieces.thaw(stopped)
        self.pieces.start_all()
        self.check_made_once(wanted)

    def test_5_broker_hangs(self):
        self.pieces.start_all()
        self.pieces.wait_ready()
        wanted = self.ask_for_keys(20)
        stopped = self.pieces.freeze(kafka)
        try:
            time.sleep(1)
            self.stop("broker hangs", (0, LATE))
            self.pieces.start_all()
            time.sleep(2)
            self.stop("started while it hangs", (0, LATE))
        finally:
            self.pieces.thaw(stopped)
        self.pieces.start_all()
        self.check_made_once(wanted)

    def test_6_token_hangs(self):
        faults = shim.Shim(self.pieces.home.folder("shim"))
        options = {"hsm__module": shim.Shim.library(BUILD)}
        for name in NAMES:
            if name in ("registrar", "projector"):
                self.pieces.start(name)
            else:
                self.pieces.start(name, faults.environment(), **options)
        self.pieces.wait_ready()
        fault = faults.inject("hang", call="C_GenerateKeyPair", seconds=60)
        wanted = self.ask_for_keys(5)
        fault.wait()
        self.stop("token hangs", (0, LATE))
        fault.end()
        self.pieces.start_all()
        self.check_made_once(wanted)

    def test_7_broker_away_and_back_without_offsets(self):
        """Workers then read the log from its beginning, and act on nothing
        that is answered."""
        topics = ("certflow.events", "certflow.inbox.keygen")
        before = [self.log(topic) for topic in topics]
        kafka.stop(self.pieces.home)
        self.pieces.start_all()
        time.sleep(2)
        self.stop("started while the broker is away")
        for folder in glob.glob(self.pieces.home.path(
                "kafka", "__consumer_offsets-*")):
            shutil.rmtree(folder)
        self.pieces.up(kafka)
        self.pieces.start_all()
        self.pieces.wait_ready()
        wanted = self.ask_for_keys(5)
        self.check_made_once(wanted)
        after = [self.log(topic) for topic in topics]
        for topic, old, new in zip(topics, before, after):
            self.assertGreater(len(old), 20)
            self.assertEqual({each: new[each] for each in old}, old, topic)


if __name__ == "__main__":
    unittest.main(verbosity=2)
