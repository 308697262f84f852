"""Raw limits alone: the token with more and more threads, the broker with and
without transactions."""

import os

import run_issuance
import svg

RECORDS = 200000


def run(bench):
    curves = {}
    for key in bench.turns:
        stage = bench.stage(key)
        name = run_issuance.NAMES.get(key, key)
        threads = sorted({1, 2, os.cpu_count(), 2 * os.cpu_count()})
        for _ in range(bench.repeats):
            found = stage.limits.token(*threads,
                                       seconds=bench.size(2.0, least=0.3))
            for number, (rate, cpu) in found.items():
                bench.figures.add("raw limits", f"{key} {number}",
                                  f"{name}, {number} thread"
                                  f"{'s' * (number > 1)}", "/s", rate)
                bench.figures.add("raw limits", f"{key} {number} cpu",
                                  "CPU of each signature", "ms", cpu * 1000)
        curves[name] = [(number, bench.figures.get(
            "raw limits", f"{key} {number}").median) for number in threads]
    bench.plot("token", svg.lines("The token alone", "threads",
                                  "signatures a second", curves, dots=True))
    _broker(bench)


def _broker(bench):
    stage, count = bench.stage(bench.turns[0]), bench.size(RECORDS)
    for _ in range(bench.repeats):
        for transaction in (0, 500, 5000):
            rate = stage.limits.produce(count, transaction=transaction)
            text = (f"in transactions of {transaction:,}" if transaction
                    else "without transactions")
            bench.figures.add("raw limits", f"produce {transaction}",
                              f"records of 600 octets, {text}", "/s", rate)
    bench.say("raw limits are measured")
