#!/usr/bin/python3 -B
"""Tokens that fail while orders are under way: each order has its one outcome
all the same, soon after the token works again, and the token made no
signature that nobody asked for.

The programs are the real ones under the supervisor of a stack; between them
and SoftHSM stands the fault shim (tests/faults/p11_shim.c), for one test also
`p11-kit server` behind a socket.
"""

import base64
import os
import signal
import subprocess
import sys
import time
import unittest

TESTS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(TESTS, "lib"), os.path.join(TESTS, "faults")]
import parts  # noqa: E402
from bed import Bed  # noqa: E402
import shim as shims  # noqa: E402
from world import World, until  # noqa: E402

PIN_INCORRECT = 0xa0
# Five seconds is what is promised; the machine may be busy with other tests.
RECOVERY, BUSY = 5.0, 10.0
DEADLINE = 2.0
P11_KIT_CLIENT = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so"
# The self-test of a token of customers, made with a P-256 key.
PASSING = [field for field in shims.fields_of(shims.SELF_TEST)
           if field.startswith("raw:") and len(field) == 4 + 64][0]


def inner(der):
    """The first element within a SEQUENCE: what a signature is over."""
    def header(at):
        length, begin = der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7f
            length = int.from_bytes(der[begin:begin + size], "big")
            begin += size
        return begin, begin + length
    begin, _ = header(0)
    return der[begin:header(begin)[1]]


class HsmFaults(unittest.TestCase):
    """One stack; each test leaves ready programs behind."""

    @classmethod
    def setUpClass(cls):
        settings = {"hsm.call_deadline": f"{DEADLINE:.0f}s",
                    "hsm.check_every": "1m"}
        cls.world = World(shim=True, settings={
            name: settings for name in ("keygen", "issuer", "activator",
                                        "crl")})
        cls.addClassCleanup(cls.world.close)
        cls.world.start()
        cls.world.wait_ready()
        cls.shim = cls.world.shim
        cls.bed = Bed(cls.world)
        cls.addClassCleanup(cls.bed.close)
        # A second key, so that the issuer can be given the wrong one.
        cls.world.shim_seen = 0
        cls.softhsm("issuing", "--keypairgen", "--key-type", "rsa:2048",
                    "--id", "dec0", "--label", "decoy")

    @classmethod
    def softhsm(cls, group, *arguments):
        """pkcs11-tool past shim and programs."""
        with open(cls.world.path("etc", f"pin.{group}"),
                  encoding="utf-8") as stream:
            pin = stream.read().strip()
        return subprocess.run(
            ["pkcs11-tool", "--module", shims.SOFTHSM, "--token-label",
             {"customer": "customer-1"}.get(group, group), "--login",
             "--pin", "env:TEST_PIN", *arguments], check=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", env={
                **os.environ, "TEST_PIN": pin,
                "SOFTHSM2_CONF": cls.world.path("hsm", group,
                                                "softhsm2.conf")}).stdout

    def setUp(self):
        self.addCleanup(self.shim.clear)

    def own(self, records, pids):
        return [record for record in records if record.pid in pids]

    def play(self, name, program, fault, step, customers, logins=1):
        """A step of these customers while a token of this program fails.
        logins: so many the fault must cost."""
        kind, options = fault
        publish, wait = step
        pid = self.world.pid(program)
        before = len(self.own(self.shim.logins(), [pid]))
        struck = self.shim.inject(kind, program=program, **options)
        publish(customers)
        first = struck.wait()[0]
        over = first.monotonic_us / 1e6 + float(options.get("for_", 0))
        if options.get("for_"):
            self.world.wait_not_ready(program)
        wait(customers)
        took = time.monotonic() - over
        struck.end()
        print(f"  {name}, {program}: orders done {took:.2f} s after the "
              "fault", flush=True)
        self.assertLess(took, RECOVERY + BUSY)
        self.world.wait_ready(program)
        self.assertEqual(self.world.pid(program), pid, "it was restarted")
        new = self.own(self.shim.logins(), [pid])[before:]
        self.assertEqual([login.rv for login in new], [0] * logins, name)

    def whole_journey(self, name, keygen, issuer, activator,
                      logins=(1, 1, 1)):
        """One batch of customers, one fault at each of the three."""
        bed, customers = self.bed, self.bed.new_customers()
        self.play(name, "keygen", keygen,
                  (bed.request_keys, bed.keys_made), customers, logins[0])
        bed.approve(customers)
        self.play(name, "issuer", issuer, (bed.press, bed.certified),
                  customers, logins[1])
        self.play(name, "activator", activator,
                  (bed.ask_activation, bed.activated), customers, logins[2])

    def everywhere(self, name, kind, logins=(1, 1, 1), **options):
        """The same fault at the first signature of an order."""
        own = next(each.data for each in self.shim.signatures()
                   if each.token == "issuing" and shims.is_self_test(each))
        self.whole_journey(
            name, (kind, {**options, "except_": PASSING}),
            (kind, {**options, "except_": own}),
            (kind, {**options, "except_": PASSING}), logins)

    # ---- each fault -------------------------------------------------------

    def test_01_sessions_closed_and_login_forgotten(self):
        self.everywhere("close", "close")

    def test_02_device_error_once(self):
        self.everywhere("CKR_DEVICE_ERROR", "code", rv="CKR_DEVICE_ERROR")

    def test_03_device_removed_for_two_seconds(self):
        away = ("code", {"rv": "CKR_DEVICE_REMOVED", "call": "*",
                         "for_": 2})
        self.whole_journey("CKR_DEVICE_REMOVED for 2 s", away, away, away)

    def test_04_general_error(self):
        """After the work was done: what was made is not made again, and a
        signature that was withheld is made once more."""
        self.everywhere("CKR_GENERAL_ERROR, withheld", "code",
                        rv="CKR_GENERAL_ERROR", when="after")
        customers = self.bed.new_customers()
        self.play("key pair withheld", "keygen",
                  ("code", {"rv": "CKR_GENERAL_ERROR", "when": "after",
                            "call": "C_GenerateKeyPair"}),
                  (self.bed.request_keys, self.bed.keys_made), customers)

    def test_05_wrong_signature(self):
        """Of its own key the issuer begins anew; a customer's key is asked
        again."""
        self.everywhere("wrong signature", "wrong", logins=(0, 1, 0))

    def test_06_the_login_is_forgotten_alone(self):
        self.whole_journey(
            "logout", ("logout", {"call": "C_GenerateKeyPair"}),
            ("logout", {"call": "C_SignInit"}), ("logout", {}))

    def test_07_another_keys_handle(self):
        bed, customers = self.bed, self.bed.new_customers()
        self.play("another key's handle", "keygen",
                  ("other-key", {"call": "C_GenerateKeyPair"}),
                  (bed.request_keys, bed.keys_made), customers)
        bed.approve(customers)
        # The issuer looks for its key when it begins anew.
        other = self.shim.inject("other-key", program="issuer")
        self.play("another key's handle", "issuer", ("close", {}),
                  (bed.press, bed.certified), customers, logins=2)
        self.assertEqual(len(other.claims()), 1)
        self.play("another key's handle", "activator", ("other-key", {}),
                  (bed.ask_activation, bed.activated), customers)

    def test_08_token_full(self):
        customers = self.bed.new_customers()
        full = self.shim.inject("code", rv="CKR_DEVICE_MEMORY",
                                call="C_GenerateKeyPair", program="keygen")
        self.bed.request_keys(customers[:1])
        full.wait()
        failed = self.bed.logged(customers[0].tax_code, "KeyPairFailed")
        self.assertEqual(failed["code"], "TOKEN_FULL")
        self.bed.request_keys(customers[1:])
        self.bed.keys_made(customers[1:])

    def test_09_hung_call(self):
        """Ended within its deadline, started again, the order done once."""
        customers = self.bed.approved_customers()
        pid = self.world.pid("issuer")
        hung = self.shim.inject("hang", program="issuer", seconds=30)
        self.bed.press(customers)
        begin = hung.wait()[0].monotonic_us / 1e6
        until(lambda: self.world.pid("issuer") != pid, 20, "still there")
        took = time.monotonic() - begin
        hung.end()
        self.bed.certified(customers)
        again = time.monotonic() - begin - took
        print(f"  hung C_Sign: process ended after {took:.2f} s, orders done "
              f"{again:.2f} s later", flush=True)
        self.assertGreater(took, DEADLINE - 0.1)
        self.assertLess(took, DEADLINE + BUSY)
        self.world.wait_ready("issuer")
        state = self.world.states()["issuer"]
        self.assertEqual(state["last_exit"], "exit 75")
        self.assertIn("call=C_Sign", self.world.tail("issuer", 200))

    def test_10_killed_between_signature_and_outcome(self):
        customers = self.bed.approved_customers()
        held = self.shim.inject("hang", program="issuer", seconds=30,
                                when="after", count=2)
        self.bed.press(customers)
        held.wait()
        self.world.kill("issuer")
        held.end()
        self.bed.certified(customers)
        self.world.wait_ready("issuer")

    # ---- the PIN ------------------------------------------------------------

    def test_11_wrong_pin_is_tried_once(self):
        """Whatever restarts there are; of two programs with one PIN file
        one tries it."""
        for group, names in (("issuing", ["issuer", "crl"]),
                             ("customer", ["keygen", "activator"])):
            path = self.world.path("etc", f"pin.{group}")
            with open(path, encoding="utf-8") as stream:
                right = stream.read()
            before = len(self.shim.logins())
            self.write_pin(path, "314159")
            for _ in range(3):
                for name in names:
                    self.world.kill(name)
                for name in names:
                    self.wait_refused(name)
            new = [login.rv for login in self.shim.logins()[before:]]
            self.assertEqual(new, [PIN_INCORRECT], group)
            begin = time.monotonic()
            self.write_pin(path, right)
            self.world.wait_ready(names)
            print(f"  right PIN, {' and '.join(names)}: ready after "
                  f"{time.monotonic() - begin:.2f} s", flush=True)
            new = [login.rv for login in self.shim.logins()[before + 1:]]
            self.assertEqual(new, [0] * len(names))
        customers = self.bed.approved_customers(1)
        self.bed.press(customers)
        self.bed.certified(customers)

    def write_pin(self, path, text):
        with open(path + ".new", "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(text)
        os.rename(path + ".new", path)

    def wait_refused(self, name):
        """It runs again, looks at the PIN, and says why it is not ready."""
        self.world.wait_pid(name)
        until(lambda: "refused this PIN" in self.world.health(name)[1], 30,
              lambda: f"{self.world.health(name)}\n{self.world.tail(name)}")

    # ---- a token behind a socket -------------------------------------------

    def serve(self, socket):
        """p11-kit server and what it forks for each connection."""
        with open(self.world.path("log", "p11-kit.log"), "ab") as log:
            child = subprocess.Popen(
                ["p11-kit", "server", "--foreground", "--provider",
                 shims.SOFTHSM, "--name", socket, "pkcs11:token=issuing"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={
                    **os.environ, "SOFTHSM2_CONF": self.world.path(
                        "hsm", "issuing", "softhsm2.conf")})
        until(lambda: os.path.exists(socket), 10, "no socket")
        return child

    def end_server(self, child, socket):
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.unlink(socket)

    def test_12_token_behind_a_socket(self):
        socket = self.world.path("run", "p11-kit.sock")
        server = self.serve(socket)
        customers = self.bed.approved_customers(3)
        self.world.set_environment(
            "issuer", P11_SHIM_REAL=P11_KIT_CLIENT,
            P11_KIT_SERVER_ADDRESS=f"unix:path={socket}")
        # p11-kit's wire has no CKM_SHA256_RSA_PKCS_PSS.
        self.world.set("issuer", profile__files=",".join(
            os.path.join(TESTS, "..", "schemas", "profiles",
                         f"{name}.ini")
            for name in ("org-hsm-ca4", "org-token-sample")))
        self.world.restart("issuer")
        pid = self.world.pid("issuer")
        self.bed.press(customers[:1])
        self.bed.certified(customers[:1])
        self.end_server(server, socket)
        self.bed.press(customers[1:])
        self.world.wait_not_ready("issuer")
        time.sleep(3)  # long enough for the pauses to have grown
        server = self.serve(socket)
        begin = time.monotonic()
        self.bed.certified(customers[1:])
        took = time.monotonic() - begin
        print(f"  p11-kit server killed and restarted: orders done "
              f"{took:.2f} s after it serves", flush=True)
        self.assertLess(took, RECOVERY + BUSY)
        self.assertEqual(self.world.pid("issuer"), pid)
        self.world.set_environment("issuer", P11_SHIM_REAL=shims.SOFTHSM,
                                   P11_KIT_SERVER_ADDRESS=None)
        self.world.set("issuer", profile__files=None)
        self.world.restart("issuer")
        self.end_server(server, socket)

    # ---- what is left ---------------------------------------------------------

    def test_90_each_order_has_one_outcome(self):
        ends = [event["order_id"] for kind in (
            "CertificateIssued", "IssuanceFailed", "CertificateRejected")
            for event in self.bed.events(kind)]
        orders = self.bed.events("IssuanceOrdered")
        self.assertGreater(len(orders), 20)
        self.assertEqual(sorted(ends), sorted(
            order["meta"]["event_id"] for order in orders))
        self.assertEqual(self.bed.events("IssuanceFailed"), [])
        made = [event["enrolment_id"] for kind in ("CsrGenerated",
                                                   "KeyPairFailed")
                for event in self.bed.events(kind)]
        self.assertEqual(sorted(made), sorted(
            event["enrolment_id"]
            for event in self.bed.events("KeyPairRequested")))
        self.assertEqual(self.bed.events("ActivationFailed"), [])
        tested = [event["serial_number"]
                  for event in self.bed.events("CertificateActivated")]
        self.assertEqual(sorted(tested), sorted(
            event["serial_number"]
            for event in self.bed.events("ActivationOrdered")))

    def test_91_no_signature_that_nobody_asked_for(self):
        allowed = {field: "self-test"
                   for field in shims.fields_of(shims.SELF_TEST)}
        for order in self.bed.events("IssuanceOrdered"):
            for field in shims.fields_of(
                    base64.b64decode(order["tbs_certificate"])):
                allowed[field] = "order"
        for event in self.bed.events("CsrGenerated"):
            for field in shims.fields_of(inner(
                    base64.b64decode(event["csr_der"]))):
                allowed[field] = "csr"
        signatures = self.shim.signatures()
        strange = [each for each in signatures if each.data not in allowed]
        self.assertEqual(strange, [])
        kinds = [allowed[each.data] for each in signatures]
        issued = self.bed.events("CertificateIssued")
        print(f"  {len(signatures)} signatures: {kinds.count('order')} of "
              f"{len(issued)} certificates, {kinds.count('csr')} of CSRs, "
              f"{kinds.count('self-test')} tests", flush=True)
        self.assertGreaterEqual(kinds.count("order"), len(issued))
        by_decoy = [each for each in signatures if each.key_id == "dec0"
                    and not shims.is_self_test(each)]
        self.assertEqual(by_decoy, [])

    def test_92_one_key_for_each_enrolment(self):
        listed = self.softhsm("customer", "--list-objects", "--type",
                              "privkey")
        ids = [line.split()[-1] for line in listed.splitlines()
               if line.strip().startswith("ID:")]
        wanted = [event["key_ref"]["key_id"].replace("-", "")
                  for event in self.bed.events("CsrGenerated")]
        self.assertEqual(sorted(ids), sorted(wanted))

    def test_93_the_shim_understood_everything(self):
        self.assertEqual(self.shim.errors(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
