"""Raw limits: what token, broker and PostgreSQL of a stack do by themselves.

Each is measured right before and after the system, by as little code as can
be, because machines differ, and one machine from minute to minute.
"""

import io
import json
import os
import statistics
import subprocess
import time

from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from offsets import LOG
from world import Missing, until

TOPIC = "certflow-bench"  # not one of the system's
COPIED = "read_model.request_event"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


class Limits:
    """Of one stack."""

    def __init__(self, world):
        self.world = world

    def _run(self, name, *arguments, **environment):
        result = subprocess.run(
            [os.path.join(self.world.build, "tests", name),
             *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False,
            env=self.world.clean_environment(**environment))
        if result.returncode != 0:
            raise Missing(f"{name}: {result.stdout}")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def token(self, *threads, seconds=2.0, shim=None):
        """{threads: (signatures a second, CPU seconds each)} of the issuing
        key."""
        environment = {"SOFTHSM2_CONF":
                       self.world.env["CERTFLOW_SOFTHSM2_CONF_ISSUING"]}
        module = MODULE
        if shim:
            environment.update(shim.environment())
            module = shim.library(self.world.build)
        found = self._run(
            "token_rate", "--module", module, "--token", "issuing",
            "--pin-file", self.world.env["CERTFLOW_PIN_FILE_ISSUING"],
            "--seconds", seconds, *threads, **environment)
        return {each["threads"]: (each["signatures"] / each["seconds"],
                                  each["cpu"] / each["signatures"])
                for each in found}

    # ---- Kafka --------------------------------------------------------------

    def _topic(self, admin):
        """A topic with as many partitions as the log, and as durable."""
        partitions = len(admin.list_topics(LOG, timeout=20)
                         .topics[LOG].partitions)
        flush = admin.describe_configs(
            [ConfigResource(ConfigResource.Type.TOPIC, LOG)])
        settings = next(iter(flush.values())).result(20)
        admin.create_topics([NewTopic(
            TOPIC, partitions, self.world.broker_count, config={
                "flush.messages": settings["flush.messages"].value})]
            )[TOPIC].result(20)

    def produce(self, records=200000, size=600, transaction=0):
        """Records a second that the broker takes."""
        admin = AdminClient(self.world.client_settings())
        self._topic(admin)
        try:
            found, = self._run(
                "kafka_rate", "--bootstrap", self.world.bootstrap(),
                "--topic", TOPIC, "--records", records, "--size", size,
                "--transaction", transaction)
        finally:
            admin.delete_topics([TOPIC])[TOPIC].result(20)
            until(lambda: TOPIC not in admin.list_topics(timeout=20).topics,
                  20, f"topic {TOPIC} does not go")
        return found["records"] / found["seconds"]

    # ---- PostgreSQL ---------------------------------------------------------

    def copy(self, rows=100000):
        """Rows a second that COPY takes: those of the timeline, into a table
        like it, indexes and all. None: there are none yet."""
        connection = self.world.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM (SELECT FROM {COPIED}"
                               " LIMIT %s) AS rows_of", (rows,))
                (count,), = cursor.fetchall()
                if count < rows / 2:
                    return None
                stream = io.BytesIO()
                cursor.copy_expert(f"COPY (SELECT * FROM {COPIED} LIMIT "
                                   f"{count}) TO STDOUT (FORMAT binary)",
                                   stream)
                stream.seek(0)
                cursor.execute("DROP SCHEMA IF EXISTS bench_raw CASCADE;"
                               " CREATE SCHEMA bench_raw; CREATE TABLE"
                               f" bench_raw.rows (LIKE {COPIED} INCLUDING"
                               " ALL)")
                begin = time.monotonic()
                cursor.copy_expert("COPY bench_raw.rows FROM STDIN"
                                   " (FORMAT binary)", stream)
                seconds = time.monotonic() - begin
                cursor.execute("DROP SCHEMA bench_raw CASCADE")
                return count / seconds
        finally:
            connection.close()


def between(before, after):
    """The limit of a repeat: what was measured on both sides of it."""
    return statistics.mean((before, after))
