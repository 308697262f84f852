#!/usr/bin/python3 -B
"""Two instances of a worker on one order, because the first was frozen and
goes on too late: one key, one certificate, nothing done twice."""

import base64
import glob
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import unittest

import confluent_kafka

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "faults"))
import parts  # noqa: E402
import shim as shims  # noqa: E402
import stopper  # noqa: E402
import testbed  # noqa: E402
from realbed import LONG, RealBed  # noqa: E402
from world import until  # noqa: E402

PROGRAMS = ("registrar", "keygen", "issuer", "activator", "projector")
# The order is read, nothing is done.
READ = "poll/certflow.events after 1"
# All is done, nobody knows.
DONE = "produce/certflow.inbox.{} before 1"
SERIAL = b"\xa0\x03\x02\x01\x02\x02\x10"  # version 3, 16 octets of serial


class Bed(RealBed):
    """One in which programs can be stopped at a given place."""

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="certflow-stoppers-")
        self.stoppers = {}
        environment = {}
        for program in PROGRAMS:
            for name in (program, f"{program}-1"):
                self.stoppers[name] = stopper.Stopper(folder, name)
                environment[name] = self.stoppers[name].environment(
                    os.path.join(testbed.BUILD, "bin", program))
        # A program that was frozen within a call has no token that hangs:
        # else the watch may end it before it goes on.
        patient = {"hsm.call_deadline": "10m"}
        super().__init__(instances=2, shim=True, environment=environment,
                         settings={name: patient for name in
                                   ("keygen", "issuer", "activator", "crl")})

    # ---- stopping --------------------------------------------------------

    def arm(self, program, place, action="stop"):
        for name in self.world.instances(program):
            self.stoppers[name].arm(place, action)

    def stopped(self, program):
        """The instance that came there; the other one is left in peace."""
        names = self.world.instances(program)
        name = until(lambda: next((name for name in names if
                                   self.stoppers[name].news()), None),
                     LONG, f"no {program} came there")
        for each in names:
            self.stoppers[each].disarm()
        return name, self.stoppers[name].wait()

    # ---- what came of it -------------------------------------------------

    def signatures(self, tbs):
        """How often the token signed these octets."""
        wanted = shims.fields_of(tbs)
        return sum(1 for each in self.world.shim.signatures()
                   if each.data in wanted)

    def keys(self, tax_code, enrolment_id):
        """SHA-256 of each public key of this enrolment, and the number of
        private ones, as another program sees them."""
        label = f"{tax_code}/{enrolment_id}"
        with open(self.world.path("etc", "pin.customer"),
                  encoding="utf-8") as stream:
            pin = stream.read().strip()
        tool = ["pkcs11-tool", "--module", shims.SOFTHSM, "--token-label",
                "customer-1", "--login", "--pin", pin]
        environment = {**self.world.clean_environment(),
                       "SOFTHSM2_CONF": self.world.path(
                           "hsm", "customer", "softhsm2.conf")}

        def run(*arguments):
            return subprocess.run([*tool, *arguments], check=True,
                                  stdout=subprocess.PIPE, env=environment,
                                  stderr=subprocess.DEVNULL).stdout
        private = run("--list-objects", "--type", "privkey").decode()
        public = run("--list-objects", "--type", "pubkey").decode()
        count = private.count(label)
        if public.count(label) != 1:
            return count, public.count(label)
        spki = run("--read-object", "--type", "pubkey", "--label", label)
        return count, hashlib.sha256(spki).hexdigest()


class Races(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bed = Bed()
        cls.world = cls.bed.world

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def setUp(self):
        self.world.wait_ready(seconds=LONG)
        self.tax_code = parts.new_tax_code()

    def read_model(self, column, serial):
        """Of a certificate, once it is there."""
        return until(lambda: self.world.sql(
            f"SELECT {column} FROM read_model.certificate "
            "WHERE serial_number = %s", (serial,)), LONG,
            f"no certificate {serial} in the read model")[0][0]

    # ---- keygen ----------------------------------------------------------

    def test_01_two_keys_for_one_enrolment(self):
        """Both make one. The loser goes, the winner stays."""
        self.bed.arm("keygen", READ)
        enrolment_id = self.bed.requested(self.tax_code)
        _, process = self.bed.stopped("keygen")
        csr = self.bed.logged(self.tax_code, "CsrGenerated", LONG)
        stopper.thaw(process)
        gone = self.bed.logged(self.tax_code, "KeyPairDestroyed", LONG)
        self.assertEqual((gone["enrolment_id"], gone["cause"]),
                         (enrolment_id, "LOST_RACE"))
        self.assertNotEqual(gone["spki_sha256"], csr["spki_sha256"])
        self.world.wait_ready(seconds=LONG)
        self.assertEqual(self.bed.keys(self.tax_code, enrolment_id),
                         (1, csr["spki_sha256"]))
        self.assertEqual(
            len(self.bed.events(self.tax_code, "CsrGenerated")), 1)

    def test_02_a_key_that_another_adopted(self):
        """Both send a CSR of the same key: it must not be the loser."""
        self.bed.arm("keygen", DONE.format("keygen"))
        enrolment_id = self.bed.requested(self.tax_code)
        _, process = self.bed.stopped("keygen")
        csr = self.bed.logged(self.tax_code, "CsrGenerated", LONG)
        stopper.thaw(process)
        self.bed.logged(self.tax_code, "EventRefused", LONG)
        self.world.wait_ready(seconds=LONG)
        # The next order of this partition is done behind any settling.
        self.bed.must("einvoice", parts.saved(self.tax_code, enrolment_id))
        self.bed.logged(self.tax_code, "EnrolmentSaved")
        other = self.bed.requested(self.tax_code)
        self.bed.logged(self.tax_code, "CsrGenerated", LONG,
                        enrolment_id=other)
        self.assertEqual(self.bed.keys(self.tax_code, enrolment_id),
                         (1, csr["spki_sha256"]))
        self.assertEqual(
            self.bed.events(self.tax_code, "KeyPairDestroyed"), [])

    # ---- issuer ----------------------------------------------------------

    def test_03_two_issuers_on_one_order(self):
        request_id = self.bed.approved(self.tax_code)
        self.bed.arm("issuer", DONE.format("issuer"))
        self.bed.must("officer", parts.issuance_requested(self.tax_code,
                                                          request_id))
        _, process = self.bed.stopped("issuer")
        certificate = self.bed.issued(self.tax_code)
        stopper.thaw(process)
        self.world.wait_ready(seconds=LONG)
        tbs = base64.b64decode(self.bed.events(
            self.tax_code, "IssuanceOrdered")[0]["tbs_certificate"])
        self.assertEqual(self.bed.signatures(tbs), 2)
        until(lambda: sum(
            record["event"]["source"]["topic"] == "certflow.inbox.issuer"
            and record["key_hex"] == self.tax_code.encode().hex()
            for record in self.bed.outcomes.settle(0.1)) == 2, LONG,
            "two outcomes of the issuers")
        self.assertEqual(
            len(self.bed.events(self.tax_code, "CertificateIssued")), 1)
        for event in self.bed.events(self.tax_code, "CertificateRejected"):
            self.assertEqual(event["code"], "EVENT_ID_CONFLICT")
        self.assertEqual(self.read_model(
            "ca_state", certificate["serial_number"]), "GOOD")

    def test_04_signed_but_the_order_was_voided(self):
        self.world.stop("issuer-1")
        self.addCleanup(self.world.start_program, "issuer-1")
        request_id = self.bed.approved(self.tax_code)
        self.bed.arm("issuer", DONE.format("issuer"))
        self.bed.must("officer", parts.issuance_requested(self.tax_code,
                                                          request_id))
        _, process = self.bed.stopped("issuer")
        order = self.bed.logged(self.tax_code, "IssuanceOrdered")
        self.bed.must("manager", parts.event(
            "OrderVoidRequested", "manager", self.tax_code, parts.MANAGER,
            order_id=order["meta"]["event_id"], reason="no answer"))
        self.bed.logged(self.tax_code, "OrderVoided")
        stopper.thaw(process)
        self.bed.issued(self.tax_code)
        self.assertEqual(self.read_model("ca_state",
                                         order["serial_number"]), "REVOKED")

    def test_05_an_order_that_is_too_old(self):
        """Nothing is signed for it; its serial is never good again."""
        self.world.set("registrar", sign_ttl="2s")
        self.world.set("registrar-1", sign_ttl="2s")
        for name in self.world.instances("registrar"):
            self.world.restart(name)
        for name in self.world.instances("issuer"):
            self.world.stop(name)
        order = self.bed.ordered(self.tax_code)
        time.sleep(2.5)  # the order must be too old
        for name in self.world.instances("issuer"):
            self.world.start_program(name)
        failed = self.bed.logged(self.tax_code, "IssuanceFailed", LONG)
        self.assertEqual(failed["code"], "ORDER_EXPIRED")
        tbs = base64.b64decode(order["tbs_certificate"])
        self.assertEqual(self.bed.signatures(tbs), 0)
        for name in self.world.instances("registrar"):
            self.world.set(name, sign_ttl=None)
            self.world.restart(name)

    def test_06_an_order_that_was_aborted(self):
        """The registrar dies between order and commit: nobody acts on it."""
        request_id = self.bed.approved(self.tax_code)
        self.bed.arm("registrar", "commit_transaction before 1",
                     "kill 1000")
        place = self.bed.publish("officer", parts.issuance_requested(
            self.tax_code, request_id))
        self.bed.stopped("registrar")
        self.bed.outcome(place, "ADMITTED", LONG)
        certificate = self.bed.issued(self.tax_code)
        aborted = self.aborted_orders(place["partition"],
                                      certificate["serial_number"])
        self.assertEqual(len(aborted), 1)
        self.assertEqual(self.bed.signatures(aborted[0]), 0)
        orders = self.bed.events(self.tax_code, "IssuanceOrdered")
        self.assertEqual([order["serial_number"] for order in orders],
                         [certificate["serial_number"]])
        self.assertNotIn(bytes.fromhex(certificate["serial_number"]),
                         aborted[0])

    def aborted_orders(self, partition, admitted):
        """TBSCertificates in orders of this tax code but the admitted one,
        committed or not."""
        consumer = confluent_kafka.Consumer({
            "bootstrap.servers": self.bed.env["CERTFLOW_KAFKA"],
            "group.id": "nobody", "isolation.level": "read_uncommitted",
            "enable.partition.eof": True})
        consumer.assign([confluent_kafka.TopicPartition(
            "certflow.events", partition, 0)])
        found = []
        while True:
            message = consumer.poll(10)
            if message is None or message.error():
                break
            headers = dict(message.headers() or ())
            value, key = message.value(), message.key().decode()
            if (headers.get("ce_type") != b"certflow.v1.IssuanceOrdered"
                    or key != self.tax_code):
                continue
            at = value.index(SERIAL) - 4
            size = int.from_bytes(value[at + 2:at + 4], "big")
            tbs = value[at:at + 4 + size]
            if bytes.fromhex(admitted) not in tbs:
                found.append(tbs)
        consumer.close()
        return found

    def test_06b_a_producer_that_breaks_amid_an_order(self):
        """What was signed is not waited for: it will never be published."""
        request_id = self.bed.approved(self.tax_code)
        self.bed.arm("issuer", "produce/certflow.inbox.issuer after 1",
                     "break")
        self.bed.must("officer", parts.issuance_requested(self.tax_code,
                                                          request_id))
        name, process = self.bed.stopped("issuer")
        until(lambda: stopper.state_of(process) == "", 30,
              f"{name} does not end")
        self.bed.issued(self.tax_code)
        self.world.wait_ready(seconds=LONG)
        self.assertEqual(
            len(self.bed.events(self.tax_code, "CertificateIssued")), 1)

    # ---- activator -------------------------------------------------------

    def test_07_two_activators_on_one_order(self):
        self.bed.ordered(self.tax_code)
        certificate = self.bed.issued(self.tax_code)
        self.bed.arm("activator", DONE.format("activator"))
        self.bed.must("einvoice", parts.event(
            "ActivationRequested", "einvoice", self.tax_code, "kh-1",
            serial_number=certificate["serial_number"]))
        _, process = self.bed.stopped("activator")
        self.bed.logged(self.tax_code, "CertificateActivated", LONG)
        stopper.thaw(process)
        self.world.wait_ready(seconds=LONG)
        self.assertEqual(
            len(self.bed.events(self.tax_code, "CertificateActivated")), 1)
        until(lambda: self.read_model(
            "use_state", certificate["serial_number"]) == "ACTIVE", LONG,
            "the certificate is not active")

    # ---- all over again --------------------------------------------------

    def test_08_offsets_lost(self):
        """Read from the beginning: nothing is made, signed or activated."""
        workers = ("keygen", "issuer", "activator")
        self.bed.log.settle(1)
        before = len(self.bed.log.records)
        signed = [each for each in self.world.shim.signatures()
                  if not shims.is_self_test(each)]
        objects = self.objects()
        for program in workers:
            for name in self.world.instances(program):
                self.world.stop(name)
        for program in workers:
            self.world.commit(program, 0)
        self.world.stack("programs", "up")
        self.world.wait_ready(seconds=LONG)
        self.assertEqual(len(self.bed.log.settle(2)), before)
        self.assertEqual([each for each in self.world.shim.signatures()
                          if not shims.is_self_test(each)], signed)
        self.assertEqual(self.objects(), objects)

    def objects(self):
        return sorted(os.path.basename(path) for path in glob.glob(
            self.world.path("hsm", "customer", "tokens", "*", "*.object"))
            if os.path.basename(path) != "token.object")

    # ---- projector -------------------------------------------------------

    def test_09_projector_frozen_and_killed(self):
        for place, action in (("sql/BEGIN before 1", "stop"),
                              ("sql/move_positions after 1", "stop"),
                              ("sql/COMMIT before 1", "stop"),
                              ("sql/COMMIT before 1", "kill")):
            self.bed.arm("projector", place, action)
            enrolment_id = self.bed.requested(self.tax_code)
            _, process = self.bed.stopped("projector")
            until(lambda wanted=enrolment_id: self.world.sql(
                "SELECT 1 FROM read_model.enrolment WHERE enrolment_id = %s",
                (wanted,)), LONG, "nobody projects")
            if action == "stop":
                stopper.thaw(process)
            self.world.wait_ready(seconds=LONG)
        self.check_read_model()

    def check_read_model(self):
        """As a projection of the whole log makes it."""
        self.bed.logged(self.tax_code, "CsrGenerated", LONG)
        self.bed.log.settle(1)
        time.sleep(1)
        before = self.dump()
        self.world.stack("rebuild", "projector")
        self.world.wait_ready(seconds=LONG)
        until(lambda: self.dump() == before, LONG,
              lambda: f"{before}\n\n{self.dump()}")

    def dump(self):
        tables = [row[0] for row in self.world.sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'read_model'"
            " AND tablename <> 'log_position'")]
        return {table: sorted(str(row) for row in self.world.sql(
            f"SELECT t::text FROM read_model.{table} t")) for table in tables}


if __name__ == "__main__":
    unittest.main(verbosity=2)
