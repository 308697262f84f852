"""Forged evidence: a recording, changed as broken programs would change it.

What a change implies elsewhere is changed too (the message of an inbox behind
a record of the log, its digest, its outcome), so that one invariant is broken
and the others are not."""

import copy
import io

import fastavro
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from checker import der, recording, wire
from checker.evidence import EVENTS, OUTCOMES, PARTITIONED
from checker.facts import Record, place_text

# ecdsa-with-SHA256 as AlgorithmIdentifier.
ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
HOUR_US = 3_600_000_000


def tlv(tag, content):
    """DER of one element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


class Forger(recording.Recorded):
    """A recording with tools."""

    def __init__(self, original):
        """original: another Recorded; it is not changed."""
        vars(self).update(vars(original))
        self.records = {topic: list(records) for topic, records
                        in original.records.items()}
        for topic in PARTITIONED:
            self.records.setdefault(topic, [])
        self.committed = dict(original.committed)
        self.ends = dict(original.ends)
        self.tables = copy.deepcopy(original.tables)
        self.keys, self.signed = list(original.keys), list(original.signed)
        self.issuers = list(original.issuers)
        self.known_texts = list(original.known_texts)
        self.crls = list(original.crls)
        self.begun_crls = list(original.begun_crls)
        self._positions = {}
        self._schemas = self.schemas()
        self._key = None  # of a CA of our own

    def only_topics(self):
        """No tables, tokens, signatures, CRLs: they would contradict."""
        self.tables, self.keys, self.signed = {}, None, None
        self.crls = None
        return self

    # ---- reading --------------------------------------------------------

    def log(self, tax_code=None):
        """Records of the log, decoded, in its order."""
        found = [Record(self._schemas, raw) for raw in self.records[EVENTS]
                 if tax_code in (None, raw.key.decode())]
        return sorted(found, key=lambda record: (record.partition,
                                                 record.offset))

    def find(self, name, accept=None, last=False):
        """The first or last record of this kind that is accepted."""
        found = [record for record in self.log() if record.name == name
                 and (accept is None or accept(record))]
        return found[-1 if last else 0]

    def after(self, record, name):
        """The next record of this kind of the same tax code."""
        return next(each for each in self.log(record.tax_code)
                    if each.name == name and each.sequence > record.sequence)

    def message(self, record):
        """The message that an admitted record was."""
        return self.fetch(*record.source)

    def outcomes(self, place):
        """Outcomes of the message at (topic, partition, offset)."""
        found = []
        for raw in self.records[OUTCOMES]:
            _, writer, body = self._schemas.open(raw.value)
            source = writer.read(body)["source"]
            if tuple(source.values()) == tuple(place):
                found.append(raw)
        return found

    def decode(self, raw):
        """(name, event) of any record."""
        _, writer, body = self._schemas.open(raw.value)
        return writer.name, writer.read(body)

    # ---- writing --------------------------------------------------------

    def encode(self, name, event):
        number = self._schemas.number("certflow.v1." + name)
        stream = io.BytesIO()
        fastavro.schemaless_writer(
            stream, self._schemas.writer(number).parsed, event)
        return b"\0" + number.to_bytes(4, "big") + stream.getvalue()

    def replace(self, raw, **changes):
        """Another record in its place."""
        records = self.records[raw.topic]
        new = raw._replace(**changes)
        records[records.index(raw)] = new
        return new

    def remove(self, raw):
        self.records[raw.topic].remove(raw)

    def rewrite(self, raw, change):
        """Another event in its place; change(event) alters it."""
        name, event = self.decode(raw)
        change(event)
        return self.replace(raw, value=self.encode(name, event))

    def alter(self, record, change):
        """The same on the log and in the inbox that it came from."""
        raw = record.raw
        if record.source is not None:
            message = self.rewrite(self.message(record), change)
            raw = self.header(raw, "certflow-body-sha256",
                              wire.sha256(message.value[5:]).hex())
        return Record(self._schemas, self.rewrite(raw, change))

    def header(self, raw, name, text):
        """Another value of a header."""
        return self.replace(raw, headers=[
            (key, text.encode() if key == name else value)
            for key, value in raw.headers])

    def next_offset(self, topic, partition):
        return max((raw.offset + 1 for raw in self.records[topic]
                    if raw.partition == partition), default=0)

    def append(self, raw, **changes):
        """A copy of a record behind the last one of its partition."""
        new = raw._replace(**changes)
        new = new._replace(offset=self.next_offset(new.topic,
                                                   new.partition))
        self.records[new.topic].append(new)
        return new

    def arrive(self, raw, **changes):
        """Another message of an inbox, which the registrar passed."""
        new = self.append(raw, **changes)
        self.committed[new.topic, new.partition] = new.offset + 1
        return new

    def log_again(self, record, change, source=None):
        """One more record of the log of the same tax code; change(event)
        makes it another one. source: the Raw that it was."""
        numbers = [each.sequence for each in self.log(record.tax_code)]

        def renumber(event):
            event["meta"]["sequence"] = max(numbers) + 1
            change(event)
        raw = self.append(record.raw)
        if source is not None:
            raw = self.header(raw, "certflow-source",
                              place_text(source[:3]))
            raw = self.header(raw, "certflow-body-sha256",
                              wire.sha256(source.value[5:]).hex())
        return Record(self._schemas, self.rewrite(raw, renumber))

    def tell(self, like, place, sequence, event_id):
        """One more outcome, like another one."""
        def change(event):
            event["source"] = dict(zip(("topic", "partition", "offset"),
                                       place))
            event["sequence"], event["event_id"] = sequence, event_id
        return self.rewrite(self.append(like), change)

    def admit_again(self, record, event_id, alter=lambda event: None):
        """A second event like this one, published, admitted, told."""
        def change(event):
            event["meta"]["event_id"] = event_id
            alter(event)
        name, event = self.decode(self.message(record))
        change(event)
        message = self.arrive(self.message(record),
                              value=self.encode(name, event))
        again = self.log_again(record, change, message)
        self.tell(self.outcomes(record.source)[-1], message[:3],
                  again.sequence, again.event_id)
        return again

    def forget_from(self, record):
        """As if nothing of this tax code had happened from here on."""
        for each in self.log(record.tax_code):
            if each.sequence < record.sequence:
                continue
            self.remove(each.raw)
            if each.source is not None:
                for raw in self.outcomes(each.source):
                    self.remove(raw)
                self.remove(self.message(each))

    # ---- certificates of our own ----------------------------------------

    def _sign(self, tbs):
        if self._key is None:
            self._key = ec.generate_private_key(ec.SECP256R1())
            old = x509.load_der_x509_certificate(self.issuers[0])
            own = x509.CertificateBuilder(
                old.subject, old.subject, self._key.public_key(), 1,
                old.not_valid_before, old.not_valid_after).sign(
                    self._key, hashes.SHA256())
            self.issuers.append(own.public_bytes(Encoding.DER))
        signature = self._key.sign(tbs, ec.ECDSA(hashes.SHA256()))
        return tlv(0x30, tbs + ECDSA + tlv(3, b"\0" + signature))

    def reissue(self, ordered, change_tbs, **fields):
        """Order and certificate anew, by a CA of our own; change_tbs(tbs)
        makes the TBSCertificate, fields go into the order."""
        tbs = change_tbs(ordered.event["tbs_certificate"])
        certificate = self._sign(tbs)
        issued = self.find("CertificateIssued", lambda each: (
            each.event["order_id"] == ordered.event_id))

        def order(event):
            event.update(fields, tbs_certificate=tbs,
                         issuer_certificate_sha256=wire.sha256(
                             self.issuers[-1]))

        def issue(event):
            event["certificate_der"] = certificate
            if "serial_number" in fields:
                event["serial_number"] = fields["serial_number"]
        self.alter(issued, issue)
        return self.alter(ordered, order)

    @staticmethod
    def with_other_key(tbs, csr):
        """The TBSCertificate with the key of a CSR."""
        _, old = der.tbs_parts(tbs)
        _, new = der.csr(csr)
        _, begin, end = der.element(tbs, 0, len(tbs))
        return tlv(0x30, tbs[begin:end].replace(old, new))
