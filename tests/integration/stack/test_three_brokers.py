#!/usr/bin/python3 -B
"""Three brokers: what `ops/stack --brokers 3 up` makes is as it should be, and
goes on when the broker is killed that leads the log."""

import json
import os
import re
import sys
import unittest
import uuid

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..",
                                    ".."))
sys.path[:0] = [os.path.join(REPO, "tests", "faults"),
                os.path.join(REPO, "tests", "lib")]
import parts  # noqa: E402
from world import World, until  # noqa: E402

LOG = "certflow.events"


class ThreeBrokers(unittest.TestCase):
    def setUp(self):
        self.world = World(brokers=3, ca_key="p256")
        self.addCleanup(self.world.close)
        self.world.start(programs=False)
        self.world.start_program("registrar")
        self.tax_code = parts.new_tax_code()

    def publish(self):
        """A request of the one tax code; the partition it went to."""
        said = self.world.tool(
            "publish", "--role", "einvoice", "--wait", text=json.dumps({
                "type": "KeyPairRequested",
                "meta": {"tax_code": self.tax_code,
                         "actor": {"id": "kh-1"}},
                "enrolment_id": str(uuid.uuid4()),
                "certificate_type": "SERVER_SIGNATURE",
                "unit_kind": "ENTERPRISE", "key_algorithm": "EC_P256"}))
        self.assertIn("admitted: number", said)
        return int(re.search(r"certflow\.inbox\.einvoice/(\d+)/",
                             said).group(1))

    def test_loses_the_leader(self):
        world = self.world
        self.assertIn("all as it should be", world.tool("certflow", "topics"))
        partition = self.publish()
        world.wait_in_sync()
        self.assertEqual(len(world.in_sync(LOG, partition)), 3)
        leader = world.leader(LOG, partition)
        world.kill_component(leader)
        self.assertEqual(self.publish(), partition)
        world.wait_leader(LOG, partition, other_than=leader)
        until(lambda: leader not in world.in_sync(LOG, partition), 30,
              f"{leader} counts as in sync")
        world.stack("up")
        world.wait_in_sync()
        self.assertIn("all as it should be", world.tool("certflow", "topics"))


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
