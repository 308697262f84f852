"""What came onto topics since a moment: how many records, which events, and
by their timestamps when."""

import collections
import time

from confluent_kafka import Consumer, KafkaError, TopicPartition

from patience import Missing

LOG, OUTCOMES = "certflow.events", "certflow.outcomes"
SETTINGS = {"enable.auto.commit": False, "isolation.level": "read_committed",
            "auto.offset.reset": "earliest", "log_level": 0,
            "group.id": "bench-once", "enable.partition.eof": True,
            "queued.max.messages.kbytes": 65536}
AT_ONCE = 2000
SECONDS = 300.0  # to read what came

Record = collections.namedtuple("Record", "time_ms kind size")


def inbox(role):
    return f"certflow.inbox.{role}"


class Topics:
    """Ends of topics, and what came after them."""

    def __init__(self, bootstrap):
        self.consumer = Consumer({**SETTINGS, "bootstrap.servers": bootstrap})

    def close(self):
        self.consumer.close()

    def _partitions(self, topic):
        return sorted(self.consumer.list_topics(topic, timeout=20)
                      .topics[topic].partitions)

    def ends(self, topic):
        """{partition: first offset that is not there yet}"""
        return {number: self.consumer.get_watermark_offsets(
            TopicPartition(topic, number), timeout=20)[1]
            for number in self._partitions(topic)}

    def since(self, topic, ends):
        """Every record from there on, in no order."""
        self.consumer.assign([TopicPartition(topic, number, offset)
                              for number, offset in ends.items()])
        open_, records = set(ends), []
        end = time.monotonic() + SECONDS
        try:
            while open_:
                if time.monotonic() > end:
                    raise Missing(f"{topic} cannot be read to its end")
                for message in self.consumer.consume(AT_ONCE, timeout=0.2):
                    if message.error() is None:
                        records.append(_record(message))
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        open_.discard(message.partition())
                    else:
                        raise Missing(f"{topic}: {message.error()}")
            return records
        finally:
            self.consumer.unassign()

    def count(self, topic):
        """How many records it has, transactions' markers not counted."""
        return len(self.since(topic, dict.fromkeys(
            self._partitions(topic), 0)))


def _record(message):
    kind = next((value.decode() for name, value in message.headers() or ()
                 if name == "ce_type"), "")
    return Record(message.timestamp()[1], kind.removeprefix("certflow.v1."),
                  len(message.value() or b""))


def per_second(times_ms, begin_ms, step_s=0.5):
    """[(second, rate)] of what happened at these times."""
    if not times_ms:
        return []
    counts = collections.Counter(int((each - begin_ms) / 1000 / step_s)
                                 for each in times_ms)
    return [((place + 0.5) * step_s, counts[place] / step_s)
            for place in range(0, max(counts) + 1)]
