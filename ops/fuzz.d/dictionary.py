"""Words that readers compare with, so that the fuzzer need not guess them:
names and symbols of the schemas, keys of the rule files and profiles."""

import glob
import json
import os
import re

WORDS = ["record", "enum", "array", "map", "fixed", "union", "null",
         "boolean", "int", "long", "string", "bytes", "namespace",
         "certflow.v1", "symbols", "items", "values", "fields", "logicalType",
         "schema", "schemaType", "AVRO", "subject", "version", "id",
         "error_code", "40403", "certflow.inbox.", "certflow.events",
         "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"]


def _of_json(node, words):
    if isinstance(node, dict):
        for key, value in node.items():
            words.add(key)
            _of_json(value, words)
    elif isinstance(node, list):
        for item in node:
            _of_json(item, words)
    elif isinstance(node, str) and len(node) <= 40:
        words.add(node)


def write(repo, path):
    words = set(WORDS)
    for name in (glob.glob(os.path.join(repo, "schemas", "*.avsc"))
                 + glob.glob(os.path.join(repo, "schemas", "catalogue",
                                          "*.json"))):
        with open(name, encoding="utf-8") as stream:
            _of_json(json.load(stream), words)
    for name in glob.glob(os.path.join(repo, "schemas", "profiles", "*.ini")):
        with open(name, encoding="utf-8") as stream:
            words.update(re.findall(r"[A-Za-z_.0-9]+", stream.read()))
    with open(path, "w", encoding="utf-8") as stream:
        for word in sorted(words):
            octets = "".join(f"\\x{octet:02x}" for octet in word.encode())
            if octets:
                stream.write(f'"{octets}"\n')
