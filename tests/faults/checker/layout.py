"""Reads registrar.subject.state: the registrar's own encoding.

Number: seven bits an octet, the lowest first. Signed: zigzag. Text and
octets: length + 1, 0 for null. Fixed: as it is. Optional record: 0 or 1
before it. List: count, items. Nested records of events have the fields of
their Avro schemas."""

import hashlib

from . import wire

MARK = b"certflow-subject2"
LAYOUT, SUM = 16, 8
HEAD = len(MARK) + LAYOUT + SUM
ENROLMENT = ("NONE", "REQUESTED", "CSR_GENERATED", "SAVED", "CERTIFIED",
             "FAILED", "ABANDONED", "DESTROYED")
CA = ("NONE", "GOOD", "ON_HOLD", "REVOKED")
USE = ("NONE", "INACTIVE", "ACTIVATING", "ACTIVE", "DEACTIVATED")
STATUS = ("NONE", "OPEN", "DONE", "DECLINED")
ORDER = ("NONE", "OPEN", "ISSUED", "FAILED", "GIVEN_UP", "REJECTED")
INBOX = ("none", "einvoice", "officer", "manager", "keygen", "issuer",
         "activator")


class Damaged(ValueError):
    """Octets that are no state of this version."""


class _Reader:
    def __init__(self, octets, schemas):
        self.octets = octets
        self.at = 0
        self._schemas = schemas

    def number(self):
        value = shift = 0
        while True:
            if self.at >= len(self.octets) or shift > 63:
                raise Damaged("ends within a number")
            octet = self.octets[self.at]
            self.at += 1
            value |= (octet & 0x7f) << shift
            if octet < 0x80:
                return value
            shift += 7

    def signed(self):
        value = self.number()
        return value >> 1 ^ -(value & 1)

    def fixed(self, size):
        taken = self.octets[self.at:self.at + size]
        if len(taken) != size:
            raise Damaged("ends early")
        self.at += size
        return taken

    def raw(self):
        size = self.number()
        return None if size == 0 else self.fixed(size - 1)

    def text(self):
        octets = self.raw()
        return None if octets is None else octets.decode()

    def flag(self):
        return self.number() != 0

    def one_of(self, names):
        index = self.number()
        if index >= len(names):
            raise Damaged(f"number {index} of {len(names)} names")
        return names[index]

    def items(self, read):
        return [read() for _ in range(self.number())]

    def maybe(self, read):
        return read() if self.number() else None

    # ---- what has an Avro schema ----------------------------------------

    def symbols(self, record, enum):
        return self._schemas.named(record).named["certflow.v1." + enum][
            "symbols"]

    def avro(self, schema, named):
        """A value in the layout that its Avro schema implies."""
        if isinstance(schema, str) and schema in named:
            schema = named[schema]
        if isinstance(schema, list):
            other = next(each for each in schema if each != "null")
            inner = other["type"] if isinstance(other, dict) else other
            if inner in ("string", "bytes"):
                return self.avro(other, named)
            return self.maybe(lambda: self.avro(other, named))
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(kind, (list, dict)):
            return self.avro(kind, named)
        if kind == "record":
            return {field["name"]: self.avro(field["type"], named)
                    for field in schema["fields"]}
        if kind == "array":
            return self.items(lambda: self.avro(schema["items"], named))
        if kind == "enum":
            return self.one_of(schema["symbols"])
        if kind == "fixed":
            return self.fixed(schema["size"])
        simple = {"string": self.text, "bytes": self.raw, "int": self.signed,
                  "long": self.signed, "boolean": self.flag}
        if kind not in simple:
            raise Damaged(f"no layout for {kind}")
        return simple[kind]()

    def nested(self, record, name):
        writer = self._schemas.named(record)
        return self.avro(writer.named["certflow.v1." + name], writer.named)


def _long(octets):
    return None if not octets else hashlib.sha256(octets).digest()


class State(_Reader):
    """The members of a subject, in their order."""

    def enrolment(self):
        return {
            "id": self.text(), "owner": self.text(),
            "state": self.one_of(ENROLMENT),
            "key_algorithm": self.one_of(self.symbols(
                "certflow.v1.CsrGenerated", "KeyAlgorithm")),
            "since": self.signed(), "has_key": self.flag(),
            "spki_sha256": self.fixed(32), "key_ref.token": self.text(),
            "key_ref.key_id": self.fixed(16), "csr_der": _long(self.raw())}

    def approval(self):
        return {"event_id": self.text(), "approver_id": self.text(),
                "spki_sha256": self.fixed(32), "cms": _long(self.raw()),
                "enrolment_id": self.text()}

    def submission(self):
        value = self.nested("certflow.v1.RequestSubmitted", "Submission")
        value["csr_der"] = _long(value["csr_der"])
        return value

    def request(self):
        return {
            "id": self.text(), "state": self.one_of(self.symbols(
                "certflow.v1.RequestLapsed", "RequestState")),
            "creator": self.text(), "editors": self.items(self.text),
            "submission": self.submission(),
            "submission_bytes": _long(self.raw()),
            "submission_schema_id": self.signed(),
            "submission_sha256": self.fixed(32),
            "uploaded_spki": self.fixed(32),
            "approval": self.maybe(self.approval), "order_id": self.text(),
            "progressed_at": self.signed()}

    def order(self):
        return {"id": self.text(), "request_id": self.text(),
                "enrolment_id": self.text(), "serial_number": self.text(),
                "state": self.one_of(ORDER), "tbs_sha256": self.fixed(32),
                "spki_sha256": self.fixed(32), "not_before": self.signed(),
                "not_after": self.signed()}

    def certificate(self):
        return {"serial_number": self.text(), "order_id": self.text(),
                "enrolment_id": self.text(), "ca": self.one_of(CA),
                "use": self.one_of(USE), "given_up": self.flag(),
                "spki_sha256": self.fixed(32), "not_before": self.signed(),
                "not_after": self.signed(),
                "certificate_der": _long(self.raw())}

    def seen(self):
        return {"inbox": self.one_of(INBOX),
                "event_id": self.fixed(16), "body_sha256": self.fixed(32),
                "result": self.one_of(self.symbols("certflow.v1.Outcome",
                                                   "OutcomeResult")),
                "code": self.code(), "field": self.text(),
                "sequence": self.signed()}

    def code(self):
        return self.one_of(self.symbols("certflow.v1.EventRefused",
                                        "RefusalCode"))

    def waiting(self):
        return {"event_id": self.fixed(16), "body_sha256": self.fixed(32),
                "object": self.text(), "inbox": self.one_of(INBOX),
                "event_name": self.text(), "waiting_for": self.code(),
                "source": self.nested("certflow.v1.EventDeferred",
                                      "SourcePosition"),
                "recorded_at": self.signed(), "deadline": self.signed(),
                "payload": _long(self.raw()),
                "headers": dict(self.items(lambda: (self.text(),
                                                    self.raw())))}

    def status_change(self):
        return {"id": self.text(), "serial_number": self.text(),
                "requester": self.text(), "state": self.one_of(STATUS),
                "resumes": self.flag(),
                "reason": self.one_of(self.symbols(
                    "certflow.v1.RevocationRequested", "RevocationReason")),
                "has_invalidity_date": self.flag(),
                "invalidity_date": self.signed()}

    def whole(self):
        return {"tax_code": self.text(), "sequence": self.signed(),
                "customer": self.maybe(lambda: self.nested(
                    "certflow.v1.RequestSubmitted", "Customer")),
                "customer_request": self.text(),
                "enrolments": self.items(self.enrolment),
                "requests": self.items(self.request),
                "orders": self.items(self.order),
                "certificates": self.items(self.certificate),
                "seen": self.items(self.seen),
                "waiting": self.items(self.waiting),
                "revoked": self.items(self.text),
                "status_changes": self.items(self.status_change)}


def decode(octets, schemas):
    """The state as dicts and lists; Damaged where it is not one."""
    body = octets[HEAD:]
    if octets[:len(MARK)] != MARK or len(octets) < HEAD:
        raise Damaged("no such mark")
    if wire.sha256(body)[:SUM] != octets[HEAD - SUM:HEAD]:
        raise Damaged("checksum")
    reader = State(body, schemas)
    try:
        state = reader.whole()
    except (UnicodeDecodeError, AttributeError, KeyError) as error:
        raise Damaged(str(error)) from None
    if reader.at != len(body):
        raise Damaged("octets left over")
    return state
