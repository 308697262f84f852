#!/usr/bin/python3 -B
"""The workers' loop on a real broker and registry: catch up, then act; no
order twice, none lost; not ready, dead letters, kill -9, SIGTERM."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build"))
STACK = os.path.join(REPO, "ops", "stack")
INBOX = "certflow.inbox.keygen"
CLEAN = {key: value for key, value in os.environ.items()
         if not key.startswith("CERTFLOW_")}
PORT = 18000 + os.getpid() % 2000


def stack(home, *arguments):
    return subprocess.run([STACK, "--home", home, "--ports", "auto",
                           *arguments], check=True, env=CLEAN,
                          encoding="utf-8", stdout=subprocess.PIPE).stdout


class Worker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="certflow-worker-")
        stack(cls.home, "up")
        cls.env = dict(line.split("=", 1)
                       for line in stack(cls.home, "env").splitlines())

    @classmethod
    def tearDownClass(cls):
        stack(cls.home, "down")
        shutil.rmtree(cls.home)

    def setUp(self):
        self.steer = tempfile.mkdtemp(dir=self.home)
        self.process = None

    def tearDown(self):
        if self.process and self.process.poll() is None:
            self.stop()

    def tool(self, *arguments):
        subprocess.run([os.path.join(BUILD, "tests", "log_tool"), *arguments],
                       check=True, env={**CLEAN, **{
                           key: self.env[key] for key in
                           ("CERTFLOW_KAFKA", "CERTFLOW_REGISTRY")}})

    def start(self, work="1ms", registry=None, orders_max=10000):
        with open(os.path.join(self.home, "worker.log"), "a",
                  encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "tests", "echo_worker"),
                 "--set", f"kafka.bootstrap={self.env['CERTFLOW_KAFKA']}",
                 "--set", "registry.url="
                 + (registry or self.env["CERTFLOW_REGISTRY"]),
                 "--set", f"registry.cache_dir={self.home}/cache",
                 "--set", f"health.port={PORT}",
                 "--set", f"orders.max={orders_max}",
                 "--set", f"echo.dir={self.steer}",
                 "--set", f"echo.work={work}"], env=CLEAN, stderr=log)

    def stop(self):
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(15), 0)
        self.assertLess(time.monotonic() - begin, 10)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def read(self, topic, form):
        return subprocess.run(
            ["kcat", "-b", self.env["CERTFLOW_KAFKA"], "-C", "-e", "-q",
             "-o", "beginning", "-t", topic, "-f", form + "\n"], check=True,
            stdout=subprocess.PIPE).stdout.decode(errors="replace")

    def outcomes(self, enrolment):
        """ce_id of each outcome in the inbox that names the enrolment."""
        found = []
        for line in self.read(INBOX, "%h\t%s").split("\n"):
            if enrolment in line:
                headers = dict(h.split("=", 1)
                               for h in line.split("\t")[0].split(","))
                self.assertEqual(headers["ce_type"],
                                 "certflow.v1.KeyPairFailed")
                self.assertIn("traceparent", headers)
                found.append(headers["ce_id"])
        return found

    def wait_for(self, what, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = what()
            if value:
                return value
            time.sleep(0.1)
        with open(os.path.join(self.home, "worker.log"),
                  encoding="utf-8") as log:
            self.fail("did not come; health: " + self.health()[1]
                      + "".join(log.readlines()[-25:]))

    def health(self):
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{PORT}/health", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics",
                                    timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        return None

    def wait_ready(self):
        self.wait_for(lambda: self.health()[0] == 200)

    def test_catches_up_then_acts(self):
        done, lasting, live = (str(uuid.uuid4()) for _ in range(3))
        self.tool("order", done)
        self.tool("order", lasting)
        self.tool("other", "50")
        self.tool("outcome", done)
        self.start()
        self.wait_for(lambda: self.outcomes(lasting))
        self.assertEqual(self.outcomes(done), [])
        self.tool("order", live)
        self.wait_for(lambda: self.outcomes(live), 5)
        self.wait_ready()
        self.stop()
        # what was finished is committed: nothing again
        self.start()
        self.wait_ready()
        self.stop()
        self.assertEqual(len(self.outcomes(lasting)), 1)
        self.assertEqual(len(self.outcomes(live)), 1)

    def test_more_orders_wait_than_fit_into_memory(self):
        orders = [str(uuid.uuid4()) for _ in range(12)]
        for order in orders:
            self.tool("order", order)
        done = orders[1], orders[8]
        for order in done:
            self.tool("outcome", order)
        self.start(orders_max=3)
        for order in orders:
            if order not in done:
                self.wait_for(lambda order=order: self.outcomes(order))
        self.wait_ready()
        self.wait_for(lambda: self.metric("certflow_orders_open") == 0)
        self.wait_for(lambda: self.metric("certflow_lag") == 0)
        self.stop()
        for order in orders:
            self.assertEqual(len(self.outcomes(order)),
                             0 if order in done else 1)
        with open(os.path.join(self.home, "worker.log"),
                  encoding="utf-8") as log:
            self.assertIn("many orders wait", log.read())

    def test_more_outcomes_than_can_be_remembered(self):
        """Behind orders that wait there are more finished ones than the
        worker keeps in mind: it has to read the log once more."""
        orders = [str(uuid.uuid4()) for _ in range(13)]
        for order in orders[:12]:
            self.tool("order", order)
        self.tool("done", "600")  # more than one batch
        self.tool("order", orders[12])
        before = self.read(INBOX, "%o").count("\n")
        self.start(orders_max=10)
        for order in orders:
            self.wait_for(lambda order=order: self.outcomes(order))
        self.wait_for(lambda: self.metric("certflow_orders_open") == 0)
        self.wait_for(lambda: self.metric("certflow_lag") == 0)
        self.wait_ready()
        self.stop()
        for order in orders:
            self.assertEqual(len(self.outcomes(order)), 1)
        self.assertEqual(self.read(INBOX, "%o").count("\n") - before,
                         len(orders))

    def test_replay_does_nothing_twice(self):
        order = str(uuid.uuid4())
        self.tool("order", order)
        self.start()
        self.wait_for(lambda: self.outcomes(order))
        self.wait_ready()
        self.stop()
        for line in self.read("certflow.events", "%k").split("\n"):
            self.assertIn(line, ("", "0100109106"))
        before = self.read(INBOX, "%o").count("\n")
        self.tool("outcome", order)
        self.tool("rewind", "certflow-echo", "echo-0")
        self.start()
        self.wait_ready()
        time.sleep(1)
        self.stop()
        # orders of other cases have no outcome on this log: they may come
        self.assertEqual(len(self.outcomes(order)), 1)
        self.assertGreaterEqual(self.read(INBOX, "%o").count("\n"), before)

    def test_killed_at_work_does_it_again_under_the_same_id(self):
        order, quick = str(uuid.uuid4()), str(uuid.uuid4())
        self.start(work="3s")
        self.wait_ready()
        self.tool("order", order)
        time.sleep(1)
        self.kill()
        self.assertEqual(self.outcomes(order), [])
        self.start()
        first = self.wait_for(lambda: self.outcomes(order))
        self.tool("order", quick)
        self.wait_for(lambda: self.outcomes(quick))
        self.kill()  # perhaps before the offset is committed
        self.start()
        self.wait_ready()
        time.sleep(1)
        self.stop()
        self.assertEqual(set(self.outcomes(order)), set(first))
        self.assertEqual(len(set(self.outcomes(quick))), 1)

    def test_waits_while_the_token_is_away_or_broken(self):
        order, later = str(uuid.uuid4()), str(uuid.uuid4())
        away = os.path.join(self.steer, "away")
        broken = os.path.join(self.steer, "broken")
        self.start()
        self.wait_ready()
        for path in (away, broken):
            with open(path, "w", encoding="utf-8"):
                pass
        self.wait_for(lambda: self.health()[1] == "hsm: token is away\n")
        self.tool("order", order)
        time.sleep(1)
        self.assertEqual(self.outcomes(order), [])
        os.remove(away)
        time.sleep(1)
        self.assertEqual(self.outcomes(order), [])
        os.remove(broken)
        self.wait_for(lambda: self.outcomes(order))
        self.tool("order", later)
        self.wait_for(lambda: self.outcomes(later))
        self.stop()
        self.assertEqual(len(self.outcomes(order)), 1)

    def test_garbage_becomes_a_dead_letter_and_the_next_is_done(self):
        order = str(uuid.uuid4())
        self.start()
        self.wait_ready()
        self.tool("garbage")
        self.tool("order", order)
        self.wait_for(lambda: self.outcomes(order))
        self.stop()
        letters = self.read("certflow.dead-letters", "%h %s")
        self.assertIn("certflow-reason=NOT_WIRE_FORMAT", letters)
        self.assertIn("certflow-source=certflow.events/", letters)
        self.assertTrue(letters.rstrip().endswith("no event"))

    def test_registry_away_but_cache_there(self):
        order = str(uuid.uuid4())
        self.start()
        self.wait_ready()
        self.stop()
        self.start(registry="http://127.0.0.1:1/none")
        self.wait_ready()
        self.tool("order", order)
        self.wait_for(lambda: self.outcomes(order))
        self.stop()

    def test_stops_in_time_with_work_in_hand(self):
        order = str(uuid.uuid4())
        self.start(work="4s")
        self.wait_ready()
        self.tool("order", order)
        time.sleep(1)
        self.stop()
        self.assertEqual(len(self.outcomes(order)), 1)

    def test_broker_away_while_an_outcome_is_under_way(self):
        order = str(uuid.uuid4())
        with open(os.path.join(self.home, "run", "kafka.json"),
                  encoding="utf-8") as stream:
            broker = json.load(stream)["pid"]
        self.start(work="2s")
        self.wait_ready()
        self.tool("order", order)
        time.sleep(1)
        os.kill(broker, signal.SIGSTOP)
        try:
            time.sleep(20)  # longer than a session, and than a stop may take
        finally:
            os.kill(broker, signal.SIGCONT)
        self.wait_for(lambda: self.outcomes(order), 30)
        self.tool("outcome", order)
        # A stalled broker may answer a join late, and so fence the member
        # by its own request: then the program ends and is restarted.
        self.wait_for(lambda: self.health()[0] == 200
                      or self.process.poll() is not None, 60)
        if self.process.poll() is not None:
            self.assertEqual(self.process.poll(), 1)
            self.start()
            self.wait_ready()
        self.stop()
        self.assertEqual(len(self.outcomes(order)), 1)

    def test_usage(self):
        self.start(work="nonsense")
        self.assertEqual(self.process.wait(10), 2)


if __name__ == "__main__":
    sys.exit(unittest.main())
