"""The read commands of certflow, on the rows of the sample journey.

Run by test_read_model, which says where the database is."""

import json
import os
import subprocess
import unittest

BUILD = os.environ["CERTFLOW_BUILD"]
READER = os.environ["PG_CONNINFO"].replace("user=certflow",
                                           "user=certflow_reader")
TAX_CODE = "0199000112"
UNKNOWN = "0100109106"
REQUEST = "11111111-1111-4111-8111-111111111111"
SERIAL = "4a00000000000000000000000000000001"
VOIDED = "4a00000000000000000000000000000002"


def certflow(*arguments, pg=READER):
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("CERTFLOW_")}
    if pg is not None:
        environment["CERTFLOW_PG"] = pg
    return subprocess.run([os.path.join(BUILD, "bin", "certflow"),
                           *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", env=environment, check=False)


def setUpModule():
    subprocess.run([os.path.join(BUILD, "tests", "read_model_store"), "-j1",
                    "--filter", "store/reading*"], check=True,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Commands(unittest.TestCase):
    def found(self, *arguments):
        done = certflow(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_customer(self):
        for form in (TAX_CODE, "0199 000 112", "01.99.000.112"):
            self.assertIn("CÔNG TY MẪU HAI", self.found("customer", form))
        answer = json.loads(self.found("customer", TAX_CODE, "--json"))
        self.assertEqual(answer["revision"], 2)
        self.assertNotIn("full_name", answer)

    def test_unknown_customer(self):
        done = certflow("customer", UNKNOWN)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "Không tìm thấy thông tin khách hàng\n"))
        done = certflow("customer", UNKNOWN, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["message"],
                         "Không tìm thấy thông tin khách hàng")

    def test_requests(self):
        text = self.found("requests", TAX_CODE)
        for word in (REQUEST, "Đã cấp", "gdv-07", "ql-01"):
            self.assertIn(word, text)
        answer = json.loads(self.found("requests", TAX_CODE, "--json"))
        self.assertEqual(answer[0]["editor_ids"], ["gdv-07", "gdv-08"])
        self.assertEqual(certflow("requests", UNKNOWN).returncode, 1)
        self.assertEqual(
            certflow("requests", UNKNOWN, "--json").stdout.strip(), "[]")

    def test_request_tells_its_story(self):
        text = self.found("request", REQUEST)
        self.assertIn("Cấp chứng thư số thành công", text)
        self.assertIn("Kích hoạt chứng thư số thành công", text)
        story = json.loads(
            self.found("request", REQUEST, "--json"))["timeline"]
        order = [step["sequence"] for step in story]
        self.assertEqual(order, sorted(order))
        self.assertEqual(story[0]["event_name"], "KeyPairRequested")
        self.assertEqual(story[-1]["event_name"], "CertificateActivated")

    def test_certificate(self):
        self.assertIn("Hoạt động", self.found("certificate", SERIAL))
        colons = ":".join(SERIAL[i:i + 2].upper()
                          for i in range(0, len(SERIAL), 2))
        pem = self.found("certificate", colons, "--pem")
        self.assertTrue(pem.startswith("-----BEGIN CERTIFICATE-----\n"))
        answer = json.loads(self.found("certificate", VOIDED, "--json"))
        self.assertEqual(answer["ca_state"], "REVOKED")
        self.assertEqual(certflow("certificate", "ff").returncode, 1)

    def test_signing_certificate(self):
        text = self.found("signing-certificate", TAX_CODE, "--at",
                          "2026-03-02T10:30:00Z")
        self.assertIn("LATEST_NOT_BEFORE_V1", text)
        self.assertIn(SERIAL, text)
        self.assertIn("Đã thu hồi", text)
        done = certflow("signing-certificate", TAX_CODE, "--json", "--at",
                        "2025-03-02T10:30:00Z")
        self.assertEqual(done.returncode, 1)
        answer = json.loads(done.stdout)
        self.assertIsNone(answer["certificate"])
        self.assertEqual({one["reason"] for one in answer["why_not"]},
                         {"NOT_YET_ISSUED"})

    def test_wrong_use(self):
        for arguments in (("customer",), ("customer", "a", "b"),
                          ("customer", "0100109107"), ("request", "no"),
                          ("signing-certificate", TAX_CODE, "--at", "now"),
                          ("customer", TAX_CODE, "--nonsense"), ("nope",)):
            with self.subTest(arguments):
                done = certflow(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertNotEqual(done.stderr, "")

    def test_fault(self):
        done = certflow("customer", TAX_CODE, pg="host=/nonexistent")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(certflow("customer", TAX_CODE,
                                  pg=None).returncode, 3)


if __name__ == "__main__":
    unittest.main(verbosity=1)
