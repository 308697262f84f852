#!/usr/bin/python3 -B
"""The projector between a real Kafka and a real PostgreSQL: what it reads,
what it survives. On a stack of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build-dev"))
RELEASE = os.path.join(REPO, "build-release")
MEMORY_KB = 64 * 1024
AT = "'2026-06-01 00:00:00+00'"  # within the validity of all certificates
EVENTS_EACH = 26  # of one journey
PERSON = "33333333-3333-4333-8333-333333333333"
TABLES = ("customer", "request", "enrolment", "issuance_order",
          "certificate", "certificate_use_history",
          "certificate_ca_history", "refusal", "deferred_event")


class Stack:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="certflow-projector-")
        self.up()
        self.env = dict(
            line.split("=", 1) for line in
            self.run("env").stdout.splitlines())
        self.program = None

    def run(self, *arguments):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith("CERTFLOW_")}
        return subprocess.run(
            [os.path.join(REPO, "ops", "stack"), "--home", self.home,
             "--ports", "auto", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", env=clean,
            check=True)

    def up(self):
        self.run("up")

    def stop_postgresql(self):
        for line in self.run("status").stdout.splitlines():
            words = line.split()
            if words[0] == "postgresql":
                os.kill(int(words[3]), signal.SIGINT)
                return
        raise AssertionError("no postgresql in the status")

    def write(self, *arguments):
        subprocess.run([os.path.join(BUILD, "tests", "log_writer"),
                        *map(str, arguments)], check=True,
                       stderr=subprocess.PIPE,
                       env={**os.environ, **self.env, "LOG_WRITER_CACHE":
                            os.path.join(self.home, "log_writer")})

    def start(self, build=BUILD):
        with open(self.log(), "ab") as log:
            self.program = subprocess.Popen(
                [os.path.join(build, "bin", "projector"), "--config",
                 os.path.join(self.home, "etc", "projector.conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, how=signal.SIGTERM):
        self.program.send_signal(how)
        code = self.program.wait(20)
        self.program = None
        return code

    def peak_kb(self):
        with open(f"/proc/{self.program.pid}/status",
                  encoding="ascii") as stream:
            return int(stream.read().split("VmHWM:")[1].split()[0])

    def log(self):
        return os.path.join(self.home, "projector.log")

    def log_text(self):
        with open(self.log(), encoding="utf-8") as stream:
            return stream.read()

    def sql(self, text, role="certflow_reader"):
        uri = self.env["CERTFLOW_PG"].strip("'")
        if role != "certflow_reader":
            uri = (f"postgresql://{role}@" + uri.split("@")[1]
                   + f"?passfile={self.home}/secrets/pgpass")
        done = subprocess.run(["psql", "-qXAt", uri, "-c", text],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8",
                              check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def wait(self, query, wanted, seconds=90):
        limit = time.monotonic() + seconds
        found = None
        while time.monotonic() < limit:
            found = self.sql(query)
            if found == str(wanted):
                return
            time.sleep(0.3)
        raise AssertionError(f"{query}: {found}, not {wanted}\n"
                             + self.log_text()[-3000:])

    def rows(self):
        return self.sql("SET search_path = read_model; SELECT md5("
                        + " || ".join(
                            f"(SELECT string_agg(t::text, ',' ORDER BY"
                            f" t::text) FROM {name} t)" for name in TABLES)
                        + ")")

    def answers(self):
        """What portals and operators ask, for every tax code."""
        return [self.sql(
            "SELECT md5(string_agg(a::text, ',' ORDER BY a::text)) FROM"
            " (SELECT DISTINCT tax_code FROM read_model.request) t,"
            f" LATERAL read_model.{question} a")
            for question in ("find_customer(t.tax_code)",
                             "find_requests(t.tax_code)",
                             f"find_certificates(t.tax_code, {AT})",
                             f"signing_certificate(t.tax_code, {AT})",
                             f"why_not(t.tax_code, {AT})")]

    def close(self):
        if self.program is not None:
            self.program.kill()
            self.program.wait()
        self.run("down")
        shutil.rmtree(self.home, ignore_errors=True)


def unsanitized():
    """A build whose memory is the program's own, or None."""
    for build in (BUILD, RELEASE):
        try:
            with open(os.path.join(build, "bin", "projector"), "rb") as f:
                if b"__asan_init" not in f.read():
                    return build
        except OSError:
            pass
    return None


STACK = None
TIMELINE = "SELECT count(*) FROM read_model.request_event"


def setUpModule():
    global STACK
    STACK = Stack()


def tearDownModule():
    STACK.close()


class Projector(unittest.TestCase):
    """In order: each test goes on where the one before it stopped."""

    def test_1_log_and_persons(self):
        STACK.write("person", PERSON)
        STACK.write("garbage", "certflow.events", "0199000112")
        STACK.write("garbage", "certflow.personal", PERSON)
        STACK.write("events", 0, 20)
        STACK.start()
        STACK.wait(TIMELINE, 20 * EVENTS_EACH)
        STACK.wait("SELECT count(*) FROM read_model.certificate"
                   " WHERE use_state = 'ACTIVE'", 20)
        STACK.wait("SELECT count(*) FROM read_model.legal_representative", 1)
        self.assertEqual(
            STACK.sql("SELECT full_name FROM read_model.find_representative("
                      "'0199000112')", "certflow_personal"),
            "Nguyễn Văn Mẫu")

    def test_2_unreadable_messages_are_alarms_not_stops(self):
        STACK.wait("SELECT count(*) FROM read_model.dead_letter", 2)
        self.assertEqual(STACK.log_text().count("unreadable message"), 2)
        self.assertNotIn("Nguyễn", STACK.log_text())

    def test_3_killed_in_the_middle(self):
        STACK.stop()
        STACK.write("events", 100, 400)
        for _ in range(3):
            STACK.start()
            time.sleep(1.5)
            STACK.stop(signal.SIGKILL)
        STACK.start()
        STACK.wait(TIMELINE, 420 * EVENTS_EACH)
        STACK.wait("SELECT count(*) FROM read_model.request"
                   " WHERE state = 'ISSUED'", 420)

    def test_4_database_goes_and_comes_back(self):
        STACK.stop_postgresql()
        STACK.write("events", 1000, 50)
        time.sleep(3)
        self.assertIsNone(STACK.program.poll())
        STACK.up()
        STACK.wait(TIMELINE, 470 * EVENTS_EACH)
        self.assertIn("works again", STACK.log_text())

    def test_5_lost_offsets_change_nothing(self):
        before = STACK.rows()
        self.assertTrue(before)
        end = STACK.sql("SELECT sum(next) FROM read_model.log_position")
        STACK.stop()
        STACK.sql("TRUNCATE read_model.log_position", "projector")
        STACK.start()
        STACK.wait("SELECT sum(next) FROM read_model.log_position", end)
        self.assertEqual(STACK.rows(), before)

    def test_6_somebody_else_moved_an_offset(self):
        STACK.sql("UPDATE read_model.log_position SET next = 0",
                  "projector")
        STACK.write("events", 2000, 20)
        STACK.wait(TIMELINE, 490 * EVENTS_EACH)
        self.assertIn("somebody else", STACK.log_text())

    @unittest.skipUnless(unsanitized(), "no build without sanitizers")
    def test_9_memory_is_bounded(self):
        """A long log of heavy events: it queues up, is not all held."""
        STACK.write("events", 3000, 1000, 6000)
        STACK.start(unsanitized())
        STACK.wait(TIMELINE, 1490 * EVENTS_EACH)
        self.assertLess(STACK.peak_kb(), MEMORY_KB)
        self.assertEqual(STACK.stop(), 0)

    def test_7_person_is_erased(self):
        STACK.write("erase", PERSON)
        STACK.wait("SELECT count(*) FROM read_model.legal_representative", 0)
        STACK.wait("SELECT count(*) FROM read_model.personal_erasure", 1)

    def test_8_rebuilt_from_the_log(self):
        """Selection case 12, and every other answer: as before."""
        end = STACK.sql("SELECT sum(next) FROM read_model.log_position")
        rows, answers = STACK.rows(), STACK.answers()
        chosen = ("SELECT count(*) FROM (SELECT DISTINCT tax_code FROM"
                  " read_model.request) t, LATERAL"
                  f" read_model.signing_certificate(t.tax_code, {AT})")
        STACK.wait(chosen, 490)
        self.assertEqual(STACK.stop(), 0)
        STACK.run("rebuild", "projector")
        STACK.wait("SELECT count(*) FROM read_model.certificate", 0)
        STACK.start()
        STACK.wait("SELECT sum(next) FROM read_model.log_position", end)
        STACK.wait(chosen, 490)
        self.assertEqual(STACK.answers(), answers)
        self.assertEqual(STACK.rows(), rows)
        self.assertEqual(
            STACK.sql("SELECT count(*) FROM"
                      " read_model.legal_representative"), "0")
        self.assertEqual(STACK.stop(), 0)

    def test_9_rebuilt_while_it_serves(self):
        """By the supervised projector's side; nobody sees a gap."""
        STACK.run("programs", "up", "projector")
        rows, answers = STACK.rows(), STACK.answers()
        child = subprocess.Popen(
            [os.path.join(REPO, "ops", "stack"), "--home", STACK.home,
             "rebuild", "projector"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        former = STACK.sql("SELECT 'read_model'::regnamespace::oid")
        count = "SELECT count(*) FROM read_model.certificate"
        certificates, looks = STACK.sql(count), 0
        while child.poll() is None:
            looks += 1
            self.assertEqual(STACK.sql(count), certificates)
        said, _ = child.communicate()
        self.assertEqual(child.returncode, 0, said.decode())
        self.assertGreater(looks, 1)
        self.assertNotEqual(STACK.sql(
            "SELECT 'read_model'::regnamespace::oid"), former)
        self.assertEqual(STACK.sql(
            "SELECT count(*) FROM pg_namespace"
            " WHERE nspname LIKE 'read_model_%'"), "0")
        self.assertEqual(STACK.rows(), rows)
        self.assertEqual(STACK.answers(), answers)
        STACK.run("deploy")
        STACK.run("programs", "down", "projector")


if __name__ == "__main__":
    unittest.main(verbosity=1)
