"""A stack of its own with a registrar on it, for tests that publish to real
topics and read what comes of it. The test plays portals and workers."""

import atexit
import base64
import hashlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

import parts

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build"))
STACK = os.path.join(REPO, "ops", "stack")
TOOL = os.path.join(BUILD, "tests", "topic_tool")
REGISTRAR = os.path.join(BUILD, "bin", "registrar")
PATIENCE = 30  # seconds until something that should come is missed


class Missing(AssertionError):
    """Something that should have come did not."""


class Follower:
    """All records of a topic, as they come."""

    def __init__(self, topic, environment):
        self.records = []
        self._new = queue.Queue()
        self._child = subprocess.Popen(
            [TOOL, "follow", topic], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, encoding="utf-8", env=environment)
        self.topic = topic
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._child.stdout:
            self._new.put(json.loads(line))

    def wait(self, wanted, what, seconds=PATIENCE):
        """The first record, old or new, for which wanted(record)."""
        for record in self.records:
            if wanted(record):
                return record
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            try:
                record = self._new.get(timeout=max(left, 0.01))
            except queue.Empty:
                raise Missing(f"{what} is missing in {self.topic}") from None
            self.records.append(record)
            if wanted(record):
                return record

    def settle(self, seconds=0.5):
        """Take in what is there."""
        while True:
            try:
                self.records.append(self._new.get(timeout=seconds))
            except queue.Empty:
                return self.records

    def close(self):
        self._child.kill()
        self._child.wait()


class Lines:
    """topic_tool with JSON lines in and out."""

    def __init__(self, mode, environment):
        self._child = subprocess.Popen(
            [TOOL, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            encoding="utf-8", env=environment)

    def __call__(self, document):
        self._child.stdin.write(json.dumps(document) + "\n")
        self._child.stdin.flush()
        answer = json.loads(self._child.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    def close(self):
        self._child.stdin.close()
        self._child.wait(timeout=20)


class Program:
    """The registrar, started and watched by the test itself."""

    def __init__(self, bed, slot=0, environment=None, **options):
        self.log = os.path.join(bed.home, "log", f"registrar-test-{slot}.log")
        self.port = parts.free_port()
        command = [REGISTRAR, "--config", bed.configuration,
                   "--set", f"slot={slot}", "--set", f"health.port={self.port}"]
        for key, value in options.items():
            command += ["--set", f"{key.replace('__', '.')}={value}"]
        with open(self.log, "a", encoding="utf-8") as stream:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                          stdout=stream, stderr=stream,
                                          env={**bed.clean,
                                               **(environment or {})})

    def wait_ready(self, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                break
            try:
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{self.port}/health", timeout=2):
                    return self
            except OSError:
                time.sleep(0.05)
        raise Missing(f"registrar is not ready:\n{self.tail()}")

    def metric(self, name):
        """Its present value."""
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))

    def tail(self, lines=30):
        with open(self.log, encoding="utf-8", errors="replace") as stream:
            return "".join(stream.readlines()[-lines:])

    def is_alive(self):
        return self.child.poll() is None

    def stop(self, seconds=20):
        """SIGTERM; returns (exit code, seconds it took)."""
        begin = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        code = self.child.wait(timeout=seconds)
        return code, time.monotonic() - begin

    def kill(self):
        self.child.kill()
        self.child.wait()


class Testbed:
    """The stack, a CA made by openssl, the registrar, the followers."""

    def __init__(self, start=True, **options):
        self.home = tempfile.mkdtemp(prefix="certflow-registrar-")
        os.chmod(self.home, 0o755)
        atexit.register(self.close)
        self.clean = {key: value for key, value in os.environ.items()
                      if not key.startswith("CERTFLOW_")}
        self.stack("up")
        self.env = dict(line.split("=", 1)
                        for line in self.stack("env").splitlines())
        self.clean["CERTFLOW_KAFKA"] = self.env["CERTFLOW_KAFKA"]
        self.clean["CERTFLOW_REGISTRY"] = self.env["CERTFLOW_REGISTRY"]
        self.ca = parts.Authority(self.env["CERTFLOW_CA_DIR"])
        self.configuration = os.path.join(self.home, "test.conf")
        self._configure()
        self.encode = Lines("encode", self.clean)
        self.produce = Lines("produce", self.clean)
        self.outcomes = Follower("certflow.outcomes", self.clean)
        self.log = Follower("certflow.events", self.clean)
        self.dead = Follower("certflow.dead-letters", self.clean)
        # The program's own environment must not hold unknown keys.
        self.clean.pop("CERTFLOW_KAFKA")
        self.clean.pop("CERTFLOW_REGISTRY")
        self.registrar = None
        if start:
            self.registrar = Program(self, **options).wait_ready()

    def stack(self, *arguments):
        result = subprocess.run(
            [STACK, "--home", self.home, "--ports", "auto", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False,
            env={**self.clean, "CERTFLOW_BUILD": BUILD})
        if result.returncode != 0:
            raise AssertionError(f"ops/stack {arguments}: {result.stdout}")
        return result.stdout

    def _configure(self):
        source = os.path.join(self.home, "etc", "registrar.conf")
        with open(source, encoding="utf-8") as stream:
            text = re.sub(r"^(dir|others) = .*\n", "", stream.read(),
                          flags=re.M)
        text = re.sub(r"^certificate = .*$",
                      f"certificate = {self.ca.certificate}", text,
                      flags=re.M)
        with open(self.configuration, "w", encoding="utf-8") as stream:
            stream.write(text)

    # ---- publishing -----------------------------------------------------

    def send(self, inbox, value, key, partition=None, headers=None):
        """Octets into an inbox; returns its place."""
        record = {"topic": f"certflow.inbox.{inbox}",
                  "value_hex": value.hex() if value is not None else None,
                  "headers": headers or {}}
        if key is not None:
            record["key_hex"] = key.encode().hex()
        if partition is not None:
            record["partition"] = partition
        return self.produce(record)

    def wire(self, event):
        return bytes.fromhex(self.encode(event)["hex"])

    def publish(self, inbox, event, **options):
        return self.send(inbox, self.wire(event), event["meta"]["tax_code"],
                         **options)

    # ---- what became of it ------------------------------------------------

    def outcome(self, place, result=None, seconds=PATIENCE):
        """The outcome of the message at this place."""
        def wanted(record):
            event = record["event"]
            source = event["source"]
            return (all(source[name] == place[name]
                        for name in ("topic", "partition", "offset"))
                    and (result is None or event["result"] == result))
        try:
            return self.outcomes.wait(wanted, f"outcome of {place}",
                                      seconds)["event"]
        except Missing as missing:
            tail = self.registrar.tail() if self.registrar else ""
            raise Missing(f"{missing}\n{tail}") from None

    def judge(self, inbox, event, **options):
        """Publish; the code that refuses it, or ADMITTED or DEFERRED."""
        outcome = self.outcome(self.publish(inbox, event, **options))
        if outcome["result"] == "REFUSED":
            return outcome["code"]
        return outcome["result"]

    def logged(self, tax_code, kind, seconds=PATIENCE, **fields):
        """A record of the log of this kind, as its event."""
        def wanted(record):
            event = record["event"]
            return (event is not None and event["type"] == kind
                    and event["meta"]["tax_code"] == tax_code
                    and all(event.get(name) == value
                            for name, value in fields.items()))
        return self.log.wait(wanted, f"{kind} of {tax_code}",
                             seconds)["event"]

    def sequences(self, tax_code):
        """Of all records of the log, in log order."""
        self.log.settle()
        return [record["event"]["meta"]["sequence"]
                for record in self.log.records
                if record["event"]["meta"]["tax_code"] == tax_code]

    def sql(self, text):
        """On the checkpoint; the registrar's own role."""
        return self._psql("-c", text)

    def sql_script(self, text):
        """Likewise, several statements with the data of COPY."""
        return self._psql("-v", "ON_ERROR_STOP=1", "-f", "-", data=text)

    def _psql(self, *options, data=None):
        with open(self.configuration, encoding="utf-8") as stream:
            conninfo = re.search(r"^conninfo = (.*)$", stream.read(),
                                 re.M).group(1)
        return subprocess.run(["psql", "-qXAtd", conninfo, *options],
                              input=data, stdout=subprocess.PIPE, check=True,
                              encoding="utf-8", env=self.clean).stdout

    def close(self):
        if not os.path.isdir(self.home):
            return
        registrar = getattr(self, "registrar", None)
        code, tail = 0, ""
        if registrar and registrar.is_alive():
            code, _ = registrar.stop()  # sanitizers speak at the end
            tail = registrar.tail(60)
        for each in ("encode", "produce", "outcomes", "log", "dead"):
            if hasattr(self, each):
                getattr(self, each).close()
        try:
            self.stack("reset", "--yes")
        finally:
            shutil.rmtree(self.home, ignore_errors=True)
        if code != 0:
            raise AssertionError(f"registrar ended with {code}:\n{tail}")

    # ---- whole stretches of the journey ------------------------------------

    def must(self, inbox, event, **options):
        code = self.judge(inbox, event, **options)
        if code != "ADMITTED":
            raise AssertionError(f"{event['type']} is {code}\n"
                                 f"{self.registrar.tail()}")

    def enrol(self, tax_code, key=None):
        """A saved key with its CSR; returns (enrolment id, key)."""
        enrolment_id, key = parts.new_id(), key or parts.Key()
        self.must("einvoice", parts.key_pair_requested(tax_code,
                                                       enrolment_id))
        self.must("keygen", parts.csr_generated(tax_code, enrolment_id, key))
        self.must("einvoice", parts.saved(tax_code, enrolment_id))
        return enrolment_id, key

    def digest(self, submitted):
        """submission_sha256: behind meta, the submission is all there is."""
        short = parts.saved(submitted["meta"]["tax_code"], parts.new_id())
        short["meta"] = submitted["meta"]
        behind_meta = len(self.wire(short)) - 37  # an UUID with its length
        return hashlib.sha256(self.wire(submitted)[behind_meta:]).hexdigest()

    def submit(self, tax_code, content=None, officer=parts.OFFICER):
        """A submitted request; returns (request id, digest)."""
        content = content or parts.submission()
        event = parts.submitted(tax_code, content, officer)
        self.must("officer", event)
        return content["request_id"], self.digest(event)

    def order(self, tax_code):
        """Everything up to the order; returns IssuanceOrdered and the key."""
        enrolment_id, key = self.enrol(tax_code)
        request_id, digest = self.submit(tax_code)
        self.must("manager", parts.approved(tax_code, request_id, digest,
                                            key.digest))
        self.must("officer", parts.issuance_requested(tax_code, request_id))
        ordered = self.logged(tax_code, "IssuanceOrdered")
        assert ordered["enrolment_id"] == enrolment_id
        return ordered, key

    def certify(self, tax_code):
        """Everything up to the certificate; returns its event and the key."""
        ordered, key = self.order(tax_code)
        tbs = base64.b64decode(ordered["tbs_certificate"])
        event = parts.certificate_issued(ordered, self.ca.issue(tbs))
        self.must("issuer", event)
        return event, key
