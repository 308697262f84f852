"""CRL: what the issuing CA publishes is what the log says, and no number
was ever given to two lists."""

import datetime

from cryptography import x509

from . import der, wire
from .invariant import Invariant
from .signing import Issuer, verifies

LATE_US = 15_000_000  # a change may take so long until it is published
REASONS = {
    "UNSPECIFIED": None,
    "KEY_COMPROMISE": x509.ReasonFlags.key_compromise,
    "AFFILIATION_CHANGED": x509.ReasonFlags.affiliation_changed,
    "SUPERSEDED": x509.ReasonFlags.superseded,
    "CESSATION_OF_OPERATION": x509.ReasonFlags.cessation_of_operation,
    "PRIVILEGE_WITHDRAWN": x509.ReasonFlags.privilege_withdrawn,
    "CERTIFICATE_HOLD": x509.ReasonFlags.certificate_hold,
}
HOLD, GOOD = REASONS["CERTIFICATE_HOLD"], "good"


def _reason(entry):
    try:
        return entry.extensions.get_extension_for_class(
            x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


class List:
    """A CRL, taken apart."""

    def __init__(self, published):
        self.place, self.served = published.place, published.served
        self.crl = x509.load_der_x509_crl(published.octets)
        self.issuer = self.crl.issuer.public_bytes()
        self.tbs = self.crl.tbs_certlist_bytes
        self.this_update_us = int(self.crl.last_update.replace(
            tzinfo=datetime.timezone.utc).timestamp() * 1e6)
        self.number = self.crl.extensions.get_extension_for_class(
            x509.CRLNumber).value.crl_number

    def entries(self):
        """{serial number: reason}"""
        found = {}
        for entry in self.crl:
            text = f"{entry.serial_number:x}"
            found[text.zfill(len(text) + len(text) % 2)] = _reason(entry)
        return found


def _rank(state):
    """A state never gives way to one of a lower rank."""
    return 0 if state in (GOOD, HOLD) else 1 if state is None else 2


class Crls(Invariant):
    """Every CRL at hand verifies and has a number of its own; the newest
    lists what is revoked or on hold, for its reason, and nothing else."""

    NAME = "CRL"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._open = {}     # id of an order: serial
        self._ends = {}     # serial: not_after
        self._issuers = {}  # serial: sha256 of the issuing certificate
        self._now = {}      # serial: what the log says last
        self._since = {}    # serial: when it said so

    # ---- what the log says ------------------------------------------------

    def log(self, record, subject):
        event, name = record.event, record.name
        if name == "IssuanceOrdered":
            serial = event["serial_number"]
            self._open[record.event_id] = serial
            self._ends[serial] = event["not_after"]
            self._issuers[serial] = event["issuer_certificate_sha256"]
            self._say(record, serial, GOOD)
        elif name == "CertificateIssued":
            self._close(event["order_id"])
        elif name == "IssuanceFailed":
            if (self._close(event["order_id"])
                    and event["code"] == "ORDER_EXPIRED"):
                self._say(record, event["serial_number"], None)
        elif name == "OrderVoided":
            self._close(event["order_id"])
            self._say(record, event["serial_number"], None)
        elif name == "CertificateRejected":
            self._rejected(record, event)
        elif name == "CertificateSuspended":
            self._say(record, event["serial_number"], HOLD)
        elif name == "CertificateResumed":
            self._say(record, event["serial_number"], GOOD)
        elif name == "CertificateRevoked":
            self._say(record, event["serial_number"],
                      REASONS[event["reason"]])

    def _close(self, order_id):
        """Was it open?"""
        return self._open.pop(order_id, None) is not None

    def _rejected(self, record, event):
        if event["code"] == "EVENT_ID_CONFLICT":
            return
        ordered = self._open.pop(event["order_id"], None)
        if ordered:
            self._say(record, ordered, None)
        try:
            _, serial, _ = der.certificate(event["certificate_der"])
            signed = any(Issuer(each).verifies(event["certificate_der"])
                         for each in self.evidence.issuers)
        except (der.Malformed, ValueError):
            return
        if signed:  # anybody can write a number into a certificate
            self._say(record, serial, None)

    def _say(self, record, serial, state):
        """Revoked is for ever; by name counts more than without."""
        if _rank(state) >= _rank(self._now.get(serial, GOOD)):
            self._now[serial] = state
            self._since[serial] = record.recorded_at

    # ---- what is published ------------------------------------------------

    def finish(self, subjects):
        if self.evidence.crls is None:
            self.skip("no archive of CRLs: nobody publishes any")
            return
        lists = [List(each) for each in self.evidence.crls]
        certificates = [x509.load_der_x509_certificate(octets)
                        for octets in self.evidence.issuers]
        for each in lists:
            self._verify(each, certificates)
        self._numbers(lists)
        for octets, certificate in zip(self.evidence.issuers, certificates):
            if wire.sha256(octets) in self._issuers.values():
                self._content(wire.sha256(octets), [
                    each for each in lists if each.issuer
                    == certificate.subject.public_bytes()])
        self.report.figures["CRLs"] = len(lists)

    def _verify(self, each, certificates):
        if not any(certificate.subject.public_bytes() == each.issuer
                   and verifies(certificate.public_key(), each.crl, each.tbs)
                   for certificate in certificates):
            self.violate("wrong", "does not verify with its issuer",
                         place=each.place, number=each.number)

    def _numbers(self, lists):
        seen = {}
        for each in lists:
            first = seen.setdefault((each.issuer, each.number), each)
            if first.tbs != each.tbs:
                self.violate("number_twice", "two lists of one number",
                             number=each.number, place=each.place,
                             first=first.place)

    def _content(self, issuer, lists):
        """The newest one that is published, against the log."""
        published = [each for each in lists if each.served]
        if not published:
            self.violate("none", "nothing is published")
            return
        newest = max(published, key=lambda each: each.number)
        deadline = (self.evidence.now_us - LATE_US
                    - self.options.clock_slack_us)
        behind = [each for each in lists if each.number > newest.number
                  and each.this_update_us < deadline]
        if behind:
            self.violate("old", "the archive has a newer one",
                         number=newest.number, newer=behind[0].number)
        entries = newest.entries()
        for serial, since in self._since.items():
            if (self._issuers.get(serial, issuer) == issuer
                    and since < deadline
                    and self._ends.get(serial, newest.this_update_us)
                    >= newest.this_update_us):
                self._compare(serial, newest, entries)
        for serial in entries.keys() - self._since.keys():
            self.violate("unfounded", "listed, and not on the log",
                         serial=serial, number=newest.number)

    def _compare(self, serial, newest, entries):
        state = self._now[serial]
        if state == GOOD:
            if serial in entries:
                self.violate("unfounded", "listed, and neither revoked nor "
                             "on hold", serial=serial, number=newest.number)
        elif serial not in entries:
            self.violate("missing", "revoked or on hold, and not listed",
                         serial=serial, number=newest.number)
        elif entries[serial] != state:
            self.violate("reason", "listed for another reason",
                         serial=serial, number=newest.number,
                         listed=str(entries[serial]), log=str(state))
