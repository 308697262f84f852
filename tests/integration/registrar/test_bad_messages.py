#!/usr/bin/python3 -B
"""Messages that cannot be read, on the real broker: each is answered with
its reason and kept as a dead letter, the next good one behind it is
processed, and the registrar lives on."""

import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
import parts  # noqa: E402
import testbed  # noqa: E402


def varint(number):
    """Avro's zigzag of a positive number."""
    number, out = number * 2, b""
    while number > 127:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


class BadMessages(unittest.TestCase):
    """Every case: reason, dead letter, record on the log, next message."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed()

    @classmethod
    def tearDownClass(cls):
        cls.bed.close()

    def setUp(self):
        self.tax_code = parts.new_tax_code()
        self.event = parts.key_pair_requested(self.tax_code, parts.new_id())
        self.wire = self.bed.wire(self.event)

    def check(self, value, code, key=None, inbox="einvoice", logged=True,
              **options):
        """Publish value, then a good message into the same partition."""
        key = self.tax_code if key is None else key
        place = self.bed.send(inbox, value, key or None, **options)
        good = parts.new_tax_code()
        while True:  # one that goes to the same partition
            event = parts.key_pair_requested(good, parts.new_id())
            behind = self.bed.publish("einvoice", event)
            if behind["partition"] == place["partition"]:
                break
            good = parts.new_tax_code()
        outcome = self.bed.outcome(place)
        self.assertEqual((outcome["result"], outcome["code"]),
                         ("REFUSED", code))
        self.assertTrue(outcome["message_vi"] and outcome["message_en"])
        self.bed.outcome(behind, "ADMITTED")
        self.assertTrue(self.bed.registrar.is_alive())
        self.find_dead_letter(place, value, code)
        if logged:
            refused = self.bed.logged(key, "EventRefused", code=code)
            self.assertEqual(refused["source"]["offset"], place["offset"])
            self.assertEqual(refused["payload_sha256"],
                             hashlib.sha256(value or b"").hexdigest())
        return outcome

    def find_dead_letter(self, place, value, code):
        source = "{topic}/{partition}/{offset}".format(**place)
        dead = self.bed.dead.wait(
            lambda r: r["headers"].get("certflow-source") == source,
            "dead letter")
        self.assertEqual(dead["headers"]["certflow-reason"], code)
        self.assertEqual(dead["sha256"],
                         hashlib.sha256(value or b"").hexdigest())

    # ---- frame ------------------------------------------------------------

    def test_not_wire_format(self):
        self.check(b"hello", "NOT_WIRE_FORMAT")

    def test_no_value(self):
        self.check(None, "NOT_WIRE_FORMAT")

    def test_other_magic(self):
        self.check(b"\x01" + self.wire[1:], "NOT_WIRE_FORMAT")

    def test_unknown_schema(self):
        self.check(b"\0\x7f\xff\xff\xff" + self.wire[5:], "SCHEMA_UNKNOWN")

    def test_schema_of_no_inbox_event(self):
        outcome = self.bed.wire({
            "type": "Outcome", "source": {"topic": "t", "partition": 0,
                                          "offset": 0},
            "result": "ADMITTED", "recorded_at": parts.now()})
        self.check(outcome, "SCHEMA_UNKNOWN")

    def test_5_mb(self):
        self.check(self.wire[:5] + bytes(5 * 1024 * 1024), "TOO_LARGE")

    # ---- body -------------------------------------------------------------

    def test_truncated(self):
        self.check(self.wire[:-1], "BODY_INVALID")

    def test_truncated_to_the_frame(self):
        self.check(self.wire[:5], "BODY_INVALID")

    def test_trailing_bytes(self):
        self.check(self.wire + b"\0", "BODY_INVALID")

    def test_over_long_varint(self):
        self.check(self.wire[:5] + b"\xff" * 11 + self.wire[6:],
                   "BODY_INVALID")

    def test_over_long_text(self):
        self.event["meta"]["actor"]["id"] = "x" * 401
        outcome = self.check(self.bed.wire(self.event), "BODY_INVALID")
        self.assertEqual(outcome["field"], "meta.actor.id")

    def test_invalid_utf8(self):
        value = self.wire.replace(b"kh-1", b"k\xc3\x28h")
        self.assertNotEqual(value, self.wire)
        self.check(value, "BODY_INVALID")

    def test_enum_index_out_of_range(self):
        # key_algorithm is the last octet: RSA_2048 is 1, zigzag 2
        self.assertEqual(self.wire[-1], 2)
        self.check(self.wire[:-1] + b"\x7e", "BODY_INVALID")

    def test_enum_unknown(self):
        self.check(self.wire[:-1] + b"\0", "BODY_INVALID")

    def test_array_claims_2_to_40_items(self):
        event = parts.event("RequestReturned", "manager", self.tax_code,
                            request_id=parts.new_id(), revision=1,
                            reason="x", fields=[])
        value = self.bed.wire(event)
        self.assertEqual(value[-1], 0)
        self.check(value[:-1] + varint(1 << 40), "BODY_INVALID",
                   inbox="manager")

    # ---- key --------------------------------------------------------------

    def test_key_missing(self):
        self.check(self.wire, "RECORD_KEY_MISSING", key="", logged=False)

    def test_key_of_another(self):
        self.check(self.wire, "RECORD_KEY_MISMATCH",
                   key=parts.new_tax_code())

    def bad_tax_code(self, text):
        self.event["meta"]["tax_code"] = text
        self.check(self.bed.wire(self.event), "TAX_CODE_INVALID", key=text,
                   logged=False)

    def test_wrong_check_digit(self):
        last = (int(self.tax_code[-1]) + 1) % 10
        self.bad_tax_code(f"{self.tax_code[:-1]}{last}")

    def test_full_width_digits(self):
        self.bad_tax_code("".join(chr(0xff10 + int(digit))
                                  for digit in self.tax_code))

    def test_personal_number(self):
        self.bad_tax_code("001885000101")

    # ---- place ------------------------------------------------------------

    def test_wrong_partition_is_sent_on(self):
        right = self.bed.publish("einvoice", self.event)
        self.bed.outcome(right, "ADMITTED")
        event = parts.key_pair_requested(self.tax_code, parts.new_id())
        wrong = self.bed.publish("einvoice", event,
                                 partition=(right["partition"] + 1) % 12)
        outcome = self.bed.outcome(wrong, "ADMITTED")
        self.assertEqual(outcome["sequence"], 2)
        record = self.bed.log.wait(
            lambda r: r["headers"].get("ce_id") == event["meta"]["event_id"],
            "event sent on")
        self.assertEqual(record["partition"], right["partition"])

    def test_misplaced_again_is_a_dead_letter(self):
        right = self.bed.publish("einvoice", self.event)
        first = {"topic": "certflow.inbox.einvoice", "partition": 0,
                 "offset": 4711}
        place = self.bed.send(
            "misrouted", self.wire, self.tax_code,
            partition=(right["partition"] + 1) % 12,
            headers={"certflow-source": "certflow.inbox.einvoice/0/4711"})
        self.assertEqual(self.bed.outcome(first)["code"],
                         "RECORD_KEY_MISMATCH")
        self.find_dead_letter(place, self.wire, "RECORD_KEY_MISMATCH")

    def test_misrouted_without_a_source(self):
        self.check(self.wire, "ROLE", inbox="misrouted", logged=False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
