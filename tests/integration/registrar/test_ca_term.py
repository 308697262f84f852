#!/usr/bin/python3 -B
"""The issuing CA's own term, as the registrar lives through it: long enough,
ending soon, not begun, over."""

import datetime
import os
import sys
import unittest
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "faults"))
import parts  # noqa: E402
import testbed  # noqa: E402
from patience import until  # noqa: E402

DAY = datetime.timedelta(days=1)


class Term(unittest.TestCase):
    """One stack, and a registrar for each CA certificate."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed(start=False)

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def start(self, begin, end):
        """A registrar whose CA is valid from now + begin to now + end."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(
            microsecond=0)
        with open(self.bed.ca.certificate, "rb") as stream:
            old = x509.load_pem_x509_certificate(stream.read())
        with open(self.bed.ca.key.path, "rb") as stream:
            key = serialization.load_pem_private_key(stream.read(), None)
        builder = x509.CertificateBuilder(
            old.issuer, old.subject, old.public_key(),
            x509.random_serial_number(), now + begin, now + end)
        for each in old.extensions:
            builder = builder.add_extension(each.value, each.critical)
        path = os.path.join(self.bed.home, "term.pem")
        with open(path, "wb") as out:
            out.write(builder.sign(key, hashes.SHA256()).public_bytes(
                serialization.Encoding.PEM))
        if self.bed.registrar:
            self.bed.registrar.stop()
        self.bed.registrar = testbed.Program(self.bed, ca__certificate=path)
        return (now + end).strftime("%Y-%m-%dT%H:%M:%S")

    def health(self, wanted):
        """Wait until /health says this; the whole answer."""
        text = ""

        def says():
            nonlocal text
            try:
                with urllib.request.urlopen(
                        "http://127.0.0.1:"
                        f"{self.bed.registrar.port}/health",
                        timeout=5) as answer:
                    text = answer.read().decode()
            except urllib.error.HTTPError as error:
                text = error.read().decode()
            except OSError:
                return False
            return wanted in text
        until(says, testbed.PATIENCE, lambda: f"/health says {text}")
        return text

    def submit(self, **changes):
        tax_code = parts.new_tax_code()
        event = parts.submitted(tax_code, parts.submission(**changes))
        return tax_code, event, self.bed.judge("officer", event)

    def logged(self, level, text):
        with open(self.bed.registrar.log, encoding="utf-8") as stream:
            lines = [line for line in stream
                     if f" {level} subject=ca msg=" in line]
        self.assertIn(text, lines[-1] if lines else "")

    def test_1_long_enough(self):
        self.start(-DAY, 3650 * DAY)
        self.assertEqual(self.health("ready"), "ready\n")
        self.assertEqual(self.submit()[2], "ADMITTED")

    def test_2_the_longest_term_is_cut(self):
        self.start(-DAY, 1000 * DAY)
        self.assertIn("ready\nwarning: terms of 36 months are cut short",
                      self.health("warning"))
        self.logged("warn", "36 months are cut short")
        self.assertEqual(self.submit()[2], "ADMITTED")

    def test_3_ending_soon(self):
        end = self.start(-DAY, 80 * DAY)
        self.assertIn("ready\n", self.health("warning: the issuing CA ends"))
        self.logged("warn", "ends in 79 days")
        tax_code, _, code = self.submit()
        self.assertEqual(code, "VALIDITY_SHORTENED")
        refused = self.bed.logged(tax_code, "EventRefused")
        self.assertTrue(refused["params"]["not_after"].startswith(end))
        self.accepted_and_ordered(end)
        end = self.start(-DAY, 20 * DAY)
        self.health("warning: the issuing CA ends in 19 days")
        self.logged("error", "ends in 19 days")

    def accepted_and_ordered(self, end):
        tax_code = parts.new_tax_code()
        _, key = self.bed.enrol(tax_code)
        request_id, digest = self.bed.submit(
            tax_code, parts.submission(accept_shortened_validity=True))
        self.bed.must("manager", parts.approved(tax_code, request_id, digest,
                                                key.digest))
        self.bed.must("officer", parts.issuance_requested(tax_code,
                                                          request_id))
        ordered = self.bed.logged(tax_code, "IssuanceOrdered")
        self.assertTrue(ordered["validity_shortened"])
        self.assertTrue(ordered["not_after"].startswith(end))

    def test_4_not_begun(self):
        self.start(DAY, 3650 * DAY)
        self.health("ca: the issuing CA is not valid before ")
        self.assertEqual(self.submit()[2], "CA_NOT_VALID")
        self.logged("error", "not valid before")

    def test_5_over_when_the_order_is_due(self):
        self.start(-DAY, 3650 * DAY)
        self.health("ready")
        tax_code = parts.new_tax_code()
        _, key = self.bed.enrol(tax_code)
        request_id, digest = self.bed.submit(tax_code)
        self.bed.must("manager", parts.approved(tax_code, request_id, digest,
                                                key.digest))
        self.start(-100 * DAY, -DAY)
        self.health("ca: the issuing CA ended on ")
        self.assertEqual(self.bed.judge("officer", parts.issuance_requested(
            tax_code, request_id)), "CA_NOT_VALID")
        self.logged("error", "ended on")
        self.assertTrue(self.bed.registrar.is_alive())


if __name__ == "__main__":
    unittest.main(verbosity=2)
