#!/usr/bin/python3 -B
"""publish against a real broker and registry. Where an outcome is needed,
the test writes it to certflow.outcomes itself, so that each kind of answer
comes at a known time."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
BIN = os.path.join(os.environ.get(
    "CERTFLOW_BUILD", os.path.join(REPO, "build-asan")), "bin")
PUBLISH = os.path.join(BIN, "publish")
RESULTS = ("UNKNOWN", "ADMITTED", "REFUSED", "DEFERRED")
REF = "1b671a64-40d5-491e-99b0-da01ff1f3341"


def stack(home, *arguments):
    return subprocess.run(
        [os.path.join(REPO, "ops", "stack"), "--home", home, "--ports",
         "auto", *arguments], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        check=False)


def varint(value):
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def text(value):
    data = value.encode()
    return varint(len(data)) + data


def optional(value, encode=text):
    return b"\x00" if value is None else b"\x02" + encode(value)


class PublishTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="certflow-publish-")
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        cls.addClassCleanup(stack, cls.home, "reset", "--yes")
        up = stack(cls.home, "up")
        if up.returncode != 0:
            raise RuntimeError(up.stdout)
        lines = stack(cls.home, "env").stdout.splitlines()
        cls.values = dict(line.split("=", 1) for line in lines)
        with open(os.path.join(REPO, "schemas", "Outcome.avsc"),
                  encoding="utf-8") as stream:
            fields = json.load(stream)["fields"]
        code = next(f for f in fields if f["name"] == "code")
        cls.codes = code["type"][1]["symbols"]
        url = (cls.values["CERTFLOW_REGISTRY"]
               + "/subjects/certflow.v1.Outcome/versions/latest")
        with urllib.request.urlopen(url, timeout=10) as answer:
            cls.outcome_id = json.load(answer)["id"]

    # ---- helpers ----------------------------------------------------

    def start(self, *arguments, **environment):
        return subprocess.Popen(
            [PUBLISH, *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", bufsize=1,
            env={**os.environ, **self.values, **environment})

    def run_publish(self, documents, *arguments, **environment):
        child = self.start(*arguments, **environment)
        out, err = child.communicate(documents, timeout=60)
        return child.returncode, out, err

    def example(self, event, **changes):
        out = subprocess.run([PUBLISH, "--template", event],
                             stdout=subprocess.PIPE, encoding="utf-8",
                             check=True).stdout
        document = json.loads(out)
        document.update(changes)
        return document

    def outcome(self, where, result, code=None, field=None, sequence=None):
        """Write what the registrar would write about the message."""
        topic, partition, offset = where
        body = (optional(None) + text(topic) + varint(partition)
                + varint(offset) + varint(RESULTS.index(result))
                + optional(code, lambda c: varint(self.codes.index(c)))
                + optional(field) + optional(code and "why")
                + optional(code and "vì sao")
                + optional(sequence, varint) + varint(1772442900000000))
        path = os.path.join(self.home, "outcome")
        with open(path, "wb") as stream:
            stream.write(b"\0" + self.outcome_id.to_bytes(4, "big") + body)
        subprocess.run(
            ["kcat", "-q", "-P", "-b", self.values["CERTFLOW_KAFKA"], "-t",
             "certflow.outcomes", "-p", str(partition), "-k", "0199000112",
             path], check=True)

    def records(self, topic, fmt="%s"):
        """All records of a topic in this form."""
        return subprocess.run(
            ["kcat", "-q", "-C", "-b", self.values["CERTFLOW_KAFKA"], "-t",
             topic, "-e", "-o", "beginning", "-f", fmt], check=True,
            stdout=subprocess.PIPE).stdout

    def follow(self, event="KeyPairRequested", role="einvoice"):
        """Start publish --wait; returns it and where the event stands."""
        child = self.start("--role", role, "--wait", "--timeout", "20")
        child.stdin.write(json.dumps(self.example(event)))
        child.stdin.close()
        line = child.stdout.readline()
        found = re.search(r" published to (\S+)/(\d+)/(\d+)$", line)
        self.assertIsNotNone(found, line)
        return child, (found[1], int(found[2]), int(found[3]))

    def finish(self, child):
        out = child.stdout.read()
        code = child.wait(timeout=30)
        child.stdout.close()
        child.stderr.close()
        return code, out

    # ---- tests ------------------------------------------------------

    def test_sent_with_key_and_headers(self):
        document = self.example("EnrolmentSaved")
        code, out, err = self.run_publish(json.dumps(document), "--role",
                                          "einvoice", "--json")
        self.assertEqual(code, 0, err)
        answer = json.loads(out)
        self.assertEqual(answer["result"], "SENT")
        self.assertEqual(answer["topic"], "certflow.inbox.einvoice")
        lines = self.records("certflow.inbox.einvoice", "%k %h %S\n").decode()
        mine = [line for line in lines.splitlines()
                if f"ce_id={answer['event_id']}" in line]
        self.assertEqual(len(mine), 1)
        self.assertTrue(mine[0].startswith("0199000112 "))
        self.assertIn("ce_type=certflow.v1.EnrolmentSaved", mine[0])
        self.assertIn("ce_subject=0199000112", mine[0])
        self.assertRegex(mine[0],
                         "traceparent=00-[0-9a-f]{32}-[0-9a-f]{16}-01")

    def test_admitted(self):
        child, (topic, partition, offset) = self.follow()
        self.outcome((topic, partition, offset + 1), "REFUSED", "STATE")
        self.outcome(("certflow.inbox.officer", partition, offset),
                     "REFUSED", "STATE")
        self.outcome((topic, partition, offset), "ADMITTED", sequence=7)
        code, out = self.finish(child)
        self.assertEqual((code, out),
                         (0, "  admitted: number 7 of its tax code\n"))

    def test_deferred_then_refused(self):
        child, where = self.follow()
        self.outcome(where, "DEFERRED", "CSR_NONE")
        self.assertEqual(child.stdout.readline(),
                         "  deferred: waits for CSR_NONE\n")
        self.outcome(where, "REFUSED", "DEFERRED_TOO_LONG", "enrolment_id")
        code, out = self.finish(child)
        self.assertEqual(code, 3)
        self.assertEqual(out, "  refused: DEFERRED_TOO_LONG (enrolment_id)\n"
                              "  why\n  vì sao\n")

    def test_json_says_everything_in_one_line(self):
        child = self.start("--role", "officer", "--wait", "--json",
                           "--timeout", "20")
        before = self.records("certflow.inbox.officer", "%p %o\n").split(b"\n")
        child.stdin.write(json.dumps(self.example("RequestWithdrawn"))
                          + "\n")
        while True:
            after = self.records("certflow.inbox.officer", "%p %o\n")
            new = [n for n in after.split(b"\n") if n and n not in before]
            if new:
                break
        partition, offset = map(int, new[0].split())
        where = ("certflow.inbox.officer", partition, offset)
        self.outcome(where, "DEFERRED", "REQUEST_UNKNOWN")
        self.outcome(where, "REFUSED", "REQUEST_UNKNOWN", "request_id", 9)
        answer = json.loads(child.stdout.readline())
        child.stdin.close()
        self.assertEqual(self.finish(child), (3, ""))
        self.assertEqual(answer["result"], "REFUSED")
        self.assertEqual(answer["deferred"], "REQUEST_UNKNOWN")
        self.assertEqual(answer["code"], "REQUEST_UNKNOWN")
        self.assertEqual(answer["field"], "request_id")
        self.assertEqual(answer["message_vi"], "vì sao")
        self.assertEqual(answer["sequence"], 9)

    def test_no_outcome_in_time(self):
        code, out, _ = self.run_publish(
            json.dumps(self.example("KeyPairRequested")), "--role",
            "einvoice", "--wait", "--timeout", "1")
        self.assertEqual(code, 4)
        self.assertIn("no outcome yet", out)

    def test_invalid_documents_are_not_sent(self):
        good = self.example("EnrolmentSaved")
        mistakes = {
            "enrolment_id: missing": {"enrolment_id": None},
            "colour: no such field in EnrolmentSaved": {"colour": 1},
            "type: there is no event Nope": {"type": "Nope"},
            "meta.tax_code: must be a string": {
                "meta": {**good["meta"], "tax_code": 5}},
        }
        before = self.records("certflow.inbox.einvoice", "%o\n")
        for reason, change in mistakes.items():
            with self.subTest(reason):
                code, out, _ = self.run_publish(
                    json.dumps({**good, **change}), "--role", "einvoice",
                    "--json")
                self.assertEqual(code, 2)
                self.assertEqual(json.loads(out),
                                 {"result": "INVALID", "error": reason})
        code, _, err = self.run_publish("{\"type\":", "--role", "einvoice")
        self.assertEqual(code, 2)
        self.assertIn("not sent: JSON: ", err)
        self.assertEqual(self.records("certflow.inbox.einvoice", "%o\n"), before)

    def test_good_document_behind_a_bad_one(self):
        good = json.dumps(self.example("EnrolmentSaved"), indent=2)
        code, out, _ = self.run_publish("[]\n" + good + "\n{}\n" + good,
                                        "--role", "einvoice", "--json")
        self.assertEqual(code, 2)
        results = [json.loads(line)["result"] for line in out.splitlines()]
        self.assertEqual(results, ["INVALID", "SENT", "INVALID", "SENT"])

    def test_what_only_the_registrar_refuses_is_sent(self):
        event = self.example("RequestApproved")
        event["meta"]["tax_code"] = "０１９９０００１１２"
        code, _, err = self.run_publish(json.dumps(event), "--role",
                                        "officer", "--key", "other")
        self.assertEqual(code, 0, err)
        self.assertIn("other", self.records("certflow.inbox.officer",
                                         "%k\n").decode().splitlines())

    def test_personal_record_and_its_erasure(self):
        person = self.example("PersonalRecord", personal_ref=REF)
        code, out, err = self.run_publish(json.dumps(person), "--role",
                                          "personal", "--json")
        self.assertEqual(code, 0, err)
        answer = json.loads(out)
        self.assertEqual(answer["personal_ref"], REF)
        value = self.records("certflow.personal", "%s")
        self.assertEqual(hashlib.sha256(value[5:]).hexdigest(),
                         answer["commitment"])
        code, _, err = self.run_publish("", "--role", "personal", "--erase",
                                        REF)
        self.assertEqual(code, 0, err)
        self.assertEqual(self.records("certflow.personal",
                                   "%k %S\n").decode().splitlines()[-1],
                         f"{REF} -1")

    def test_personal_record_reaches_no_inbox(self):
        person = json.dumps(self.example("PersonalRecord"))
        code, _, err = self.run_publish(person, "--role", "officer")
        self.assertEqual(code, 2)
        self.assertIn("PersonalRecord does not belong in "
                      "certflow.inbox.officer", err)
        event = json.dumps(self.example("EnrolmentSaved"))
        self.assertEqual(self.run_publish(event, "--role", "personal")[0], 2)

    def test_registry_away(self):
        code, _, err = self.run_publish(
            json.dumps(self.example("EnrolmentSaved")), "--role", "einvoice",
            "--timeout", "1", CERTFLOW_REGISTRY="http://127.0.0.1:1")
        self.assertEqual(code, 1)
        self.assertIn("EnrolmentSaved", err)


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
