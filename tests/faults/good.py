"""Good traffic beside and behind the bad: what portals write, whole journeys
in step, and what came of every message."""

import ctypes
import datetime
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import threading
import time
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(subprocess.run(
    [os.path.join(REPO, "ops", "setup"), "path"], check=True,
    stdout=subprocess.PIPE, encoding="utf-8").stdout.strip(), "python"))
import fastavro  # noqa: E402
from patience import until  # noqa: E402

ROLES = {"einvoice": "SUBSCRIBER", "officer": "OFFICER",
         "manager": "MANAGER", "keygen": "KEYGEN", "issuer": "ISSUER",
         "activator": "ACTIVATOR"}
DOCUMENTS = ("SERVICE_CONTRACT", "REQUEST_FORM", "BUSINESS_LICENCE",
             "LEGAL_REP_ID")
OFFICER, MANAGER = "gdv-017", "ql-004"
DAY = (datetime.date.today() - datetime.date(1970, 1, 1)).days
NOTHING = bytes(32)
READ = {"isolation.level": "read_committed", "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "fetch.wait.max.ms": 50,
        "log_level": 0}


def _plain(schema):
    """Without logical types: values as they are encoded."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items()
                if key not in ("logicalType", "doc", "format")}
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    return schema


class Wire:
    """Events in the wire format of a stack."""

    def __init__(self, bootstrap):
        self.ids, self._by_id, self._by_name = {}, {}, {}
        for message in read_all(bootstrap, "certflow.schemas"):
            entry = json.loads(message.value())
            name = entry["subject"].removeprefix("certflow.v1.")
            schema = fastavro.parse_schema(
                _plain(json.loads(entry["schema"])), named_schemas={})
            self._by_id[entry["id"]] = (name, schema)
            if entry["id"] > self.ids.get(name, 0):
                self.ids[name], self._by_name[name] = entry["id"], schema
        self._meta = fastavro.parse_schema(
            self._by_name["RequestSubmitted"]["fields"][0]["type"],
            named_schemas={})

    def encode(self, name, record):
        stream = io.BytesIO()
        stream.write(struct.pack(">bi", 0, self.ids[name]))
        fastavro.schemaless_writer(stream, self._by_name[name], record)
        return stream.getvalue()

    def decode(self, octets):
        """(name, record)"""
        name, schema = self._by_id[struct.unpack(">i", octets[1:5])[0]]
        return name, fastavro.schemaless_reader(io.BytesIO(octets[5:]),
                                                schema, None)

    def behind_meta(self, octets, meta):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self._meta, meta)
        return octets[5 + len(stream.getvalue()):]


def read_all(bootstrap, topic):
    """Every message of a topic as it is now."""
    consumer = Consumer({**READ, "bootstrap.servers": bootstrap,
                         "group.id": "flood-once"})
    ends = {}
    for number in consumer.list_topics(topic).topics[topic].partitions:
        _, high = consumer.get_watermark_offsets(
            TopicPartition(topic, number), timeout=20)
        ends[number] = high
    consumer.assign([TopicPartition(topic, number, 0) for number in ends])
    found = []

    def complete():
        found.extend(message for message in consumer.consume(1000, 0.2)
                     if not message.error())
        at = {place.partition: place.offset for place in consumer.position(
            [TopicPartition(topic, number) for number in ends])}
        return all(high == 0 or at[number] >= high
                   for number, high in ends.items())
    until(complete, 60, f"{topic} cannot be read to its end", 0)
    consumer.close()
    return found


def headers_of(message):
    """confluent_kafka 1.7 gives a null value as None without counting the
    reference, and after some ten thousand of them None is no more."""
    headers = message.headers() or []
    for _, value in headers:
        if value is None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
    return headers


def meta(inbox, code, event_id=None, actor=None):
    actors = {"einvoice": f"kh-{code}", "officer": OFFICER,
              "manager": MANAGER}
    return {"event_id": event_id or str(uuid.uuid4()), "tax_code": code,
            "occurred_at": time.time_ns() // 1000,
            "actor": {"id": actor or actors.get(inbox, f"{inbox}-0"),
                      "role": ROLES[inbox]},
            "causation_id": None, "sequence": None, "recorded_at": None}


def submission(code, request_id):
    return {"request_id": request_id, "revision": 1, "request_type": "NEW",
            "previous_serial_number": None,
            "customer": {"source": "NEW",
                         "legal_name": f"CÔNG TY MẪU {code}",
                         "certificate_name": f"CÔNG TY MẪU {code}",
                         "province": "Hà Nội", "locality": None,
                         "address": "Số 1 đường Ví Dụ", "country": "VN",
                         "legal_representative": {
                             "personal_ref": request_id,
                             "commitment": NOTHING}},
            "device_type": "HSM", "product_package": "ORG_HSM_CA4",
            "validity_months": 12, "subscription_scheme_code": "CA4_HD_MP",
            "contract": {"number": f"HD-{code}", "signed_on": DAY,
                         "months": 12, "months_free": 12},
            "dossier": [{"type": kind, "sha256": NOTHING, "size": 1,
                         "uploaded_at": time.time_ns() // 1000,
                         "uploaded_by": OFFICER} for kind in DOCUMENTS],
            "csr_source": "EINVOICE", "enrolment_id": None, "csr_der": None,
            "accept_shortened_validity": False}


def key_pair_requested(code, enrolment_id, **who):
    return {"meta": meta("einvoice", code, **who),
            "enrolment_id": enrolment_id,
            "certificate_type": "SERVER_SIGNATURE", "unit_kind": "ENTERPRISE",
            "key_algorithm": "EC_P256"}


def sample(wire, inbox, code, event_id):
    """An event of this inbox as it should be, about things that are not
    there; for what is to be spoilt."""
    head = {"meta": meta(inbox, code, event_id)}
    about = event_id[::-1].replace("-", "")[:8] + event_id[8:]
    name, fields = {
        "officer": ("RequestSubmitted",
                    {"submission": submission(code, about)}),
        "manager": ("RequestApproved",
                    {"request_id": about, "revision": 1,
                     "submission_sha256": NOTHING, "spki_sha256": NOTHING,
                     "signature_cms": None}),
        "keygen": ("KeyPairFailed", {"enrolment_id": about,
                                     "code": "TOKEN_FULL", "ckr": None,
                                     "detail": "x"}),
        "issuer": ("IssuanceFailed",
                   {"order_id": about, "request_id": about,
                    "serial_number": "4f00", "code": "LINT", "rule": None,
                    "detail": "x"}),
        "activator": ("ActivationFailed",
                      {"serial_number": "4f00", "code": "KEY_NOT_FOUND",
                       "detail": "x"})}.get(inbox) or (
        # No key pair is asked for: keygen is not what is flooded here.
        "EnrolmentSaved", {"enrolment_id": about})
    return wire.encode(name, {**head, **fields})


class Follower(threading.Thread):
    """Reads topics to their ends and on; take(message) gets each."""

    def __init__(self, bootstrap, topics, take):
        super().__init__(daemon=True)
        self._take, self._ending = take, False
        self._consumer = Consumer({**READ, "bootstrap.servers": bootstrap,
                                   "group.id": f"flood-{uuid.uuid4()}"})
        self._consumer.assign([
            TopicPartition(topic, number, 0) for topic in topics
            for number in self._consumer.list_topics(topic).topics[
                topic].partitions])
        self.start()

    def run(self):
        while not self._ending:
            for message in self._consumer.consume(2000, 0.1):
                if not message.error():
                    self._take(message)

    def close(self):
        self._ending = True
        self.join()
        self._consumer.close()


class Portals:
    """Publishes, and knows the final outcome of every message by its place:
    (topic, partition, offset) -> (result, code, recorded_at)."""

    def __init__(self, bootstrap, wire):
        self.wire, self.fates, self.dead = wire, {}, {}
        self.logged = {}  # (event name, id) -> record
        self.deferred = self.twice = 0
        self._producer = Producer({
            "bootstrap.servers": bootstrap, "linger.ms": 5, "acks": "all",
            "log_level": 0,
            "partitioner": "murmur2_random", "message.max.bytes": 2000000,
            "queue.buffering.max.messages": 20000})
        self._followers = [
            Follower(bootstrap, ["certflow.outcomes"], self._outcome),
            Follower(bootstrap, ["certflow.dead-letters"], self._dead),
            Follower(bootstrap, ["certflow.events"], self._event)]

    def close(self):
        for follower in self._followers:
            follower.close()

    # ---- what comes ---------------------------------------------------------

    def _outcome(self, message):
        _, record = self.wire.decode(message.value())
        source = record["source"]
        if record["result"] == "DEFERRED":
            self.deferred += 1
            return
        place = (source["topic"], source["partition"], source["offset"])
        self.twice += place in self.fates
        self.fates[place] = (record["result"], record["code"],
                             record["recorded_at"])

    def _dead(self, message):
        headers = dict(reversed(headers_of(message)))
        source = headers["certflow-source"].decode().rsplit("/", 2)
        place = (source[0], int(source[1]), int(source[2]))
        self.dead[place] = self.dead.get(place, 0) + 1

    def _event(self, message):
        try:
            kind = dict(headers_of(message))["ce_type"].decode()
            name = kind.removeprefix("certflow.v1.")
            key = {"CsrGenerated": "enrolment_id",
                   "CertificateIssued": "request_id",
                   "CertificateActivated": "serial_number"}[name]
            _, record = self.wire.decode(message.value())
        except (KeyError, UnicodeDecodeError, AttributeError):
            return  # of no interest here, or no event
        self.logged[name, record[key]] = record

    # ---- what is sent -------------------------------------------------------

    def send(self, inbox, *rest, **options):
        self.send_to(f"certflow.inbox.{inbox}", *rest, **options)

    def send_to(self, topic, key, value, headers=None, partition=None,
                then=None):
        """then(place) when the broker has it."""
        def delivered(error, message):
            if error:
                raise AssertionError(f"not delivered: {error}")
            if then:
                then((message.topic(), message.partition(),
                      message.offset()))
        options = {} if partition is None else {"partition": partition}
        while True:
            try:
                self._producer.produce(
                    topic, key=key, value=value, headers=headers,
                    on_delivery=delivered, **options)
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)

    def flush(self):
        left = self._producer.flush(120)
        if left:
            raise AssertionError(f"{left} messages were not delivered")

    def publish(self, events, seconds=120):
        """[(inbox, name, record)]: all must be admitted. Returns octets."""
        places, values = [], []
        for inbox, name, record in events:
            values.append(self.wire.encode(name, record))
            self.send(inbox, record["meta"]["tax_code"], values[-1],
                      then=places.append)
        self.flush()
        until(lambda: all(place in self.fates for place in places), seconds,
              lambda: f"{sum(place not in self.fates for place in places)} "
              "good events have no outcome")
        for place in places:
            if self.fates[place][0] != "ADMITTED":
                raise AssertionError(f"good event: {self.fates[place]}")
        return values

    def wait_logged(self, name, keys, seconds=120):
        keys = list(keys)
        until(lambda: all((name, key) in self.logged for key in keys),
              seconds, lambda: f"{name} is missing for " + ", ".join(
                  [key for key in keys if (name, key) not in self.logged][:5]))
        return [self.logged[name, key] for key in keys]

    def journeys(self, codes, seconds=120):
        """From the key pair to the active certificate, all in step."""
        ids = [str(uuid.uuid4()) for _ in codes]
        both = list(zip(codes, ids))
        self.publish([("einvoice", "KeyPairRequested",
                       key_pair_requested(code, each))
                      for code, each in both], seconds)
        keys = self.wait_logged("CsrGenerated", ids, seconds)
        self.publish([("einvoice", "EnrolmentSaved",
                       {"meta": meta("einvoice", code),
                        "enrolment_id": each})
                      for code, each in both], seconds)
        asked = [("officer", "RequestSubmitted",
                  {"meta": meta("officer", code),
                   "submission": submission(code, each)})
                 for code, each in both]
        values = self.publish(asked, seconds)
        digests = [hashlib.sha256(self.wire.behind_meta(
            value, record["meta"])).digest()
            for value, (_, _, record) in zip(values, asked)]
        self.publish([("manager", "RequestApproved",
                       {"meta": meta("manager", code), "request_id": each,
                        "revision": 1, "submission_sha256": digest,
                        "spki_sha256": key["spki_sha256"],
                        "signature_cms": None})
                      for (code, each), digest, key
                      in zip(both, digests, keys)], seconds)
        self.publish([("officer", "IssuanceRequested",
                       {"meta": meta("officer", code), "request_id": each,
                        "revision": 1, "csr_source": "EINVOICE",
                        "csr_der": None})
                      for code, each in both], seconds)
        serials = [record["serial_number"] for record in self.wait_logged(
            "CertificateIssued", ids, seconds)]
        self.publish([("einvoice", "ActivationRequested",
                       {"meta": meta("einvoice", code),
                        "serial_number": serial})
                      for code, serial in zip(codes, serials)], seconds)
        self.wait_logged("CertificateActivated", serials, seconds)
