#!/usr/bin/python3 -B
"""A certificate that is revoked is on the CRL within seconds, one that is
resumed is off it, and no end of a program loses an entry or uses a number
twice. The CRL is fetched from where certificates say it is, and judged by
OpenSSL, GnuTLS and Python's cryptography.

The programs are the real ones under the supervisor of a stack; the token is
behind the fault shim, so that every signature is counted."""

import base64
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

TESTS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(TESTS, "lib"), os.path.join(TESTS, "faults")]
import parts  # noqa: E402
from bed import Bed  # noqa: E402
from checker import check  # noqa: E402
from world import World, until  # noqa: E402
import programs  # noqa: E402, found by world

PROMISED = 10  # seconds until a change is on the CRL
EVIDENCE = "ab" * 32
INVALID_SINCE = "2026-03-01T00:00:00.000000Z"


class List:
    """A CRL: number and {serial: reason or None}."""

    def __init__(self, octets):
        self.octets = octets
        self.crl = x509.load_der_x509_crl(octets)
        self.number = self._extension(self.crl.extensions,
                                      x509.CRLNumber).crl_number
        self.entries = {}
        for entry in self.crl:
            reason = self._extension(entry.extensions, x509.CRLReason)
            self.entries[f"{entry.serial_number:032x}"] = (
                reason and reason.reason.value)

    @staticmethod
    def _extension(extensions, kind):
        try:
            return extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    def invalidity(self, serial):
        entry = self.crl.get_revoked_certificate_by_serial_number(
            int(serial, 16))
        return self._extension(entry.extensions,
                               x509.InvalidityDate).invalidity_date

    @property
    def seconds(self):
        """From thisUpdate to nextUpdate."""
        return (self.crl.next_update - self.crl.last_update).total_seconds()


class Crl(unittest.TestCase):
    """One stack; each test leaves ready programs behind."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(shim=True, ca_key="p256")
        cls.addClassCleanup(cls.world.close)
        cls.world.start()
        cls.world.wait_ready()
        cls.bed = Bed(cls.world)
        cls.addClassCleanup(cls.bed.close)
        cls.begin = cls.fetch()
        cls.customers = cls.bed.approved_customers(5)
        cls.bed.press(cls.customers)
        cls.bed.certified(cls.customers)
        cls.serials = [each.certificate["serial_number"]
                       for each in cls.customers]

    # ---- what relying parties see ------------------------------------------

    @classmethod
    def fetch(cls):
        address = cls.world.env["CERTFLOW_PUBLIC_URL"] + "/issuing.crl"
        with urllib.request.urlopen(address, timeout=5) as answer:
            assert answer.headers["Content-Type"] == "application/pkix-crl"
            return List(answer.read())

    @classmethod
    def wait_for(cls, wanted, seconds=PROMISED):
        """The first CRL for which wanted(crl)."""
        def good():
            crl = cls.fetch()
            return wanted(crl) and crl
        return until(good, seconds, lambda: f"CRL {cls.fetch().entries}, "
                     f"health {cls.world.health('crl')}\n"
                     f"{cls.world.tail('crl', 30)}")

    def ca(self, name):
        return self.world.path("ca", name)

    def certificate(self, number):
        """PEM file of a customer's certificate."""
        path = self.world.path(f"customer-{number}.pem")
        octets = base64.b64decode(
            self.customers[number].certificate["certificate_der"])
        with open(path, "wb") as stream:
            stream.write(x509.load_der_x509_certificate(octets).public_bytes(
                Encoding.PEM))
        return path

    def run_tool(self, *command, status=0):
        result = subprocess.run(command, stdout=subprocess.PIPE, check=False,
                                stderr=subprocess.STDOUT, encoding="utf-8")
        self.assertEqual(result.returncode, status, result.stdout)
        return result.stdout

    # ---- what the portals ask for ------------------------------------------

    def officer(self, kind, number, **fields):
        change = parts.new_id()
        self.bed.must("officer", parts.event(
            kind, "officer", self.customers[number].tax_code, parts.OFFICER,
            status_change_id=change, serial_number=self.serials[number],
            evidence_sha256=EVIDENCE, **fields))
        return change

    def confirm(self, number, change):
        self.bed.must("manager", parts.event(
            "StatusChangeConfirmed", "manager",
            self.customers[number].tax_code, parts.MANAGER,
            status_change_id=change, reason=None))

    def revoke(self, number, reason, invalidity=None):
        """Returns when the log says so."""
        self.confirm(number, self.officer(
            "RevocationRequested", number, reason=reason,
            invalidity_date=invalidity, requester="SUBSCRIBER"))
        self.bed.logged(self.customers[number].tax_code,
                        "CertificateRevoked")

    # ---- revoked, on hold, resumed -----------------------------------------

    def test_01_the_first_crl_is_left_as_it_is(self):
        self.assertEqual((self.begin.number, self.begin.entries), (1, {}))
        self.assertEqual(self.fetch().octets, self.begin.octets)

    def test_02_revoked_is_listed_within_seconds(self):
        self.revoke(0, "SUPERSEDED", INVALID_SINCE)
        begin = time.monotonic()
        crl = self.wait_for(lambda crl: self.serials[0] in crl.entries)
        print(f"  listed {time.monotonic() - begin:.2f} s after the log "
              "said so", flush=True)
        self.assertEqual(crl.number, 2)
        self.assertEqual(crl.entries, {self.serials[0]: "superseded"})
        self.assertEqual(crl.invalidity(self.serials[0]).isoformat(),
                         "2026-03-01T00:00:00")
        self.assertEqual(crl.seconds, 3 * 86400)

    def test_03_a_hold_is_listed_until_it_is_lifted(self):
        self.officer("SuspensionRequested", 1, reason_text="mất thiết bị")
        crl = self.wait_for(lambda crl: self.serials[1] in crl.entries)
        self.assertEqual(crl.entries[self.serials[1]], "certificateHold")
        self.confirm(1, self.officer("ResumptionRequested", 1,
                                     reason_text="tìm thấy"))
        later = self.wait_for(lambda crl: self.serials[1] not in crl.entries)
        self.assertEqual(later.entries, {self.serials[0]: "superseded"})
        self.assertEqual(later.number, crl.number + 1)

    def test_04_a_compromised_key_is_listed_before_the_manager_acts(self):
        change = self.officer("RevocationRequested", 2,
                              reason="KEY_COMPROMISE", invalidity_date=None,
                              requester="SUBSCRIBER")
        crl = self.wait_for(lambda crl: self.serials[2] in crl.entries)
        self.assertEqual(crl.entries[self.serials[2]], "certificateHold")
        self.confirm(2, change)
        self.wait_for(lambda crl: crl.entries.get(self.serials[2])
                      == "keyCompromise")

    def test_05_an_order_given_up_is_listed(self):
        """Ordered, revoked by name before any signature."""
        held = self.world.shim.inject("hang", program="issuer", seconds=60,
                                      call="C_Sign", when="before")
        customer, = self.bed.approved_customers(1)
        self.bed.press([customer])
        order = self.bed.logged(customer.tax_code, "IssuanceOrdered")
        customer.certificate = order
        self.customers.append(customer)
        self.serials.append(order["serial_number"])
        self.revoke(5, "CESSATION_OF_OPERATION")
        self.wait_for(lambda crl: crl.entries.get(order["serial_number"])
                      == "cessationOfOperation")
        held.end()
        self.bed.certified([customer])
        self.world.wait_ready("issuer")

    # ---- verifiers --------------------------------------------------------

    def test_06_openssl(self):
        crl, pem = self.ca("issuing.crl"), self.ca("issuing.crl.pem")
        said = self.run_tool("openssl", "crl", "-in", crl, "-inform", "DER",
                             "-noout", "-verify", "-CAfile",
                             self.ca("issuing.pem"))
        self.assertIn("verify OK", said)
        check_it = ("openssl", "verify", "-x509_strict", "-crl_check",
                    "-CAfile", self.ca("root.pem"), "-untrusted",
                    self.ca("issuing.pem"), "-CRLfile", pem)
        self.run_tool(*check_it, self.certificate(1))
        self.assertIn("certificate revoked", self.run_tool(
            *check_it, self.certificate(0), status=2))

    def test_07_gnutls(self):
        self.run_tool("certtool", "--verify-crl", "--infile",
                      self.ca("issuing.crl.pem"), "--load-ca-certificate",
                      self.ca("issuing.pem"))
        chain = self.world.path("chain.pem")
        for number, status in ((1, 0), (0, 1)):
            with open(chain, "w", encoding="utf-8") as to:
                for path in (self.certificate(number), self.ca("issuing.pem")):
                    with open(path, encoding="utf-8") as stream:
                        to.write(stream.read())
            said = self.run_tool(
                "certtool", "--verify", "--infile", chain,
                "--load-ca-certificate", self.ca("root.pem"), "--load-crl",
                self.ca("issuing.crl.pem"), status=status)
            self.assertEqual("revoked" in said, status == 1, said)

    # ---- ends, and what is left --------------------------------------------

    def test_08_from_the_beginning_of_the_log_it_is_the_same(self):
        before = self.fetch()
        self.world.restart("crl")
        self.assertEqual(self.fetch().octets, before.octets)

    def test_09_killed_after_the_signature(self):
        """The next life makes the list anew: that number stays unused."""
        before = self.fetch()
        held = self.world.shim.inject("hang", program="crl", seconds=60,
                                      call="C_Sign", when="after")
        self.revoke(3, "AFFILIATION_CHANGED")
        held.wait()
        self.assertEqual(self.fetch().octets, before.octets)
        begun = self.archived("tbs")
        self.assertEqual(list(begun), [before.number + 1])
        self.world.kill("crl")
        held.end()
        crl = self.wait_for(lambda crl: crl.number > before.number, 30)
        self.assertEqual(crl.number, before.number + 2)
        self.assertEqual(crl.entries, {**before.entries, self.serials[3]:
                                       "affiliationChanged"})
        self.world.wait_ready("crl")
        self.assertEqual(self.archived("tbs"), begun)

    def archived(self, suffix):
        """{number: octets} of the archive."""
        folder = self.world.env["CERTFLOW_CRL_ARCHIVE"]
        found = {}
        for name in os.listdir(folder):
            if name.endswith("." + suffix):
                number = int(name.rsplit("-", 1)[1].split(".")[0])
                with open(os.path.join(folder, name), "rb") as stream:
                    found[number] = stream.read()
        return found

    def test_10_an_older_file_is_put_back(self):
        """As a restored backup does: it does not stay."""
        before, archive = self.fetch(), self.archived("crl")
        self.assertEqual(archive[before.number], before.octets)
        path = self.ca("issuing.crl")
        with open(path + ".new", "wb") as stream:
            stream.write(archive[2])
        os.rename(path + ".new", path)
        self.assertEqual(self.wait_for(
            lambda crl: crl.number >= before.number).octets, before.octets)
        os.unlink(path)
        until(lambda: os.path.exists(path), PROMISED,
              lambda: f"{path} does not come back")
        self.assertEqual(self.fetch().octets, before.octets)

    def test_11_the_archive_is_lost(self):
        before = self.fetch()
        shutil.move(self.world.env["CERTFLOW_CRL_ARCHIVE"],
                    self.world.path("kept"))
        self.world.restart("crl")
        self.confirm(1, self.officer(
            "RevocationRequested", 1, reason="PRIVILEGE_WITHDRAWN",
            invalidity_date=None, requester="CA"))
        crl = self.wait_for(lambda crl: self.serials[1] in crl.entries)
        self.assertEqual(crl.number, before.number + 1)
        folder = self.world.env["CERTFLOW_CRL_ARCHIVE"]
        for name in os.listdir(self.world.path("kept")):
            shutil.move(self.world.path("kept", name), folder)

    def test_12_two_instances_publish_once(self):
        before, port = self.fetch(), parts.free_port()
        command, environment = programs.launch(self.world.home, "crl")
        with open(self.world.path("log", "crl-1.log"), "ab") as log:
            second = subprocess.Popen(
                [*command, "--set", "slot=1", "--set", f"health.port={port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment)
        self.addCleanup(second.kill)
        until(lambda: self.answers(port), 60, lambda: "crl-1 is not ready")
        self.revoke(4, "UNSPECIFIED")
        crl = self.wait_for(lambda crl: self.serials[4] in crl.entries)
        self.assertIsNone(crl.entries[self.serials[4]])
        self.world.kill("crl")
        self.world.wait_ready("crl")
        self.assertEqual(self.fetch().number, before.number + 1)
        second.terminate()
        self.assertEqual(second.wait(20), 0)

    @staticmethod
    def answers(port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health",
                                        timeout=2):
                return True
        except OSError:
            return False

    # ---- what is away ------------------------------------------------------

    def test_13_nothing_is_said_of_a_log_that_cannot_be_read(self):
        """Renewed in time; without Kafka not renewed, and that is said."""
        self.world.set("crl", crl__refresh="1s", crl__next_update="9s",
                       crl__alert="4s")
        self.world.restart("crl")
        first = self.wait_for(lambda crl: crl.seconds == 9)
        self.wait_for(lambda crl: crl.number > first.number + 1)
        self.world.freeze_component("kafka")
        text = ""

        def told():
            nonlocal text
            status, text = self.world.health("crl")
            return status == 503 and "work: CRL " in text
        until(told, 30, lambda: f"health is {text}")
        self.assertIn("kafka: ", text)
        last = self.fetch()
        self.world.thaw_component("kafka")
        self.wait_for(lambda crl: crl.number > last.number, 60)
        self.world.wait_ready("crl")
        self.world.set("crl", crl__refresh=None, crl__next_update=None,
                       crl__alert=None)
        self.world.restart("crl")

    # ---- the whole ---------------------------------------------------------

    def test_14_every_signature_is_of_a_list_that_is_kept(self):
        self.world.wait_ready()
        report = check(self.world.env, shim_dir=self.world.path("shim"),
                       all_counted=True,
                       only=("SIGNATURES", "CRL", "SERIALS"))
        self.assertTrue(report.good, report.summary())
        self.assertIn("CRL", report.judged)
        self.assertGreaterEqual(report.figures["signatures: CRL"],
                                self.fetch().number - 1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unittest.main(verbosity=2, failfast=True)
