"""SIGNATURES: the HSM signed nothing but what had to be signed."""

import collections
import hashlib
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from . import der, wire
from .invariant import Invariant

TEST_TEXT = b"certflow test signature: this text certifies nothing"
# From the last look at sign_before until the signature is made.
SIGN_PATIENCE_US = 15_000_000
PSS = "1.2.840.113549.1.1.10"


def digests(octets):
    """What the shim may have written down for a signature over these."""
    return tuple(hashlib.new(name, octets).digest()
                 for name in ("sha256", "sha384", "sha512"))


def verifies(key, signed, tbs):
    """Is the signature of a certificate or CRL over tbs by this key?"""
    try:
        oid = signed.signature_algorithm_oid.dotted_string
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed.signature, tbs,
                       ec.ECDSA(signed.signature_hash_algorithm))
        elif oid == PSS:
            algorithm = hashes.SHA256()
            key.verify(signed.signature, tbs,
                       padding.PSS(padding.MGF1(algorithm), 32), algorithm)
        else:
            key.verify(signed.signature, tbs, padding.PKCS1v15(),
                       signed.signature_hash_algorithm)
    except InvalidSignature:
        return False
    return True


class Issuer:
    """An issuing certificate: verifies what it is said to have signed."""

    def __init__(self, octets):
        self.sha256 = wire.sha256(octets)
        self.key = x509.load_der_x509_certificate(octets).public_key()

    def verifies(self, octets):
        """Is the signature of this certificate (DER) ours?"""
        certificate = x509.load_der_x509_certificate(octets)
        return verifies(self.key, certificate,
                        certificate.tbs_certificate_bytes)


class Signatures(Invariant):
    """Every signature counted is a test, a CSR, the TBSCertificate of an
    order that stood on the log before, or a TBSCertList that was published
    or put down to be signed; every certificate verifies."""

    NAME = "SIGNATURES"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._issuers = {issuer.sha256: issuer for issuer in
                         map(Issuer, self.evidence.issuers)}
        self._orders = {}   # order_id: (tbs digest, issuer, ...)
        self._tbs = {}      # digest: order_id
        self._csrs = {}     # digest of a CertificationRequestInfo: enrolment
        self._issued = {}   # order_id: signed_at
        self._tests_ordered = {}  # ActivationOrdered: when
        self._active = {}   # at: (enrolment, ordered, tested, tax code)
        self._verified = 0

    # ---- certificates on the log ----------------------------------------

    def inbox(self, message):
        if message.name == "CsrGenerated":
            self._csr(message.event)

    def _csr(self, event):
        try:
            info, _ = der.csr(event["csr_der"])
        except der.Malformed:
            return
        for digest in digests(info):
            self._csrs[digest] = event["enrolment_id"]

    def log(self, record, subject):
        event = record.event
        if record.name == "IssuanceOrdered":
            for digest in digests(event["tbs_certificate"]):
                self._tbs[digest] = record.event_id
            self._orders[record.event_id] = (
                wire.sha256(event["tbs_certificate"]),
                event["issuer_certificate_sha256"], record.time_us,
                event["sign_before"], record.at, record.tax_code)
        elif record.name == "CsrGenerated":
            self._csr(event)
        elif record.name == "CertificateIssued":
            self._certificate(record, event)
        elif record.name == "CertificateActivated":
            self._active[record.at] = (
                event["enrolment_id"],
                self._tests_ordered.get(record.causation, 0),
                event["tested_at"], record.tax_code)
        elif record.name == "ActivationOrdered":
            self._tests_ordered[record.event_id] = record.time_us
        elif (record.name == "CertificateRejected"
              and event["code"] == "EVENT_ID_CONFLICT"):
            self._second(record, event)

    def _certificate(self, record, event):
        self._issued[event["order_id"]] = (event["signed_at"], record.at,
                                           record.tax_code)
        order = self._orders.get(event["order_id"])
        try:
            tbs = der.certificate(event["certificate_der"])[0]
        except der.Malformed as error:
            self.violate("malformed", f"certificate: {error}",
                         **record.where())
            return
        if order is not None and wire.sha256(tbs) != order[0]:
            self.violate("tbs_differs", "the certificate is not the one "
                         "that was ordered", order=order[4],
                         order_id=event["order_id"], **record.where())
        self._verify(record, event["certificate_der"],
                     order and order[1])

    def _verify(self, record, octets, issuer_sha256):
        issuer = self._issuers.get(issuer_sha256)
        if not self._issuers:
            return
        if issuer is None:
            if issuer_sha256 is not None:
                self.violate("issuer_unknown", "the order names an issuing "
                             "certificate that is not at hand",
                             issuer=issuer_sha256.hex(), **record.where())
            return
        self._verified += 1
        try:
            good = issuer.verifies(octets)
        except ValueError:
            good = False
        if not good:
            self.violate("wrong", "the certificate does not verify with "
                         "the issuing CA", **record.where())

    def _second(self, record, event):
        """The same octets signed once more."""
        order = self._orders.get(event["order_id"])
        try:
            tbs = der.certificate(event["certificate_der"])[0]
        except der.Malformed:
            tbs = b""
        if order is None or wire.sha256(tbs) != order[0]:
            self.violate("second_differs", "called a second signature over "
                         "the ordered octets, and is not", **record.where())
        else:
            self._verify(record, event["certificate_der"], order[1])

    # ---- signatures counted ---------------------------------------------

    def finish(self, subjects):
        self.report.figures["certificates verified"] = self._verified
        if not self._issuers:
            self.skip("no issuing certificate at hand: certificates were "
                      "not verified")
        signed = self.evidence.signatures()
        if signed is None:
            self.skip("no record of signatures: they were not counted")
            return
        self._tests = set(digests(TEST_TEXT))
        self._others = {digest for text in self.evidence.known_texts
                        for digest in digests(text)}
        self._lists = {digest for text in self._crl_texts()
                       for digest in digests(text)}
        self._enrolments = _enrolments(subjects)
        counts, orders = collections.Counter(), collections.Counter()
        self._tested = collections.defaultdict(list)
        first = None
        for signature in signed:
            first = signature.time_us if first is None else min(
                first, signature.time_us)
            kind, order_id = self._classify(signature)
            counts[kind] += 1
            if order_id is not None:
                orders[order_id] += 1
        self._uncounted(orders, first)
        self._again(orders)
        self.report.figures["signatures"] = sum(counts.values())
        self.report.figures.update((f"signatures: {kind}", count)
                                   for kind, count in sorted(counts.items()))

    def _crl_texts(self):
        """Every TBSCertList: published, kept, or put down to be signed."""
        for published in self.evidence.crls or ():
            yield der.signed_part(published.octets)
        yield from self.evidence.begun_crls

    def _classify(self, signature):
        digest = signature.digest
        if digest in self._tests:
            self._tested[signature.key_id].append(signature.time_us)
            return "test", None
        if digest in self._tbs:
            return "certificate", self._ordered(signature)
        if digest in self._csrs:
            return "CSR", None
        if digest in self._lists:
            return "CRL", None
        if digest in self._others:
            return "CA", None
        state = self._enrolments.get(signature.key_id.hex())
        if state in ("lost", "open"):
            return "CSR of a key that lost", None
        if self.options.unknown_signatures:
            return "unknown", None
        self.violate("unknown", "signed, and neither test, CSR nor the "
                     "TBSCertificate of an order",
                     line=signature.line, time_us=signature.time_us,
                     pid=signature.pid, token=signature.token,
                     key_id=signature.key_id.hex(), digest=digest.hex())
        return "unknown", None

    def _ordered(self, signature):
        """Was the order on the log first, and still in time?"""
        order_id = self._tbs[signature.digest]
        _, _, time_us, sign_before, at, tax_code = self._orders[order_id]
        where = {"line": signature.line, "time_us": signature.time_us,
                 "pid": signature.pid, "order_id": order_id, "at": at,
                 "tax_code": tax_code}
        slack = self.options.clock_slack_us
        if signature.time_us + slack < time_us:
            self.violate("before_order", "signed before the order was on "
                         "the log", ordered_us=time_us, **where)
        if signature.time_us > sign_before + SIGN_PATIENCE_US + slack:
            self.violate("late", "signed after sign_before",
                         sign_before=sign_before, **where)
        return order_id

    def _again(self, orders):
        again = {order_id: count for order_id, count in orders.items()
                 if count > 1}
        self.report.figures["orders signed more than once"] = len(again)
        if not self.options.single_signatures:
            return
        for order_id, count in again.items():
            at, tax_code = self._orders[order_id][4:]
            self.violate("signed_again", f"{count} signatures over one "
                         "order, and nothing had crashed", order_id=order_id,
                         at=at, tax_code=tax_code)

    def _uncounted(self, orders, first):
        """Certificates and activations of the time of counting that were
        not counted."""
        slack = self.options.clock_slack_us
        if first is None or not self.options.all_counted:
            return
        for at, (enrolment, ordered, tested, tax_code) in (
                self._active.items()):
            times = self._tested[uuid.UUID(enrolment).bytes]
            if ordered > first + slack and not any(
                    ordered - slack <= each <= tested + slack
                    for each in times):
                self.violate("not_tested", "activated, and its key was not "
                             "tried", enrolment_id=enrolment, at=at,
                             tax_code=tax_code)
        for order_id, (signed_at, at, tax_code) in self._issued.items():
            if not orders[order_id] and signed_at > first + slack:
                self.violate("not_counted", "a certificate whose signature "
                             "was not counted", order_id=order_id, at=at,
                             tax_code=tax_code)


def _enrolments(subjects):
    """id without hyphens: "lost" where a key was destroyed, "open" where
    one may just be made; the CSR of such a key need not be anywhere."""
    found = {}
    for subject in subjects.values():
        for enrolment in subject.enrolments.values():
            key = enrolment["id"].replace("-", "")
            if enrolment["id"] in subject.destroyed:
                found[key] = "lost"
            elif enrolment["state"] in ("REQUESTED", "ABANDONED"):
                found[key] = "open"
            else:
                found[key] = "made"
    return found
