"""The log, record by record, as the invariants want it."""

import re

from . import wire

SOURCE = re.compile(r"([^/]+)/([0-9]{1,10})/([0-9]{1,19})")


class Record:
    """A decoded record of the log."""

    __slots__ = ("raw", "partition", "offset", "time_us", "tax_code", "name",
                 "event", "schema_id", "source", "source_topic",
                 "source_partition", "source_offset", "body_sha256",
                 "after_meta", "submission", "sequence", "recorded_at",
                 "event_id", "actor", "causation", "key")

    def __init__(self, schemas, raw):
        number, writer, body = schemas.open(raw.value)
        self.raw = raw
        self.partition, self.offset = raw.partition, raw.offset
        self.time_us = raw.time_us
        self.key = raw.key
        self.schema_id = number
        self.name = writer.document["name"]
        self.event = writer.read(body)
        meta, behind = writer.read_meta(body)
        self.after_meta = wire.sha256(body[behind:])[:16]
        self.tax_code = meta["tax_code"]
        self.event_id = meta["event_id"]
        self.actor = meta["actor"]["id"]
        self.causation = meta["causation_id"]
        self.sequence = meta["sequence"]
        self.recorded_at = meta["recorded_at"]
        self.submission = None
        if self.name == "RequestSubmitted":
            self.submission = writer.submission_span(body)
        self._read_source()

    def _read_source(self):
        text = self.raw.header("certflow-source")
        self.source = self.source_topic = None
        self.source_partition = self.source_offset = None
        if text is not None:
            place = parse_source(text)
            if place is None:
                raise wire.Unreadable(f"certflow-source {text!r}")
            self.source = place
            (self.source_topic, self.source_partition,
             self.source_offset) = place
        digest = self.raw.header("certflow-body-sha256")
        self.body_sha256 = None if digest is None else bytes.fromhex(digest)

    @property
    def at(self):
        return self.raw.at

    def where(self):
        """What every violation about this record says."""
        return {"at": self.at, "tax_code": self.tax_code,
                "sequence": self.sequence, "event": self.name,
                "event_id": self.event_id}


def parse_source(text):
    """topic/partition/offset, or None."""
    found = SOURCE.fullmatch(text)
    return found and (found[1], int(found[2]), int(found[3]))


def place_text(place):
    return "/".join(str(part) for part in place)
