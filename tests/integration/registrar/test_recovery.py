#!/usr/bin/python3 -B
"""Exactly once, whatever happens to the registrar, its database or its
registry."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "lib"))
import parts  # noqa: E402
import testbed  # noqa: E402
from batches import Batches  # noqa: E402


class Registry(http.server.BaseHTTPRequestHandler):
    """In front of the real one: passes on, is away, or talks nonsense."""

    mode, target = "pass", ""

    def answer(self, data=None):
        if Registry.mode == "away":
            self.close_connection = True
            return
        if Registry.mode == "nonsense":
            code, body = 200, b"<html>welcome</html>"
        else:
            root = Registry.target.split("/apis", maxsplit=1)[0]
            request = urllib.request.Request(
                root + self.path, data=data,
                headers={"Content-Type": self.headers["Content-Type"]
                         or "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=10) as reply:
                    code, body = reply.status, reply.read()
            except urllib.error.HTTPError as error:
                code, body = error.code, error.read()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # noqa: N802
        self.answer()

    def do_POST(self):  # noqa: N802
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format, *args):  # noqa: A002
        pass


class Recovery(Batches, unittest.TestCase):
    """One stack; each test leaves a running registrar behind."""

    @classmethod
    def setUpClass(cls):
        cls.bed = testbed.Testbed(start=False)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                     Registry)
        threading.Thread(target=cls.server.serve_forever,
                         daemon=True).start()
        Registry.target = cls.bed.env["CERTFLOW_REGISTRY"]
        cls.options = {
            "registry__url": f"http://127.0.0.1:{cls.server.server_port}"
                             "/apis/ccompat/v7",
            "unsaved_ttl": "4s"}

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.bed.close()

    def setUp(self):
        Registry.mode = "pass"
        if not (self.bed.registrar and self.bed.registrar.is_alive()):
            self.start()

    def start(self):
        self.bed.registrar = testbed.Program(self.bed, **self.options)
        return self.bed.registrar.wait_ready()

    def requested(self, tax_code):
        return parts.key_pair_requested(tax_code, parts.new_id())

    def flood(self, count):
        """Many events of some tax codes; {event id: place}."""
        tax_codes = [parts.new_tax_code() for _ in range(20)]
        places = {}
        for number in range(count):
            event = self.requested(tax_codes[number % 20])
            places[event["meta"]["event_id"]] = self.bed.publish("einvoice",
                                                                 event)
        return tax_codes, places

    def check_once(self, tax_codes, places):
        for place in places.values():
            self.bed.outcome(place)
        records = [r for r in self.bed.log.settle(1)
                   if r["event"]["meta"]["tax_code"] in tax_codes]
        for event_id in places:
            told = [r for r in records
                    if r["headers"].get("ce_id") == event_id
                    or r["event"]["meta"].get("causation_id") == event_id]
            self.assertEqual(len(told), 1, event_id)
        for tax_code in tax_codes:
            numbers = self.bed.sequences(tax_code)
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_01_killed_in_the_middle(self):
        flood = {}

        def publish():
            flood["result"] = self.flood(200)

        thread = threading.Thread(target=publish)
        thread.start()
        for _ in range(3):
            time.sleep(0.4)
            self.bed.registrar.kill()
            begin = time.monotonic()
            self.start()
            print(f"ready again after {time.monotonic() - begin:.1f} s")
        thread.join()
        self.check_once(*flood["result"])

    def test_02_stops_in_time(self):
        code, seconds = self.bed.registrar.stop()
        self.assertEqual(code, 0, self.bed.registrar.tail())
        self.assertLess(seconds, 10)
        rows = self.bed.sql("SELECT count(*) FROM registrar.subject")
        self.assertGreaterEqual(int(rows), 20)

    def test_03_another_with_the_same_slot_fences(self):
        old = self.bed.registrar
        self.start()
        tax_code = parts.new_tax_code()
        self.bed.must("einvoice", self.requested(tax_code))
        self.assertNotEqual(old.child.wait(timeout=20), 0)
        self.assertTrue(self.bed.registrar.is_alive())
        self.assertEqual(self.bed.sequences(tax_code), [1])

    def test_04_two_share_the_work(self):
        second = testbed.Program(self.bed, slot=1, **self.options)
        second.wait_ready()
        tax_codes, places = self.flood(60)
        self.check_once(tax_codes, places)
        self.assertIn("partitions=6", second.tail(200))
        second.kill()
        tax_codes, places = self.flood(60)
        self.check_once(tax_codes, places)

    def test_05_unsaved_key_is_abandoned_on_a_quiet_partition(self):
        tax_code, enrolment_id = parts.new_tax_code(), parts.new_id()
        self.bed.must("einvoice",
                      parts.key_pair_requested(tax_code, enrolment_id))
        abandoned = self.bed.logged(tax_code, "EnrolmentAbandoned")
        self.assertEqual((abandoned["enrolment_id"], abandoned["cause"]),
                         (enrolment_id, "NOT_SAVED"))

    def test_06_abandoned_although_restarted(self):
        tax_code, enrolment_id = parts.new_tax_code(), parts.new_id()
        self.bed.must("einvoice",
                      parts.key_pair_requested(tax_code, enrolment_id))
        self.bed.registrar.kill()
        self.start()
        self.bed.logged(tax_code, "EnrolmentAbandoned")

    def test_07_database_lost(self):
        tax_code = parts.new_tax_code()
        _, key = self.bed.enrol(tax_code)
        self.bed.sql("TRUNCATE registrar.subject, registrar.key, "
                     "registrar.log_position, registrar.heartbeat, "
                     "registrar.rebuild")
        other, enrolment_id = parts.new_tax_code(), parts.new_id()
        self.bed.must("einvoice",
                      parts.key_pair_requested(other, enrolment_id))
        self.assertEqual(self.bed.judge("keygen", parts.csr_generated(
            other, enrolment_id, key)), "KEY_USED")
        request = parts.key_pair_requested(tax_code, parts.new_id())
        self.bed.must("einvoice", request)
        numbers = self.bed.sequences(tax_code)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertTrue(self.bed.registrar.is_alive())

    def test_08_checkpoint_unreadable(self):
        tax_code = parts.new_tax_code()
        self.bed.enrol(tax_code)
        self.bed.registrar.stop()
        self.bed.sql("UPDATE registrar.subject SET state = 'x'")
        self.start()
        self.bed.must("einvoice", self.requested(tax_code))
        numbers = self.bed.sequences(tax_code)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def unknown_id_waits(self, mode):
        tax_code = parts.new_tax_code()
        event = self.requested(tax_code)
        Registry.mode = mode
        wire = self.bed.wire(event)
        number = 0x70000000 + parts.free_port()
        stuck = self.bed.send("einvoice", b"\0" + number.to_bytes(4, "big")
                              + wire[5:], tax_code)
        behind = self.bed.send("einvoice", wire, tax_code)
        beside = parts.saved(tax_code, parts.new_id())
        with self.assertRaises(testbed.Missing):
            self.bed.outcome(stuck, seconds=3)
        # another inbox of the same tax code goes on
        withdrawn = parts.event("RequestWithdrawn", "officer", tax_code,
                                parts.OFFICER, request_id=parts.new_id(),
                                reason=beside["enrolment_id"])
        self.bed.outcome(self.bed.publish("officer", withdrawn), "DEFERRED")
        self.assertIn("nothing is skipped", self.bed.registrar.tail(100))
        Registry.mode = "pass"
        self.assertEqual(self.bed.outcome(stuck)["code"], "SCHEMA_UNKNOWN")
        self.bed.outcome(behind, "ADMITTED")

    def test_09_registry_away(self):
        self.unknown_id_waits("away")

    def test_10_registry_talks_nonsense(self):
        self.unknown_id_waits("nonsense")

    def test_11_registry_away_but_schemas_known(self):
        Registry.mode = "away"
        self.bed.registrar.kill()
        self.start()
        self.bed.must("einvoice", self.requested(parts.new_tax_code()))

    def test_12_database_away_for_a_while(self):
        tax_code = parts.new_tax_code()
        self.bed.enrol(tax_code)
        with open(os.path.join(self.bed.home, "run", "postgresql.json"),
                  encoding="utf-8") as stream:
            os.kill(json.load(stream)["pid"], signal.SIGQUIT)
        self.addCleanup(self.bed.stack, "up")
        with self.assertRaises(subprocess.CalledProcessError):
            while True:  # until it is really away
                self.bed.sql("SELECT 1")
        place = self.bed.publish("einvoice",
                                 self.requested(parts.new_tax_code()))
        with self.assertRaises(testbed.Missing):
            self.bed.outcome(place, seconds=3)
        self.assertTrue(self.bed.registrar.is_alive())
        self.bed.stack("up")
        self.bed.outcome(place, "ADMITTED")
        self.bed.must("einvoice", self.requested(tax_code))
        numbers = self.bed.sequences(tax_code)
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_12b_a_broker_that_hangs_is_not_ready(self):
        """It keeps its connections, but the session is over: an idle
        registrar owns nothing, one amid a transaction says what of it
        came to no end."""
        with open(os.path.join(self.bed.home, "run", "kafka.json"),
                  encoding="utf-8") as stream:
            broker = json.load(stream)["pid"]
        url = f"http://127.0.0.1:{self.bed.registrar.port}/health"
        os.kill(broker, signal.SIGSTOP)
        try:
            self.until_says(url, 503, "no partitions", "_TIMED_OUT")
        finally:
            os.kill(broker, signal.SIGCONT)
        try:
            self.admits()
        except AssertionError:
            # A JoinGroup of its own may be answered twice after such a
            # sleep: the second answer fences the member that took the first.
            # It ends then, for its supervisor to start it again.
            if (self.bed.registrar.is_alive() or
                    "group.instance.id" not in self.bed.registrar.tail(60)):
                raise
            self.start()
            self.admits()

    def admits(self):
        self.bed.registrar.wait_ready()
        self.bed.must("einvoice", self.requested(parts.new_tax_code()))

    def until_says(self, url, code, *texts):
        end = time.monotonic() + testbed.PATIENCE
        said = None
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    said = answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                said = error.code, error.read().decode()
            except OSError as error:
                self.fail(f"{error}: {self.bed.registrar.tail(60)}")
            if said[0] == code and any(text in said[1] for text in texts):
                return
            time.sleep(0.05)
        self.fail(f"{url} says {said}")

    TABLES = ("subject", "key", "log_position", "heartbeat", "rebuild")

    def backup(self):
        return {table: self.bed.sql(f"COPY registrar.{table} TO STDOUT")
                for table in self.TABLES}

    def restore(self, backup):
        """In one step, under a running registrar."""
        names = ", ".join(f"registrar.{table}" for table in self.TABLES)
        script = [f"BEGIN; TRUNCATE {names};"]
        for table, rows in backup.items():
            script.append(f"COPY registrar.{table} FROM STDIN;\n{rows}\\.")
        self.bed.sql_script("\n".join(script + ["COMMIT;"]))

    def checkpointed(self, tax_code, sequence):
        end = time.monotonic() + testbed.PATIENCE
        while time.monotonic() < end:
            rows = self.bed.sql("SELECT sequence FROM registrar.subject "
                                f"WHERE tax_code = '{tax_code}'")
            if rows.strip() == str(sequence):
                return
            time.sleep(0.05)
        self.fail(f"no checkpoint of {tax_code} at {sequence}")

    def test_13_older_database_restored_while_running(self):
        """A state that left memory must not come back older than the log."""
        self.bed.registrar.stop()
        self.bed.registrar = testbed.Program(
            self.bed, checkpoint__interval="4s", cache__max_bytes=1048576,
            registry__url=self.options["registry__url"]).wait_ready()
        tax_code = parts.new_tax_code()
        self.bed.must("einvoice", self.requested(tax_code))
        self.checkpointed(tax_code, 1)
        backup = self.backup()
        self.bed.must("einvoice", self.requested(tax_code))
        last = None
        for _ in range(1200):  # out of memory with it
            last = parts.new_tax_code()
            self.bed.publish("einvoice", self.requested(last))
        self.checkpointed(last, 1)
        self.checkpointed(tax_code, 2)
        self.assertLess(self.bed.registrar.metric(
            "certflow_registrar_subjects"), 1200)
        wrong = parts.key_pair_requested(tax_code, parts.new_id(),
                                         unit_kind="BRANCH")
        self.restore(backup)
        # Refused by the state alone: no key is claimed, no row looked up.
        self.assertEqual(self.bed.judge("einvoice", wrong), "UNIT_KIND")
        self.assertEqual(self.bed.sequences(tax_code), [1, 2, 3])
        self.assertIn("not the one we knew", self.bed.registrar.tail(500))
        self.bed.registrar.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
