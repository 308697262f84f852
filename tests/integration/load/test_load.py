#!/usr/bin/python3 -B
"""load on a running stack: what it says must agree with the read model,
which others wrote, and with what the schedule was. Nothing is timed."""

import csv
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("faults", "lib"):
    sys.path.insert(0, os.path.join(HERE, "..", "..", folder))
import parts  # noqa: E402
import psycopg2  # noqa: E402
from world import BUILD, World  # noqa: E402

RATE = 50
COUNT = 20
PROGRAMS = ("registrar", "issuer", "projector")


class LoadTest(unittest.TestCase):
    """One stack; the tests take different tax codes."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(build=BUILD, ca_key="p256")
        cls.addClassCleanup(cls.world.close)
        cls.world.start(programs=False)
        for name in PROGRAMS:
            cls.world.start_program(name)
        cls.tables = psycopg2.connect(cls.world.env["CERTFLOW_PG"])
        cls.addClassCleanup(cls.tables.close)
        cls.tables.autocommit = True

    def load(self, *arguments, text=None):
        """(exit status, report, lines of the table)"""
        report = self.world.path("report.json")
        table = self.world.path("latencies.tsv")
        for path in (report, table):
            if os.path.exists(path):
                os.unlink(path)
        result = subprocess.run(
            [os.path.join(BUILD, "bin", "load"), *map(str, arguments),
             "--report", report, "--latencies", table], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False, timeout=120,
            env=self.world.clean_environment(**self.world.env))
        self.assertTrue(os.path.exists(report), result.stdout)
        with open(report, encoding="utf-8") as stream:
            content = json.load(stream)
        with open(table, encoding="utf-8") as stream:
            lines = list(csv.DictReader(stream, delimiter="\t"))
        return result.returncode, content, lines

    def ask(self, question, *values):
        with self.tables.cursor() as cursor:
            cursor.execute(question, values)
            return cursor.fetchall()

    # ---- tests ------------------------------------------------------

    def test_press_at_a_rate(self):
        code, report, lines = self.load(
            "--step", "press", "--rate", RATE, "--count", COUNT)
        self.assertEqual(code, 0)
        self.assertEqual(report["failures"], {})
        for stage in ("acked", "admitted", "ordered", "issued", "visible",
                      "certificates", "done"):
            self.assertEqual(report["counts"][stage], COUNT, stage)
        self.assertEqual(len(lines), COUNT)
        due = [int(line["due_us"]) for line in lines]
        self.assertEqual([each - due[0] for each in due],
                         [k * 1000000 // RATE for k in range(COUNT)])
        for line in lines:
            self.check_press(line)
        self.again(report)

    def check_press(self, line):
        """One line against what the projector wrote."""
        self.assertEqual(line["result"], "visible")
        told = {name: int(line[name]) for name in line
                if name not in ("journey", "tax_code", "result")}
        order = ["press_sent", "press_admitted", "ordered", "issued"]
        moments = [0, *(told[name] for name in order)]
        self.assertEqual(moments, sorted(moments), line)
        self.assertLessEqual(told["ordered_logged"], told["ordered"])
        self.assertLessEqual(told["ordered_logged"], told["signed"] + 1000)
        self.assertLessEqual(told["signed"], told["issued_logged"] + 1000)
        self.assertLessEqual(told["issued_logged"], told["visible"])
        rows = dict(self.ask(
            "SELECT event_name, extract(epoch FROM CASE event_name WHEN"
            " 'IssuanceRequested' THEN occurred_at ELSE recorded_at END)"
            " * 1000000 FROM read_model.request_event WHERE tax_code = %s",
            line["tax_code"]))
        self.assertEqual(int(rows["IssuanceRequested"]), told["due_us"])
        self.assertLessEqual(int(rows["IssuanceOrdered"]) - told["due_us"],
                             told["ordered"])
        recorded = int(rows["CertificateIssued"]) - told["due_us"]
        self.assertLessEqual(recorded, told["issued"])
        self.assertLessEqual(recorded, told["visible"])
        self.assertLessEqual(told["signed"], recorded)

    def again(self, report):
        """The same customers are not new any more."""
        settings = report["settings"]
        code, again, lines = self.load(
            "--step", "submit", "--burst", "--count", COUNT, "--seed",
            settings["seed"], "--first-tax-code", settings["first_number"])
        self.assertEqual(code, 3)
        self.assertEqual(again["failures"], {"CUSTOMER_EXISTS": COUNT})
        self.assertEqual({line["result"] for line in lines},
                         {"CUSTOMER_EXISTS"})

    def test_whole_journeys_at_once(self):
        code, report, lines = self.load("--burst", "--count", 10)
        self.assertEqual(code, 0)
        self.assertEqual(report["counts"]["visible"], 10)
        self.assertEqual(len({line["due_us"] for line in lines}), 1)
        for line in lines:
            moments = [int(line[name]) for name in (
                "submit_sent", "submit_admitted", "approve_sent",
                "approve_admitted", "press_sent", "press_admitted",
                "ordered", "issued")]
            self.assertEqual(moments, sorted(moments), line)

    def test_events_of_a_file(self):
        events = [parts.key_pair_requested(parts.new_tax_code(),
                                           parts.new_id())
                  for _ in range(3)]
        events[1]["unit_kind"] = "BRANCH"
        for event in events:
            del event["meta"]["occurred_at"]
        code, report, lines = self.load(
            "--rate", 100, "--from", "-",
            text="\n".join(map(json.dumps, events)))
        self.assertEqual(code, 3)
        self.assertEqual(report["failures"], {"UNIT_KIND": 1})
        self.assertEqual([line["result"] for line in lines],
                         ["admitted", "UNIT_KIND", "admitted"])

    def test_without_an_issuer(self):
        self.world.stop("issuer")
        try:
            code, report, _ = self.load("--step", "press", "--burst",
                                        "--count", 5, "--until", "ordered")
            self.assertEqual((code, report["counts"]["ordered"]), (0, 5))
            code, report, lines = self.load(
                "--step", "press", "--poisson", "--rate", 100, "--count", 5,
                "--until", "issued", "--timeout", 2)
        finally:
            self.world.start_program("issuer")
        self.assertEqual(code, 4)
        self.assertEqual(report["counts"]["ordered"], 5)
        self.assertEqual(report["counts"]["done"], 0)
        self.assertEqual({line["result"] for line in lines}, {""})
        self.assertEqual({line["issued"] for line in lines}, {""})


if __name__ == "__main__":
    unittest.main(verbosity=2)
