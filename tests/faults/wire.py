"""Events in the wire format, from the schemas that the deployment keeps in
the topic certflow.schemas, so that no registry is needed to go on."""

import hashlib
import io
import json
import struct
import time

import fastavro
from confluent_kafka import Consumer, TopicPartition

PREFIX = "certflow.v1."
READ = {"enable.auto.commit": False, "auto.offset.reset": "earliest",
        "isolation.level": "read_committed", "log_level": 0,
        "reconnect.backoff.max.ms": 1000, "fetch.wait.max.ms": 50}


class Absent(Exception):
    """What every stack has is not there."""


def plain(schema):
    """A schema without its logical types: values as they are encoded."""
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items()
                if key not in ("logicalType", "doc", "format")}
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    return schema


def partitions(consumer, topic):
    found = consumer.list_topics(topic, timeout=20).topics[topic]
    if found.error or not found.partitions:
        raise Absent(f"topic {topic}: {found.error}")
    return sorted(found.partitions)


def read_all(bootstrap, topic, seconds=30):
    """Every message of a small topic, as it is now."""
    consumer = Consumer({**READ, "bootstrap.servers": bootstrap,
                         "group.id": "harness-once"})
    messages, waiting = [], {}
    try:
        for number in partitions(consumer, topic):
            low, high = consumer.get_watermark_offsets(
                TopicPartition(topic, number), timeout=20)
            if low < high:
                waiting[number] = high
        consumer.assign([TopicPartition(topic, number, 0)
                         for number in waiting])
        end = time.monotonic() + seconds
        while waiting:
            if time.monotonic() > end:
                raise Absent(f"topic {topic} cannot be read to its end")
            message = consumer.poll(0.2)
            if message is None or message.error():
                continue
            messages.append(message)
            if message.offset() + 1 >= waiting[message.partition()]:
                del waiting[message.partition()]
        return messages
    finally:
        consumer.close()


class Wire:
    """Writes with the newest version of a schema, reads with the writer's."""

    def __init__(self, bootstrap):
        self.readers, self.writers = {}, {}
        versions = {}
        for message in read_all(bootstrap, "certflow.schemas"):
            entry = json.loads(message.value())
            subject = entry["subject"]
            schema = fastavro.parse_schema(plain(json.loads(entry["schema"])),
                                           named_schemas={})
            kind = subject.removeprefix(PREFIX)
            self.readers[entry["id"]] = (kind, schema)
            if entry["version"] >= versions.get(subject, 0):
                versions[subject] = entry["version"]
                self.writers[kind] = (entry["id"], schema)
        if "Outcome" not in self.writers:
            raise Absent("topic certflow.schemas has no Outcome")
        self.meta = fastavro.parse_schema(
            next(field["type"] for field
                 in self.writers["KeyPairRequested"][1]["fields"]
                 if field["name"] == "meta"), named_schemas={})

    def encode(self, kind, record):
        number, schema = self.writers[kind]
        stream = io.BytesIO()
        stream.write(struct.pack(">bI", 0, number))
        fastavro.schemaless_writer(stream, schema, record)
        return stream.getvalue()

    def decode(self, octets):
        """(kind, record)"""
        kind, schema = self.readers[struct.unpack(">I", octets[1:5])[0]]
        stream = io.BytesIO(octets[5:])
        return kind, fastavro.schemaless_reader(stream, schema, None)

    def digest(self, octets, meta):
        """SHA-256 of what follows meta: submission_sha256."""
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self.meta, meta)
        return hashlib.sha256(octets[5 + len(stream.getvalue()):]).digest()
