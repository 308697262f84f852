#!/usr/bin/python3 -B
"""A registrar that is frozen or killed at each point of its transaction, and
goes on when others have taken its work over: every input exactly once."""

import os
import sys
import time
import unittest

import confluent_kafka

HERE = os.path.dirname(__file__)
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "faults"))
import parts  # noqa: E402
import stopper  # noqa: E402
import testbed  # noqa: E402

PARTITIONS = 12
LONG = 60  # seconds: a session and a transaction must time out before
# Points of a transaction that an input causes, in their order.
BEGUN = "begin_transaction after 1"
SENT = "produce/certflow.events after 1"
TOLD = "produce/certflow.outcomes after 1"
OFFSETS = "send_offsets before 1"
OFFSETS_SENT = "send_offsets after 1"
COMMIT = "commit_transaction before 1"
COMMITTED = "commit_transaction after 1"
# Points of the checkpoint that follows it.
CHECKPOINT = "sql/beat before 1"
CHECKPOINT_OPEN = "sql/subjects after 1"
CHECKPOINT_DONE = "sql/COMMIT before 1"
# Points on the way to the first transaction.
INIT = "init_transactions before 1"
FENCED_OTHERS = "init_transactions after 1"
INPUTS_KNOWN = "committed after 2"
ADOPTED = "sql/position after 1"
FOLDING = "poll/certflow.events after 1"
SETTLING = "sql/settle before 1"


class Instance:
    """A registrar with its stopper."""

    def __init__(self, bed, slot, rule=None, **options):
        self.slot = slot
        Instance.count = getattr(Instance, "count", 0) + 1
        self.stopper = stopper.Stopper(
            os.path.join(bed.home, "run"), f"registrar-{Instance.count}")
        if rule:
            self.stopper.arm(rule)
        self.program = testbed.Program(
            bed, slot, self.stopper.environment(testbed.REGISTRAR), **options)

    def assignments(self):
        return self.program.tail(1000).count("msg=assigned")


class Zombies(unittest.TestCase):
    """One stack; each test begins and ends without a registrar."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed(start=False)

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def setUp(self):
        self.instances = []
        self.sent = []  # (place, event)
        self.addCleanup(self.kill_all)

    # ---- instances -----------------------------------------------------

    def start(self, slot, rule=None, **options):
        instance = Instance(self.bed, slot, rule, **options)
        self.instances.append(instance)
        self.bed.registrar = instance.program
        return instance

    def kill_all(self):
        for instance in self.instances:
            if instance.program.is_alive():
                instance.program.kill()
        self.bed.registrar = None

    def owners(self):
        rows = self.bed.sql("SELECT partition, owner "
                            "FROM registrar.log_position").split()
        return {int(row.split("|")[0]): row.split("|")[1] for row in rows}

    def partition_of(self, slot):
        """One that this slot owns, as soon as all have settled."""
        return next(partition for partition, owner in self.owners().items()
                    if owner == str(slot))

    def await_shares(self, slots):
        """Until each of them owns partitions."""
        end = time.monotonic() + LONG
        while set(self.owners().values()) != {str(slot) for slot in slots}:
            self.assertLess(time.monotonic(), end, self.owners())
            time.sleep(0.05)

    # ---- inputs ----------------------------------------------------------

    def tax_code(self, partition):
        while True:
            tax_code = parts.new_tax_code()
            if parts.partition_of(tax_code, PARTITIONS) == partition:
                return tax_code

    def request(self, tax_code):
        event = parts.key_pair_requested(tax_code, parts.new_id())
        place = self.bed.publish("einvoice", event)
        self.assertEqual(place["partition"],
                         parts.partition_of(tax_code, PARTITIONS))
        self.sent.append((place, event))
        return place

    def must(self, tax_code):
        outcome = self.bed.outcome(self.request(tax_code))
        self.assertEqual(outcome["result"], "ADMITTED")

    def check_once(self):
        """Every input one record and one outcome, no gap in any tax code."""
        for place, _ in self.sent:
            self.bed.outcome(place, "ADMITTED")
        self.bed.outcomes.settle(0.5)
        records = self.bed.log.settle(0.5)
        for place, event in self.sent:
            said = [record for record in self.bed.outcomes.records
                    if all(record["event"]["source"][name] == place[name]
                           for name in ("topic", "partition", "offset"))]
            self.assertEqual(len(said), 1, (place, said))
            found = [record for record in records if
                     record["headers"].get("ce_id")
                     == event["meta"]["event_id"]]
            self.assertEqual(len(found), 1, event)
        for tax_code in {e["meta"]["tax_code"] for _, e in self.sent}:
            numbers = self.bed.sequences(tax_code)
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)),
                             tax_code)

    def check_database(self):
        """Every state in the checkpoint stands where the log does."""
        end = time.monotonic() + LONG
        while True:
            last = {}
            for record in self.bed.log.settle(0.2):
                meta = record["event"]["meta"]
                last[meta["tax_code"]] = str(meta["sequence"])
            rows = dict(row.split("|") for row in self.bed.sql(
                "SELECT tax_code, sequence FROM registrar.subject").split())
            if rows == last:
                return
            self.assertLess(time.monotonic(), end, (rows, last))

    # ---- what a zombie does ------------------------------------------------

    def thaw(self, zombies):
        """Each must end with an error, or be told its partitions anew."""
        before = {zombie: zombie.assignments() for zombie in zombies}
        for zombie in zombies:
            stopper.thaw(zombie.program.child.pid)
        end = time.monotonic() + LONG
        for zombie in zombies:
            while (zombie.program.is_alive()
                   and zombie.assignments() == before[zombie]):
                self.assertLess(time.monotonic(), end, zombie.program.tail())
                time.sleep(0.05)
            if zombie.program.is_alive():
                zombie.program.wait_ready()
            else:
                self.assertNotEqual(zombie.program.child.returncode, 0,
                                    zombie.program.tail())

    def start_all(self, rules, at_start=False, **options):
        """An instance for each rule, and one that is to survive."""
        zombies = [self.start(slot, rule if at_start else None, **options)
                   for slot, rule in enumerate(rules)]
        survivor = self.start(len(rules), **options)
        if not at_start:
            for instance in self.instances:
                instance.program.wait_ready(LONG)
            self.await_shares(range(len(rules) + 1))
        return zombies, survivor

    def take_over(self, rules, at_start=False):
        """Each rule freezes an instance of its own, another one survives."""
        zombies, survivor = self.start_all(rules, at_start)
        if at_start:
            for zombie in zombies:
                zombie.stopper.wait(LONG)
            for partition in range(PARTITIONS):
                self.request(self.tax_code(partition))
        else:
            for zombie, rule in zip(zombies, rules):
                tax_code = self.tax_code(self.partition_of(zombie.slot))
                self.must(tax_code)
                zombie.stopper.arm(rule)
                self.request(tax_code)
                self.request(self.tax_code(self.partition_of(zombie.slot)))
            for zombie in zombies:
                zombie.stopper.wait(LONG)
        begin = time.monotonic()
        survivor.program.wait_ready(LONG)
        for place, _ in self.sent:
            self.bed.outcome(place, "ADMITTED", LONG)
        self.await_shares([survivor.slot])
        print(f"taken over after {time.monotonic() - begin:.1f} s")
        for _, event in list(self.sent):
            self.must(event["meta"]["tax_code"])
        self.thaw(zombies)
        for partition in range(PARTITIONS):
            self.must(self.tax_code(partition))
        self.check_once()
        self.check_database()

    # ---- tests -----------------------------------------------------------

    def test_01_frozen_before_the_offsets(self):
        self.take_over([BEGUN, SENT, TOLD, OFFSETS])

    def test_02_frozen_around_the_commit(self):
        self.take_over([OFFSETS_SENT, COMMIT, COMMITTED, CHECKPOINT])

    def test_03_frozen_amid_the_checkpoint(self):
        self.take_over([CHECKPOINT_OPEN, CHECKPOINT_DONE])

    def test_04_frozen_before_it_admits(self):
        self.bed.sql("TRUNCATE registrar.subject, registrar.key, "
                     "registrar.log_position, registrar.heartbeat, "
                     "registrar.rebuild")
        self.take_over([INIT, FENCED_OTHERS, INPUTS_KNOWN, ADOPTED, FOLDING,
                        SETTLING], at_start=True)

    def test_05_frozen_alone_beyond_the_time_out(self):
        """Nobody takes over, but the broker aborts the transaction."""
        zombie = self.start(0)
        zombie.program.wait_ready()
        tax_code = parts.new_tax_code()
        self.must(tax_code)
        zombie.stopper.arm(COMMIT, "stop 1000")
        self.request(tax_code)
        zombie.stopper.wait(LONG)
        time.sleep(12)  # transaction.timeout.ms, and the broker's look
        self.thaw([zombie])
        if not zombie.program.is_alive():
            self.start(0).program.wait_ready()
        self.must(tax_code)
        self.check_once()
        self.check_database()

    def test_06_frozen_in_the_transaction_of_a_timer(self):
        """Nothing in its inputs: only their positions fence it."""
        rules = [BEGUN, SENT]
        zombies, survivor = self.start_all(rules, unsaved_ttl="5s")
        for zombie in zombies:
            self.must(self.tax_code(self.partition_of(zombie.slot)))
        for zombie, rule in zip(zombies, rules):
            zombie.stopper.arm(rule)
        for zombie in zombies:
            zombie.stopper.wait(LONG)
        survivor.program.wait_ready(LONG)
        for _, event in self.sent:
            self.bed.logged(event["meta"]["tax_code"], "EnrolmentAbandoned",
                            LONG, enrolment_id=event["enrolment_id"])
        self.thaw(zombies)
        for partition in range(PARTITIONS):
            self.must(self.tax_code(partition))
        for _, event in self.sent:
            self.bed.logged(event["meta"]["tax_code"], "EnrolmentAbandoned",
                            LONG, enrolment_id=event["enrolment_id"])
        self.check_once()
        abandoned = [record["event"]["enrolment_id"]
                     for record in self.bed.log.records
                     if record["event"]["type"] == "EnrolmentAbandoned"]
        self.assertEqual(len(abandoned), len(set(abandoned)))
        self.check_database()

    def test_07_replaced_in_its_slot_while_frozen(self):
        """The successor does not wait for a time-out."""
        zombie = self.start(0)
        for rule in (BEGUN, SENT, OFFSETS_SENT, COMMIT, CHECKPOINT,
                     CHECKPOINT_DONE):
            zombie.program.wait_ready(LONG)
            tax_code = parts.new_tax_code()
            self.must(tax_code)
            zombie.stopper.arm(rule)
            place = self.request(tax_code)
            zombie.stopper.wait(LONG)
            successor = self.start(0)
            self.bed.outcome(place, "ADMITTED", LONG)
            self.must(tax_code)
            stopper.thaw(zombie.program.child.pid)
            self.assertNotEqual(zombie.program.child.wait(LONG), 0, rule)
            # One that joins again before it learns of the successor takes
            # the slot from it: then both end.
            zombie = successor
            if self.ends_soon(successor):
                zombie = self.start(0)
        zombie.program.wait_ready(LONG)
        self.must(parts.new_tax_code())
        self.check_once()
        self.check_database()

    @staticmethod
    def ends_soon(instance, seconds=3):
        end = time.monotonic() + seconds
        while time.monotonic() < end and instance.program.is_alive():
            time.sleep(0.05)
        return not instance.program.is_alive()

    def test_08_killed_at_each_point(self):
        for rule in (BEGUN, SENT, TOLD, OFFSETS, OFFSETS_SENT, COMMIT,
                     COMMITTED, CHECKPOINT, CHECKPOINT_OPEN,
                     CHECKPOINT_DONE):
            victim = self.start(0)
            victim.program.wait_ready(LONG)
            tax_code = parts.new_tax_code()
            self.must(tax_code)
            victim.stopper.arm(rule, "kill")
            self.request(tax_code)
            self.assertEqual(victim.program.child.wait(LONG), -9, rule)
        self.start(0).program.wait_ready(LONG)
        self.check_once()
        self.check_database()

    def target(self, partition):
        return int(self.bed.sql("SELECT target FROM registrar.rebuild "
                                f"WHERE partition = {partition}"))

    def test_09_aborted_records_end_a_quiet_partition(self):
        """Whoever folds sees a longer log than its owner: the owner must
        look again, or nobody may claim a key any more."""
        self.start_all([BEGUN])
        quiet = self.partition_of(1)
        before = self.target(quiet)
        producer = confluent_kafka.Producer({
            "bootstrap.servers": self.bed.env["CERTFLOW_KAFKA"],
            "transactional.id": "a-zombie"})
        producer.init_transactions(LONG)
        producer.begin_transaction()
        producer.produce("certflow.events", b"never", partition=quiet)
        producer.flush(LONG)
        producer.abort_transaction(LONG)
        # The owner of the others must fold again, and say how far.
        self.bed.sql("UPDATE registrar.heartbeat SET beat = beat + 1 "
                     "WHERE slot = '0'")
        end = time.monotonic() + LONG
        while self.target(quiet) <= before:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        self.must(self.tax_code(self.partition_of(0)))
        self.check_once()


if __name__ == "__main__":
    unittest.main(verbosity=2)
