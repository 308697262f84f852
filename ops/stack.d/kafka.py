"""Kafka: one KRaft node, broker and controller in one process."""

import base64
import os
import socket
import subprocess
import uuid

import java
import process
from home import write_file

NAME = "kafka"
HERE = os.path.dirname(os.path.abspath(__file__))
STORAGE_TOOL = "kafka.tools.StorageTool"

# design: a single broker acknowledges before fsync, so the log topic is
# flushed at each message (set on the topic); the offsets of a registrar that
# was away for weeks must still be there; a dead transaction must not hold
# the last stable offset for long.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
listeners=PLAINTEXT://{kafka},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{kafka}
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
num.partitions=12
default.replication.factor=1
min.insync.replicas=1
unclean.leader.election.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=12
offsets.retention.minutes=129600
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=12
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.segment.bytes=134217728
"""


def _command(home, *arguments):
    return [java.java(home), "-Xms192m", "-Xmx512m", "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-Dlog4j2.configurationFile="
            + os.path.join(HERE, "kafka-log4j2.properties"),
            "-cp", java.kafka_class_path(home), *arguments]


def _format(home, settings, data):
    if os.path.exists(os.path.join(data, "meta.properties")):
        return
    # An id that begins with a dash would be read as an option.
    cluster = "-"
    while cluster.startswith("-"):
        cluster = base64.urlsafe_b64encode(
            uuid.uuid4().bytes).decode()[:22]
    with open(home.log(NAME), "ab") as log:
        result = subprocess.run(
            _command(home, STORAGE_TOOL, "format", f"--cluster-id={cluster}",
                     "-c", settings), stdout=log, stderr=log, check=False)
    if result.returncode != 0:
        raise process.failed(home, NAME, "storage cannot be formatted")


def start(home):
    if process.known(home, NAME):
        return
    data = home.folder("kafka")
    settings = home.path("etc", "kafka.properties")
    write_file(settings, SETTINGS.format(
        kafka=home.address("kafka"), data=data,
        controller=home.address("kafka-controller")))
    _format(home, settings, data)
    process.spawn(home, NAME, _command(home, "kafka.Kafka", settings))


def _answers(home):
    try:
        with socket.create_connection(
                ("127.0.0.1", home.port("kafka")), timeout=1):
            pass
    except OSError:
        return False
    # A connection is accepted before the broker serves metadata.
    result = subprocess.run(
        ["kcat", "-b", home.address("kafka"), "-L", "-m", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return result.returncode == 0 and b"1 brokers" in result.stdout


def wait(home):
    process.wait_until(home, NAME, lambda: _answers(home), 60)


def stop(home):
    return process.stop(home, NAME, seconds=30)
