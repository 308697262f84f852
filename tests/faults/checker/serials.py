"""SERIALS: no serial number twice, no key certified twice, no id twice,
over all tax codes."""

import re

from . import der, wire
from .invariant import Invariant

OURS = re.compile("[4-7][0-9a-f]{31}")


class Serials(Invariant):
    """Serial numbers of orders and certificates, keys, ids of objects."""

    NAME = "SERIALS"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._ordered = {}
        self._certified = {}
        self._keys = {}       # certified
        self._generated = {}  # in the HSM
        self._ids = {}

    def _once(self, table, key, record, rule, text):
        first = table.get(key)
        if first is None:
            table[key] = (record.at, record.tax_code)
            return
        shown = key.hex() if isinstance(key, bytes) else str(key)
        self.violate(rule, text, value=shown, first=first[0],
                     first_tax_code=first[1], **record.where())

    def log(self, record, subject):
        event = record.event
        if record.name == "IssuanceOrdered":
            self._order(record, event)
        elif record.name == "CertificateIssued":
            self._certificate(record, event, subject)
        elif record.name == "CsrGenerated":
            self._once(self._generated, event["spki_sha256"], record,
                       "key_twice", "a key of two enrolments")
        elif record.name == "KeyPairRequested":
            self._once(self._ids, ("enrolment", event["enrolment_id"]),
                       record, "id_twice", "an enrolment id used twice")
        elif (record.name == "RequestSubmitted"
              and event["submission"]["revision"] == 1):
            self._once(self._ids,
                       ("request", event["submission"]["request_id"]),
                       record, "id_twice", "a request id used twice")
        elif record.name in ("SuspensionRequested", "ResumptionRequested",
                             "RevocationRequested"):
            self._once(self._ids, ("change", event["status_change_id"]),
                       record, "id_twice", "an id of two status changes")

    def _order(self, record, event):
        serial = event["serial_number"]
        if not OURS.fullmatch(serial):
            self.violate("form", "not 16 octets from 40 to 7f on",
                         serial=serial, **record.where())
        try:
            inside, _ = der.tbs_parts(event["tbs_certificate"])
        except der.Malformed:
            inside = None
        if inside != serial:
            self.violate("differs", "the TBSCertificate has another serial "
                         "number", serial=serial, inside=inside,
                         **record.where())
        self._once(self._ordered, serial, record, "serial_twice",
                   "a serial number ordered twice")

    def _certificate(self, record, event, subject):
        try:
            _, serial, spki = der.certificate(event["certificate_der"])
        except der.Malformed as error:
            self.violate("malformed", f"certificate: {error}",
                         **record.where())
            return
        if serial != event["serial_number"]:
            self.violate("differs", "the certificate has another serial "
                         "number", serial=event["serial_number"],
                         inside=serial, **record.where())
        self._once(self._certified, serial, record, "serial_twice",
                   "two certificates of one serial number")
        order = subject.orders.get(event["order_id"])
        if order is None or order["state"] == "OPEN":
            self._once(self._keys, wire.sha256(spki), record,
                       "key_certified_twice", "a key certified twice")

    def finish(self, subjects):
        self.report.figures["certificates"] = len(self._certified)
