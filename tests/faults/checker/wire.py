"""Messages as they travel: Confluent framing, Avro, partitioning, tax codes.

Written from schemas/events.md and ops/docs/publishing.md, on fastavro."""

import hashlib
import io
import json

import fastavro

SERIAL_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
META = "certflow.v1.Meta"


class Unreadable(ValueError):
    """Octets that are no message of ours."""


def sha256(octets):
    return hashlib.sha256(octets).digest()


def murmur2(key):
    """The hash of the Java client, which chooses the partition."""
    mask, m = 0xffffffff, 0x5bd1e995
    h = 0x9747b28c ^ len(key)
    whole = len(key) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    rest = key[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(key, partitions):
    return (murmur2(key) & 0x7fffffff) % partitions


def is_tax_code(key):
    """Is it the canonical tax code of an organisation?"""
    try:
        text = key.decode("ascii")
    except (UnicodeDecodeError, AttributeError):
        return False
    base, dash, branch = text[:10], text[10:11], text[11:]
    if len(base) != 10 or not base.isdigit() or (dash and dash != "-"):
        return False
    if dash and (len(branch) != 3 or not branch.isdigit()
                 or branch == "000"):
        return False
    if base[:2] == "00" or base[2:9] == "0000000":
        return False
    total = sum(int(d) * w for d, w in zip(base, SERIAL_WEIGHTS))
    return int(base[9]) == 10 - total % 11


def plain(schema):
    """The schema without logical types: numbers stay numbers."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if isinstance(schema, dict):
        return {key: plain(value) if key in ("type", "items", "values",
                                             "fields") else value
                for key, value in schema.items()
                if key not in ("logicalType", "doc", "format")}
    return schema


class Writer:
    """One schema: reads bodies that were written with it."""

    def __init__(self, document):
        self.document = plain(document)
        self.name = document["name"]
        self.named = {}
        self.parsed = fastavro.parse_schema(self.document,
                                            named_schemas=self.named)

    def read(self, body):
        stream = io.BytesIO(body)
        try:
            event = fastavro.schemaless_reader(stream, self.parsed)
        except Exception as error:  # fastavro raises what it likes
            raise Unreadable(f"{self.name}: {error}") from None
        if stream.tell() != len(body):
            raise Unreadable(f"{self.name}: octets behind the body")
        return event

    def read_meta(self, body):
        """(meta, where it ends); every event begins with it."""
        if META not in self.named:
            raise Unreadable(f"{self.name} has no meta")
        stream = io.BytesIO(body)
        try:
            meta = fastavro.schemaless_reader(stream, self.named[META])
        except Exception as error:
            raise Unreadable(f"{self.name}: {error}") from None
        return meta, stream.tell()

    def submission_span(self, body):
        """The octets of the field submission, first behind meta."""
        stream = io.BytesIO(body)
        fastavro.schemaless_reader(stream, self.named[META])
        begin = stream.tell()
        fastavro.schemaless_reader(stream,
                                   self.named["certflow.v1.Submission"])
        return body[begin:stream.tell()]


class Schemas:
    """Schemas by number, as the topic certflow.schemas has them."""

    def __init__(self, records):
        """records: (key, value) of that topic."""
        self._texts = {}
        self._writers = {}
        self._numbers = {}  # of each name the newest
        for key, value in records:
            if value is not None:
                text = json.loads(json.loads(value)["schema"])
                self._texts[int(key)] = text
                name = f"{text['namespace']}.{text['name']}"
                self._numbers[name] = max(int(key),
                                          self._numbers.get(name, 0))

    def writer(self, number):
        if number not in self._writers:
            if number not in self._texts:
                raise Unreadable(f"schema {number} is not known")
            self._writers[number] = Writer(self._texts[number])
        return self._writers[number]

    def named(self, name):
        """The newest schema of a record; layouts follow it."""
        number = self.number(name)
        return None if number is None else self.writer(number)

    def number(self, name):
        return self._numbers.get(name)

    @staticmethod
    def frame(value):
        if value is None or len(value) < 5 or value[0] != 0:
            raise Unreadable("not in the wire format")
        return int.from_bytes(value[1:5], "big"), value[5:]

    def open(self, value):
        """(schema number, its writer, body)."""
        number, body = self.frame(value)
        return number, self.writer(number), body
