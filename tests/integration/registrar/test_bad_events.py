#!/usr/bin/python3 -B
"""Events that may not be: each is refused for the documented reason, the
refusal is on the log, the next good one behind it is processed, and the
registrar lives on."""

import atexit
import base64
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
import parts  # noqa: E402
import testbed  # noqa: E402


DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data")


def other_cas():
    """Certificates of the CA keys that the hostile corpus asks for."""
    folder = tempfile.mkdtemp(prefix="certflow-cas-")
    atexit.register(shutil.rmtree, folder)
    for name in ("ca-p256", "ca-rsa2048"):
        path = os.path.join(folder, f"{name}.der")
        parts.openssl("req", "-x509", "-new", "-key",
                      os.path.join(DATA, "keys", f"{name}.pem"), "-outform",
                      "DER", "-out", path, "-days", "30", "-subj",
                      f"/C=VN/O=Certflow/CN={name}", "-addext",
                      "keyUsage=critical,keyCertSign,cRLSign")
        yield path


class Case(unittest.TestCase):
    """One stack for all classes of this file."""

    bed = None

    def setUp(self):
        if Case.bed is None:
            # what waits in vain is to be refused while we look
            Case.bed = testbed.Testbed(
                deferral_ttl="2s", ca__others=",".join(other_cas()),
                pki__blocklist=os.path.join(DATA, "blocklist.txt"))
        self.tax_code = parts.new_tax_code()

    def refused(self, inbox, event, code, waits=False, **options):
        """Refused with this code, at once or after waiting in vain."""
        place = self.bed.publish(inbox, event, **options)
        if waits:
            waiting = self.bed.outcome(place, "DEFERRED")
            self.assertEqual(waiting["code"], code)
            self.bed.logged(event["meta"]["tax_code"], "EventDeferred",
                            waiting_for=code)
            code = "DEFERRED_TOO_LONG"
            outcome = self.bed.outcome(place, "REFUSED")
        else:
            outcome = self.bed.outcome(place)
        self.assertEqual((outcome["result"], outcome["code"]),
                         ("REFUSED", code))
        self.assertEqual(outcome["event_id"], event["meta"]["event_id"])
        logged = self.bed.logged(event["meta"]["tax_code"], "EventRefused",
                                 code=code)
        self.assertTrue(logged["message_vi"])
        behind = parts.key_pair_requested(event["meta"]["tax_code"],
                                          parts.new_id())
        self.assertEqual(self.bed.judge("einvoice", behind), "ADMITTED")
        self.assertTrue(self.bed.registrar.is_alive())
        numbers = self.bed.sequences(event["meta"]["tax_code"])
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        return logged

    def refused_submission(self, code, **changes):
        content = parts.submission(**changes)
        return self.refused("officer", parts.submitted(self.tax_code,
                                                       content), code)


class Roles(Case):
    """Who may write what."""

    def test_event_of_another_inbox(self):
        event = parts.submitted(self.tax_code, parts.submission())
        event["meta"]["actor"]["role"] = "MANAGER"
        self.refused("manager", event, "ROLE")

    def test_role_does_not_fit_the_inbox(self):
        event = parts.submitted(self.tax_code, parts.submission())
        event["meta"]["actor"]["role"] = "MANAGER"
        self.refused("officer", event, "ROLE")

    def test_event_of_the_registrar(self):
        event = parts.event("OrderVoided", "officer", self.tax_code,
                            order_id=parts.new_id(),
                            serial_number="4f" * 16, reason="x")
        self.refused("officer", event, "ROLE")

    def test_same_id_with_another_body(self):
        event = parts.key_pair_requested(self.tax_code, parts.new_id())
        self.bed.must("einvoice", event)
        self.refused("einvoice", {**event, "key_algorithm": "EC_P256"},
                     "EVENT_ID_CONFLICT")

    def test_id_of_a_worker_used_by_a_portal(self):
        enrolment_id, key = parts.new_id(), parts.Key()
        self.bed.must("einvoice", parts.key_pair_requested(self.tax_code,
                                                           enrolment_id))
        outcome = parts.csr_generated(self.tax_code, enrolment_id, key)
        squatter = parts.key_pair_requested(self.tax_code, parts.new_id())
        squatter["meta"]["event_id"] = outcome["meta"]["event_id"]
        self.bed.must("einvoice", squatter)
        self.bed.must("keygen", outcome)


class Submissions(Case):
    """What an officer may not submit."""

    def test_months_0(self):
        self.refused_submission("MONTHS_RANGE", validity_months=0,
                                contract__months=0)

    def test_months_48(self):
        self.refused_submission("MONTHS_RANGE", validity_months=48,
                                contract__months=48)

    def test_not_in_the_catalogue(self):
        self.refused_submission("PRODUCT_UNKNOWN", validity_months=24,
                                contract__months=24)

    def test_contract_differs(self):
        self.refused_submission("CONTRACT_MISMATCH", contract__months=24)

    def test_dossier_incomplete(self):
        complete = parts.submission()["dossier"]
        logged = self.refused_submission("DOSSIER_INCOMPLETE",
                                         dossier=complete[:-1])
        self.assertIn("LEGAL_REP_ID", str(logged["params"]))

    def test_no_legal_representative(self):
        self.refused_submission("LEGAL_REPRESENTATIVE_MISSING",
                                customer__legal_representative=None)

    def test_name_of_65_characters(self):
        name = "CÔNG TY TRÁCH NHIỆM HỮU HẠN ".ljust(65, "A")
        self.refused_submission("NAME_TOO_LONG", customer__legal_name=name,
                                customer__certificate_name=name)

    def test_name_not_nfc(self):
        name = "CÔNG TY MẪU"  # decomposed: C, O, combining circumflex
        decomposed = name.replace("Ô", "O\u0302")
        self.refused_submission("NAME_NOT_NFC",
                                customer__legal_name=decomposed,
                                customer__certificate_name=decomposed)

    def test_existing_customer_with_changed_data(self):
        _, key = self.bed.enrol(self.tax_code)
        request_id, digest = self.bed.submit(self.tax_code)
        self.bed.must("manager", parts.approved(self.tax_code, request_id,
                                                digest, key.digest))
        self.refused_submission("CUSTOMER_DIFFERS",
                                customer__source="EXISTING",
                                customer__address="Số 2 đường Khác")

    def test_existing_customer_unknown(self):
        logged = self.refused_submission("CUSTOMER_NOT_FOUND",
                                         customer__source="EXISTING")
        self.assertEqual(logged["message_vi"],
                         "Không tìm thấy thông tin khách hàng")


class Approvals(Case):
    """What a manager may not approve."""

    def setUp(self):
        super().setUp()
        _, self.key = self.bed.enrol(self.tax_code)
        self.request_id, self.digest = self.bed.submit(self.tax_code)

    def approval(self, **changes):
        values = {"request_id": self.request_id, "digest": self.digest,
                  "spki": self.key.digest, **changes}
        return parts.approved(self.tax_code, **values)

    def test_unknown_request(self):
        self.refused("manager", self.approval(request_id=parts.new_id()),
                     "REQUEST_UNKNOWN", waits=True)

    def test_by_the_creator(self):
        self.refused("manager", self.approval(manager=parts.OFFICER),
                     "FOUR_EYES")

    def test_another_digest(self):
        self.refused("manager", self.approval(digest="00" * 32),
                     "DIGEST_MISMATCH")

    def test_another_key(self):
        self.refused("manager", self.approval(spki=parts.Key().digest),
                     "KEY_NOT_APPROVED")

    def test_older_revision(self):
        self.bed.must("manager", parts.event(
            "RequestReturned", "manager", self.tax_code, parts.MANAGER,
            request_id=self.request_id, revision=1, reason="x", fields=[]))
        content = parts.submission(request_id=self.request_id, revision=2)
        self.bed.submit(self.tax_code, content)
        self.refused("manager", self.approval(), "REVISION_STALE")


class SeveralCsrs(Case):
    """Two saved keys under one tax code: the officer names one."""

    def setUp(self):
        super().setUp()
        self.one = self.bed.enrol(self.tax_code)
        self.other = self.bed.enrol(self.tax_code)

    def submit(self, enrolment_id):
        return self.bed.submit(self.tax_code, parts.submission(
            enrolment_id=enrolment_id))

    def approval(self, request_id, digest, enrolled):
        return parts.approved(self.tax_code, request_id, digest,
                              enrolled[1].digest)

    def test_none_is_named(self):
        request_id, digest = self.submit(None)
        logged = self.refused("manager", self.approval(
            request_id, digest, self.one), "CSR_SEVERAL")
        self.assertIn(self.one[0], str(logged["params"]))
        self.assertIn(self.other[0], str(logged["params"]))

    def test_the_named_one_is_certified(self):
        request_id, digest = self.submit(self.other[0])
        self.bed.must("manager", self.approval(request_id, digest,
                                               self.other))
        self.bed.must("officer", parts.issuance_requested(self.tax_code,
                                                          request_id))
        ordered = self.bed.logged(self.tax_code, "IssuanceOrdered")
        self.assertEqual(ordered["enrolment_id"], self.other[0])
        self.assertEqual(ordered["spki_sha256"], self.other[1].digest)

    def test_key_of_the_one_that_is_not_named(self):
        request_id, digest = self.submit(self.other[0])
        self.refused("manager", self.approval(request_id, digest, self.one),
                     "KEY_NOT_APPROVED")

    def test_unknown_one_is_named(self):
        self.refused("officer", parts.submitted(
            self.tax_code, parts.submission(enrolment_id=parts.new_id())),
            "ENROLMENT_UNKNOWN", waits=True)

    def test_named_by_another_request(self):
        self.submit(self.other[0])
        self.refused("officer", parts.submitted(
            self.tax_code, parts.submission(
                enrolment_id=self.other[0])), "KEY_USED")


class Issuing(Case):
    """What must not lead to a certificate."""

    def approve(self):
        _, key = self.bed.enrol(self.tax_code)
        request_id, digest = self.bed.submit(self.tax_code)
        self.bed.must("manager", parts.approved(self.tax_code, request_id,
                                                digest, key.digest))
        return request_id

    def test_by_another_officer(self):
        request_id = self.approve()
        self.refused("officer", parts.issuance_requested(
            self.tax_code, request_id, officer=parts.OTHER_OFFICER),
            "NOT_CREATOR")

    def test_with_a_csr_that_is_not_approved(self):
        key, other = parts.Key(), parts.Key()
        content = parts.submission(
            device_type="USB_TOKEN", product_package="ORG_TOKEN_SAMPLE",
            subscription_scheme_code="TK_12T", contract__months_free=0,
            csr_source="UPLOADED",
            csr_der=parts.b64(key.csr(self.tax_code)))
        request_id, digest = self.bed.submit(self.tax_code, content)
        self.bed.must("manager", parts.approved(self.tax_code, request_id,
                                                digest, key.digest))
        self.refused("officer", parts.issuance_requested(
            self.tax_code, request_id, csr=other.csr(self.tax_code)),
            "KEY_NOT_APPROVED")

    def test_pressed_twice(self):
        ordered, _ = self.bed.order(self.tax_code)
        self.refused("officer", parts.issuance_requested(
            self.tax_code, ordered["request_id"]), "ALREADY_ISSUING")

    def test_other_bytes_than_ordered(self):
        ordered, _ = self.bed.order(self.tax_code)
        tbs = base64.b64decode(ordered["tbs_certificate"])
        name = "CÔNG TY MẪU".encode()
        self.assertIn(name, tbs)
        forged = self.bed.ca.issue(tbs.replace(name,
                                               "CÔNG TY MẬU".encode()))
        place = self.bed.publish("issuer",
                                 parts.certificate_issued(ordered, forged))
        self.bed.outcome(place)
        rejected = self.bed.logged(self.tax_code, "CertificateRejected")
        self.assertEqual(rejected["code"], "ORDER_MISMATCH")
        self.assertEqual(rejected["certificate_der"], parts.b64(forged))


class Csrs(Case):
    """Keys and requests that keygen, or an officer, may not bring."""

    def generated(self, code, csr, key=None):
        enrolment_id = parts.new_id()
        self.bed.must("einvoice", parts.key_pair_requested(self.tax_code,
                                                           enrolment_id))
        key = key or parts.Key()
        self.refused("keygen", parts.csr_generated(
            self.tax_code, enrolment_id, key, csr=csr(key, enrolment_id)),
            code)

    def test_copied_from_another_tax_code(self):
        other = parts.new_tax_code()
        self.generated("CSR_TAX_CODE",
                       lambda key, enrolment: key.csr(other, enrolment))

    def test_bad_signature(self):
        def broken(key, enrolment):
            csr = key.csr(self.tax_code, enrolment)
            return csr[:-1] + bytes([csr[-1] ^ 1])
        self.generated("CSR_SIGNATURE", broken)

    def test_sha1(self):
        self.generated("CSR_ALGORITHM", lambda key, enrolment: key.csr(
            self.tax_code, enrolment, digest="-sha1"))

    def weak(self, code, *options):
        key = parts.Key("-algorithm", "RSA", *options)
        self.generated(code, lambda k, enrolment: k.csr(self.tax_code,
                                                        enrolment), key)

    def test_1024_bits(self):
        self.weak("KEY_SIZE", "-pkeyopt", "rsa_keygen_bits:1024")

    def test_exponent_3(self):
        self.weak("KEY_EXPONENT", "-pkeyopt", "rsa_keygen_bits:2048",
                  "-pkeyopt", "rsa_keygen_pubexp:3")

    def test_key_of_another_tax_code(self):
        _, key = self.bed.enrol(parts.new_tax_code())
        self.generated("KEY_USED", lambda k, enrolment: k.csr(self.tax_code,
                                                              enrolment), key)

    def test_certified_key(self):
        _, key = self.bed.certify(self.tax_code)
        self.generated("KEY_USED", lambda k, enrolment: k.csr(self.tax_code,
                                                              enrolment), key)

    def test_person_in_an_uploaded_csr(self):
        key = parts.Key()
        csr = parts.openssl(
            "req", "-new", "-key", key.path, "-outform", "DER", "-subj",
            f"/UID=MST:{self.tax_code}/emailAddress=a@example.invalid")
        logged = self.refused_submission(
            "CSR_PERSONAL_DATA", device_type="USB_TOKEN",
            product_package="ORG_TOKEN_SAMPLE",
            subscription_scheme_code="TK_12T", contract__months_free=0,
            csr_source="UPLOADED", csr_der=parts.b64(csr))
        self.assertNotIn("example", str(logged))


class HostileCsrs(Case):
    """tests/data/hostile-csrs.tsv, uploaded by an officer."""

    TAX_CODE = "0199000112"  # of the requests in it

    def submitted(self, csr):
        return parts.submitted(self.TAX_CODE, parts.submission(
            device_type="USB_TOKEN", product_package="ORG_TOKEN_SAMPLE",
            subscription_scheme_code="TK_12T", contract__months_free=0,
            csr_source="UPLOADED", csr_der=csr))

    def test_each_is_refused_for_its_reason(self):
        with open(os.path.join(DATA, "hostile-csrs.tsv"),
                  encoding="ascii") as stream:
            rows = [line.rstrip("\n").split("\t") for line in stream][1:]
        places = [self.bed.publish("officer", self.submitted(csr))
                  for _, _, csr in rows]
        wrong, admitted = [], 0
        for (code, name, _), place in zip(rows, places):
            outcome = self.bed.outcome(place)
            admitted += outcome["result"] == "ADMITTED"
            expected = {
                # good ones share keys: the first of each has it
                "ACCEPTED": ("ADMITTED", "KEY_USED"),
            }.get(code, (code,))
            if name == "too-large":  # the event's own limit comes first
                expected = ("BODY_INVALID",)
            if (outcome["code"] or outcome["result"]) not in expected:
                wrong.append((code, name, outcome))
        self.assertEqual(wrong, [])
        self.assertGreaterEqual(admitted, 7)
        self.assertGreaterEqual(len(rows) - admitted, 300)
        self.assertTrue(self.bed.registrar.is_alive())


def tearDownModule():
    if Case.bed:
        Case.bed.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
