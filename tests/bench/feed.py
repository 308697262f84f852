"""The open-loop load, producers/load: what the stack is asked."""

import json
import os
import subprocess

from world import Missing

PATIENCE = 1800.0  # seconds for all of a load
NO_NEWS = 120      # seconds without anything, until the load gives up
FIRST = 10000001   # of the numbers that tax codes are made of


class Feed:
    """Requests of ever new customers to one stack."""

    def __init__(self, world, seed):
        self.world, self.seed = world, seed
        self._next = FIRST

    def run(self, count, *options):
        """A whole load; its report. Whatever does not get where it should
        is a defect."""
        report = self.world.path("load.json")
        command = [os.path.join(self.world.build, "bin", "load"),
                   "--count", count, "--seed", self.seed,
                   "--first-tax-code", self._next, "--timeout", NO_NEWS,
                   "--report", report, "--no-progress", *options]
        try:
            result = subprocess.run(
                [str(word) for word in command], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", check=False, timeout=PATIENCE,
                env=self.world.clean_environment(**self.world.env))
        except subprocess.TimeoutExpired as late:
            raise Missing(f"load: no end after {PATIENCE} s: {late.output}"
                          ) from None
        if result.returncode != 0:
            raise Missing(f"load: exit {result.returncode}: {result.stdout}")
        with open(report, encoding="utf-8") as stream:
            found = json.load(stream)
        self._next = found["settings"]["next_number"]
        return found
