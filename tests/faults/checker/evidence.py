"""What is judged: topics, tables, tokens, signatures; from memory here.

live.py has the same interface over a running stack."""

import collections

from . import wire

INBOXES = ("einvoice", "officer", "manager", "keygen", "issuer",
           "activator", "misrouted")
INBOX = "certflow.inbox."
MISROUTED = "certflow.inbox.misrouted"
EVENTS = "certflow.events"
OUTCOMES = "certflow.outcomes"
DEAD_LETTERS = "certflow.dead-letters"
PERSONAL = "certflow.personal"
SCHEMAS = "certflow.schemas"
PARTITIONED = tuple(INBOX + name for name in INBOXES) + (EVENTS, OUTCOMES)


class Raw(collections.namedtuple(
        "Raw", "topic partition offset time_us key value headers")):
    """One record of a topic; headers are a list of (name, octets)."""

    __slots__ = ()

    @property
    def at(self):
        return f"{self.topic}/{self.partition}/{self.offset}"

    def header(self, name):
        """The first header of this name as text, or None."""
        for key, value in self.headers or ():
            if key == name and value is not None:
                return value.decode("utf-8", "replace")
        return None


# A key pair, or a half of one, in a token of customers. empty: an object
# without a name and without a key, which a module began and did not end.
Key = collections.namedtuple("Key", "token key_id label private public "
                             "spki_sha256 empty", defaults=(False,))

# A CRL (DER), the file it was found in, and whether it is served from there.
Published = collections.namedtuple("Published", "place octets served")

# One line of the shim: a signature that a program got.
Signature = collections.namedtuple(
    "Signature", "line time_us pid token key_id mechanism digest")


class Evidence:
    """All of it in memory; every attribute may be changed by a test."""

    def __init__(self, partitions=12):
        self.partitions = partitions
        self.now_us = 0
        self.records = collections.defaultdict(list)  # topic: [Raw]
        self.committed = {}   # (topic, partition): next offset of the group
        self.tables = {}      # "read_model.request": [row dict]
        self.keys = None      # [Key] of the customers' tokens
        self.signed = None    # [Signature]
        self.issuers = []     # certificates (DER) of issuing CAs
        self.known_texts = []  # DER of other things the CA signed
        self.crls = None      # [Published]; None: nobody publishes any
        self.begun_crls = []  # TBSCertLists about to be signed
        self._positions = {}

    def schemas(self):
        return wire.Schemas((raw.key, raw.value)
                            for raw in self.records[SCHEMAS])

    def partition(self, number):
        """All records of the co-located topics; each topic in order."""
        for topic in PARTITIONED:
            for raw in self.records[topic]:
                if raw.partition == number:
                    yield raw

    def topic(self, topic):
        return iter(self.records[topic])

    def fetch(self, topic, partition, offset):
        for raw in self.records[topic]:
            if (raw.partition, raw.offset) == (partition, offset):
                return raw
        return None

    def low(self, topic, partition):
        """The first offset that is still kept; 0: all are."""
        return 0

    def end(self, topic, partition):
        """Where a partition ends, its transaction markers included."""
        return max((raw.offset + 1 for raw in self.records[topic]
                    if raw.partition == partition), default=0)

    def position(self, table, topic, partition):
        """How far a log_position is; None: may not be read."""
        if table not in self._positions:
            rows = self.rows(table)
            self._positions[table] = None if rows is None else {
                (row.get("topic", EVENTS), row["partition"]): row["next"]
                for row in rows}
        known = self._positions[table]
        return None if known is None else known.get((topic, partition), 0)

    def rows(self, table):
        """Row dicts of "schema.table", or None: may not be read."""
        rows = self.tables.get(table)
        return None if rows is None else iter(rows)

    def tokens(self):
        return self.keys

    def signatures(self):
        return self.signed
