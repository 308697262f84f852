"""REGISTRAR: its tables say what a fold of the log says."""

import collections
import uuid

from . import layout, wire
from .evidence import EVENTS
from .invariant import Invariant


def differences(expected, found, path=""):
    """Paths at which two nested values differ, with both values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() | found.keys():
            yield from differences(expected.get(key), found.get(key),
                                   f"{path}.{key}" if path else str(key))
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{path}: count", len(expected), len(found)
        for i, (one, other) in enumerate(zip(expected, found)):
            yield from differences(one, other, f"{path}[{i}]")
    elif (expected or None) != (found or None):
        yield path, expected, found


def shown(value):
    """Short enough for a line."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def id_digest(kind, identifier):
    return wire.sha256(f"certflow {kind} {identifier}".encode())


class Registrar(Invariant):
    """registrar.subject, .key and .log_position against the fold."""

    NAME = "REGISTRAR"
    TABLES = ("registrar.subject", "registrar.key", "registrar.log_position")

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.subjects = None  # folded up to registrar.log_position
        self._older = collections.defaultdict(set)  # keys of old revisions

    def log(self, record, subject):
        """Keys that a later revision may have replaced."""
        if record.name == "RequestSubmitted":
            request = subject.requests.get(
                record.event["submission"]["request_id"])
            if request is not None:
                self._older[record.tax_code].add(request["uploaded_spki"])

    def finish(self, subjects):
        if any(self.evidence.rows(table) is None for table in self.TABLES):
            self.skip("the tables of the registrar may not be read")
            return
        self._positions()
        self._subjects()
        self._keys()

    def _positions(self):
        there = {row["partition"]: row["next"]
                 for row in self.evidence.rows("registrar.log_position")}
        for partition, position in there.items():
            end = self.evidence.end(EVENTS, partition)
            if end is not None and position > end:
                self.violate("position", f"stands at {position}, the log "
                             f"ends at {end}", partition=partition)

    # ---- states ---------------------------------------------------------

    def _expected(self, subject):
        def plain(things):
            return list(things.values())
        return {
            "tax_code": subject.tax_code, "sequence": subject.sequence,
            "customer": subject.customer,
            "customer_request": subject.customer_request,
            "enrolments": plain(subject.enrolments),
            "requests": plain(subject.requests),
            "orders": plain(subject.orders),
            "certificates": plain(subject.certificates),
            "seen": [{"inbox": inbox, "event_id": uuid.UUID(event_id).bytes,
                      "body_sha256": digest, "result": result, "code": code,
                      "field": field, "sequence": sequence}
                     for (inbox, event_id, digest),
                     (result, code, field, sequence)
                     in subject.seen.items()],
            "waiting": plain(subject.waiting),
            "revoked": list(subject.revoked),
            "status_changes": plain(subject.status_changes)}

    def _subjects(self):
        missing = dict(self.subjects)
        count = 0
        for row in self.evidence.rows("registrar.subject"):
            count += 1
            subject = missing.pop(row["tax_code"], None)
            where = {"tax_code": row["tax_code"],
                     "sequence": row["sequence"]}
            if subject is None:
                self.violate("subject_extra", "a state of a tax code that "
                             "the log does not have", **where)
                continue
            if (row["partition"], row["sequence"]) != (subject.partition,
                                                       subject.sequence):
                self.violate("subject", "partition or sequence differ: "
                             f"{subject.partition}, {subject.sequence} "
                             "expected", partition=row["partition"], **where)
                continue
            self._state(row, subject, where)
        for tax_code, subject in missing.items():
            self.violate("subject_missing", "no state of this tax code",
                         tax_code=tax_code, sequence=subject.sequence)
        self.report.figures["states compared"] = count

    def _state(self, row, subject, where):
        try:
            found = layout.decode(bytes(row["state"]), self.schemas)
        except layout.Damaged as error:
            self.violate("state_unreadable", str(error), **where)
            return
        for path, want, have in differences(self._expected(subject), found):
            self.violate("state", f"{path} is {shown(have)}, the log says "
                         f"{shown(want)}", **where)

    # ---- keys -----------------------------------------------------------

    def _claims(self, subject):
        for enrolment in subject.enrolments.values():
            yield id_digest("enrolment", enrolment["id"])
            if enrolment["has_key"]:
                yield enrolment["spki_sha256"]
        for request in subject.requests.values():
            yield id_digest("request", request["id"])
            if request["submission"]["csr_source"] == "UPLOADED":
                yield request["uploaded_spki"]
        for change in subject.status_changes:
            yield id_digest("status change", change)

    def _keys(self):
        expected = {}
        for subject in self.subjects.values():
            for claim in self._claims(subject):
                expected[claim] = subject
        old = self.evidence.now_us - self.options.objective_us
        for row in self.evidence.rows("registrar.key"):
            digest = bytes(row["spki_sha256"])
            subject = expected.pop(digest, None)
            where = {"spki_sha256": digest.hex(),
                     "tax_code": row["tax_code"], "cause": row["cause"]}
            if subject is None:
                self._unknown_key(row, digest, old, where)
            elif row["tax_code"] != subject.tax_code:
                self.violate("key_owner", "the log gives it to "
                             f"{subject.tax_code}", **where)
            elif (row["partition"], row["admitted"]) != (subject.partition,
                                                         True):
                self.violate("key", "partition or admitted differ", **where)
        for digest, subject in expected.items():
            self.violate("key_missing", "a key or an id that the log knows "
                         "could be claimed again", spki_sha256=digest.hex(),
                         tax_code=subject.tax_code)

    def _unknown_key(self, row, digest, old, where):
        if not row["admitted"]:
            if row["reserved_at"] < old:
                self.violate("reservation", "reserved, and its event never "
                             "came", **where)
        elif digest not in self._older[row["tax_code"]]:
            self.violate("key_extra", "the log knows no such key", **where)
