"""Kafka of a World: who leads, lost and reset offsets."""

import glob
import logging
import shutil
import socket
import struct

import confluent_kafka
from confluent_kafka import admin as kafka_admin
import home as homes
from patience import Missing, until

LOG = "certflow.events"
QUORUM = "__cluster_metadata"
DESCRIBE_QUORUM = 55
STUCK = "is out of sync with the underlying log"
SILENT = logging.getLogger("certflow.faults.silent")
SILENT.disabled = True


class Kafkas:
    """The part of World that deals with brokers."""

    def bootstrap(self):
        return self.env["CERTFLOW_KAFKA"]

    def client_settings(self):
        """For clients of the tests: they say nothing of their own about
        brokers that are down, which is the point of a test."""
        return {"bootstrap.servers": self.bootstrap(), "logger": SILENT}

    def _metadata(self):
        client = kafka_admin.AdminClient(self.client_settings())
        return client.list_topics(timeout=20)

    def leader(self, topic, partition):
        """Name of the broker that leads it; None: nobody."""
        number = self._metadata().topics[topic].partitions[partition].leader
        return homes.BROKERS[number - 1] if number > 0 else None

    def wait_leader(self, topic, partition, other_than=None, seconds=30):
        return until(
            lambda: (self.leader(topic, partition) not in (None, other_than)
                     and self.leader(topic, partition)), seconds,
            f"{topic}/{partition} has no leader but {other_than}")

    def in_sync(self, topic, partition):
        """Names of the brokers whose copy is complete."""
        return [homes.BROKERS[number - 1] for number in
                self._metadata().topics[topic].partitions[partition].isrs]

    def wait_in_sync(self, seconds=60):
        """Every partition has a leader and as many copies as it should."""
        def whole():
            return all(len(p.isrs) == len(p.replicas) and p.leader > 0
                       for topic in self._metadata().topics.values()
                       for p in topic.partitions.values())
        until(whole, seconds, "copies of partitions are missing", 0.3)

    def controller(self):
        """Name of the broker that leads the quorum of controllers."""
        for name in self.home.brokers():
            if not self.component_pid(name):
                continue
            try:
                number = quorum_leader(self.home.port(name))
            except OSError:
                continue
            if number > 0:
                return homes.BROKERS[number - 1]
        raise Missing("no broker knows a controller")

    # ---- what only a restart mends ---------------------------------------

    def restart_stuck_brokers(self):
        """A broker that lost its place in __consumer_offsets while it loaded
        it serves those groups no more (Kafka's own defect, ops/docs/stack.md).
        An operator starts it again. Names of those that were."""
        found = []
        for name in self.home.brokers():
            seen = self._read_logs.get(name, 0)
            with open(self.home.log(name), encoding="utf-8",
                      errors="replace") as stream:
                stream.seek(seen)
                text = stream.read()
                self._read_logs[name] = stream.tell()
            if STUCK in text:
                self.stop_component(name)
                self.start_component(name)
                found.append(name)
        return found

    # ---- offsets ----------------------------------------------------------

    def open_transactions(self):
        """Lines of `ops/stack transactions`; []: none is open."""
        text = self.stack("transactions")
        return [line for line in text.splitlines() if " from offset " in line]

    def lose_consumer_offsets(self):
        """All committed offsets of all groups are gone, as if the topic
        had been. The brokers are down meanwhile."""
        for name in self.home.brokers():
            self.kill_component(name)
        for name in self.home.brokers():
            lost = glob.glob(self.path(name, "__consumer_offsets-*"))
            if not lost:
                raise Missing(f"{name} has no __consumer_offsets")
            for folder in lost:
                shutil.rmtree(folder)
        self.stack("up")

    def group(self, program):
        return f"certflow-{program}"

    def committed(self, program, topic=LOG):
        """{partition: offset} of the program's group; -1001: none."""
        consumer = self._member_of(program)
        try:
            return {p.partition: p.offset for p in consumer.committed(
                self._partitions(topic), timeout=20)}
        finally:
            consumer.close()

    def reset_offsets(self, program, to=0, topic=LOG):
        """Stop all instances, commit one offset everywhere, start again."""
        for name in self.instances(program):
            self.stop(name)
        self.commit(program, to, topic)
        # Those alone: another fault may hold the others down.
        for name in self.instances(program):
            self.start_program(name)

    def commit(self, program, offset, topic=LOG):
        """For a group whose program is stopped. The group counts as busy
        until the session of its last (static) member is over."""
        consumer = self._member_of(program)
        wanted = [confluent_kafka.TopicPartition(p.topic, p.partition, offset)
                  for p in self._partitions(topic)]

        def try_it():
            try:
                consumer.commit(offsets=wanted, asynchronous=False)
            except confluent_kafka.KafkaException as error:
                self._why = error
                return False
            return True
        try:
            until(try_it, 40, lambda: f"offsets of {program}: {self._why}",
                  0.3)
        finally:
            consumer.close()

    def _member_of(self, program):
        return confluent_kafka.Consumer({
            **self.client_settings(), "group.id": self.group(program),
            "enable.auto.commit": False})

    def _partitions(self, topic):
        return [confluent_kafka.TopicPartition(topic, number) for number in
                self._metadata().topics[topic].partitions]


def quorum_leader(port):
    """DescribeQuorum, version 0, of the protocol: node id of the leader of
    the metadata quorum. Clients are told any broker as controller."""
    name = QUORUM.encode()
    body = (b"\x02" + bytes([len(name) + 1]) + name
            + b"\x02" + struct.pack(">i", 0) + b"\0" + b"\0" + b"\0")
    head = struct.pack(">hhih", DESCRIBE_QUORUM, 0, 1, -1) + b"\0"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
        stream.sendall(struct.pack(">i", len(head + body)) + head + body)
        size, = struct.unpack(">i", _read(stream, 4))
        answer = _read(stream, size)
    # correlation, tags, error, topics, name, partitions, index, error, leader
    error, = struct.unpack_from(">h", answer, 5)
    if error != 0:
        raise OSError(f"DescribeQuorum: error {error}")
    place = 5 + 2 + 1 + 1 + len(name) + 1 + 4
    error, leader = struct.unpack_from(">hi", answer, place)
    if error != 0:
        raise OSError(f"DescribeQuorum: error {error} of the partition")
    return leader


def _read(stream, count):
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            raise OSError("connection closed")
        data += more
    return data
