#!/usr/bin/env python3
"""Writes the documents of the events from schemas/*.avsc.

    document.py SCHEMAS EVENT_C events      the table that portals get
    document.py SCHEMAS EVENT_C asyncapi    AsyncAPI 3.0

EVENT_C is event.c, whose table `writers` says which inbox carries what.
"""

import json
import pathlib
import re
import sys

from generate import LAST, Model, SchemaError, upper

INBOXES = {
    "einvoice": "the e-invoice portal",
    "officer": "the CA officers' portal",
    "manager": "the CA managers' portal",
    "keygen": "the worker keygen",
    "issuer": "the worker issuer",
    "activator": "the worker activator",
}
LOGICAL = {"uuid": "uuid", "timestamp-micros": "time", "date": "date"}
INTRODUCTION = """\
<!-- Written by shared/event/document.py from schemas/*.avsc: edit those. -->
# Events

Every message is Avro in the Confluent wire format (0x00, schema id in four
octets, body); the schemas stand beside this file, namespace `certflow.v1`,
subject `certflow.v1.<Event>`, compatibility FULL_TRANSITIVE. The Kafka key is
the canonical tax code and equals `meta.tax_code`; the partitioner is
`murmur2_random`, the one of the Java clients. CloudEvents 1.0 headers
(`ce_id`, `ce_type`, `ce_source`, `ce_time`, `ce_subject`) go beside it.

Whoever publishes writes to an inbox of its own and reads the fate of each
message from `certflow.outcomes` (record `Outcome`), by `event_id` or by the
source offset of its delivery report. Everything admitted, and what the
registrar decides itself, is on the log `certflow.events`.

| in the tables | Avro | JSON of `publish` and `certflow` |
|---|---|---|
| `uuid` | string, logical type uuid | lower case |
| `time` | long, timestamp-micros, UTC | RFC 3339 |
| `date` | int, date | `2026-03-02` |
| `serial` | string | lower-case hexadecimal, even length |
| `der`, `bytes` | bytes; `der` at most 16 KiB | base64 with padding |
| `Sha256`, `KeyId`, `Salt` | fixed | hexadecimal |
| a type with `?` | union with null, default null | null, or left out |

Caps: text 1000 characters, names 400, arrays and maps 64 items, a message in
an inbox 64 KiB, a record on the log 96 KiB. Enums begin with `UNKNOWN`, which
no event may hold.
"""


def writers(path):
    """Event in capitals -> inbox, from the table in event.c."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    table = text.split("writers[EVENT__COUNT]", 1)[1].split("};", 1)[0]
    return {
        event: inbox.lower()
        for event, inbox in re.findall(r"\[EVENT_(\w+)\] = INBOX_(\w+),", table)
    }


def type_name(schema, fmt):
    if isinstance(schema, list):
        return type_name(schema[1], fmt) + "?"
    if isinstance(schema, dict) and schema["type"] == "array":
        return f"array of {type_name(schema['items'], None)}"
    if isinstance(schema, dict) and schema["type"] == "map":
        return f"map of {type_name(schema['values'], None)}"
    if isinstance(schema, dict):
        return LOGICAL[schema["logicalType"]]
    return fmt if fmt in ("serial", "der") else schema


def linked(model, text):
    base = text.removeprefix("array of ").rstrip("?")
    if base in model.named:
        return text.replace(base, f"[{base}](#{base.lower()})")
    return text


def fields(model, name):
    rows = ["| field | type | meaning |", "|---|---|---|"]
    for field in model.named[name]["fields"]:
        shown = linked(model, type_name(field["type"], field.get("format")))
        doc = field["doc"].replace("|", "\\|")
        rows.append(f"| `{field['name']}` | {shown} | {doc} |")
    return rows + [""]


def event_list(model, title, names):
    rows = [f"## {title}", "", "| event | meaning |", "|---|---|"]
    for name in names:
        rows.append(f"| [{name}](#{name.lower()}) | {model.named[name]['doc']} |")
    return rows + [""]


def nested(model, name):
    schema = model.named[name]
    rows = [f"### {name}", "", schema["doc"], ""]
    if schema["type"] == "record":
        return rows + fields(model, name)
    if schema["type"] == "enum":
        return rows + [", ".join(f"`{s}`" for s in schema["symbols"]), ""]
    return rows + [f"fixed({schema['size']})", ""]


def events(model, inbox_of):
    by_inbox = {i: [] for i in [*INBOXES, None]}
    for name in model.events:
        if name not in LAST:
            by_inbox[inbox_of.get(upper(name))].append(name)
    lines = [INTRODUCTION]
    for inbox, who in INBOXES.items():
        title = f"`certflow.inbox.{inbox}`: written by {who}"
        lines += event_list(model, title, by_inbox[inbox])
    lines += event_list(model, "Only on the log: the registrar's own", by_inbox[None])
    lines += event_list(model, "Other records", LAST)
    lines += ["## Fields of each event", ""]
    for name in model.events:
        lines += [f"### {name}", "", model.named[name]["doc"], ""]
        lines += fields(model, name)
    lines += ["## Types within events", ""]
    for name in sorted(set(model.named) - set(model.events)):
        lines += nested(model, name)
    return "\n".join(lines).rstrip() + "\n"


def message(name, doc):
    return {
        "name": f"certflow.v1.{name}",
        "summary": doc,
        "contentType": "application/vnd.confluent.avro",
        "payload": {
            "schemaFormat": "application/vnd.apache.avro;version=1.11.0",
            "schema": {"$ref": f"./{name}.avsc"},
        },
    }


def channel(address, description, names):
    return {
        "address": address,
        "description": description,
        "messages": {n: {"$ref": f"#/components/messages/{n}"} for n in names},
    }


def asyncapi(model, inbox_of):
    channels = {}
    for inbox, who in INBOXES.items():
        names = [n for n in model.events if inbox_of.get(upper(n)) == inbox]
        address = f"certflow.inbox.{inbox}"
        channels[inbox] = channel(address, f"Written by {who}.", names)
    log = [n for n in model.events if n not in LAST]
    channels["events"] = channel("certflow.events", "The log: every admitted event and the registrar's own, in one order per tax code.", log)
    channels["outcomes"] = channel("certflow.outcomes", "What became of each inbox message.", ["Outcome"])
    channels["personal"] = channel("certflow.personal", "Personal data, by personal_ref; a null value erases.", ["PersonalRecord"])
    operations = {}
    for name in channels:
        action = "send" if name in ("events", "outcomes") else "receive"
        operations[f"{action}_{name}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "certflow",
            "version": "1.0.0",
            "description": "Events of certificate issuance; events.md is the readable form.",
        },
        "defaultContentType": "application/vnd.confluent.avro",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {n: message(n, model.named[n]["doc"]) for n in model.events}
        },
    }


def yaml(value, indent=0):
    """YAML of nested objects and strings; strings as JSON, which is YAML."""
    lines = []
    for key, inner in value.items():
        head = "  " * indent + (key if re.fullmatch(r"\w+", key) else json.dumps(key))
        if isinstance(inner, dict):
            lines += [head + ":"] + yaml(inner, indent + 1)
        else:
            lines.append(f"{head}: {json.dumps(inner, ensure_ascii=False)}")
    return lines


def main(argv):
    if len(argv) != 4 or argv[3] not in ("events", "asyncapi"):
        sys.exit(__doc__)
    try:
        model, inbox_of = Model(argv[1]), writers(argv[2])
    except (SchemaError, KeyError, ValueError, OSError) as error:
        sys.exit(f"document.py: {error}")
    if argv[3] == "events":
        sys.stdout.write(events(model, inbox_of))
    else:
        head = "# Written by shared/event/document.py from schemas/*.avsc: edit those."
        print("\n".join([head] + yaml(asyncapi(model, inbox_of))))


if __name__ == "__main__":
    main(sys.argv)
