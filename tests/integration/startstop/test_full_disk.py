#!/usr/bin/python3 -B
"""A disk that is full under a program's own files: said, nothing lost, done
once there is room again. (full_disk.c stands in for the disk.)"""

import json
import os
import subprocess
import sys
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(__file__))
from pieces import (BUILD, Pieces, kafka, postgres, registry)  # noqa: E402
import deploy  # noqa: E402
import parts  # noqa: E402
import tokens  # noqa: E402


class FullDisk(unittest.TestCase):
    """registrar and keygen, each on a disk of its own."""

    @classmethod
    def setUpClass(cls):
        cls.pieces = Pieces()
        cls.pieces.up(kafka, postgres, registry)
        deploy.topics_and_tables(cls.pieces.home)
        deploy.schema_registry(cls.pieces.home)

    @classmethod
    def tearDownClass(cls):
        cls.pieces.close()

    def disk(self, *folder):
        """(environment, file whose being there makes the disk full)"""
        control = self.pieces.home.path("full-" + folder[-1])
        options = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": os.path.join(BUILD, "tests", "full_disk.so"),
                "FULL_DISK_BELOW": self.pieces.home.path(*folder),
                "FULL_DISK_WHILE": control,
                # a sanitizer wants to be first; here it need not be
                "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0"
                }, control

    def private_keys(self):
        home = self.pieces.home
        with open(tokens.pin_file(home, "customer"),
                  encoding="utf-8") as stream:
            pin = stream.read().strip()
        listed = subprocess.run(
            ["pkcs11-tool", "--module", tokens.MODULE, "--login",
             "--pin", "env:CERTFLOW_PIN", "-O", "--type", "privkey"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            encoding="utf-8", env={
                **os.environ, "CERTFLOW_PIN": pin,
                "SOFTHSM2_CONF": tokens.configuration(home, "customer")})
        return listed.stdout.count("Private Key Object")

    def test_full_under_cache_and_tokens(self):
        cache, cache_full = self.disk("var", "registrar", "schemas")
        token_disk, tokens_full = self.disk("hsm", "customer")
        for each in (cache_full, tokens_full):
            with open(each, "w", encoding="utf-8"):
                pass
        registrar = self.pieces.start("registrar", cache)
        os.remove(tokens_full)
        keygen = self.pieces.start("keygen", token_disk)
        self.pieces.wait_ready()
        self.assertIn("cache file not written", "\n".join(registrar.lines()))
        with open(tokens_full, "w", encoding="utf-8"):
            pass
        tax_code = parts.new_tax_code()
        code, output = self.pieces.publish(
            "--role", "einvoice", "--wait", text=json.dumps({
                "type": "KeyPairRequested",
                "meta": {"tax_code": tax_code, "actor": {"id": "kh-1"}},
                "enrolment_id": str(uuid.uuid4()),
                "certificate_type": "SERVER_SIGNATURE",
                "unit_kind": "ENTERPRISE", "key_algorithm": "EC_P256"}))
        self.assertEqual(code, 0, output)
        keygen.wait_health("hsm: ")
        time.sleep(3)
        self.assertIsNone(keygen.child.poll())
        self.assertIn("order waits for another try",
                      "\n".join(keygen.lines()))
        os.remove(tokens_full)
        # SoftHSM empties the token's own file at each login: a full disk is
        # as bad as kill -9 for it, and `ops/stack up` mends both.
        tokens.repair(self.pieces.home, "customer")
        keygen.wait_health("ready")
        kcat = ["kcat", "-b", self.pieces.home.address("kafka"), "-C", "-q",
                "-t", "certflow.inbox.keygen", "-f", "%h\n", "-e"]
        end = time.monotonic() + 60
        made = ""
        while "ce_type" not in made and time.monotonic() < end:
            made = subprocess.run(kcat, stdout=subprocess.PIPE, check=True,
                                  timeout=60, encoding="utf-8").stdout
        self.assertEqual(made.count("certflow.v1.CsrGenerated"), 1)
        self.assertEqual(made.count("ce_type"), 1)
        self.assertEqual(self.private_keys(), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
