#!/usr/bin/python3 -B
"""certflow keys check on a log with planted weaknesses, and beside a token
that holds a key too many."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
import parts  # noqa: E402
import testbed  # noqa: E402

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
E = 65537


class Sharing(parts.Key):
    """A key with this prime, and a sound one of its own."""

    def __init__(self, p):
        super().__init__()
        with open(self.path, "rb") as stream:
            q = serialization.load_pem_private_key(
                stream.read(), None).private_numbers().q
        d = pow(E, -1, (p - 1) * (q - 1))
        numbers = rsa.RSAPrivateNumbers(
            p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q),
            rsa.RSAPublicNumbers(E, p * q))
        if (p * q).bit_length() != 2048:
            raise AssertionError("two primes of 1024 bits have 2048")
        with open(self.path, "wb") as out:
            out.write(numbers.private_key().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        self.spki = parts.openssl("pkey", "-in", self.path, "-pubout",
                                  "-outform", "DER")
        self.digest = parts.hashlib.sha256(self.spki).hexdigest()


class KeysCheck(unittest.TestCase):
    """One log, in order: sound, then ever worse."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed()
        cls.keys = [cls.enrol() for _ in range(3)]

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    @classmethod
    def enrol(cls, key=None):
        tax_code = parts.new_tax_code()
        enrolment_id, key = cls.bed.enrol(tax_code, key)
        return tax_code, enrolment_id, key

    def check(self, *options):
        """(exit status, its lines)"""
        result = subprocess.run(
            [os.path.join(testbed.BUILD, "bin", "certflow"), "keys",
             "check", *options], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", timeout=120,
            env={**self.bed.clean, **self.bed.env}, check=False)
        return result.returncode, result.stdout.splitlines()

    def test_1_sound(self):
        status, lines = self.check()
        self.assertEqual((status, lines), (
            0, ["3 keys, 3 RSA moduli compared, 0 findings"]))

    def test_2_blocklist_that_came_later(self):
        tax_code, _, key = self.keys[1]
        with tempfile.NamedTemporaryFile("w") as stream:
            stream.write(key.digest)
            stream.flush()
            status, lines = self.check("--blocklist", stream.name)
        self.assertEqual((status, len(lines)), (1, 2))
        self.assertRegex(lines[0], f"^KEY_BLOCKLISTED {tax_code} event=.* "
                         f"spki_sha256={key.digest}$")

    def test_3_a_shared_prime(self):
        """The registrar admits both: only together are they weak."""
        with open(self.keys[0][2].path, "rb") as stream:
            p = serialization.load_pem_private_key(
                stream.read(), None).private_numbers().p
        tax_code, _, key = self.enrol(Sharing(p))
        status, lines = self.check()
        self.assertEqual((status, len(lines)), (1, 3))
        first = self.keys[0]
        self.assertEqual(sorted(re.sub(" event=.* spki", " spki", line)
                                for line in lines[:2]), sorted((
            f"SHARED_FACTOR {tax_code} spki_sha256={key.digest} "
            f"with={first[2].digest}",
            f"SHARED_FACTOR {first[0]} spki_sha256={first[2].digest} "
            f"with={key.digest}")))
        self.assertEqual(lines[2],
                         "4 keys, 4 RSA moduli compared, 2 findings")

    def make(self, key_id):
        """A key pair in the token, as a keygen that then died."""
        with open(os.path.join(self.bed.home, "etc", "pin.customer"),
                  encoding="ascii") as stream:
            pin = stream.read().strip()
        subprocess.run(
            ["pkcs11-tool", "--module", MODULE, "--token-label",
             "customer-1", "--login", "--pin", pin, "--keypairgen",
             "--key-type", "EC:prime256v1", "--id", key_id, "--label",
             "left over"], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "SOFTHSM2_CONF": os.path.join(
                self.bed.home, "hsm", "customer", "softhsm2.conf")})

    def test_4_the_tokens(self):
        """The test was the keygen: no admitted key is in a token but one."""
        there = self.keys[2][1].replace("-", "")
        self.make(there)
        self.make("ab" * 16)
        asked, late = parts.new_id(), parts.new_id()
        tax_code = parts.new_tax_code()
        for each in (asked, late):
            self.bed.must("einvoice", parts.key_pair_requested(tax_code,
                                                               each))
        self.make(asked.replace("-", ""))
        status, lines = self.check("--tokens", "customer-1")
        self.assertEqual(status, 1)
        self.assertIn(f"ORPHAN - id={'ab' * 16} private=1 public=1 "
                      "admitted=0", lines)
        self.assertEqual(sum(line.startswith("ORPHAN") for line in lines), 1)
        missing = [line.split()[1] for line in lines
                   if line.startswith("MISSING ")]
        self.assertEqual(len(missing), 3)
        self.assertNotIn(self.keys[2][0], missing)
        status, lines = self.check("--tokens", "customer-1", "--settle", "0")
        self.assertIn(f"ORPHAN {tax_code} id={asked.replace('-', '')} "
                      "private=1 public=1 admitted=0", lines)

    def test_5_what_is_not_there(self):
        for options, text in (
                (("--kafka", "127.0.0.1:1"), "certflow keys: "),
                (("--tokens", "customer-9"), "customer-9"),
                (("--blocklist", "/nowhere"), "/nowhere")):
            status, lines = self.check(*options)
            self.assertEqual(status, 3, lines)
            self.assertIn(text, "\n".join(lines))


if __name__ == "__main__":
    unittest.main(verbosity=2)
