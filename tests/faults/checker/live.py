"""The evidence of a running stack: Kafka, PostgreSQL, tokens, files."""

import glob
import json
import os
import re
import subprocess
import sys
import time

import confluent_kafka
import psycopg2
import psycopg2.extras
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import der, shim_log, wire
from .evidence import (DEAD_LETTERS, EVENTS, INBOX, INBOXES, OUTCOMES,
                       PARTITIONED, PERSONAL, SCHEMAS, Evidence, Key,
                       Published, Raw)

GROUP = "certflow-registrar"
PATIENCE = 30  # seconds for an answer of the broker
HERE = os.path.dirname(os.path.abspath(__file__))
# How each type of column is read, so that values are exact and plain.
COLUMNS = {
    "timestamptz": "(extract(epoch from {0}) * 1000000)::bigint AS {0}",
    "date": "({0} - date '1970-01-01') AS {0}",
    "uuid": "{0}::text AS {0}",
    "jsonb": "{0}::text AS {0}",
}


class Unreachable(RuntimeError):
    """Evidence that should be there cannot be had."""


def _raw(message):
    kind, milliseconds = message.timestamp()
    return Raw(message.topic(), message.partition(), message.offset(),
               milliseconds * 1000 if kind else 0, message.key(),
               message.value(), message.headers())


class Topics:
    """Reads whole topics, committed records only."""

    def __init__(self, bootstrap):
        self._settings = {
            "bootstrap.servers": bootstrap, "group.id": GROUP,
            "enable.auto.commit": False, "enable.auto.offset.store": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest", "enable.partition.eof": True,
            "fetch.min.bytes": 1, "fetch.wait.max.ms": 20,
            "queued.min.messages": 10000,
            "queued.max.messages.kbytes": 65536}
        self._consumer = confluent_kafka.Consumer(self._settings)

    def close(self):
        self._consumer.close()

    def counts(self):
        """topic: number of partitions."""
        return {name: len(topic.partitions) for name, topic in
                self._consumer.list_topics(timeout=PATIENCE).topics.items()}

    def committed(self, topics, partitions):
        """(topic, partition): what the registrar has committed."""
        asked = [confluent_kafka.TopicPartition(topic, number)
                 for topic in topics for number in range(partitions)]
        return {(each.topic, each.partition): each.offset
                for each in self._consumer.committed(asked,
                                                     timeout=PATIENCE)
                if each.offset >= 0}

    def ends(self, topic, partition):
        """(first kept offset, end of what is committed)."""
        return self._consumer.get_watermark_offsets(
            confluent_kafka.TopicPartition(topic, partition),
            timeout=PATIENCE, cached=False)

    def read(self, ranges):
        """Records of {(topic, partition): (from, end)}, each in order."""
        left = {place: end for place, (begin, end) in ranges.items()
                if begin < end}
        if not left:
            return
        self._consumer.assign([
            confluent_kafka.TopicPartition(topic, number,
                                           ranges[topic, number][0])
            for topic, number in left])
        heard = time.monotonic()
        while left:
            batch = self._consumer.consume(2000, timeout=0.02)
            if not batch and time.monotonic() - heard > PATIENCE:
                raise Unreachable("Kafka does not give the rest of "
                                  f"{sorted(left)}")
            for message in batch:
                heard = time.monotonic()
                yield from self._one(message, left)
        self._consumer.unassign()

    @staticmethod
    def _one(message, left):
        place = message.topic(), message.partition()
        error = message.error()
        if error is not None:
            if error.code() != confluent_kafka.KafkaError._PARTITION_EOF:
                raise Unreachable(str(error))
            left.pop(place, None)
            return
        if place not in left:
            return
        if message.offset() < left[place]:
            yield _raw(message)
        if message.offset() + 1 >= left[place]:
            del left[place]


class Tables:
    """One snapshot of the database, read as it is asked for."""

    def __init__(self, uri):
        self._connection = psycopg2.connect(uri, connect_timeout=PATIENCE)
        self._connection.set_session(isolation_level="REPEATABLE READ",
                                     readonly=True)
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # the snapshot is taken now

    def close(self):
        self._connection.close()

    def _columns(self, table):
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT a.attname, t.typname, has_column_privilege("
                "c.oid, a.attnum, 'SELECT') AND has_schema_privilege("
                "n.oid, 'USAGE') FROM pg_attribute a JOIN pg_class c ON "
                "c.oid = a.attrelid JOIN pg_namespace n ON n.oid = "
                "c.relnamespace JOIN pg_type t ON t.oid = a.atttypid "
                "WHERE n.nspname || '.' || c.relname = %s AND a.attnum > 0 "
                "AND NOT a.attisdropped ORDER BY a.attnum", [table])
            return cursor.fetchall()

    def rows(self, table):
        """Row dicts of what may be read of a table; None: nothing."""
        columns = [(name, kind) for name, kind, may in self._columns(table)
                   if may and (table, name) not in UNFOLDED]
        if not columns:
            return None
        return self._rows(table, columns)

    def _rows(self, table, columns):
        chosen = ", ".join(COLUMNS.get(kind, "{0}").format(name)
                           for name, kind in columns)
        names = [name for name, _ in columns]
        cursor = self._connection.cursor("rows_" + re.sub(r"\W", "_", table))
        cursor.itersize = 5000
        with cursor:
            cursor.execute(f"SELECT {chosen} FROM {table}")
            for row in cursor:
                yield dict(zip(names, (bytes(value) if isinstance(
                    value, memoryview) else value for value in row)))


# Columns that say when a row was written, not what the log says.
UNFOLDED = {("read_model.log_position", "updated_at"),
            ("read_model.dead_letter", "found_at"),
            ("registrar.subject", "next_deadline")}


class Live(Evidence):
    """A running stack, by the values of `ops/stack env`."""

    def __init__(self, env, shim_dir=None):
        self._env = env
        self._topics = Topics(env["CERTFLOW_KAFKA"])
        counts = self._topics.counts()
        super().__init__(counts[EVENTS])
        uneven = {topic: counts.get(topic) for topic in PARTITIONED
                  if counts.get(topic) != self.partitions}
        if uneven:
            raise Unreachable(f"topics without {self.partitions} "
                              f"partitions: {uneven}")
        self.now_us = int(time.time() * 1e6)
        self._counts = counts
        self._ends = {}
        self.keys = self._keys()
        # In this order: what is looked at later may only be newer.
        self.committed = self._topics.committed(
            [INBOX + name for name in INBOXES], self.partitions)
        self._tables = Tables(owner_uri(env))
        for topics in ((EVENTS, OUTCOMES), tuple(
                INBOX + name for name in INBOXES),
                (DEAD_LETTERS, PERSONAL, SCHEMAS)):
            self._look_at(topics)
        self.signed = None if shim_dir is None else shim_log.read(shim_dir)
        self._authority(env.get("CERTFLOW_CA_DIR"),
                        env.get("CERTFLOW_CRL_ARCHIVE"))

    def close(self):
        self._topics.close()
        self._tables.close()

    def _look_at(self, topics):
        for topic in topics:
            for number in range(self._counts.get(topic, 0)):
                self._ends[topic, number] = self._topics.ends(topic, number)

    # ---- Kafka ----------------------------------------------------------

    def schemas(self):
        return wire.Schemas((raw.key, raw.value)
                            for raw in self.topic(SCHEMAS))

    def partition(self, number):
        return self._topics.read({
            (topic, number): self._ends[topic, number]
            for topic in PARTITIONED})

    def topic(self, topic):
        return self._topics.read({
            place: ends for place, ends in self._ends.items()
            if place[0] == topic})

    def fetch(self, topic, partition, offset):
        return next(self._topics.read(
            {(topic, partition): (offset, offset + 1)}), None)

    def low(self, topic, partition):
        return self._ends.get((topic, partition), (0, 0))[0]

    def end(self, topic, partition):
        return self._ends.get((topic, partition), (0, None))[1]

    # ---- PostgreSQL -----------------------------------------------------

    def rows(self, table):
        return self._tables.rows(table)

    # ---- tokens and certificates ----------------------------------------

    def _keys(self):
        """Of the customers' tokens; None where they are not at hand."""
        env = self._env
        module = env.get("CERTFLOW_PKCS11_MODULE")
        pin = env.get("CERTFLOW_PIN_FILE_CUSTOMER")
        if not (module and pin and os.access(pin, os.R_OK)):
            return None
        result = subprocess.run(
            [sys.executable, "-B", os.path.join(HERE, "tokens.py"), module,
             pin], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", check=False, timeout=600,
            env={**os.environ, "SOFTHSM2_CONF": env.get(
                "CERTFLOW_SOFTHSM2_CONF_CUSTOMER", "")})
        if result.returncode != 0:
            raise Unreachable("tokens: " + result.stderr.strip()[-300:])
        found = []
        for line in result.stdout.splitlines():
            token, key_id, label, private, public, digest, empty = (
                json.loads(line))
            found.append(Key(token, bytes.fromhex(key_id), label, private,
                             public, digest and bytes.fromhex(digest), empty))
        return found

    def _authority(self, folder, archive):
        if folder is None:
            return
        # What is signed has been put down before, what is published is kept.
        if archive and os.path.isdir(archive):
            self.begun_crls = list(_files(archive, "tbs").values())
            self.crls = []
            for place in (folder, archive):
                self.crls.extend(
                    Published(name, octets, place == folder)
                    for name, octets in _files(place, "crl").items())
        for path in sorted(glob.glob(os.path.join(folder, "*.pem"))):
            with open(path, "rb") as stream:
                text = stream.read()
            if b"BEGIN CERTIFICATE-" not in text:
                continue
            octets = x509.load_pem_x509_certificate(text).public_bytes(
                Encoding.DER)
            self.issuers.append(octets)
            self.known_texts.append(der.signed_part(octets))


def _files(folder, suffix):
    """{"folder/name": content}; one that is just gone is left out."""
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, "*." + suffix))):
        try:
            with open(path, "rb") as stream:
                place = os.path.basename(folder), os.path.basename(path)
                found["/".join(place)] = stream.read()
        except FileNotFoundError:
            continue
    return found


class Still:
    """Waits until nothing moves: offsets, ends, positions in tables."""

    def __init__(self, env):
        self._env = env
        self._topics = Topics(env["CERTFLOW_KAFKA"])
        self._partitions = self._topics.counts()[EVENTS]

    def close(self):
        self._topics.close()

    def _now(self):
        """All positions there are; None while they cannot be had."""
        try:
            tables = Tables(owner_uri(self._env))
            try:
                positions = [sorted(map(str, tables.rows(table) or ()))
                             for table in ("read_model.log_position",
                                           "registrar.log_position")]
            finally:
                tables.close()
            ends = [self._topics.ends(topic, number)
                    for topic in PARTITIONED
                    for number in range(self._partitions)]
            return (positions, ends, self._topics.committed(
                [INBOX + name for name in INBOXES], self._partitions))
        except (psycopg2.Error, confluent_kafka.KafkaException):
            return None

    def wait(self, still_s, patience_s):
        """True once all stood still for still_s seconds."""
        end = time.monotonic() + patience_s
        before, since = self._now(), time.monotonic()
        while time.monotonic() < end:
            time.sleep(min(1, still_s / 4))
            now = self._now()
            if now is None or now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since >= still_s:
                return True
        return False


def owner_uri(env):
    """The role that may read everything, where its password is at hand."""
    if env.get("CERTFLOW_PG_OWNER"):
        return env["CERTFLOW_PG_OWNER"]
    path = os.path.join(env.get("CERTFLOW_HOME", ""), "secrets",
                        "postgresql-certflow")
    uri = env["CERTFLOW_PG"]
    if not os.access(path, os.R_OK):
        return uri
    with open(path, encoding="ascii") as stream:
        password = stream.read().strip()
    return re.sub(r"//[^@/]*@", f"//certflow:{password}@", uri)
