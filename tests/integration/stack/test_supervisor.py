#!/usr/bin/python3 -B
"""Supervision and configuration of programs, with programs that only pretend:
instances, files of one's own, routes, and how soon one that ended is back."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import unittest

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..",
                                    ".."))
sys.path.insert(0, os.path.join(REPO, "ops", "stack.d"))
os.environ.setdefault("CERTFLOW_CACHE", tempfile.gettempdir())
import home as homes  # noqa: E402
import process  # noqa: E402
import programs  # noqa: E402

# Serves /health on the port it is given, and leaves behind what it got; or
# ends at once if there is a file that says so.
PRETENDER = """#!/usr/bin/python3 -B
import http.server, json, os, sys
if "--help" in sys.argv:
    for key in ("kafka.bootstrap", "registry.url", "slot", "health.port",
                "db.conninfo"):
        print(f"  {key}  text")
    sys.exit()
path = sys.argv[sys.argv.index("--config") + 1]
values, section = {}, ""
for line in open(path):
    if line.startswith("["):
        section = line.strip()[1:-1] + "."
    elif " = " in line:
        key, value = line.strip().split(" = ", 1)
        values[section + key] = value
name = os.path.basename(path)[:-5]
folder = os.path.dirname(os.path.dirname(path))
with open(f"{folder}/{name}.new", "w") as stream:
    json.dump({"values": values, "arguments": sys.argv[3:],
               "environment": dict(os.environ)}, stream)
os.replace(f"{folder}/{name}.new", f"{folder}/{name}.got")
if os.path.exists(f"{folder}/bad"):
    sys.exit(75)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(values["health.port"])),
                       Handler).serve_forever()
"""


class Supervision(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="certflow-supervisor-")
        self.addCleanup(shutil.rmtree, self.root)
        folder = os.path.join(self.root, "build", "bin")
        os.makedirs(folder)
        for name in homes.PROGRAMS:
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(PRETENDER)
            os.chmod(path, 0o755)
        before = os.environ.get("CERTFLOW_BUILD")
        os.environ["CERTFLOW_BUILD"] = os.path.dirname(folder)
        self.addCleanup(self.restore, before)
        programs._known_keys.cache_clear()
        self.home = None

    @staticmethod
    def restore(before):
        del os.environ["CERTFLOW_BUILD"]
        if before is not None:
            os.environ["CERTFLOW_BUILD"] = before

    def begin(self, **options):
        self.home = homes.Home(self.root, ports="auto", **options)
        self.home.create()
        self.addCleanup(programs.down, self.home)

    def got(self, name):
        with open(os.path.join(self.root, f"{name}.got"),
                  encoding="utf-8") as stream:
            return json.load(stream)

    def write(self, name, text):
        with open(self.home.path("etc", name), "w",
                  encoding="utf-8") as stream:
            stream.write(text)

    def until_other(self, name, pid, seconds=20):
        """The next process of a program, and when it was seen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            entry = programs.states(self.home).get(name, {})
            if (entry.get("pid") not in (None, pid)
                    and entry["state"] == "ready"):
                return entry["pid"], time.monotonic()
            time.sleep(0.02)
        self.fail(f"{name} is not back")

    def test_instances(self):
        self.begin()
        self.home.remember("instances", 2)
        programs.control(self.home, "up", ("issuer", "issuer-1"))
        first, second = self.got("issuer"), self.got("issuer-1")
        self.assertEqual([each["values"]["slot"]
                          for each in (first, second)], ["0", "1"])
        self.assertNotEqual(first["values"]["health.port"],
                            second["values"]["health.port"])
        self.home.remember("instances", 1)
        programs.control(self.home, "up", ("issuer",))
        states = programs.states(self.home)
        self.assertEqual(states["issuer"]["state"], "ready")
        self.assertNotIn("issuer-1", states)
        with self.assertRaisesRegex(homes.Failure, "no instance issuer-1"):
            programs.control(self.home, "up", ("issuer-1",))

    def test_own_files(self):
        self.begin()
        self.home.remember("instances", 2)
        self.write("keygen.local.conf", "log.level = debug\n"
                   "[hsm]\nmodule = /opt/x y.so\n")
        self.write("keygen-1.local.conf", "log.level = warn\n")
        self.write("keygen.env", "# for the module\nVENDOR=a=b c\nTWO=1\n")
        self.write("keygen-1.env", "TWO=2\n")
        programs.control(self.home, "up", ("keygen", "keygen-1"))
        self.assertEqual(self.got("keygen")["arguments"],
                         ["--set", "log.level=debug",
                          "--set", "hsm.module=/opt/x y.so"])
        self.assertEqual(self.got("keygen-1")["arguments"][-2:],
                         ["--set", "log.level=warn"])
        for name, two in (("keygen", "1"), ("keygen-1", "2")):
            found = self.got(name)["environment"]
            self.assertEqual(found["VENDOR"], "a=b c")
            self.assertEqual(found["TWO"], two)
        programs.control(self.home, "up")
        self.assertNotIn("VENDOR", self.got("issuer")["environment"])
        self.write("keygen.env", "no equals sign\n")
        with self.assertRaisesRegex(homes.Failure, "keygen.env:1"):
            programs.control(self.home, "restart", ("keygen",))

    def test_routes(self):
        self.begin(brokers=3, routes=True)
        programs.write_configurations(self.home)
        with open(self.home.path("etc", "registrar.conf"),
                  encoding="utf-8") as stream:
            text = stream.read()
        for name in ("kafka", "kafka-2", "kafka-3", "postgresql", "registry"):
            self.assertIn(f"127.0.0.1:{self.home.port(name + '-route')}",
                          text)
            self.assertNotIn(f"127.0.0.1:{self.home.port(name)}/", text)
        with self.assertRaisesRegex(homes.Failure, "has 3 brokers"):
            homes.Home(self.root, brokers=1).create()

    def test_ports_are_taken_from_the_choice_on(self):
        base, sign = homes.free_base()
        self.assertIsNone(homes.claim(base))
        sign.close()
        again = homes.claim(base)
        self.assertIsNotNone(again)
        again.close()

    def test_killed_is_back_at_once(self):
        self.begin()
        programs.control(self.home, "up", ("registrar",))
        pid = programs.states(self.home)["registrar"]["pid"]
        pauses = []
        for _ in range(4):
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            pid, seen = self.until_other("registrar", pid)
            pauses.append(seen - killed)
        # With a pause that doubled, the last would take 4 s and more.
        self.assertLess(pauses[-1], 3.5, pauses)
        self.assertEqual(programs.states(self.home)["registrar"]["restarts"],
                         4)
        # And who asks for it to be up is not told that it fails.
        programs.control(self.home, "up", ("registrar",))

    def test_programs_end_with_a_killed_supervisor(self):
        self.begin()
        programs.control(self.home, "up", ("registrar", "issuer"))
        pids = [entry["pid"] for entry in programs.states(self.home).values()
                if entry["pid"]]
        self.assertEqual(len(pids), 2)
        os.kill(process.known(self.home, programs.NAME)["pid"],
                signal.SIGKILL)
        end = time.monotonic() + 20
        while any(os.path.exists(f"/proc/{pid}/exe") for pid in pids):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        programs.control(self.home, "up", ("registrar", "issuer"))
        self.assertFalse({entry["pid"] for entry
                          in programs.states(self.home).values()} & {*pids})

    def test_never_ready_is_tried_rarely(self):
        self.begin()
        with open(os.path.join(self.root, "bad"), "w", encoding="ascii"):
            pass
        with self.assertRaisesRegex(homes.Failure, "exit 75"):
            programs.control(self.home, "up", ("registrar",))
        entry = programs.states(self.home)["registrar"]
        self.assertGreaterEqual(entry["failures"], 3)
        os.unlink(os.path.join(self.root, "bad"))
        # Asked for again, it does not wait for the end of its pause.
        programs.control(self.home, "up", ("registrar",))
        self.assertEqual(programs.states(self.home)["registrar"]["failures"],
                         0)


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=2).result
    bad = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
