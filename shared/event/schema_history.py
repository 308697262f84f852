#!/usr/bin/env python3
"""Keeps the history of schemas/*.avsc and its compatibility.

    schema_history.py check SCHEMAS        exit 1 and say why, or be silent
    schema_history.py add SCHEMAS EVENT    keep the current text as the
                                           next version, if it is compatible

SCHEMAS/history/EVENT/N.avsc is version N as registered, never changed again;
the newest equals SCHEMAS/EVENT.avsc. Every version can read every other one
(FULL_TRANSITIVE), and symbols of an enum are added at the end only: records
of all versions stay on the log for ever.
"""

import json
import pathlib
import sys

PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
NAMED = ("record", "enum", "fixed")


class Side:
    """One version of a schema with its named types."""

    def __init__(self, schema):
        self.named = {}
        self.root = schema
        self._collect(schema)

    def _collect(self, schema):
        if isinstance(schema, list):
            for branch in schema:
                self._collect(branch)
        elif isinstance(schema, dict):
            if schema["type"] in NAMED:
                self.named[schema["name"]] = schema
            for field in schema.get("fields", []):
                self._collect(field["type"])
            for inner in ("items", "values"):
                if inner in schema:
                    self._collect(schema[inner])
            if isinstance(schema["type"], (dict, list)):
                self._collect(schema["type"])

    def resolve(self, schema):
        while True:
            if isinstance(schema, str) and schema in self.named:
                return self.named[schema]
            if isinstance(schema, dict) and schema["type"] not in NAMED + ("array", "map"):
                schema = schema["type"]
                continue
            return schema


def kind(schema):
    if isinstance(schema, list):
        return "union"
    return schema if isinstance(schema, str) else schema["type"]


def problems(reader, writer, r, w, path):
    """Why data written as w cannot be read as r; empty if it can."""
    r, w = reader.resolve(r), writer.resolve(w)
    if kind(w) == "union":
        return [p for branch in w for p in problems(reader, writer, r, branch, path)]
    if kind(r) == "union":
        tries = [problems(reader, writer, branch, w, path) for branch in r]
        return [] if [] in tries else [f"{path}: no branch reads {kind(w)}"]
    if kind(r) != kind(w):
        if kind(r) in PROMOTIONS.get(kind(w), ()):
            return []
        return [f"{path}: {kind(w)} cannot be read as {kind(r)}"]
    if kind(r) in NAMED and r["name"] != w["name"]:
        return [f"{path}: {w['name']} cannot be read as {r['name']}"]
    return CHECKS.get(kind(r), lambda *_: [])(reader, writer, r, w, path)


def record_problems(reader, writer, r, w, path):
    found, written = [], {f["name"]: f for f in w["fields"]}
    for field in r["fields"]:
        where = f"{path}.{field['name']}"
        if field["name"] in written:
            inner = written[field["name"]]["type"]
            found += problems(reader, writer, field["type"], inner, where)
        elif "default" not in field:
            found.append(f"{where}: not written, and without default")
    return found


def enum_problems(_reader, _writer, r, w, path):
    unknown = [s for s in w["symbols"] if s not in r["symbols"]]
    if unknown and "default" not in r:
        return [f"{path}: {unknown} unknown, and no default"]
    return []


CHECKS = {
    "record": record_problems,
    "enum": enum_problems,
    "fixed": lambda _r, _w, r, w, path: (
        [] if r["size"] == w["size"] else [f"{path}: another size"]
    ),
    "array": lambda rs, ws, r, w, path: problems(
        rs, ws, r["items"], w["items"], path + "[]"
    ),
    "map": lambda rs, ws, r, w, path: problems(
        rs, ws, r["values"], w["values"], path + "{}"
    ),
}


def order_problems(old, new):
    """Symbols that moved or vanished between two versions."""
    found = []
    for name, schema in old.named.items():
        later = new.named.get(name)
        if schema["type"] != "enum" or later is None:
            continue
        if later["symbols"][: len(schema["symbols"])] != schema["symbols"]:
            found.append(f"{name}: symbols are added at the end only")
    return found


def compare(old, new):
    """Everything that keeps new from following old."""
    a, b = Side(old), Side(new)
    back = problems(b, a, b.root, a.root, "new reads old")
    forth = problems(a, b, a.root, b.root, "old reads new")
    return back + forth + order_problems(a, b)


def versions(schemas, event):
    found = {int(p.stem): p for p in (schemas / "history" / event).glob("*.avsc")}
    if sorted(found) != list(range(1, len(found) + 1)):
        raise SystemExit(f"{event}: versions are not 1, 2, 3 ...: {sorted(found)}")
    return [found[n] for n in sorted(found)]


def check_event(schemas, event):
    found, history = [], versions(schemas, event)
    current = (schemas / f"{event}.avsc").read_bytes()
    if not history or history[-1].read_bytes() != current:
        found.append(f"{event}: changed without a new version (schema_history.py add)")
    parsed = [json.loads(p.read_text(encoding="utf-8")) for p in history]
    for i, new in enumerate(parsed):
        for j in range(i):
            found += [
                f"{event}: versions {j + 1} and {i + 1}: {p}"
                for p in compare(parsed[j], new)
            ]
    return found


def check(schemas):
    current = {p.stem for p in schemas.glob("*.avsc")}
    kept = {p.name for p in (schemas / "history").iterdir()}
    found = [f"{e}: has a history, but no schema" for e in sorted(kept - current)]
    for event in sorted(current):
        found += check_event(schemas, event)
    return found


def add(schemas, event):
    new = (schemas / f"{event}.avsc").read_bytes()
    history = versions(schemas, event)
    found = []
    for path in history:
        found += compare(json.loads(path.read_bytes()), json.loads(new))
    if not found:
        target = schemas / "history" / event / f"{len(history) + 1}.avsc"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(new)
    return found


def main(argv):
    if len(argv) == 3 and argv[1] == "check":
        found = check(pathlib.Path(argv[2]))
    elif len(argv) == 4 and argv[1] == "add":
        found = add(pathlib.Path(argv[2]), argv[3])
    else:
        sys.exit(__doc__)
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv)
