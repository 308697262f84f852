#!/usr/bin/python3 -B
"""Approvals where a signature is demanded: as a manager's portal makes them
with openssl, and wrong in every way that a portal could get them wrong."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
import parts  # noqa: E402
import testbed  # noqa: E402


class Approver:
    """A key and its certificate, made by openssl."""

    def __init__(self, folder, account, name="approver"):
        self.key = parts.Key("-algorithm", "EC", "-pkeyopt",
                             "ec_paramgen_curve:P-256")
        self.certificate = os.path.join(folder, f"{name}.pem")
        parts.openssl("req", "-x509", "-new", "-key", self.key.path,
                      "-days", "30", "-subj", f"/C=VN/UID={account}",
                      "-addext", "basicConstraints=critical,CA:FALSE",
                      "-addext", "keyUsage=critical,digitalSignature",
                      "-out", self.certificate)

    def sign(self, approval, *options):
        """The event with its signature."""
        lines = ["certflow-approval-v1", approval["meta"]["tax_code"],
                 approval["request_id"], str(approval["revision"]),
                 approval["submission_sha256"], approval["spki_sha256"],
                 approval["meta"]["actor"]["id"]]
        text = "".join(line + "\n" for line in lines)
        cms = parts.openssl("cms", "-sign", "-binary", "-md", "sha256",
                            "-signer", self.certificate, "-inkey",
                            self.key.path, "-outform", "DER", *options,
                            data=text.encode("ascii"))
        return {**approval, "signature_cms": parts.b64(cms)}


class Approvals(unittest.TestCase):
    """One stack; a registrar that demands signatures."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed(start=False)
        home = cls.bed.home
        cls.manager = Approver(home, parts.MANAGER)
        cls.stranger = Approver(home, parts.MANAGER, "stranger")
        other = Approver(home, "ql-005", "other")
        cls.other = other
        cls.bundle = os.path.join(home, "approvers.pem")
        with open(cls.bundle, "w", encoding="ascii") as out:
            for each in (other, cls.manager):
                with open(each.certificate, encoding="ascii") as stream:
                    out.write(stream.read())
        cls.start(True)

    @classmethod
    def start(cls, required):
        if cls.bed.registrar:
            cls.bed.registrar.stop()
        cls.bed.registrar = testbed.Program(
            cls.bed, approval__certificates=cls.bundle,
            approval__signature_required=str(required).lower()).wait_ready()

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def setUp(self):
        self.tax_code = parts.new_tax_code()
        _, self.key = self.bed.enrol(self.tax_code)
        self.request_id, self.digest = self.bed.submit(self.tax_code)

    def approval(self, manager=parts.MANAGER):
        return parts.approved(self.tax_code, self.request_id, self.digest,
                              self.key.digest, manager=manager)

    def refused(self, event, reason):
        self.assertEqual(self.bed.judge("manager", event),
                         "APPROVAL_SIGNATURE")
        logged = self.bed.logged(
            self.tax_code, "EventRefused", code="APPROVAL_SIGNATURE",
            params={"reason": reason})
        self.assertEqual(logged["field"], "signature_cms")
        self.assertEqual(logged["message_vi"],
                         "Chữ ký phê duyệt không hợp lệ")
        self.assertTrue(self.bed.registrar.is_alive())

    def test_1_right(self):
        event = self.manager.sign(self.approval())
        self.bed.must("manager", event)
        self.bed.must("officer", parts.issuance_requested(self.tax_code,
                                                          self.request_id))
        ordered = self.bed.logged(self.tax_code, "IssuanceOrdered")
        self.assertEqual(ordered["approval_cms"], event["signature_cms"])
        self.assertEqual(ordered["approver_id"], parts.MANAGER)

    def test_1_right_without_certificate_and_attributes(self):
        self.bed.must("manager", self.manager.sign(
            self.approval(), "-nocerts", "-noattr"))

    def test_2_missing(self):
        self.refused(self.approval(), "missing")

    def test_2_of_another_request(self):
        another = {**self.approval(), "request_id": parts.new_id()}
        event = {**self.approval(), "signature_cms":
                 self.manager.sign(another)["signature_cms"]}
        self.refused(event, "does not verify")

    def test_2_by_a_stranger_who_calls_himself_manager(self):
        self.refused(self.stranger.sign(self.approval()),
                     "not by a known certificate of this approver")

    def test_2_by_another_approver(self):
        self.refused(self.other.sign(self.approval()),
                     "not by a known certificate of this approver")

    def test_2_by_an_account_without_certificate(self):
        self.refused(self.manager.sign(self.approval(manager="ql-777")),
                     "no certificate of this approver is known")

    def test_2_content_inside(self):
        self.refused(self.manager.sign(self.approval(), "-nodetach"),
                     "not detached")

    def test_2_sha1(self):
        self.refused(self.manager.sign(self.approval(), "-md", "sha1"),
                     "its algorithms are not allowed")

    def test_2_not_der(self):
        self.refused(self.manager.sign(self.approval(), "-stream"),
                     "not DER, or followed by other octets")

    def test_3_wrong_where_none_is_demanded(self):
        self.start(False)
        self.refused(self.stranger.sign(self.approval()),
                     "not by a known certificate of this approver")
        self.bed.must("manager", self.approval())

    def test_4_demanded_but_none_known(self):
        result = subprocess.run(
            [testbed.REGISTRAR, "--config", self.bed.configuration, "--set",
             "slot=9", "--set", "approval.signature_required=true"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", timeout=60,
            env=self.bed.clean, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("needs approval.certificates", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
