#!/usr/bin/python3 -B
"""A small flood: poison into every inbox, a burst in its midst, one tax code
with many events, octets on the log that are no event. The large one is
tests/faults/flood."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "faults"))
import flood  # noqa: E402


class SmallFlood(unittest.TestCase):
    def test_good_traffic_goes_on(self):
        flood.run(messages=150, seed=20261125, journeys=3, events=500,
                  burst=20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
