"""Creates the topics with `certflow topics --create`."""

import ctypes
import ctypes.util
import subprocess

from home import Failure, find_program

DAY = 86400000
PARTITIONED = {"retention.ms": str(90 * DAY)}
FOREVER = {"retention.ms": "-1", "retention.bytes": "-1"}
TOPICS = {
    **{f"certflow.inbox.{name}": (12, PARTITIONED) for name in (
        "einvoice", "officer", "manager", "keygen", "issuer", "activator",
        "misrouted")},
    "certflow.events": (12, {**FOREVER, "flush.messages": "1"}),
    "certflow.outcomes": (12, PARTITIONED),
    "certflow.dead-letters": (12, {"retention.ms": str(30 * DAY)}),
    "certflow.personal": (12, {
        "cleanup.policy": "compact", "segment.ms": str(DAY),
        "max.compaction.lag.ms": str(DAY),
        "delete.retention.ms": str(DAY)}),
    "certflow.schemas": (1, {"cleanup.policy": "compact"}),
    "certflow.operations": (1, FOREVER),
}


def create(home):
    program = find_program("certflow")
    if program:
        result = subprocess.run(
            [program, "topics", "--create"], encoding="utf-8", check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"CERTFLOW_KAFKA": home.address("kafka"),
                 "CERTFLOW_KAFKA_BOOTSTRAP": home.address("kafka"),
                 "PATH": "/usr/bin:/bin"})
        if result.returncode == 0:
            return
        if result.returncode != 2:
            raise Failure(f"topics: {result.stdout.strip()}")
    _create_with_library(home)


def _create_with_library(home):
    rdkafka = ctypes.CDLL("librdkafka.so.1")
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_NewTopic_new",
                 "rd_kafka_queue_new", "rd_kafka_queue_poll",
                 "rd_kafka_event_CreateTopics_result",
                 "rd_kafka_CreateTopics_result_topics"):
        getattr(rdkafka, name).restype = ctypes.c_void_p
    for name in ("rd_kafka_topic_result_name",
                 "rd_kafka_topic_result_error_string"):
        getattr(rdkafka, name).restype = ctypes.c_char_p
    text = ctypes.create_string_buffer(512)
    conf = ctypes.c_void_p(rdkafka.rd_kafka_conf_new())
    rdkafka.rd_kafka_conf_set(conf, b"bootstrap.servers",
                              home.address("kafka").encode(), text, 512)
    client = ctypes.c_void_p(rdkafka.rd_kafka_new(0, conf, text, 512))
    queue = ctypes.c_void_p(rdkafka.rd_kafka_queue_new(client))
    new = (ctypes.c_void_p * len(TOPICS))()
    for i, (topic, (partitions, settings)) in enumerate(TOPICS.items()):
        new[i] = rdkafka.rd_kafka_NewTopic_new(topic.encode(), partitions, 1,
                                               text, 512)
        for key, value in settings.items():
            rdkafka.rd_kafka_NewTopic_set_config(
                ctypes.c_void_p(new[i]), key.encode(), value.encode())
    rdkafka.rd_kafka_CreateTopics(client, new, ctypes.c_size_t(len(TOPICS)),
                                  None, queue)
    event = ctypes.c_void_p(rdkafka.rd_kafka_queue_poll(queue, 20000))
    answer = ctypes.c_void_p(rdkafka.rd_kafka_event_CreateTopics_result(event))
    count = ctypes.c_size_t()
    results = ctypes.c_void_p(rdkafka.rd_kafka_CreateTopics_result_topics(
        answer, ctypes.byref(count)))
    for pointer in ctypes.cast(results, ctypes.POINTER(
            ctypes.c_void_p * count.value)).contents:
        code = rdkafka.rd_kafka_topic_result_error(ctypes.c_void_p(pointer))
        if code not in (0, 36):
            raise Failure("topics: " + str(
                rdkafka.rd_kafka_topic_result_error_string(
                    ctypes.c_void_p(pointer))))
