#!/usr/bin/python3 -B
"""The registrar's part of the journey, on real topics: the test plays the
portals and the workers, openssl holds the keys."""

import base64
import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
import parts  # noqa: E402
import testbed  # noqa: E402


class Journey(unittest.TestCase):
    """Order, certificate, activation; repeats; waiting; latency."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed()

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def test_01_up_to_active(self):
        tax_code = parts.new_tax_code()
        issued, _ = self.bed.certify(tax_code)
        serial = issued["serial_number"]
        with tempfile.NamedTemporaryFile(suffix=".der") as stream:
            stream.write(base64.b64decode(issued["certificate_der"]))
            stream.flush()
            verdict = subprocess.run(
                ["openssl", "verify", "-x509_strict", "-partial_chain",
                 "-CAfile", self.bed.ca.certificate, stream.name],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", check=False)
        self.assertEqual(verdict.returncode, 0, verdict.stdout)
        self.bed.must("einvoice", parts.event(
            "ActivationRequested", "einvoice", tax_code, "kh-1",
            serial_number=serial))
        ordered = self.bed.logged(tax_code, "ActivationOrdered")
        self.bed.must("activator", parts.event(
            "CertificateActivated", "activator", tax_code,
            cause=ordered["meta"]["event_id"], serial_number=serial,
            enrolment_id=ordered["enrolment_id"],
            key_ref=ordered["key_ref"], tested_at=parts.now()))
        self.bed.logged(tax_code, "CertificateActivated")
        numbers = self.bed.sequences(tax_code)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_02_headers_of_the_log(self):
        tax_code = parts.new_tax_code()
        event = parts.key_pair_requested(tax_code, parts.new_id())
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        place = self.bed.publish("einvoice", event,
                                 headers={"traceparent": trace})
        self.bed.outcome(place, "ADMITTED")
        record = self.bed.log.wait(
            lambda r: r["event"]["meta"]["tax_code"] == tax_code, "event")
        headers = record["headers"]
        self.assertEqual(headers["certflow-source"],
                         "{topic}/{partition}/{offset}".format(**place))
        self.assertEqual(headers["ce_id"], event["meta"]["event_id"])
        self.assertEqual(headers["ce_type"], "certflow.v1.KeyPairRequested")
        self.assertEqual(headers["ce_subject"], tax_code)
        self.assertEqual(headers["traceparent"], trace)
        self.assertEqual(len(headers["certflow-body-sha256"]), 64)
        self.assertEqual(bytes.fromhex(record["key_hex"]).decode(), tax_code)
        self.assertEqual(record["partition"], place["partition"])

    def test_03_repeat_reports_the_first_outcome(self):
        tax_code = parts.new_tax_code()
        event = parts.key_pair_requested(tax_code, parts.new_id())
        first = self.bed.outcome(self.bed.publish("einvoice", event))
        again = self.bed.outcome(self.bed.publish("einvoice", event))
        self.assertEqual((again["result"], again["sequence"]),
                         ("ADMITTED", first["sequence"]))
        self.assertEqual(self.bed.sequences(tax_code), [1])

    def test_04_saved_before_the_csr_waits(self):
        tax_code, enrolment_id = parts.new_tax_code(), parts.new_id()
        self.bed.must("einvoice",
                      parts.key_pair_requested(tax_code, enrolment_id))
        place = self.bed.publish("einvoice",
                                 parts.saved(tax_code, enrolment_id))
        self.bed.outcome(place, "DEFERRED")
        self.bed.must("keygen", parts.csr_generated(tax_code, enrolment_id,
                                                    parts.Key()))
        outcome = self.bed.outcome(place, "ADMITTED")
        saved = self.bed.logged(tax_code, "EnrolmentSaved")
        self.assertEqual(outcome["sequence"], saved["meta"]["sequence"])
        self.assertEqual(self.bed.sequences(tax_code), [1, 2, 3, 4])

    def test_05_one_at_a_time(self):
        """Each is decided; how fast is for people to read."""
        enrolments = [(parts.new_tax_code(), parts.new_id())
                      for _ in range(40)]
        wires = [self.bed.wire(parts.key_pair_requested(*each))
                 for each in enrolments]
        times = []
        for (tax_code, _), wire in zip(enrolments, wires):
            begin = time.monotonic()
            place = self.bed.send("einvoice", wire, tax_code)
            self.bed.outcome(place, "ADMITTED")
            times.append(1000 * (time.monotonic() - begin))
        times.sort()
        print(f"published to outcome, ms: p50 {times[20]:.0f}, "
              f"p95 {times[37]:.0f}, max {times[-1]:.0f}")

    def test_06_suspended_resumed_revoked(self):
        tax_code = parts.new_tax_code()
        serial = self.bed.certify(tax_code)[0]["serial_number"]

        def ask(kind, **fields):
            change = parts.new_id()
            self.bed.must("officer", parts.event(
                kind, "officer", tax_code, parts.OFFICER,
                status_change_id=change, serial_number=serial,
                evidence_sha256="ab" * 32, **fields))
            return change

        def confirm(change, actor=parts.MANAGER):
            return self.bed.judge("manager", parts.event(
                "StatusChangeConfirmed", "manager", tax_code, actor,
                status_change_id=change, reason=None))

        held = ask("SuspensionRequested", reason_text="khách hàng báo mất")
        self.bed.logged(tax_code, "CertificateSuspended",
                        status_change_id=held, reason="CERTIFICATE_HOLD")
        resumed = ask("ResumptionRequested", reason_text="đã xác minh")
        self.assertEqual(confirm(resumed, parts.OFFICER), "FOUR_EYES")
        self.assertEqual(confirm(resumed), "ADMITTED")
        self.bed.logged(tax_code, "CertificateResumed",
                        status_change_id=resumed)
        revoked = ask("RevocationRequested", reason="KEY_COMPROMISE",
                      invalidity_date=None, requester="SUBSCRIBER")
        self.bed.logged(tax_code, "CertificateSuspended",
                        status_change_id=revoked)
        self.assertEqual(confirm(revoked), "ADMITTED")
        self.bed.logged(tax_code, "CertificateRevoked",
                        status_change_id=revoked, reason="KEY_COMPROMISE")
        self.assertEqual(self.bed.judge("einvoice", parts.event(
            "ActivationRequested", "einvoice", tax_code, "kh-1",
            serial_number=serial)), "CERTIFICATE_NOT_GOOD")
        numbers = self.bed.sequences(tax_code)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
