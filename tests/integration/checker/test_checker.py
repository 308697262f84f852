#!/usr/bin/python3 -B
"""The checker can fail: a recording of a good run passes, and each of many
changed ones is found by exactly the invariants that it breaks."""

import os
import sys
import unittest
import uuid

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
sys.path.insert(0, os.path.join(REPO, "tests", "faults"))

from checker import crls, der, judge, layout, recording, wire  # noqa: E402
from checker.evidence import (DEAD_LETTERS, EVENTS, INBOX, Key,  # noqa: E402
                              MISROUTED, OUTCOMES, Signature)
from checker.model import KEYS, TIMELINE  # noqa: E402
from checker.report import NAMES  # noqa: E402
from forger import HOUR_US, Forger  # noqa: E402

RECORDING = os.path.join(REPO, "tests", "data", "faults",
                         "recording.json.xz")
ORIGINAL = recording.Recorded(RECORDING)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def judged(evidence, **options):
    return judge.Judge(evidence, judge.Options(**options)).run()


def inbox_topic(name):
    return INBOX + name


def new_id():
    return str(uuid.uuid4())


class Case(unittest.TestCase):
    """A world to forge, and what must be found in it."""

    def setUp(self):
        self.world = Forger(ORIGINAL)

    def found(self, *invariants, rule=None, **options):
        """Exactly these invariants do not hold."""
        report = judged(self.world, **options)
        self.assertEqual(report.invariants(), set(invariants),
                         report.summary())
        if rule is not None:
            self.assertIn(rule, [name for _, name in report.counts],
                          report.summary())
        return report


class Good(Case):
    def test_all_invariants_hold_and_all_were_judged(self):
        report = self.found(all_counted=True, single_signatures=True,
                            settled=True)
        self.assertEqual(report.judged, set(NAMES))
        self.assertEqual(report.skipped, [])
        self.assertGreater(report.figures["log records"], 100)
        self.assertGreater(report.figures["certificates verified"], 10)

    def test_the_recording_holds_what_the_forgeries_need(self):
        names = {record.name for record in self.world.log()}
        self.assertLessEqual({
            "EventDeferred", "EventRefused", "KeyPairDestroyed",
            "RequestReturned", "RequestReassigned", "CertificateRevoked",
            "CertificateActivated"}, names)
        self.assertTrue(self.world.records[MISROUTED])
        self.assertTrue(self.world.records[DEAD_LETTERS])

    def test_topics_alone_are_judged_too(self):
        self.world.only_topics()
        report = self.found()
        self.assertEqual(set(NAMES) - report.judged, {"REGISTRAR", "KEYS", "CRL"})
        self.assertEqual(len(report.skipped), 5, report.skipped)

    def test_the_report_says_where_to_look(self):
        record = self.world.find("IssuanceOrdered")
        self.world.replace(record.raw, key=b"0100109106")
        report = judged(self.world)
        text = report.summary() + report.json()
        for word in (record.at, record.tax_code, record.event_id, "key"):
            self.assertIn(word, text)


class SequenceCase(Case):
    def test_a_number_is_left_out(self):
        self.world.only_topics()
        last = self.world.find("IssuanceOrdered")

        def change(event):
            event["meta"]["sequence"] += 1
        self.world.rewrite(last.raw, change)
        self.found("SEQUENCE", rule="gap")

    def test_two_events_have_one_number(self):
        self.world.only_topics()
        refused = self.world.find("CertificateDeactivated", last=True)

        def change(event):
            event["meta"]["sequence"] -= 1
        self.world.rewrite(refused.raw, change)
        self.found("SEQUENCE", rule="conflict")

    def test_an_event_stands_twice(self):
        self.world.only_topics()
        last = self.world.find("CertificateDeactivated", last=True)
        self.world.append(last.raw)
        self.found("SEQUENCE", rule="duplicate")

    def test_wrong_partition(self):
        self.world.only_topics()
        last = self.world.find("CertificateDeactivated", last=True)
        self.world.append(last.raw, partition=(last.partition + 1) % 12)
        self.world.remove(last.raw)
        self.found("SEQUENCE", rule="partition")

    def test_wrong_key(self):
        order = self.world.find("IssuanceOrdered")
        self.world.replace(order.raw, key=b"0100109106")
        self.found("SEQUENCE", rule="key")

    def test_no_number(self):
        self.world.only_topics()
        last = self.world.find("CertificateDeactivated", last=True)

        def change(event):
            event["meta"]["sequence"] = None
        self.world.rewrite(last.raw, change)
        self.found("SEQUENCE", rule="unnumbered")

    def test_octets_that_are_no_event(self):
        self.world.only_topics()
        last = self.world.find("CertificateDeactivated", last=True)
        self.world.replace(last.raw, value=last.raw.value[:-1])
        self.found("SEQUENCE", rule="unreadable")


class InputsCase(Case):
    def setUp(self):
        super().setUp()
        self.world.only_topics()

    def first(self, result):
        """(outcome, its event) of the first that came out so."""
        for raw in self.world.records[OUTCOMES]:
            _, event = self.world.decode(raw)
            if event["result"] == result and event["sequence"]:
                return raw, event
        raise AssertionError(result)

    def test_a_fate_that_nobody_is_told(self):
        self.world.remove(self.first("ADMITTED")[0])
        self.found("INPUTS", rule="no_outcome")

    def test_a_message_that_was_skipped(self):
        message = self.world.records[inbox_topic("officer")][0]
        self.world.arrive(message)
        self.found("INPUTS", rule="no_outcome")

    def test_a_message_that_still_waits_is_in_flight(self):
        message = self.world.records[inbox_topic("officer")][0]
        self.world.append(message, time_us=self.world.now_us)
        report = self.found()
        self.assertEqual(report.figures["inbox in flight"], 1)

    def test_two_fates(self):
        outcome, event = self.first("REFUSED")
        self.world.append(outcome)
        self.found("INPUTS", rule="two_outcomes")
        self.found(rejudged=True)

    def test_two_different_fates(self):
        outcome, event = self.first("REFUSED")

        def change(event):
            event["code"] = "LIMIT"
        self.world.rewrite(self.world.append(outcome), change)
        self.found("INPUTS", rule="two_outcomes", rejudged=True)

    def test_another_code_than_on_the_log(self):
        def change(event):
            event["code"] = "LIMIT"
        self.world.rewrite(self.first("REFUSED")[0], change)
        self.found("INPUTS", rule="outcome_differs")

    def test_told_admitted_and_was_refused(self):
        def change(event):
            event["result"], event["code"] = "ADMITTED", None
        self.world.rewrite(self.first("REFUSED")[0], change)
        self.found("INPUTS", rule="outcome_differs")

    def test_another_number_than_on_the_log(self):
        def change(event):
            event["sequence"] += 1
        self.world.rewrite(self.first("ADMITTED")[0], change)
        self.found("INPUTS", rule="outcome_differs")

    def test_an_outcome_of_no_message(self):
        outcome, event = self.first("ADMITTED")
        place = (event["source"]["topic"], event["source"]["partition"],
                 10 ** 6)
        self.world.tell(outcome, place, event["sequence"],
                        event["event_id"])
        self.found("INPUTS", rule="outcome_unknown")

    def test_a_deferred_message_is_never_decided(self):
        deferred = self.world.find("EventDeferred")
        final = self.world.outcomes(deferred.event["source"].values())[-1]
        self.world.remove(final)
        self.found("INPUTS", rule="no_final_outcome")

    def test_a_dead_letter_is_dropped(self):
        self.world.records[DEAD_LETTERS].pop()
        self.found("INPUTS", rule="no_dead_letter")

    def test_a_dead_letter_twice(self):
        self.world.append(self.world.records[DEAD_LETTERS][0])
        self.found("INPUTS", rule="two_dead_letters")

    def test_a_dead_letter_of_other_octets(self):
        letter = self.world.records[DEAD_LETTERS][0]
        self.world.replace(letter, value=(letter.value or b"") + b"x")
        self.found("INPUTS", rule="dead_letter_differs")

    def test_a_dead_letter_of_a_good_message(self):
        _, event = self.first("ADMITTED")
        letter = self.world.append(self.world.records[DEAD_LETTERS][0])
        self.world.header(letter, "certflow-source", "/".join(
            map(str, event["source"].values())))
        self.found("INPUTS", rule="dead_letter_unasked")

    def test_a_misplaced_message_is_dropped(self):
        copy = self.world.records[MISROUTED][0]
        place = copy.header("certflow-source").rsplit("/", 2)
        place = (place[0], int(place[1]), int(place[2]))
        for outcome in self.world.outcomes(place):
            self.world.remove(outcome)
        self.world.remove(copy)
        self.found("INPUTS", rule="not_sent_on")

    def test_a_misplaced_message_is_changed_on_its_way(self):
        copy = self.world.records[MISROUTED][0]
        self.world.replace(copy, value=copy.value[:-1])
        self.found("INPUTS", rule="copy_differs")

    def test_a_record_of_another_message(self):
        record = self.world.find("RequestReturned")
        other = self.world.find(
            "RequestApproved",
            lambda each: each.tax_code == record.tax_code)
        self.world.header(record.raw, "certflow-source", "/".join(
            map(str, other.source)))
        self.found("INPUTS", rule="source_twice")

    def test_a_record_of_no_message(self):
        record = self.world.find("RequestApproved")
        self.world.header(record.raw, "certflow-source",
                          f"{record.source_topic}/{record.partition}/99999")
        self.found("INPUTS", rule="source_unknown")

    def test_a_record_without_a_source(self):
        record = self.world.find("RequestApproved")
        self.world.replace(record.raw, headers=[
            each for each in record.raw.headers
            if each[0] != "certflow-source"])
        self.found("INPUTS", rule="no_source")

    def test_an_event_from_somebody_else_s_inbox(self):
        record = self.world.find("RequestApproved")
        topic = inbox_topic("officer")
        message = self.world.message(record)
        moved = self.world.arrive(message, topic=topic)
        self.world.remove(message)
        self.world.header(record.raw, "certflow-source", "/".join(
            map(str, moved[:3])))

        def change(event):
            event["source"].update(topic=topic, offset=moved.offset)
        for outcome in self.world.outcomes(record.source):
            self.world.rewrite(outcome, change)
        self.found("INPUTS", rule="foreign_inbox")

    def test_octets_were_changed_on_the_way_to_the_log(self):
        record = self.world.find("RequestReturned")

        def change(event):
            event["reason"] += "!"
        self.world.rewrite(record.raw, change)
        self.found("INPUTS", rule="outcome_differs")

    def test_another_digest_of_the_body(self):
        record = self.world.find("RequestReturned")
        self.world.header(record.raw, "certflow-body-sha256", "00" * 32)
        self.found("INPUTS", rule="outcome_differs")

    def test_a_repeat_has_an_effect(self):
        refused = self.world.find(
            "EventRefused", lambda record: record.causation)
        place = tuple(refused.event["source"].values())
        message = self.world.arrive(self.world.fetch(*place))

        def change(event):
            event["source"]["offset"] = message.offset
            event["meta"]["event_id"] = new_id()
        again = self.world.log_again(refused, change)
        self.world.tell(self.world.outcomes(place)[0], message[:3],
                        again.sequence, refused.causation)
        self.found("INPUTS", rule="effect_twice")

    def test_a_repeat_that_is_told_the_first_fate_is_right(self):
        refused = self.world.find(
            "EventRefused", lambda record: record.causation)
        place = tuple(refused.event["source"].values())
        message = self.world.arrive(self.world.fetch(*place))
        self.world.tell(self.world.outcomes(place)[0], message[:3],
                        refused.sequence, refused.causation)
        self.found()

    def test_a_refusal_that_is_not_on_the_log(self):
        def change(event):
            event["sequence"] = None
        self.world.rewrite(self.first("REFUSED")[0], change)
        self.found("INPUTS", rule="refusal_not_logged")


class OrdersCase(Case):
    def setUp(self):
        super().setUp()
        self.world.only_topics()

    def test_an_order_that_nobody_asked_for(self):
        order = self.world.find("IssuanceOrdered", last=True)
        serial = "5" + order.event["serial_number"][1:]

        def change(event):
            event["meta"]["event_id"] = new_id()
            event["tbs_certificate"] = event["tbs_certificate"].replace(
                bytes.fromhex(event["serial_number"]),
                bytes.fromhex(serial))
            event["serial_number"] = serial
        self.world.log_again(order, change)
        self.found("ORDERS", rule="unasked")

    def test_a_press_of_the_button_without_an_order(self):
        asked = self.world.find(
            "IssuanceRequested",
            lambda record: self.world.after(record, "CertificateIssued")
            .sequence == record.sequence + 2)
        issued = self.world.after(asked, "CertificateIssued")
        self.world.forget_from(issued)
        ordered = self.world.after(asked, "IssuanceOrdered")
        self.world.remove(ordered.raw)
        self.found("ORDERS", rule="not_followed")

    def test_two_certificates_of_one_order(self):
        issued = self.world.find("CertificateIssued", last=True)
        self.world.admit_again(issued, new_id())
        self.found("ORDERS", "SERIALS", rule="two_answers")

    def test_an_activation_that_nobody_ordered(self):
        active = self.world.find("CertificateActivated")

        def change(event):
            event["meta"]["causation_id"] = UNKNOWN
        self.world.admit_again(active, new_id(), change)
        self.found("ORDERS", rule="answer_unasked")

    def test_a_key_is_made_twice(self):
        made = self.world.find("CsrGenerated")

        def change(event):
            event["spki_sha256"] = bytes(32)
        self.world.admit_again(made, new_id(), change)
        self.found("ORDERS", rule="answer_unasked")

    def test_a_key_is_destroyed_twice(self):
        gone = self.world.find("KeyPairDestroyed")
        self.world.admit_again(gone, new_id())
        self.found("ORDERS", rule="answer_unasked")

    def test_an_answer_names_another_request(self):
        issued = self.world.find("CertificateIssued")

        def change(event):
            event["request_id"] = UNKNOWN
        self.world.alter(issued, change)
        self.found("ORDERS", rule="answer_differs")

    def test_an_approval_after_the_rejection(self):
        rejected = self.world.find("RequestRejected")
        submitted = self.world.find(
            "RequestSubmitted",
            lambda each: each.tax_code == rejected.tax_code)
        approved = self.world.find("RequestApproved")
        message = self.world.message(approved)

        def change(event):
            event["meta"].update(event_id=event_id,
                                 tax_code=rejected.tax_code)
            event["request_id"] = rejected.event["request_id"]
            event["revision"] = 1
            event["submission_sha256"] = wire.sha256(submitted.submission)
        event_id = new_id()
        name, event = self.world.decode(message)
        change(event)
        arrived = self.world.arrive(
            message, value=self.world.encode(name, event), key=rejected.key,
            partition=rejected.partition)
        raw = self.world.append(approved.raw, key=rejected.key,
                                partition=rejected.partition)
        raw = self.world.header(raw, "certflow-source", "/".join(
            map(str, arrived[:3])))
        raw = self.world.header(raw, "certflow-body-sha256",
                                wire.sha256(arrived.value[5:]).hex())
        sequence = self.world.log(rejected.tax_code)[-2].sequence + 1

        def number(event):
            change(event)
            event["meta"]["sequence"] = sequence
        self.world.rewrite(raw, number)
        outcome = self.world.outcomes(approved.source)[-1]
        outcome = self.world.replace(outcome, key=rejected.key)
        self.world.tell(outcome, arrived[:3], sequence, event_id)
        report = judged(self.world)
        self.assertIn(("ORDERS", "transition"), report.counts)
        self.assertEqual(report.invariants(), {"ORDERS"}, report.summary())


class SignaturesCase(Case):
    def signature(self, accept):
        return next(each for each in self.world.signed if accept(each))

    def of_order(self):
        order = self.world.find("IssuanceOrdered")
        digest = wire.sha256(order.event["tbs_certificate"])
        return order, self.signature(
            lambda each: digest in (each.digest, each.digest[-32:]))

    def test_something_unknown_was_signed(self):
        self.world.signed.append(Signature(
            999, self.world.now_us, 1, "issuing", b"\1", 0x1041, bytes(32)))
        self.found("SIGNATURES", rule="unknown")
        self.found(unknown_signatures=True)

    def test_signed_before_the_order_was_on_the_log(self):
        order, signature = self.of_order()
        self.world.signed.remove(signature)
        self.world.signed.append(signature._replace(
            time_us=order.time_us - 1))
        self.found("SIGNATURES", rule="before_order")
        self.found(clock_slack_us=1000)

    def test_signed_after_its_time(self):
        order, signature = self.of_order()
        self.world.signed.remove(signature)
        self.world.signed.append(signature._replace(
            time_us=order.event["sign_before"] + HOUR_US))
        self.found("SIGNATURES", rule="late")

    def test_signed_twice_though_nothing_crashed(self):
        _, signature = self.of_order()
        self.world.signed.append(signature)
        self.found(single_signatures=False)
        self.found("SIGNATURES", rule="signed_again",
                   single_signatures=True)

    def test_a_signature_was_not_counted(self):
        _, signature = self.of_order()
        self.world.signed.remove(signature)
        self.found("SIGNATURES", rule="not_counted", all_counted=True)

    def test_an_activation_without_a_test(self):
        active = self.world.find("CertificateActivated")
        key_id = uuid.UUID(active.event["enrolment_id"]).bytes
        tests = [each for each in self.world.signed
                 if each.key_id == key_id
                 and each.time_us <= active.event["tested_at"]]
        self.world.signed.remove(tests[-1])
        self.found("SIGNATURES", rule="not_tested", all_counted=True)

    def test_a_csr_that_is_nowhere(self):
        made = self.world.find("CsrGenerated")
        key_id = made.event["key_ref"]["key_id"]
        self.world.signed.append(Signature(
            999, self.world.now_us, 1, "customer-1", key_id, 0x1041,
            bytes(32)))
        self.found("SIGNATURES", rule="unknown")

    def test_the_csr_of_a_key_that_was_destroyed_may_be_nowhere(self):
        gone = self.world.find("KeyPairDestroyed")
        key_id = uuid.UUID(gone.event["enrolment_id"]).bytes
        self.world.signed.append(Signature(
            999, self.world.now_us, 1, "customer-1", key_id, 0x1041,
            bytes(32)))
        self.found()

    def test_a_signature_that_does_not_verify(self):
        self.world.only_topics()
        issued = self.world.find("CertificateIssued")

        def change(event):
            octets = bytearray(event["certificate_der"])
            octets[-1] ^= 1
            event["certificate_der"] = bytes(octets)
        self.world.alter(issued, change)
        self.found("SIGNATURES", rule="wrong")

    def test_another_certificate_than_was_ordered(self):
        self.world.only_topics()
        order = self.world.find("IssuanceOrdered")
        # The same, but signed by another CA, whose order says so.
        self.world.reissue(order, lambda tbs: tbs)
        self.found()
        order = self.world.find(
            "IssuanceOrdered", lambda each: each.event_id == order.event_id)

        def change(event):
            event["tbs_certificate"] = event["tbs_certificate"].replace(
                b"VN", b"US")
        self.world.alter(order, change)
        self.found("SIGNATURES", rule="tbs_differs")


class CrlCase(Case):
    """What is published; the log may be changed, for only CRL counts."""

    def lists(self):
        """Those of the issuing CA, by number; the newest is served."""
        found = {}
        for each in self.world.crls:
            if each.place.rpartition("/")[2].startswith("issuing"):
                found.setdefault(crls.List(each).number, []).append(each)
        return found

    def newest(self):
        return self.lists()[max(self.lists())]

    def remove(self, chosen):
        self.world.crls = [each for each in self.world.crls
                           if each not in chosen]

    def crl(self, rule):
        self.world.now_us += HOUR_US  # nothing is too recent
        self.found("CRL", rule=rule, only=("CRL",))

    @staticmethod
    def changed(published, at):
        octets = bytearray(published.octets)
        octets[at] ^= 1
        return published._replace(octets=bytes(octets))

    def test_a_list_that_nobody_has_was_signed(self):
        text = bytearray(der.signed_part(self.newest()[0].octets))
        text[-1] ^= 1
        self.world.signed.append(Signature(
            999, self.world.now_us, 1, "issuing", b"\1", 0x1041,
            wire.sha256(bytes(text))))
        self.found("SIGNATURES", rule="unknown")

    def test_a_list_was_signed_and_not_kept(self):
        lists = self.lists()
        older = lists[sorted(lists)[-2]]
        self.remove(older)
        self.found("SIGNATURES", rule="unknown")
        # It had been put down to be signed, and nobody came to it again.
        self.world.begun_crls.append(der.signed_part(older[0].octets))
        self.found()

    def test_a_list_that_does_not_verify(self):
        self.world.crls.append(self.changed(self.newest()[0], -1))
        self.crl("wrong")

    def test_two_lists_of_one_number(self):
        each = self.newest()[0]
        second = each.octets.index(b"\x17\x0d") + 2 + 11  # of thisUpdate
        self.world.crls.append(self.changed(each, second))
        self.crl("number_twice")

    def test_nothing_is_served(self):
        self.remove([each for each in self.world.crls if each.served])
        self.crl("none")

    def test_an_old_list_is_served(self):
        lists = self.lists()
        older = next(lists[number][0] for number in sorted(lists)
                     if len(crls.List(lists[number][0]).entries())
                     < len(crls.List(self.newest()[0]).entries()))
        self.remove([each for each in self.newest() if each.served])
        self.world.crls.append(older._replace(served=True))
        self.crl("old")
        # The archive does not know better; the log does.
        self.remove([each for number, some in lists.items() for each in some
                     if number > crls.List(older).number])
        self.crl("missing")

    def test_listed_for_another_reason(self):
        revoked = self.world.find("CertificateRevoked")
        self.world.alter(revoked, lambda event: event.update(
            reason="SUPERSEDED"))
        self.crl("reason")

    def test_listed_and_not_on_the_log(self):
        revoked = self.world.find("CertificateRevoked")
        self.world.alter(revoked, lambda event: event.update(
            serial_number="4" + event["serial_number"][1:-1] + "0"))
        self.crl("missing")

    def test_listed_though_resumed(self):
        resumed = self.world.find("CertificateResumed")
        later = [self.world.find(name, last=True) for name in
                 ("CertificateSuspended", "CertificateRevoked")]
        for record in later:
            self.assertEqual(record.event["serial_number"],
                             resumed.event["serial_number"])
            self.world.alter(record, lambda event: event.update(
                serial_number="4" + event["serial_number"][1:-1] + "0"))
        self.crl("unfounded")

    def test_what_has_just_happened_may_be_missing(self):
        revoked = self.world.find("CertificateRevoked", last=True)
        self.world.now_us = revoked.recorded_at + 1_000_000
        self.world.alter(revoked, lambda event: event.update(
            reason="SUPERSEDED"))
        self.found(only=("CRL",))


class SerialsCase(Case):
    def setUp(self):
        super().setUp()
        self.world.only_topics()

    def usb_orders(self):
        """Orders of uploaded CSRs with their certificates."""
        return [record for record in self.world.log()
                if record.name == "IssuanceOrdered"
                and record.event["enrolment_id"] is None]

    def test_one_serial_number_of_two_orders(self):
        first, second = self.usb_orders()[:2]
        serial = first.event["serial_number"]
        self.world.reissue(second, lambda tbs: tbs.replace(
            bytes.fromhex(second.event["serial_number"]),
            bytes.fromhex(serial)), serial_number=serial)
        self.found("SERIALS", rule="serial_twice")

    def test_a_serial_number_of_another_form(self):
        order = self.usb_orders()[0]
        serial = "20" + order.event["serial_number"][2:]
        self.world.reissue(order, lambda tbs: tbs.replace(
            bytes.fromhex(order.event["serial_number"]),
            bytes.fromhex(serial)), serial_number=serial)
        self.found("SERIALS", rule="form")

    def test_another_serial_number_in_the_certificate(self):
        order = self.usb_orders()[0]
        serial = bytes.fromhex(order.event["serial_number"])
        self.world.reissue(order, lambda tbs: tbs.replace(
            serial, serial[:-1] + bytes([serial[-1] ^ 1])))
        self.found("SERIALS", rule="differs")

    def test_a_key_is_certified_twice(self):
        first, second = [each for each in self.usb_orders()
                         if self._plain(each)][:2]
        csr = first.event["csr_der"]
        spki = first.event["spki_sha256"]
        submitted = self._of(second, "RequestSubmitted")
        digest = {}

        def submit(event):
            event["submission"]["csr_der"] = csr
        altered = self.world.alter(submitted, submit)
        digest["submission_sha256"] = wire.sha256(altered.submission)

        def approve(event):
            event.update(digest, spki_sha256=spki)
        self.world.alter(self._of(second, "RequestApproved"), approve)

        def ask(event):
            event["csr_der"] = event["csr_der"] and csr
        self.world.alter(self._of(second, "IssuanceRequested"), ask)
        self.world.reissue(
            second, lambda tbs: self.world.with_other_key(tbs, csr),
            csr_der=csr, spki_sha256=spki, submission=altered.submission,
            **digest)
        self.found("SERIALS", rule="key_certified_twice")

    def _of(self, order, name):
        return self.world.find(
            name, lambda each: each.tax_code == order.tax_code)

    def _plain(self, order):
        """Is there but one request, submitted once?"""
        names = [each.name for each in self.world.log(order.tax_code)]
        return names == ["RequestSubmitted", "RequestApproved",
                         "IssuanceRequested", "IssuanceOrdered",
                         "CertificateIssued"]

    def test_a_key_of_two_enrolments(self):
        key = self.world.find("CsrGenerated").event["spki_sha256"]
        gone = self.world.find("EnrolmentAbandoned")
        made = self.world.find(
            "CsrGenerated", lambda each: each.tax_code == gone.tax_code)
        if made.event["spki_sha256"] == key:
            key = self.world.find("CsrGenerated", last=True).event[
                "spki_sha256"]

        def change(event):
            event["spki_sha256"] = key
        self.world.alter(made, change)
        self.found("SERIALS", rule="key_twice")

    def test_an_enrolment_id_of_two_tax_codes(self):
        gone = self.world.find("EnrolmentAbandoned")
        other = self.world.find(
            "KeyPairRequested", lambda each: each.tax_code != gone.tax_code)

        def change(event):
            event["enrolment_id"] = other.event["enrolment_id"]
        for record in self.world.log(gone.tax_code):
            self.world.alter(record, change)
        report = judged(self.world)
        self.assertIn(("SERIALS", "id_twice"), report.counts)


class ApprovalsCase(Case):
    def setUp(self):
        super().setUp()
        self.world.only_topics()
        self.approved = self.world.find("RequestApproved")
        self.order = self.world.after(self.approved, "IssuanceOrdered")

    def by(self, actor):
        """Let somebody else have approved it."""
        def approve(event):
            event["meta"]["actor"]["id"] = actor

        def order(event):
            event["approver_id"] = actor
        self.world.alter(self.approved, approve)
        self.world.alter(self.order, order)

    def test_approved_by_its_creator(self):
        self.by(self.order.event["creator_id"])
        self.found("APPROVALS", rule="four_eyes")

    def test_approved_by_an_editor(self):
        moved = self.world.find("RequestReassigned")
        self.approved = self.world.after(moved, "RequestApproved")
        self.order = self.world.after(moved, "IssuanceOrdered")
        editors = [each for each in self.order.event["editor_ids"]
                   if each != self.order.event["creator_id"]]
        self.by(editors[0])
        self.found("APPROVALS", rule="four_eyes")

    def test_other_content_was_approved(self):
        def change(event):
            event["submission_sha256"] = bytes(32)
        self.world.alter(self.approved, change)
        self.found("APPROVALS", rule="content")

    def test_another_revision_was_approved(self):
        def change(event):
            event["revision"] += 1
        self.world.alter(self.approved, change)
        self.found("APPROVALS", rule="revision")

    def test_another_key_was_approved(self):
        order = self.world.find(
            "IssuanceOrdered", lambda each: each.event["enrolment_id"]
            is None)

        def change(event):
            event["spki_sha256"] = bytes(32)
        approved = self.world.find(
            "RequestApproved", lambda each: each.event_id == order.event[
                "approval_event_id"])
        self.world.alter(approved, change)
        self.found("APPROVALS", rule="key")

    def test_an_order_without_an_approval(self):
        def change(event):
            event["approval_event_id"] = new_id()
        self.world.alter(self.order, change)
        self.found("APPROVALS", rule="no_approval")

    def test_an_order_by_the_approval_of_another_request(self):
        other = self.world.find(
            "RequestApproved",
            lambda each: each.tax_code != self.order.tax_code)

        def change(event):
            event["approval_event_id"] = other.event_id
        self.world.alter(self.order, change)
        self.found("APPROVALS", rule="no_approval")

    def test_an_order_of_other_content(self):
        def change(event):
            event["submission"] += b"\0"
        self.world.alter(self.order, change)
        self.found("APPROVALS", rule="order_differs")

    def test_an_order_that_conceals_an_editor(self):
        def change(event):
            event["editor_ids"] = []
        self.world.alter(self.order, change)
        self.found("APPROVALS", rule="order_differs")

    def test_a_status_change_decided_by_the_one_who_asked(self):
        confirmed = self.world.find("StatusChangeConfirmed")
        asked = self.world.find(
            "ResumptionRequested",
            lambda each: each.tax_code == confirmed.tax_code)

        def change(event):
            event["meta"]["actor"]["id"] = asked.actor
        self.world.alter(confirmed, change)
        self.found("APPROVALS", rule="four_eyes")

    def test_returned_by_its_creator(self):
        returned = self.world.find("RequestReturned")
        submitted = self.world.find(
            "RequestSubmitted",
            lambda each: each.tax_code == returned.tax_code)

        def change(event):
            event["meta"]["actor"]["id"] = submitted.actor
        self.world.alter(returned, change)
        self.found("APPROVALS", rule="four_eyes")


class ReadModelCase(Case):
    """Every table: a row that is missing, one too many, each column."""

    def rows(self, table):
        rows = self.world.tables["read_model." + table]
        self.assertTrue(rows, f"no row of {table} in the recording")
        return rows

    @staticmethod
    def other(value):
        """Something else of the same kind."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + 1
        if isinstance(value, bytes):
            return value + b"\0"
        if isinstance(value, list):
            return [*value, "gdv-999"]
        return "x" if value is None else value + "x"

    def each_table(self):
        for table in KEYS:
            if table not in ("certificate_rejected",):
                yield table
        # No fault-free run rejects a certificate.

    def test_a_row_is_missing(self):
        for table in self.each_table():
            with self.subTest(table):
                self.setUp()
                self.rows(table).pop()
                self.found("READ_MODEL", rule="row_missing")

    def test_a_row_too_many(self):
        for table in self.each_table():
            with self.subTest(table):
                self.setUp()
                row = dict(self.rows(table)[0])
                key = KEYS[table][-1]
                row[key] = (10 ** 6 if key == "sequence"
                            else self.other(row[key]))
                if table == "personal_erasure":
                    continue  # the topic forgets what was erased
                self.rows(table).append(row)
                self.found("READ_MODEL", rule="row_extra")

    def test_each_column_is_compared(self):
        for table in self.each_table():
            with self.subTest(table):
                self.setUp()
                row = self.rows(table)[0]
                columns = [name for name in row if name not in KEYS[table]]
                if table == "request_event":
                    columns = list(TIMELINE)
                for name in columns:
                    row[name] = self.other(row[name])
                if "dossier" in row:
                    row["dossier"] = "[]"
                if "params" in row:
                    row["params"] = '{"x": "y"}'
                report = self.found("READ_MODEL")
                found = {each.text.split()[0] for each in report.violations}
                self.assertEqual(found, set(columns))

    def test_an_event_that_was_not_folded(self):
        issued = self.world.find("CertificateActivated")
        row = next(row for row in self.rows("certificate") if row[
            "serial_number"] == issued.event["serial_number"])
        row["use_state"] = "ACTIVATING"
        report = self.found("READ_MODEL", rule="column")
        self.assertIn(issued.tax_code, str(report.violations[0]))

    def test_the_projector_buried_a_record(self):
        self.world.tables["read_model.dead_letter"].append({
            "topic": EVENTS, "partition": 0, "record_offset": 1,
            "reason": "x"})
        self.found("READ_MODEL", rule="dead_letter")

    def test_a_signed_certificate_that_was_rejected(self):
        self.world.tables["read_model.certificate_rejected"].append({
            "tax_code": "0100109106", "sequence": 1, "order_id": None,
            "code": "STATE", "certificate_der": b"0", "recorded_at": 1})
        self.found("READ_MODEL", rule="row_extra")


class RegistrarCase(Case):
    def rows(self, table):
        return self.world.tables["registrar." + table]

    def test_a_state_is_missing(self):
        self.rows("subject").pop()
        self.found("REGISTRAR", rule="subject_missing")

    def test_a_state_too_many(self):
        self.rows("subject").append(dict(self.rows("subject")[0],
                                         tax_code="0100109106"))
        self.found("REGISTRAR", rule="subject_extra")

    def test_a_state_of_another_number(self):
        self.rows("subject")[0]["sequence"] += 1
        self.found("REGISTRAR", rule="subject")

    def test_a_state_in_another_partition(self):
        self.rows("subject")[0]["partition"] += 1
        self.found("REGISTRAR", rule="subject")

    def test_an_earlier_state(self):
        one, other = self.rows("subject")[:2]
        one["state"] = other["state"]
        self.found("REGISTRAR", rule="state")

    def test_octets_that_are_no_state(self):
        row = self.rows("subject")[0]
        row["state"] = row["state"][:-1]
        self.found("REGISTRAR", rule="state_unreadable")

    def test_every_octet_of_a_state_counts(self):
        """Whatever octet is another one, its checksum being right."""
        row = max(self.rows("subject"), key=lambda each: each["sequence"])
        octets = row["state"]
        schemas = self.world.schemas()
        right = layout.decode(octets, schemas)
        for at in range(layout.HEAD, len(octets), 7):
            body = bytearray(octets[layout.HEAD:])
            body[at - layout.HEAD] ^= 0x15
            head = (octets[:layout.HEAD - layout.SUM]
                    + wire.sha256(bytes(body))[:layout.SUM])
            try:
                found = layout.decode(head + bytes(body), schemas)
            except (layout.Damaged, RecursionError):
                continue
            self.assertNotEqual(found, right, f"octet {at}")

    def test_a_key_is_forgotten(self):
        self.rows("key").pop()
        self.found("REGISTRAR", rule="key_missing")

    def test_a_key_of_somebody_else(self):
        self.rows("key")[0]["tax_code"] = "0100109106"
        self.found("REGISTRAR", rule="key_owner")

    def test_a_key_that_nobody_has(self):
        self.rows("key").append(dict(self.rows("key")[0],
                                     spki_sha256=bytes(32)))
        self.found("REGISTRAR", rule="key_extra")

    def test_a_known_key_is_merely_reserved(self):
        self.rows("key")[0]["admitted"] = False
        self.found("REGISTRAR", rule="key")

    def test_a_reservation_is_left_behind(self):
        self.rows("key").append(dict(
            self.rows("key")[0], spki_sha256=bytes(32), admitted=False,
            cause="certflow.inbox.officer/0/0", reserved_at=0))
        self.found("REGISTRAR", rule="reservation")

    def test_a_position_beyond_the_log(self):
        self.rows("log_position")[0]["next"] += 10 ** 6
        self.found("REGISTRAR", rule="position")

    def test_a_checkpoint_that_is_behind_is_right_as_of_then(self):
        """The states of tax codes without later records are compared."""
        order = self.world.find("CertificateIssued", last=True)
        position = next(row for row in self.rows("log_position")
                        if row["partition"] == order.partition)
        position["next"] = order.offset
        report = self.found("REGISTRAR", rule="subject")
        self.assertIn(order.tax_code, report.summary())


class FlightCase(Case):
    def setUp(self):
        super().setUp()
        self.world.only_topics()

    def test_an_order_without_an_outcome(self):
        issued = self.world.find("CertificateIssued", last=True)
        self.world.forget_from(issued)
        report = self.found()
        self.assertEqual(report.figures["orders in flight"], 1)
        self.world.now_us += HOUR_US
        self.found("FLIGHT", rule="order")

    def test_a_key_that_is_never_made(self):
        made = self.world.find("CsrGenerated", lambda each: each.sequence
                               == 2)
        self.world.forget_from(made)
        self.world.now_us += HOUR_US
        self.found("FLIGHT", rule="order")

    def test_a_message_that_is_not_judged(self):
        message = self.world.records[inbox_topic("einvoice")][0]
        self.world.append(message)
        self.found()
        self.world.now_us += HOUR_US
        self.found("FLIGHT", rule="inbox")

    def test_a_deferral_whose_time_is_over(self):
        late = self.world.find(
            "EventRefused",
            lambda each: each.event["code"] == "DEFERRED_TOO_LONG")
        self.world.remove(late.raw)
        self.world.remove(self.world.outcomes(
            late.event["source"].values())[-1])
        self.found()
        self.world.now_us += HOUR_US
        self.found("FLIGHT", rule="deferral")

    def test_a_position_that_lags_behind(self):
        for table in ("read_model.log_position", "registrar.log_position"):
            with self.subTest(table):
                self.setUp()
                record = self.world.find("CertificateIssued", last=True)
                self.world.tables = {table: [
                    {"topic": EVENTS, "partition": number,
                     "next": record.offset if number == record.partition
                     else 10 ** 6} for number in range(12)]}
                self.found()
                self.world.now_us += HOUR_US
                self.found("FLIGHT", rule="position")


class KeysCase(Case):
    def index(self, accept=lambda key: True):
        return next(i for i, key in enumerate(self.world.keys)
                    if accept(key))

    def change(self, **changes):
        self.world.keys[0] = self.world.keys[0]._replace(**changes)

    def test_a_key_is_missing(self):
        self.world.keys.pop()
        self.found("KEYS", rule="missing")

    def test_a_key_of_no_enrolment(self):
        self.world.keys.append(self.world.keys[0]._replace(
            key_id=bytes(16)))
        self.found("KEYS", rule="orphan")

    def test_what_a_killed_generation_leaves_is_no_key(self):
        key = self.world.keys[0]
        self.world.keys.append(Key(key.token, b"", "", False, True, None,
                                   True))
        self.found()
        self.world.keys.append(Key(key.token, b"", "", False, True,
                                   bytes(32)))
        self.found("KEYS", rule="orphan")

    def test_a_second_key_of_an_enrolment(self):
        self.world.keys.append(self.world.keys[0]._replace(
            spki_sha256=bytes(32)))
        self.found("KEYS", rule="second", settled=True)
        self.found()  # it may just be about to be destroyed
        self.world.now_us += HOUR_US
        self.found("KEYS", rule="second")

    def test_a_key_twice(self):
        self.world.keys.append(self.world.keys[0])
        self.found("KEYS", rule="twice")

    def test_half_a_key(self):
        self.change(private=False)
        self.found("KEYS", rule="half")

    def test_another_key_in_its_place(self):
        self.change(spki_sha256=bytes(32))
        self.found("KEYS", rule="missing")

    def test_another_label(self):
        self.change(label="x")
        self.found("KEYS", rule="label")

    def test_a_key_that_should_be_gone(self):
        gone = self.world.find("KeyPairDestroyed")
        made = self.world.find(
            "CsrGenerated", lambda each: each.tax_code == gone.tax_code)
        self.world.keys.append(self.world.keys[0]._replace(
            key_id=made.event["key_ref"]["key_id"],
            spki_sha256=made.event["spki_sha256"]))
        self.found("KEYS", rule="not_destroyed")


if __name__ == "__main__":
    unittest.main()
