"""Records that a broker leaves open for ever when it is killed amid a commit:
they are on the partition, no coordinator knows of them (KIP-664)."""

import socket
import struct
import time

from confluent_kafka import admin

PRODUCE, TRANSACTIONAL, UNKNOWN = 0, 0x10, (424242, 0, -1)


def crc32c(data):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    crc = 0xFFFFFFFF
    for octet in data:
        crc = crc >> 8 ^ table[(crc ^ octet) & 255]
    return crc ^ 0xFFFFFFFF


def varint(number):
    """Zigzag, of a small number."""
    return bytes([number << 1])


def batch(producer, when):
    """One record without a key, of a transaction nobody began. producer:
    (id, epoch, sequence number of its last record)"""
    number, epoch, last = producer
    value = b"left behind"
    record = (b"\0" + varint(0) + varint(0) + b"\1"  # key: null
              + varint(len(value)) + value + varint(0))
    body = (struct.pack(">hiqqqhii", TRANSACTIONAL, 0, when, when, number,
                        epoch, last + 1, 1) + varint(len(record)) + record)
    rest = struct.pack(">ib", 0, 2) + struct.pack(">I", crc32c(body)) + body
    return struct.pack(">qi", 0, len(rest)) + rest


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def produce(address, topic, partition, records, name):
    """A Produce request, version 7, as octets; returns its error."""
    body = (text(name) + struct.pack(">hi", -1, 10000)
            + struct.pack(">i", 1) + text(topic)
            + struct.pack(">iii", 1, partition, len(records)) + records)
    head = struct.pack(">hhih", PRODUCE, 7, 1, -1)
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(struct.pack(">i", len(head + body)) + head + body)
        answer = stream.recv(4096)
    place = 4 + 4 + 4 + 2 + len(topic) + 4 + 4
    return struct.unpack_from(">h", answer, place)[0]


def leave(kafka, topic, partition, producer=UNKNOWN, name="left-behind"):
    """Put one there. Brokers of today ask the coordinator first; not this
    one."""
    resource = admin.ConfigResource(admin.ConfigResource.Type.BROKER, "1")
    resource.set_config("transaction.partition.verification.enable", "false")
    client = admin.AdminClient({"bootstrap.servers": kafka})
    for future in client.alter_configs([resource]).values():
        future.result(20)
    ago = int(time.time() * 1000) - 600000
    end = time.monotonic() + 20
    while True:  # until the broker has taken over the setting
        error = produce(kafka, topic, partition, batch(producer, ago), name)
        if error == 0:
            return
        if time.monotonic() > end:
            raise AssertionError(f"{topic}/{partition}: error {error}")
        time.sleep(0.2)
