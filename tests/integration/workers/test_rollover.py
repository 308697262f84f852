#!/usr/bin/python3 -B
"""A new issuing CA on a running stack: what the old one signed stays valid,
what was ordered of it ends clearly, and the new one goes on."""

import base64
import glob
import os
import re
import subprocess
import sys
import unittest

from cryptography import x509

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "faults"))
import parts  # noqa: E402
import testbed  # noqa: E402
from realbed import LONG, RealBed  # noqa: E402
from world import until  # noqa: E402

PROFILES = os.path.join(testbed.REPO, "schemas", "profiles", "*.ini")


class Rollover(unittest.TestCase):
    """One story, in order."""

    @classmethod
    def setUpClass(cls):
        cls.bed = RealBed(ca_key="p256")
        cls.world = cls.bed.world
        cls.certificates = {}
        cls.customers = {}  # one of each CA

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    # ---- steps ------------------------------------------------------------

    def path(self, name):
        return self.world.path("ca", name)

    def use(self, name, *programs):
        """The settings that certflow ca rollover prints."""
        others = {"issuing": ["root"], "issuing-2": ["root", "issuing"]}[name]
        profiles = sorted(glob.glob(PROFILES))
        if name == "issuing-2":
            profiles = [self.adapted(each) for each in profiles]
        for program in programs:
            self.world.set(program, ca__certificate=self.path(f"{name}.pem"),
                           ca__others=",".join(self.path(f"{each}.pem")
                                               for each in others),
                           profile__files=",".join(profiles))

    def adapted(self, profile):
        """A copy that names the files of issuing-2."""
        path = self.world.path("etc", os.path.basename(profile))
        with open(profile, encoding="utf-8") as stream, open(
                path, "w", encoding="utf-8") as out:
            out.write(re.sub(r"\bissuing\.", "issuing-2.", stream.read()))
        return path

    def issued(self, tax_code, **fields):
        event = self.bed.logged(tax_code, "CertificateIssued", LONG, **fields)
        path = self.world.path(f"{tax_code}.cer")
        with open(path, "wb") as out:
            out.write(base64.b64decode(event["certificate_der"]))
        return path

    def verify(self, path, name):
        """By OpenSSL, with the CRLs that are published now."""
        for each in ("root", name):
            self.assertTrue(os.path.exists(self.path(f"{each}.crl.pem")))
        subprocess.run(
            ["openssl", "verify", "-x509_strict", "-crl_check_all",
             "-CRLfile", self.path("root.crl.pem"),
             "-CRLfile", self.path(f"{name}.crl.pem"),
             "-CAfile", self.path("root.pem"),
             "-untrusted", self.path(f"{name}.pem"), path],
            check=True, stdout=subprocess.DEVNULL)
        text = parts.openssl("x509", "-in", path, "-noout", "-text").decode()
        self.assertIn(f"/{name}.crl\n", text)
        self.assertIn(f"/{name}.cer\n", text)

    # ---- the story ----------------------------------------------------------

    def test_1_before(self):
        tax_code = parts.new_tax_code()
        self.bed.ordered(tax_code)
        self.customers["issuing"] = tax_code
        self.certificates["before"] = self.issued(tax_code)
        self.verify(self.certificates["before"], "issuing")

    def test_2_ceremony_and_restart(self):
        """One order is signed by the old CA while no registrar is there to
        see it."""
        cls = type(self)
        cls.between = parts.new_tax_code()
        request_id = self.bed.approved(self.between)
        inbox = testbed.Follower("certflow.inbox.issuer", self.bed.clean)
        self.addCleanup(inbox.close)
        self.world.stop("issuer")
        self.bed.must("officer", parts.issuance_requested(self.between,
                                                          request_id))
        self.bed.logged(self.between, "IssuanceOrdered")
        self.world.stop("registrar")
        self.world.start_program("issuer")
        inbox.wait(lambda record: record["event"]["meta"]["tax_code"]
                   == self.between, "the issuer's answer")
        said = self.world.tool("certflow", "ca", "rollover", "--key", "p256")
        self.assertIn(f"ca.certificate = {self.path('issuing-2.pem')}", said)
        self.use("issuing-2", "registrar", "issuer")
        self.world.restart("issuer")
        self.world.start_program("registrar")
        self.world.wait_ready()
        self.assertEqual(
            self.bed.events(self.between, "CertificateRejected"), [])
        self.verify(self.issued(self.between), "issuing")

    def test_3_after(self):
        tax_code = parts.new_tax_code()
        self.bed.ordered(tax_code)
        self.customers["issuing-2"] = tax_code
        self.verify(self.issued(tax_code), "issuing-2")
        self.world.tool("certflow", "hsm", "check", "--group", "issuing")
        self.world.tool("certflow", "crl")
        self.world.tool("certflow", "crl", "--name", "issuing-2")
        self.verify(self.certificates["before"], "issuing")
        self.verify(self.issued(tax_code), "issuing-2")

    def test_4_an_order_for_the_old_one_ends(self):
        """It fails, named; the officer presses again, and has the new CA's
        certificate."""
        self.use("issuing", "registrar")
        self.world.restart("registrar")
        tax_code = parts.new_tax_code()
        order = self.bed.ordered(tax_code)
        failed = self.bed.logged(tax_code, "IssuanceFailed", LONG)
        self.assertEqual((failed["code"], failed["rule"]),
                         ("ISSUER_UNKNOWN", "issuer_certificate_sha256"))
        self.assertEqual(until(
            lambda: self.world.sql(
                "SELECT state FROM read_model.request WHERE request_id = %s "
                "AND state <> 'ISSUING'", (order["request_id"],)), LONG,
            "no answer in the read model")[0][0], "ISSUANCE_FAILED")
        self.use("issuing-2", "registrar")
        self.world.restart("registrar")
        self.bed.must("officer", parts.issuance_requested(
            tax_code, order["request_id"]))
        self.verify(self.issued(tax_code), "issuing-2")

    def test_5_addresses_of_the_old_one(self):
        """With the new CA and the old profile nobody starts."""
        for program in ("registrar", "issuer"):
            result = subprocess.run(
                [os.path.join(testbed.BUILD, "bin", program), "--config",
                 self.world.path("etc", f"{program}.conf"),
                 "--set", "slot=9", "--set", "health.port=0",
                 "--set", "profile.files=" + ",".join(
                     sorted(glob.glob(PROFILES))),
                 "--set", f"ca.certificate={self.path('issuing-2.pem')}",
                 "--set", "ca.others=" + ",".join(
                     self.path(each) for each in ("root.pem",
                                                  "issuing.pem"))],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, encoding="utf-8", timeout=60,
                env=self.world.clean_environment(), check=False)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("issuing.crl belongs to another CA", result.stdout)

    # ---- what both say of their own --------------------------------------

    def revoke(self, name):
        """A certificate of this CA; its serial number as a CRL has it."""
        tax_code, change = self.customers[name], parts.new_id()
        serial = self.bed.logged(tax_code,
                                 "CertificateIssued")["serial_number"]
        self.bed.must("officer", parts.event(
            "RevocationRequested", "officer", tax_code, parts.OFFICER,
            status_change_id=change, serial_number=serial,
            evidence_sha256="ab" * 32, reason="SUPERSEDED",
            invalidity_date=None, requester="SUBSCRIBER"))
        self.bed.must("manager", parts.event(
            "StatusChangeConfirmed", "manager", tax_code, parts.MANAGER,
            status_change_id=change, reason=None))
        return int(serial, 16)

    def second_crl(self):
        """The program that keeps the list of issuing-2."""
        log = open(self.world.path("log", "crl-2.log"), "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(
            [os.path.join(testbed.BUILD, "bin", "crl"), "--config",
             self.world.path("etc", "crl.conf"), "--set", "slot=1",
             "--set", "health.port=0", "--set", "crl.name=issuing-2",
             "--set", f"ca.certificate={self.path('issuing-2.pem')}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            env=self.world.clean_environment(SOFTHSM2_CONF=self.world.env[
                "CERTFLOW_SOFTHSM2_CONF_ISSUING"]))
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.terminate)

    def listed(self, name):
        with open(self.path(f"{name}.crl"), "rb") as stream:
            crl = x509.load_der_x509_crl(stream.read())
        with open(self.path(f"{name}.pem"), "rb") as stream:
            key = x509.load_pem_x509_certificate(stream.read()).public_key()
        self.assertTrue(crl.is_signature_valid(key))
        return {each.serial_number for each in crl}

    def told(self, name, serial):
        """What openssl says that the responder says."""
        return subprocess.run(
            ["openssl", "ocsp", "-issuer", self.path(f"{name}.pem"),
             "-CAfile", self.path("root.pem"), "-verify_other",
             self.path(f"{name}.pem"), "-serial", str(serial), "-url",
             self.world.env["CERTFLOW_OCSP_URL"]], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8").stdout

    def test_6_lists_and_answers_of_both(self):
        """Each CA's CRL has its own, and one responder speaks for both."""
        self.second_crl()
        self.world.tool("certflow", "ocsp", "--ca", "issuing-2")
        names = ("issuing-2", "issuing")
        self.world.set(
            "ocsp", ca__certificates=",".join(
                self.path(f"{name}.pem") for name in names),
            ocsp__certificates=",".join(
                self.path(f"{name}.pem") for name in ("ocsp-2", "ocsp")))
        self.world.restart("ocsp")
        serials = {name: self.revoke(name) for name in names}
        for name, serial in serials.items():
            until(lambda name=name: self.listed(name) == {serials[name]},
                  LONG, lambda name=name: f"{name}: {self.listed(name)}\n"
                  + self.world.tail("crl-2", 40))
            until(lambda name=name, serial=serial: "revoked" in
                  self.told(name, serial), LONG,
                  lambda name=name, serial=serial: self.told(name, serial))
            self.assertIn("Response verify OK", self.told(name, serial))
        # Of a serial number of the other CA neither says that it is good.
        self.assertNotIn(": good", self.told("issuing", serials["issuing-2"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
