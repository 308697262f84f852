"""Kafka: KRaft nodes, each broker and controller in one process; one by
default, or three that can lose any one of them."""

import base64
import os
import re
import signal
import socket
import subprocess
import uuid

import java
import process
from home import write_file

HERE = os.path.dirname(os.path.abspath(__file__))
SUPERVISOR = "supervisor"  # programs.NAME, which knows this module
STORAGE_TOOL = "kafka.tools.StorageTool"

# design: a single broker acknowledges before fsync, so the log topic is
# flushed at each message (set on the topic); the offsets of a registrar that
# was away for weeks must still be there; a dead transaction must not hold
# the last stable offset for long. A registrar commits up to 84 offsets with
# each transaction: short segments keep that topic small, and a buffer that
# takes in all of it lets a broker that comes back load it in one piece (one
# that was killed lost its place in the second; see ops/docs/stack.md).
SETTINGS = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROGRAMS:PLAINTEXT,\
CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
num.partitions=12
default.replication.factor={copies}
min.insync.replicas={in_sync}
unclean.leader.election.enable=false
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=12
offsets.retention.minutes=129600
offsets.topic.segment.bytes=4194304
offsets.load.buffer.size=33554432
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=12
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
log.segment.bytes=134217728
"""
# design: a dead broker is missed after 6 s rather than 9, and its partitions
# led by another one.
SEVERAL = """\
broker.session.timeout.ms=6000
"""
# A broker that was killed may come back only when its session is over.
ALONE = """\
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


def names(home):
    return home.brokers()


def bootstrap(home):
    """Where tools and any client reach the brokers."""
    return ",".join(home.address(name) for name in names(home))


def _command(home, role, *arguments):
    return [java.java(home), "-Xms192m", "-Xmx512m",
            *java.tuning(home, role, ["-XX:+UseG1GC",
                                      "-XX:MaxGCPauseMillis=20"]),
            "-Dlog4j2.configurationFile="
            + os.path.join(HERE, "kafka-log4j2.properties"),
            "-cp", java.kafka_class_path(home), *arguments]


def _cluster(home):
    """The id that all brokers share, made once."""
    cluster = home.settings().get("cluster", "-")
    # An id that begins with a dash would be read as an option.
    while cluster.startswith("-"):
        cluster = base64.urlsafe_b64encode(
            uuid.uuid4().bytes).decode()[:22]
    home.remember("cluster", cluster)
    return cluster


def _begin_format(home, name):
    """Start making the storage of a broker; None if it is there."""
    if os.path.exists(home.path(name, "meta.properties")):
        return None
    with open(home.log(name), "ab") as log:
        return subprocess.Popen(
            _command(home, "storage", STORAGE_TOOL, "format",
                     f"--cluster-id={_cluster(home)}",
                     "-c", _settings_file(home, name)),
            stdout=log, stderr=log)


def _settings_file(home, name):
    return home.path("etc", f"{name}.properties")


def _write_settings(home, name):
    brokers = names(home)
    several = len(brokers) > 1
    controller = home.address(f"{name}-controller")
    listeners = [f"PLAINTEXT://{home.address(name)}",
                 f"CONTROLLER://{controller}"]
    advertised = listeners[:1]
    if home.has_routes():
        listeners.append(f"PROGRAMS://{home.address(f'{name}-programs')}")
        advertised = [*advertised,
                      f"PROGRAMS://127.0.0.1:{home.route(name)}"]
    text = SETTINGS.format(
        node=brokers.index(name) + 1, data=home.folder(name),
        voters=",".join(f"{number}@{home.address(f'{each}-controller')}"
                        for number, each in enumerate(brokers, 1)),
        listeners=",".join(listeners), advertised=",".join(advertised),
        copies=len(brokers), in_sync=2 if several else 1)
    write_file(_settings_file(home, name),
               text + (SEVERAL if several else ALONE))


def prepare(home):
    """Write the settings of all brokers, make the storage of new ones."""
    for name in names(home):
        _write_settings(home, name)
    jobs = [(name, _begin_format(home, name)) for name in names(home)]
    bad = [name for name, job in jobs if job and job.wait() != 0]
    if bad:
        raise process.failed(home, bad[0], "storage cannot be formatted")


def start(home, name):
    if process.known(home, name):
        return
    process.spawn(home, name, _command(home, "kafka", "kafka.Kafka",
                                       _settings_file(home, name)))


def _answers(home, name):
    try:
        with socket.create_connection(
                ("127.0.0.1", home.port(name)), timeout=1):
            pass
    except OSError:
        return False
    # A connection is accepted before the broker serves metadata.
    result = subprocess.run(
        ["kcat", "-b", home.address(name), "-L", "-m", "2"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    # Of its own: a broker that was killed may still be on the others' list.
    return result.returncode == 0 and re.search(
        rb"^  broker \d+ at " + home.address(name).encode() + rb"\b",
        result.stdout, re.M) is not None


def wait(home, name):
    process.wait_until(home, name, lambda: _answers(home, name), 120)


def ask_all_to_end(home):
    for name in names(home):
        entry = process.known(home, name)
        if entry:
            os.kill(entry["pid"], signal.SIGTERM)


def stop(home, name):
    """A single broker under running programs is killed: in its orderly end
    Kafka 4.4 calls a transaction committed whose markers nobody wrote, because
    the partitions have no leader any more. Killed, it finishes that at the
    next start, and what it acknowledged is in the kernel's hands."""
    alone = len(names(home)) == 1 and process.known(home, SUPERVISOR)
    return process.stop(home, name, seconds=30,
                        how=signal.SIGKILL if alone else signal.SIGTERM)
