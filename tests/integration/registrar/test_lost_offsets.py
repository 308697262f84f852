#!/usr/bin/python3 -B
"""The group's offsets are lost, put back, or point where nothing is: no
message is decided twice, none is passed unseen."""

import collections
import glob
import json
import os
import shutil
import signal
import sys
import time
import unittest

from confluent_kafka import Consumer, KafkaException, TopicPartition

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "faults"))
import parts_path  # noqa: E402
sys.path.insert(0, os.path.join(parts_path.REPO, "ops", "stack.d"))
import home as homes  # noqa: E402
import left_behind  # noqa: E402
import parts  # noqa: E402
import testbed  # noqa: E402
import transactions  # noqa: E402

PARTITIONS = 12
INBOX = "certflow.inbox.einvoice"


class LostOffsets(unittest.TestCase):
    """One stack; each test leaves a running registrar behind."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed()
        cls.sent_on = testbed.Follower("certflow.inbox.misrouted", {
            **cls.bed.clean, "CERTFLOW_KAFKA": cls.bed.env["CERTFLOW_KAFKA"],
            "CERTFLOW_REGISTRY": cls.bed.env["CERTFLOW_REGISTRY"]})

    @classmethod
    def tearDownClass(cls):
        cls.sent_on.close()
        cls.bed.close()

    # ---- what there is ----------------------------------------------------

    def send_one_of_each(self):
        """Every way in which a message can be decided; the last of an inbox
        partition is one that was sent on, or has no outcome there."""
        bed = self.bed
        for _ in range(3):
            tax_code = parts.new_tax_code()
            request = parts.key_pair_requested(tax_code, parts.new_id())
            right = bed.publish("einvoice", request)
            bed.outcome(right, "ADMITTED")
            self.assertEqual(bed.judge("einvoice", parts.key_pair_requested(
                tax_code, request["enrolment_id"])), "DUPLICATE_ID")
            self.assertEqual(bed.judge("officer", parts.event(
                "RequestWithdrawn", "officer", tax_code, parts.OFFICER,
                request_id=parts.new_id(), reason="x")), "DEFERRED")
            bed.outcome(bed.send("officer", b"no event", tax_code),
                        "REFUSED")
            wrong = (right["partition"] + 1) % PARTITIONS
            for value in (bed.wire(parts.key_pair_requested(
                    tax_code, parts.new_id())), b"neither"):
                bed.outcome(bed.send("einvoice", value, tax_code,
                                     partition=wrong))
            bed.outcome(bed.send("manager", b"no key", None))

    def everything(self):
        """How often each place was decided, and how long the topics are."""
        bed = self.bed
        told = collections.Counter()
        for record in bed.outcomes.settle(1):
            source = record["event"]["source"]
            told[(source["topic"], source["partition"], source["offset"],
                  record["event"]["result"])] += 1
        return told, {
            follower.topic: len(follower.settle(0.5))
            for follower in (bed.outcomes, bed.log, bed.dead, self.sent_on)}

    def check_nothing_again(self, before):
        """What was decided is as it was; what is new is decided once."""
        told, lengths = before
        places = [self.bed.publish("einvoice", parts.key_pair_requested(
            parts.new_tax_code(), parts.new_id())) for _ in range(30)]
        for place in places:
            self.bed.outcome(place, "ADMITTED")
        now, new_lengths = self.everything()
        self.assertEqual([at for at, count in now.items() if count > 1], [])
        self.assertEqual(len(now - told), len(places))
        self.assertEqual(
            {name: new_lengths[name] - lengths[name] for name in lengths},
            {"certflow.outcomes": len(places),
             "certflow.events": len(places),
             "certflow.dead-letters": 0, "certflow.inbox.misrouted": 0})

    # ---- doing it ---------------------------------------------------------

    def stop_broker(self):
        with open(os.path.join(self.bed.home, "run", "kafka.json"),
                  encoding="utf-8") as stream:
            pid = json.load(stream)["pid"]
        os.kill(pid, signal.SIGTERM)
        while os.path.exists(f"/proc/{pid}"):
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
                if stream.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
            time.sleep(0.05)

    def lose_offsets(self):
        """The broker comes back without any group."""
        self.stop_broker()
        found = glob.glob(os.path.join(self.bed.home, "kafka",
                                       "__consumer_offsets-*"))
        self.assertEqual(len(found), PARTITIONS)
        for folder in found:
            shutil.rmtree(folder)
        self.bed.stack("up")

    def offsets(self, changes):
        """Commit for the group, once it has no member."""
        consumer = Consumer({
            "bootstrap.servers": self.bed.env["CERTFLOW_KAFKA"],
            "group.id": "certflow-registrar", "enable.auto.commit": False})
        end = time.monotonic() + testbed.PATIENCE
        while True:
            try:
                consumer.commit(offsets=[TopicPartition(*each)
                                         for each in changes],
                                asynchronous=False)
                break
            except KafkaException as error:
                if time.monotonic() > end:
                    raise AssertionError(str(error)) from error
                time.sleep(0.5)
        consumer.close()

    def committed(self, topic):
        consumer = Consumer({
            "bootstrap.servers": self.bed.env["CERTFLOW_KAFKA"],
            "group.id": "certflow-registrar", "enable.auto.commit": False})
        found = consumer.committed([TopicPartition(topic, p)
                                    for p in range(PARTITIONS)], timeout=10)
        consumer.close()
        return {each.partition: each.offset for each in found}

    def start(self):
        self.bed.registrar = testbed.Program(self.bed)
        return self.bed.registrar

    # ---- tests ------------------------------------------------------------

    def test_1_lost_while_it_runs(self):
        self.send_one_of_each()
        before = self.everything()
        self.lose_offsets()
        self.bed.registrar.wait_ready(60)
        self.check_nothing_again(before)
        self.assertIn("positions are what was decided",
                      self.bed.registrar.tail(200))

    def test_2_lost_while_it_is_away(self):
        before = self.everything()
        self.bed.registrar.kill()
        waiting = [self.bed.publish("einvoice", parts.key_pair_requested(
            parts.new_tax_code(), parts.new_id())) for _ in range(30)]
        self.lose_offsets()
        self.start().wait_ready(60)
        for place in waiting:
            self.bed.outcome(place, "ADMITTED")
        told, lengths = before
        told = told + collections.Counter(
            (at["topic"], at["partition"], at["offset"], "ADMITTED")
            for at in waiting)
        for name in ("certflow.outcomes", "certflow.events"):
            lengths[name] += len(waiting)
        self.check_nothing_again((told, lengths))

    def test_3_put_back(self):
        before = self.everything()
        known = self.committed(INBOX)
        self.assertEqual(self.bed.registrar.stop()[0], 0)
        self.offsets([(INBOX, p, 0) for p in range(PARTITIONS)])
        self.start().wait_ready()
        self.check_nothing_again(before)
        after = self.committed(INBOX)
        self.assertTrue(all(after[p] >= known[p] for p in known))

    def test_4_beyond_the_end(self):
        before = self.everything()
        known = self.committed(INBOX)
        self.assertEqual(self.bed.registrar.stop()[0], 0)
        self.offsets([(INBOX, 5, known[5] + 1000)])
        lost = self.start()
        self.assertEqual(lost.child.wait(timeout=testbed.PATIENCE), 1,
                         lost.tail())
        self.assertIn(f"{INBOX}/5", lost.tail(5))
        self.assertIn("operations.md", lost.tail(5))
        self.offsets([(INBOX, 5, known[5])])
        self.start().wait_ready()
        self.check_nothing_again(before)

    def test_5_left_open(self):
        """A broker that was killed amid a commit never writes the markers:
        what was not seen is decided again, and readers go on."""
        bed, tax_code = self.bed, parts.new_tax_code()
        place = bed.publish("einvoice", parts.key_pair_requested(
            tax_code, parts.new_id()))
        bed.outcome(place, "ADMITTED")
        before = self.everything()
        self.assertEqual(bed.registrar.stop()[0], 0)
        for topic in ("certflow.outcomes", "certflow.events"):
            left_behind.leave(bed.env["CERTFLOW_KAFKA"], topic,
                              place["partition"],
                              self.producer(topic, place["partition"]),
                              "certflow-registrar-0-a")
        # As if the checkpoint had counted on what is open.
        bed.sql("UPDATE registrar.log_position SET next = next + 1 "
                f"WHERE partition = {place['partition']}")
        self.start().wait_ready(90)
        said = bed.registrar.tail(200)
        self.assertIn("what a former transaction left open is ended", said)
        self.assertRegex(said, f"msg=folded partition={place['partition']} ")
        self.check_nothing_again(before)
        bed.must("einvoice", parts.key_pair_requested(tax_code,
                                                      parts.new_id()))
        self.assertEqual(bed.sequences(tax_code), [1, 2])

    def producer(self, topic, partition):
        """(id, epoch, last sequence number) of who wrote there last."""
        os.environ.setdefault("CERTFLOW_CACHE", parts_path.CACHE)
        rows = transactions.producers(homes.Home(self.bed.home), topic,
                                      partition)
        return max((int(row["ProducerId"]), int(row["ProducerEpoch"]),
                    int(row["LastSequence"])) for row in rows)


if __name__ == "__main__":
    unittest.main(verbosity=2)
