#!/usr/bin/python3 -B
"""What ops/bench says is what was seen: figures, histograms, CPU, plots, and
the token's raw rate on a real token. No figure itself is judged here."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
sys.path.insert(0, os.path.join(REPO, "tests", "bench"))

import bench_path  # noqa: E402,F401
import figures  # noqa: E402
import flames  # noqa: E402
import latency  # noqa: E402
import offsets  # noqa: E402
import run_issuance  # noqa: E402
import svg  # noqa: E402
import usage  # noqa: E402
from limits import MODULE  # noqa: E402
from world import BUILD  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


class Figures(unittest.TestCase):
    def test_median_decides(self):
        found = figures.Figures()
        for value in (1.0, 3.0, 100.0):
            found.add("part", "rate", "a rate", "/s", value, at_least=3)
            found.add("part", "time", "a time", "ms", value, at_most=2)
            found.add("part", "raw", "a limit", "/s", value)
        rate, time, raw = found.parts["part"].values()
        self.assertEqual((rate.is_met(), time.is_met(), raw.is_met()),
                         (True, False, None))
        self.assertEqual(found.missed(), [("part", time)])
        table = found.table()
        self.assertIn(
            "| a rate | /s | ≥ 3.00 | 3.00 | 1.00 | 100 | 3 | met |", table)
        self.assertEqual(table.count("**missed**"), 1)
        row = json.loads(found.json(about={"cores": 2}))["parts"]["part"][1]
        self.assertEqual((row["values"], row["median"], row["met"]),
                         ([1.0, 3.0, 100.0], 3.0, False))


class Latency(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "latencies.tsv")

    def read(self, *lines):
        with open(self.path, "w", encoding="ascii") as stream:
            stream.write("".join(line + "\n" for line in lines))
        return latency.read(self.path)

    def test_percentiles_and_what_was_not_reached(self):
        stages = self.read(
            "journey\ttax_code\tresult\tdue_us\tpress_admitted\tvisible",
            *(f"{each}\t0100109106\tvisible\t99\t{each}\t{each * 1000}"
              for each in range(1, 100)), "100\t0100109106\t\t99\t100\t")
        self.assertEqual(sorted(stages), ["admitted", "visible"])
        self.assertEqual(stages["admitted"].count, 100)
        self.assertEqual(stages["visible"].count, 99)
        self.assertAlmostEqual(stages["visible"].percentile(50), 50, delta=.1)
        self.assertAlmostEqual(stages["visible"].longest(), 99, delta=.1)

    def test_too_long_counts_as_the_longest(self):
        seen = latency.Latencies()
        seen.record(10 * latency.HIGHEST_US)
        self.assertEqual(seen.count, 1)
        self.assertGreaterEqual(seen.longest(), latency.HIGHEST_US / 1000)

    def test_buckets_have_all(self):
        seen, other = latency.Latencies(), latency.Latencies()
        for each in (1, 10, 10, 5000, 2_000_000):
            seen.record(each)
            other.record(each)
        seen.add(other)
        buckets = seen.buckets()
        self.assertEqual(sum(count for _, _, count in buckets), 10)
        self.assertTrue(buckets[0][2] and buckets[-1][2])
        for one, following in zip(buckets, buckets[1:]):
            self.assertEqual(one[1], following[0])


class Rates(unittest.TestCase):
    def test_per_second(self):
        rates = offsets.per_second([1000, 1100, 1200, 2600], 1000, 0.5)
        self.assertEqual(rates, [(0.25, 6.0), (0.75, 0.0), (1.25, 0.0),
                                 (1.75, 2.0)])
        self.assertEqual(offsets.per_second([], 0), [])

    def test_steady_is_the_middle(self):
        samples = [(0.0, 0, {}), (1.0, 50, {}), (2.0, 150, {}),
                   (3.0, 550, {}), (4.0, 900, {}), (9.0, 1000, {})]
        self.assertEqual(run_issuance.steady(samples, 0, 1000),
                         (900 - 150) / 2)
        self.assertIsNone(run_issuance.steady(samples[:2], 0, 1000))


class Processors(unittest.TestCase):
    """Usage adds processes up by name, ended ones too."""

    class World:
        """One program and one component, as World shows them."""

        def __init__(self, program, component):
            self.program, self.component = program, component
            self.home = self

        @staticmethod
        def path(*names):
            """Nothing runs beside it."""
            return os.path.join("/nonexistent", *names)

        def states(self):
            return {"issuer": {"pid": self.program}}

        def components(self):
            return ["kafka"]

        def component_pid(self, _name):
            return self.component

    def setUp(self):
        self.counts = {}
        real = usage.ticks
        self.addCleanup(setattr, usage, "ticks", real)
        usage.ticks = lambda pid, reaped=False: self.counts.get(pid)
        self.children = []

    def test_restart_and_child_that_ended(self):
        # Processes that are there as long as this test, and one that is not.
        program, component, child = os.getpid(), os.getppid(), 2 ** 22 + 1
        self.counts = {program: 100, component: 500, child: 50}
        self.children = [child]
        seen = usage.Usage(self.World(program, component),
                           lambda _pid: self.children)
        self.counts[program] += 30
        self.counts[component] += 5
        self.assertEqual(seen.take(), {"issuer": 30 / usage.TICK,
                                       "kafka": 5 / usage.TICK})
        # The child's time is its parent's once it has ended.
        self.children = []
        del self.counts[child]
        self.counts[component] += 50 + 7
        self.assertEqual(seen.take()["kafka"], (5 + 7) / usage.TICK)

    def test_of_a_process(self):
        self.doCleanups()
        self.assertGreaterEqual(usage.ticks(os.getpid()), 0)
        self.assertIsNone(usage.ticks(2 ** 22 + 1))
        self.assertGreaterEqual(usage.process_age(os.getpid()), 0)


class Plots(unittest.TestCase):
    def shapes(self, text, name):
        return list(xml.fromstring(text).iter(SVG + name))

    def test_lines(self):
        text = svg.lines("a < b & c", "s", "/s", {
            "one": [(0, 1), (1, 10)], "other": [(0, 2), (1, 20)]},
            ideal=[(0, 0), (1, 30)])
        self.assertEqual(len(self.shapes(text, "polyline")), 3)
        self.assertIsNone(svg.lines("empty", "s", "/s", {"one": []}))

    def test_bars_are_as_high_as_their_values(self):
        text = svg.stacked_bars("CPU", "ms", {"RSA": {"issuer": 3.0,
                                                      "registrar": 1.0}})
        heights = [float(each.get("height")) for each
                   in self.shapes(text, "rect") if len(each)]
        self.assertAlmostEqual(heights[0], 3 * heights[1], delta=0.05)

    def test_histogram(self):
        text = svg.histogram("latency", {"visible": [(1.0, 2.0, 5),
                                                     (2.0, 4.0, 7)]})
        self.assertEqual(len(self.shapes(text, "polyline")), 1)
        self.assertIsNone(svg.histogram("latency", {"visible": []}))


class Flames(unittest.TestCase):
    def test_width_is_the_share(self):
        text = flames.flame("issuer", {("main", "sign"): 3,
                                       ("main", "lint"): 1})
        widths = {each.find(SVG + "title").text.split()[0]:
                  float(each.find(SVG + "rect").get("width"))
                  for each in xml.fromstring(text).iter(SVG + "g")}
        self.assertEqual(widths["main"], flames.WIDTH)
        self.assertEqual(widths["sign"], 3 * widths["lint"])
        self.assertIsNone(flames.flame("issuer", {}))

    def test_functions_without_names_are_told_by_library(self):
        path = os.path.join(tempfile.mkdtemp(prefix="certflow-bench-"), "perf")
        self.addCleanup(os.rmdir, os.path.dirname(path))
        self.addCleanup(os.unlink, path)
        with open(path, "w", encoding="ascii") as stream:
            stream.write("#!/bin/sh\ncat <<'END'\nissuer \n"
                         "\t  1299df [unknown] (/usr/lib/libcrypto.so.3)\n"
                         "\t  12c767 [unknown] (/usr/lib/libcrypto.so.3)\n"
                         "\t  55aa01 sign+0x10 (/usr/bin/issuer)\n\nEND\n")
        os.chmod(path, 0o755)
        before = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = os.path.dirname(path) + ":" + before
        self.assertEqual(flames.stacks("any"), {("sign", "[libcrypto.so.3]"):
                                                1})


class Token(unittest.TestCase):
    """The raw rate is that of a token's own key, by the calls the issuer
    makes."""

    PROGRAM = os.path.join(BUILD, "tests", "token_rate")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="certflow-bench-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        os.mkdir(self.path("tokens"))
        self.write("softhsm.conf", "directories.tokendir = "
                   f"{self.path('tokens')}\n")
        self.write("pin", "12345678\n")
        self.environment = {**os.environ,
                            "SOFTHSM2_CONF": self.path("softhsm.conf")}
        self.run_("softhsm2-util", "--init-token", "--free", "--label",
                  "issuing", "--pin", "12345678", "--so-pin", "12345678")

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as stream:
            stream.write(text)

    def run_(self, *command, code=0):
        result = subprocess.run(command, env=self.environment, check=False,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, encoding="utf-8")
        self.assertEqual(result.returncode, code, result.stdout)
        return result.stdout

    def rate(self, *threads, token="issuing", code=0):
        return self.run_(self.PROGRAM, "--module", MODULE, "--token", token,
                         "--pin-file", self.path("pin"), "--seconds",
                         "0.001", *threads, code=code)

    def test_signs_with_each_kind_of_key(self):
        for kind, name in (("EC:prime256v1", "EC"), ("rsa:2048", "RSA")):
            self.run_("pkcs11-tool", "--module", MODULE, "--login", "--pin",
                      "12345678", "--keypairgen", "--key-type", kind,
                      "--id", "01", "--usage-sign")
            lines = [json.loads(line) for line
                     in self.rate("1", "2").splitlines()]
            self.assertEqual([each["threads"] for each in lines], [1, 2])
            for each in lines:
                self.assertEqual(each["key"], name)
                self.assertGreater(each["signatures"], 0)
            self.run_("pkcs11-tool", "--module", MODULE, "--login", "--pin",
                      "12345678", "--delete-object", "--type", "privkey",
                      "--id", "01")

    def test_says_what_is_missing(self):
        self.assertIn("no private key", self.rate("1", code=1))
        self.assertIn("no such token", self.rate("1", token="x", code=1))


if __name__ == "__main__":
    unittest.main()
