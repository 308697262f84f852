#!/usr/bin/python3 -B
"""What relying parties are told of certificates over OCSP, by the clients
that they have: OpenSSL's and GnuTLS's. The programs are the real ones under
the supervisor of a stack; what may not be told is not."""

import base64
import datetime
import http.client
import os
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

TESTS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(TESTS, "lib"), os.path.join(TESTS, "faults")]
import parts  # noqa: E402
from bed import Bed  # noqa: E402
from world import World, until  # noqa: E402

PROMISED = 5    # seconds until a change is told
KNOWN_WITHIN = 6
EVIDENCE = "ab" * 32
GOOD, ON_HOLD, REVOKED = range(3)  # customers


class Ocsp(unittest.TestCase):
    """One stack; each test leaves a ready responder behind."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(ca_key="p256", settings={"ocsp": {
            "ocsp.known_within": f"{KNOWN_WITHIN}s"}})
        cls.addClassCleanup(cls.world.close)
        cls.world.start()
        cls.world.wait_ready()
        cls.url = cls.world.env["CERTFLOW_OCSP_URL"]
        cls.bed = Bed(cls.world)
        cls.addClassCleanup(cls.bed.close)
        cls.customers = cls.bed.approved_customers(3)
        cls.bed.press(cls.customers)
        cls.bed.certified(cls.customers)
        for number, each in enumerate(cls.customers):
            octets = base64.b64decode(each.certificate["certificate_der"])
            each.x509 = x509.load_der_x509_certificate(octets)
            each.file = cls.world.path(f"customer-{number}.pem")
            with open(each.file, "wb") as stream:
                stream.write(each.x509.public_bytes(Encoding.PEM))

    @classmethod
    def ca(cls, name):
        return cls.world.path("ca", name)

    # ---- how relying parties ask -------------------------------------------

    def tool(self, *command, status=0):
        result = subprocess.run(command, stdout=subprocess.PIPE, check=False,
                                stderr=subprocess.STDOUT, encoding="utf-8")
        self.assertEqual(result.returncode, status, result.stdout)
        return result.stdout

    def openssl(self, *options, status=0):
        return self.tool(
            "openssl", "ocsp", "-issuer", self.ca("issuing.pem"),
            "-CAfile", self.ca("root.pem"),
            "-verify_other", self.ca("issuing.pem"), *options, status=status)

    def told(self, number, *options):
        """What openssl says of a customer's certificate, verified."""
        text = self.openssl("-url", self.url, *options,
                            "-cert", self.customers[number].file)
        self.assertIn("Response verify OK", text)
        return text.split(f"{self.customers[number].file}: ")[1]

    def request(self, serial):
        """DER of a request without a nonce."""
        path = self.world.path("request.der")
        self.tool("openssl", "ocsp", "-issuer", self.ca("issuing.pem"),
                  "-serial", str(serial), "-no_nonce", "-reqout", path)
        with open(path, "rb") as stream:
            return stream.read()

    def post(self, octets, kind="application/ocsp-request"):
        """(HTTP status, body)"""
        address = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname,
                                                address.port, timeout=20)
        try:
            connection.request("POST", "/", octets, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def status(self, octets):
        """Name of the answer's OCSPResponseStatus."""
        code, body = self.post(octets)
        self.assertEqual(code, 200)
        return ocsp.load_der_ocsp_response(body).response_status.name

    def answer(self, number):
        """The answer about a customer's certificate, without a nonce."""
        _, body = self.post(self.request(
            self.customers[number].x509.serial_number))
        return ocsp.load_der_ocsp_response(body)

    def wait_told(self, number, wanted, seconds=PROMISED):
        begin = time.monotonic()
        until(lambda: wanted in self.told(number), seconds,
              lambda: f"not \"{wanted}\" but {self.told(number)}\n"
              f"{self.world.tail('ocsp', 30)}")
        print(f"{wanted.splitlines()[0]}: told "
              f"{time.monotonic() - begin:.1f} s after the log said so")

    # ---- what the portals ask for ------------------------------------------

    def officer(self, kind, number, **fields):
        change = parts.new_id()
        each = self.customers[number]
        self.bed.must("officer", parts.event(
            kind, "officer", each.tax_code, parts.OFFICER,
            status_change_id=change, evidence_sha256=EVIDENCE,
            serial_number=each.certificate["serial_number"], **fields))
        return change

    def confirm(self, number, change, becomes):
        tax_code = self.customers[number].tax_code
        self.bed.must("manager", parts.event(
            "StatusChangeConfirmed", "manager", tax_code, parts.MANAGER,
            status_change_id=change, reason=None))
        self.bed.logged(tax_code, becomes, status_change_id=change)

    # ---- good --------------------------------------------------------------

    def test_01_openssl(self):
        for options in ((), ("-no_nonce",), ("-sha256",),
                        ("-sha256", "-no_nonce")):
            text = self.told(GOOD, *options)
            self.assertTrue(text.startswith("good"), text)
        text = self.openssl("-url", self.url, "-nonce", "-resp_text",
                            "-cert", self.customers[GOOD].file)
        self.assertIn("OCSP Nonce", text)
        self.assertNotIn("WARNING", text)  # no nonce in response
        # The responder's certificate stands in the answer.
        self.assertIn("OCSP Signing", text)

    def test_02_gnutls(self):
        chain = self.world.path("chain.pem")
        with open(chain, "wb") as stream:
            for name in ("issuing.pem", "root.pem"):
                with open(self.ca(name), "rb") as part:
                    stream.write(part.read())
        for options in ((), ("--nonce",)):
            text = self.tool(
                "ocsptool", f"--ask={self.url}", *options,
                "--load-cert", self.customers[GOOD].file,
                "--load-issuer", self.ca("issuing.pem"),
                "--load-trust", chain)
            self.assertRegex(text, r"Certificate Status: good")
            self.assertIn("Verifying OCSP Response: Success", text)

    def test_03_where_the_certificate_says(self):
        address = self.tool("openssl", "x509", "-in",
                            self.customers[GOOD].file, "-noout",
                            "-ocsp_uri").strip()
        self.assertEqual(address, self.url)

    def test_04_get(self):
        octets = self.request(self.customers[GOOD].x509.serial_number)
        path = urllib.parse.quote(base64.b64encode(octets), safe="")
        bodies = set()
        for _ in range(3):
            with urllib.request.urlopen(f"{self.url}/{path}",
                                        timeout=5) as answer:
                bodies.add(answer.read())
                self.assertEqual(answer.headers["Content-Type"],
                                 "application/ocsp-response")
                self.assertIn("max-age=", answer.headers["Cache-Control"])
        self.assertEqual(len(bodies), 1, "signed once")
        response = self.world.path("response.der")
        with open(response, "wb") as stream:
            stream.write(bodies.pop())
        text = self.openssl("-respin", response, "-cert",
                            self.customers[GOOD].file)
        self.assertIn("Response verify OK", text)
        self.assertIn(": good", text)

    def test_05_times(self):
        answer = self.answer(GOOD)
        now = time.time()
        produced, this, following = map(seconds, (
            answer.produced_at, answer.this_update, answer.next_update))
        self.assertLessEqual(this, produced)
        self.assertLess(now - this, 60 + KNOWN_WITHIN)
        self.assertAlmostEqual(following - this, 3600, delta=1)

    # ---- not good ----------------------------------------------------------

    def test_06_hold_and_back(self):
        self.officer("SuspensionRequested", ON_HOLD, reason_text="mất thiết bị")
        self.bed.logged(self.customers[ON_HOLD].tax_code,
                        "CertificateSuspended")
        self.wait_told(ON_HOLD, "revoked")
        self.assertIn("Reason: certificateHold", self.told(ON_HOLD))
        self.confirm(ON_HOLD, self.officer(
            "ResumptionRequested", ON_HOLD, reason_text="đã xác minh"),
            "CertificateResumed")
        self.wait_told(ON_HOLD, "good")
        # What was signed before the change is not said again.
        self.assertEqual(self.answer(ON_HOLD).certificate_status,
                         ocsp.OCSPCertStatus.GOOD)

    def test_07_revoked(self):
        self.answer(REVOKED)  # a signed "good" is kept by now
        self.confirm(REVOKED, self.officer(
            "RevocationRequested", REVOKED, reason="SUPERSEDED",
            invalidity_date=None, requester="SUBSCRIBER"),
            "CertificateRevoked")
        self.wait_told(REVOKED, "revoked")
        text = self.told(REVOKED)
        self.assertIn("Reason: superseded", text)
        self.assertIn("Revocation Time: ", text)
        answer = self.answer(REVOKED)
        self.assertEqual(answer.certificate_status,
                         ocsp.OCSPCertStatus.REVOKED)
        self.assertLessEqual(answer.revocation_time, answer.this_update)
        self.assertIn("revoked", self.tool(
            "ocsptool", f"--ask={self.url}",
            "--load-cert", self.customers[REVOKED].file,
            "--load-issuer", self.ca("issuing.pem"),
            "--load-signer", self.ca("ocsp.pem")))

    def test_08_unknown(self):
        text = self.openssl("-url", self.url, "-serial", "0x1234")
        self.assertIn("0x1234: unknown", text)
        self.assertIn("Response verify OK", text)
        # Several at once, one of them ours.
        text = self.openssl(
            "-url", self.url, "-serial", "0x1234",
            "-cert", self.customers[GOOD].file)
        self.assertIn("0x1234: unknown", text)
        self.assertIn(": good", text)

    # ---- who asks wrongly ---------------------------------------------------

    def test_09_another_issuer(self):
        text = self.tool("openssl", "ocsp", "-issuer", self.ca("root.pem"),
                         "-serial", "0x1234", "-url", self.url,
                         "-CAfile", self.ca("root.pem"), status=1)
        self.assertIn("unauthorized", text)

    def test_10_malformed(self):
        good = self.request(1)
        for octets in (b"", b"0", b"\x30\x80\x00\x00", good[:-1], good + b"0",
                       os.urandom(1000)):
            self.assertEqual(self.status(octets), "MALFORMED_REQUEST")
        self.assertEqual(self.post(good, "text/plain")[0], 415)
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(self.url + "/", timeout=5)
        self.assertEqual(raised.exception.code, 404)
        raised.exception.close()
        with urllib.request.urlopen(self.url + "/nonsense",
                                    timeout=5) as answer:
            self.assertEqual(answer.read(), b"\x30\x03\x0a\x01\x01")

    def test_11_too_large(self):
        address = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname,
                                                address.port, timeout=20)
        connection.putrequest("POST", "/")
        connection.putheader("Content-Type", "application/ocsp-request")
        connection.putheader("Content-Length", str(10 ** 9))
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()
        self.assertTrue(self.told(GOOD).startswith("good"))

    # ---- the responder's own life ------------------------------------------

    def test_12_killed(self):
        before = self.world.pid("ocsp")
        self.world.kill("ocsp")
        until(lambda: self.world.pid("ocsp") not in (None, before), 20,
              lambda: "not started again")
        self.world.wait_ready("ocsp")
        self.assertTrue(self.told(GOOD).startswith("good"))
        self.assertIn("superseded", self.told(REVOKED))

    def _signed_by(self):
        return self.answer(GOOD).certificates[0].serial_number

    def test_13_certificate_renewed(self):
        before = self._signed_by()
        self.world.tool("certflow", "ocsp", "--days", "1")
        self.world.wait_not_ready("ocsp")
        self.assertRegex(self.world.health("ocsp")[1],
                         "work: .*ends soon.*certflow ocsp")
        until(lambda: self._signed_by() != before, 20,
              lambda: "still signed by the certificate before")
        self.assertTrue(self.told(GOOD).startswith("good"))
        self.world.stack("programs", "restart", "ocsp")  # renews it
        self.world.wait_ready("ocsp")
        self.assertGreater(self.world.metrics("ocsp")[
            "certflow_ocsp_certificate_seconds"], 29 * 86400)

    def test_14_kafka_away(self):
        self.assertEqual(self.status(self.request(1)), "SUCCESSFUL")
        self.world.kill_component("kafka")
        begin = time.monotonic()
        octets = self.request(self.customers[GOOD].x509.serial_number)
        until(lambda: self.status(octets) == "TRY_LATER", 30,
              lambda: "answers without Kafka")
        seconds = time.monotonic() - begin
        print(f"tryLater {seconds:.1f} s after Kafka had gone")
        self.assertLess(seconds, KNOWN_WITHIN + 4)
        self.assertGreater(seconds, KNOWN_WITHIN - 4)
        # A bad request is one all the same.
        self.assertEqual(self.status(b"0"), "MALFORMED_REQUEST")
        text = self.openssl("-url", self.url, "-cert",
                            self.customers[GOOD].file, status=1)
        self.assertIn("trylater", text)
        self.world.start_component("kafka")
        until(lambda: self.status(octets) == "SUCCESSFUL", 60,
              lambda: f"no answers again {self.world.health('ocsp')}")
        self.world.wait_ready()
        self.assertIn("superseded", self.told(REVOKED))

    def test_15_nothing_went_wrong(self):
        with open(self.world.home.log("ocsp"), encoding="utf-8") as stream:
            log = stream.read()
        self.assertNotRegex(log, r"Sanitizer|^\S+ error ")
        values = self.world.metrics("ocsp")
        self.assertGreaterEqual(values["certflow_ocsp_certificates"], 3)


def seconds(moment):
    """cryptography's times are UTC, but say nothing of it."""
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


if __name__ == "__main__":
    unittest.main(verbosity=2)
