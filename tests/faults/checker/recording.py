"""Evidence in a file, so that the checker can be tried without a stack."""

import json
import lzma

from .evidence import (DEAD_LETTERS, PARTITIONED, PERSONAL, SCHEMAS,
                       Evidence, Key, Published, Raw, Signature)
from .model import KEYS

TABLES = tuple("read_model." + name for name in (
    *KEYS, "event_text", "dead_letter", "log_position")) + (
        "registrar.subject", "registrar.key", "registrar.log_position")


def _pack(value):
    """JSON has no octets."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        return {"dict": [[key, _pack(each)] for key, each in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_pack(each) for each in value]
    return value


def _unpack(value):
    if isinstance(value, list):
        return [_unpack(each) for each in value]
    if isinstance(value, dict):
        if "hex" in value:
            return bytes.fromhex(value["hex"])
        return {key: _unpack(each) for key, each in value["dict"]}
    return value


def write(evidence, path):
    """All that the checker would look at."""
    topics = {SCHEMAS: [], DEAD_LETTERS: [], PERSONAL: []}
    for topic in topics:
        topics[topic] = list(map(tuple, evidence.topic(topic)))
    for number in range(evidence.partitions):
        for raw in evidence.partition(number):
            topics.setdefault(raw.topic, []).append(tuple(raw))
    ends = [[topic, number, evidence.end(topic, number)]
            for topic in (*PARTITIONED, PERSONAL)
            for number in range(evidence.partitions)]
    whole = {
        "partitions": evidence.partitions, "now_us": evidence.now_us,
        "topics": topics, "ends": ends,
        "committed": [[*place, offset] for place, offset
                      in evidence.committed.items()],
        "tables": {table: list(evidence.rows(table)) for table in TABLES},
        "keys": [tuple(key) for key in evidence.tokens()],
        "signed": [tuple(each) for each in evidence.signatures()],
        "issuers": evidence.issuers, "known_texts": evidence.known_texts,
        "crls": [tuple(each) for each in evidence.crls],
        "begun_crls": evidence.begun_crls}
    with lzma.open(path, "wt", encoding="utf-8", preset=9) as stream:
        json.dump(_pack(whole), stream, ensure_ascii=False)


class Recorded(Evidence):
    """What was written; to be changed by tests as they like."""

    def __init__(self, path):
        with lzma.open(path, "rt", encoding="utf-8") as stream:
            whole = _unpack(json.load(stream))
        super().__init__(whole["partitions"])
        self.now_us = whole["now_us"]
        for topic, records in whole["topics"].items():
            self.records[topic] = [
                Raw(*each[:6], each[6] and [tuple(header) for header
                                            in each[6]])
                for each in records]
        self.ends = {(topic, number): end
                     for topic, number, end in whole["ends"]}
        self.committed = {(topic, number): offset for topic, number, offset
                          in whole["committed"]}
        self.tables = whole["tables"]
        self.keys = [Key(*each) for each in whole["keys"]]
        self.signed = [Signature(*each) for each in whole["signed"]]
        self.issuers = whole["issuers"]
        self.known_texts = whole["known_texts"]
        self.crls = [Published(*each) for each in whole["crls"]]
        self.begun_crls = whole["begun_crls"]

    def end(self, topic, partition):
        return self.ends.get((topic, partition), 0)
