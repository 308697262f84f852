"""Transactions that are open on the topics, and those that will never end,
by Kafka's own tool (kafka-transactions.sh of a distribution).

Whoever reads committed records stops before the first open transaction of a
partition. A coordinator ends one after its time-out; one that no coordinator
knows of any more, a hanging one, must be ended by hand.
"""

import json
import re
import subprocess
import typing

import java
import kafka
from home import Failure, say

TOOL = "org.apache.kafka.tools.TransactionsCommand"
# Older than any transaction of ours: they time out after 10 s.
HANGING_AFTER_MINUTES = 1


class Open(typing.NamedTuple):
    """A transaction as a partition sees it."""

    topic: str
    partition: int
    start: int  # offset of its first record
    producer: int


def _tool(home, *arguments):
    result = subprocess.run(
        [java.java(home), *java.SHORT, "-cp", java.kafka_class_path(home),
         TOOL, "--bootstrap-server", kafka.bootstrap(home), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        check=False)
    if result.returncode != 0:
        raise Failure(f"transactions: {arguments[0]}: "
                      f"{(result.stderr or result.stdout).strip()[-2000:]}")
    return result.stdout


def _table(text):
    """Rows of a table of the tool as dictionaries by its head line."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def _kcat(home, *arguments):
    result = subprocess.run(["kcat", "-b", kafka.bootstrap(home), *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            encoding="utf-8", check=False)
    if result.returncode != 0:
        raise Failure(f"transactions: {result.stderr.strip()}")
    return result.stdout


def _ends(home, partitions, level):
    """{(topic, partition): end} as a reader of this isolation sees it."""
    wanted = [option for topic, number in partitions
              for option in ("-t", f"{topic}:{number}:-1")]
    text = _kcat(home, "-Q", "-X", f"isolation.level={level}", *wanted)
    return {(topic, int(number)): int(offset) for topic, number, offset
            in re.findall(r"^(\S+) \[(\d+)\] offset (\d+)", text, re.M)}


def _held_up(home):
    """Partitions that committed readers cannot read to their end."""
    topics = json.loads(_kcat(home, "-L", "-J"))["topics"]
    every = [(topic["topic"], part["partition"]) for topic in topics
             for part in topic["partitions"]]
    committed = _ends(home, every, "read_committed")
    return sorted(place for place, end
                  in _ends(home, every, "read_uncommitted").items()
                  if committed.get(place, end) < end)


def producers(home, topic, partition):
    """Who has written to a partition: rows of describe-producers."""
    return _table(_tool(home, "describe-producers", "--topic", topic,
                        "--partition", str(partition)))


def _open_in(home, topic, partition):
    return [Open(topic, partition, int(row["CurrentTransactionStartOffset"]),
                 int(row["ProducerId"]))
            for row in producers(home, topic, partition)
            if row["CurrentTransactionStartOffset"].isdecimal()]


def _hanging_in(home, topic, partition):
    """Start offsets."""
    rows = _table(_tool(home, "find-hanging", "--topic", topic,
                        "--partition", str(partition),
                        "--max-transaction-timeout",
                        str(HANGING_AFTER_MINUTES)))
    return {int(row["StartOffset"]) for row in rows if "StartOffset" in row}


def _line(entry, names, hanging):
    known = names.get(entry.producer)
    what = ("hanging: no coordinator will end it" if hanging
            else f"of {known['TransactionalId']}, {known['TransactionState']}"
            if known else "of a producer no coordinator knows; counts as "
            f"hanging after {HANGING_AFTER_MINUTES} minute")
    return f"{entry.topic}/{entry.partition} from offset {entry.start}: {what}"


def run(home, abort):
    """Print what is open; end what hangs if asked. True if nothing that
    hangs is left."""
    places = _held_up(home)
    if not places:
        print("no transaction is open")
        return True
    names = {int(row["ProducerId"]): row
             for row in _table(_tool(home, "list"))}
    left = 0
    for topic, partition in places:
        hanging = _hanging_in(home, topic, partition)
        for entry in _open_in(home, topic, partition):
            print(_line(entry, names, entry.start in hanging))
            if entry.start not in hanging:
                continue
            if not abort:
                left += 1
                continue
            _tool(home, "abort", "--topic", topic, "--partition",
                  str(partition), "--start-offset", str(entry.start))
            print(f"{topic}/{partition} from offset {entry.start}: aborted")
    if left:
        say("end those that hang with: ops/stack transactions "
            "--abort-hanging")
    return left == 0
