#!/usr/bin/env python3
"""Writes C types and descriptor tables from schemas/*.avsc.

    generate.py SCHEMA_DIR OUT_DIR     event_types.h and event_tables.c

The .avsc files are the truth; the C mapping is told in event/event.h. A type
that two files define differently is an error, and so is whatever the mapping
does not know: the build stops instead of guessing.
"""

import json
import pathlib
import re
import sys

NAMESPACE = "certflow.v1"
ZERO = [None, "", 0, False, [], {}, "UNKNOWN"]  # defaults that zeroed memory is
EXPORTED = {  # declared in event_desc.h
    "Meta",
    "Submission",
    "Customer",
    "SourcePosition",
    "KeyAlgorithm",
    "RequestState",
    "RevocationReason",
    "OutcomeResult",
    "RefusalCode",
}
LAST = ["Outcome", "PersonalRecord"]  # records without meta, in this order
SCALARS = {
    "string": "const char *",
    "bytes": "struct bytes ",
    "int": "int32_t ",
    "long": "int64_t ",
    "boolean": "bool ",
}
KINDS = {
    "string": "EV_STRING",
    "bytes": "EV_BYTES",
    "int": "EV_INT",
    "long": "EV_LONG",
    "boolean": "EV_BOOLEAN",
}
FORMATS = {
    "uuid": "string",
    "text": "string",
    "name": "string",
    "tax_code": "string",
    "serial": "string",
    "der": "bytes",
    "payload": "bytes",
    "time": "long",
    "whole_seconds": "long",
    "date": "int",
}
LOGICAL = {"uuid": "uuid", "timestamp-micros": "time", "date": "date"}


class SchemaError(Exception):
    pass


def snake(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def upper(name):
    return snake(name).upper()


class Model:
    """All named types of all files, in an order in which C can declare them."""

    def __init__(self, directory):
        self.named = {}  # name -> the schema with nested names resolved
        self.order = []  # names, dependencies first
        self.texts = {}  # event name -> original text
        for path in sorted(pathlib.Path(directory).glob("*.avsc")):
            self._read(path)
        missing = [n for n in LAST if n not in self.texts]
        if missing:
            raise SchemaError(f"{directory}: no schema of {missing}")
        self.events = sorted(set(self.texts) - set(LAST)) + LAST

    def _read(self, path):
        text = path.read_text(encoding="utf-8")
        schema = json.loads(text)
        if schema.get("namespace") != NAMESPACE:
            raise SchemaError(f"{path}: namespace is not {NAMESPACE}")
        if schema.get("type") != "record" or schema.get("name") != path.stem:
            raise SchemaError(f"{path}: not a record named {path.stem}")
        first = schema["fields"][0]["name"]
        if (first == "meta") != (path.stem not in LAST):
            raise SchemaError(f"{path}: meta must be the first field")
        self._collect(schema, path, set())
        self.texts[path.stem] = text

    def _collect(self, schema, path, seen):
        if isinstance(schema, str):
            if schema not in SCALARS and schema != "null" and schema not in seen:
                raise SchemaError(f"{path}: {schema} is not defined before use")
        elif isinstance(schema, list):
            if len(schema) != 2 or schema[0] != "null":
                raise SchemaError(f"{path}: union is not [null, type]")
            self._collect(schema[1], path, seen)
        elif schema["type"] in ("array", "map"):
            key = "items" if schema["type"] == "array" else "values"
            self._collect(schema[key], path, seen)
        elif schema["type"] in ("record", "enum", "fixed"):
            self._collect_named(schema, path, seen)

    def _collect_named(self, schema, path, seen):
        name = schema["name"]
        if name in seen:
            raise SchemaError(f"{path}: {name} is defined twice")
        self._check_named(schema, path)
        for field in schema.get("fields", []):
            self._collect(field["type"], path, seen)
        seen.add(name)
        plain = self._plain(schema)
        if name not in self.named:
            self.named[name] = plain
            self.order.append(name)
        elif self.named[name] != plain:
            raise SchemaError(f"{path}: {name} differs from another file's")

    @staticmethod
    def _check_named(schema, path):
        name, kind = schema["name"], schema["type"]
        if not schema.get("doc"):
            raise SchemaError(f"{path}: {name} has no doc")
        if kind == "enum" and (
            schema["symbols"][0] != "UNKNOWN" or schema.get("default") != "UNKNOWN"
        ):
            raise SchemaError(f"{path}: {name} must begin with UNKNOWN, its default")
        for field in schema.get("fields", []):
            where = f"{path}: {name}.{field['name']}"
            if "Example: " not in field.get("doc", "") and field["name"] != "meta":
                raise SchemaError(f"{where}: doc gives no example")
            if isinstance(field["type"], list) and field.get("default", 0) is not None:
                raise SchemaError(f"{where}: optional without default null")
            if field.get("default") not in ZERO:
                raise SchemaError(f"{where}: default is not the type's zero")

    def _plain(self, schema):
        """The schema with nested definitions replaced by their names."""
        result = dict(schema)
        result.pop("namespace", None)
        if schema["type"] == "record":
            result["fields"] = [
                {**f, "type": self._name(f["type"])} for f in schema["fields"]
            ]
        return result

    def _name(self, schema):
        if isinstance(schema, list):
            return ["null", self._name(schema[1])]
        if isinstance(schema, str):
            return schema
        if schema["type"] in ("record", "enum", "fixed"):
            return schema["name"]
        if schema["type"] == "array":
            return {"type": "array", "items": self._name(schema["items"])}
        if schema["type"] == "map":
            return {"type": "map", "values": self._name(schema["values"])}
        return schema


def c_type(model, schema):
    """C type of a value, with its trailing space or star."""
    if isinstance(schema, dict) and schema["type"] in SCALARS:
        schema = schema["type"]
    if isinstance(schema, str):
        if schema in SCALARS:
            return SCALARS[schema]
        tag = "enum" if model.named[schema]["type"] == "enum" else "struct"
        return f"{tag} ev_{snake(schema)} "
    raise SchemaError(f"no C type for {schema}")


def c_field(model, field):
    schema, name = field["type"], field["name"]
    if isinstance(schema, list):
        inner = c_type(model, schema[1])
        if inner in ("const char *", "struct bytes "):
            return f"{inner}{name}; /* null: {'.data ==' if 'bytes' in inner else '=='} NULL */"
        return f"const {inner}*{name}; /* null: NULL */"
    if isinstance(schema, dict) and schema["type"] in ("array", "map"):
        return f"struct {{\n\t\tconst {c_item(model, schema)}*items;\n\t\tsize_t count;\n\t}} {name};"
    return f"{c_type(model, schema)}{name};"


def c_item(model, schema):
    if schema["type"] == "map":
        return {
            "string": "struct ev_string_entry ",
            "bytes": "struct ev_bytes_entry ",
        }[schema["values"]]
    item = c_type(model, schema["items"])
    return "char *const " if item == "const char *" else item


def declare(model, name):
    schema, tag = model.named[name], snake(name)
    lines = ["", "/* " + "\n * ".join(wrap(schema["doc"], 74)) + " */"]
    if schema["type"] == "enum":
        lines.append(f"enum ev_{tag} {{")
        for value, symbol in enumerate(schema["symbols"]):
            lines.append(f"\tEV_{upper(name)}_{symbol} = {value},")
        lines += [f"\tEV_{upper(name)}__COUNT", "};"]
        lines.append(f"const char *ev_{tag}_name(enum ev_{tag} value);")
        lines.append(
            f"bool ev_{tag}_parse(const char *name, enum ev_{tag} *out) MUST_CHECK;"
        )
    elif schema["type"] == "fixed":
        lines += [f"struct ev_{tag} {{", f"\tuint8_t b[{schema['size']}];", "};"]
    else:
        lines.append(f"struct ev_{tag} {{")
        lines += ["\t" + c_field(model, f) for f in schema["fields"]]
        lines.append("};")
    return lines


def wrap(text, width):
    lines, current = [], ""
    for word in text.replace("*/", "* /").split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = ""
        current = f"{current} {word}".strip()
    return lines + [current]


HEADER = """\
/* Generated from schemas/ by event/generate.py; the manual is event.h. */
#ifndef CERTFLOW_EVENT_TYPES_H
#define CERTFLOW_EVENT_TYPES_H

#include "base/arena.h"
#include "base/bytes.h"

struct ev_string_entry {
	const char *key;
	const char *value;
};

struct ev_bytes_entry {
	const char *key;
	struct bytes value;
};
"""


def header(model):
    lines = [HEADER.rstrip()]
    for name in model.order:
        lines += declare(model, name)
    lines += ["", "enum event_type {", "\tEVENT_NONE = 0,"]
    lines += [f"\tEVENT_{upper(n)}," for n in model.events]
    lines += ["\tEVENT__COUNT", "};", "", "struct event {"]
    lines += ["\tenum event_type type;", "\tint32_t schema_id;", "\tunion {"]
    lines += ["\t\tstruct ev_meta meta; /* not of outcome, personal_record */"]
    lines += [f"\t\tstruct ev_{snake(n)} {snake(n)};" for n in model.events]
    lines += ["\t};", "\tstruct arena *arena; /* NULL: the event owns nothing */"]
    lines += ["};", "", "#endif", ""]
    return "\n".join(lines)


class Tables:
    """Descriptor tables (struct ev_record and friends of event_desc.h)."""

    def __init__(self, model):
        self.model = model
        self.lines = ['#include "event/event_desc.h"', "", "#include <stddef.h>"]
        self.items = 0

    def value(self, schema, fmt=None):
        """Initialiser of a struct ev_type."""
        if isinstance(schema, dict) and schema["type"] in SCALARS:
            fmt = fmt or LOGICAL.get(schema.get("logicalType"))
            schema = schema["type"]
        if isinstance(schema, dict):
            return self.container(schema, fmt)
        if schema in SCALARS:
            fmt = fmt or {"string": "text", "bytes": "payload"}.get(schema, "none")
            if fmt != "none" and FORMATS.get(fmt) != schema:
                raise SchemaError(f"format {fmt} is not for {schema}")
            size = SCALARS[schema].strip()
            return f"{{ .kind = {KINDS[schema]}, .format = EV_FORMAT_{fmt.upper()}, .size = sizeof({size}) }}"
        kind, tag = self.model.named[schema]["type"], snake(schema)
        if kind == "enum":
            return f"{{ .kind = EV_ENUM, .size = sizeof(enum ev_{tag}), .symbols = &ev_enum_{tag} }}"
        if kind == "fixed":
            return f'{{ .kind = EV_FIXED, .size = sizeof(struct ev_{tag}), .name = "{schema}" }}'
        return f"{{ .kind = EV_RECORD, .size = sizeof(struct ev_{tag}), .record = &ev_record_{tag} }}"

    def container(self, schema, fmt):
        inner = schema["items" if schema["type"] == "array" else "values"]
        self.items += 1
        name = f"items_{self.items}"
        self.lines += ["", f"static const struct ev_type {name} = {self.value(inner, fmt)};"]
        kind = "EV_ARRAY" if schema["type"] == "array" else "EV_MAP"
        return f"{{ .kind = {kind}, .size = sizeof(struct ev_list), .item = &{name} }}"

    def enum(self, name):
        tag, symbols = snake(name), self.model.named[name]["symbols"]
        linkage = "" if name in EXPORTED else "static "
        self.lines += ["", f"static const char *const symbols_{tag}[] = {{"]
        self.lines += [f'\t"{s}",' for s in symbols] + ["};"]
        self.lines.append(
            f'{linkage}const struct ev_enum ev_enum_{tag} = {{ "{name}", symbols_{tag}, {len(symbols)} }};'
        )
        self.lines += [
            f"_Static_assert(sizeof(enum ev_{tag}) == sizeof(unsigned), \"enum\");",
            f"const char *ev_{tag}_name(enum ev_{tag} value)",
            f"{{\n\treturn ev_symbol(&ev_enum_{tag}, (unsigned)value);\n}}",
            f"bool ev_{tag}_parse(const char *name, enum ev_{tag} *out)",
            "{\n\tunsigned value = 0;\n"
            f"\tif (!ev_symbol_parse(&ev_enum_{tag}, name, &value))\n"
            f"\t\treturn false;\n\t*out = (enum ev_{tag})value;\n\treturn true;\n}}",
        ]

    def record(self, name):
        tag, rows = snake(name), []
        linkage = "" if name in EXPORTED else "static "
        for field in self.model.named[name]["fields"]:
            schema = field["type"]
            optional = isinstance(schema, list)
            value = self.value(schema[1] if optional else schema, field.get("format"))
            rows.append(
                f'\t{{ .name = "{field["name"]}", .offset = offsetof(struct ev_{tag}, {field["name"]}),'
                f" .optional = {'true' if optional else 'false'},"
                f" .has_default = {'true' if 'default' in field else 'false'}, .type = {value} }},"
            )
        self.lines += ["", f"static const struct ev_field fields_{tag}[] = {{"]
        self.lines += rows + ["};"]
        self.lines.append(
            f'{linkage}const struct ev_record ev_record_{tag} = {{ "{name}", sizeof(struct ev_{tag}), fields_{tag}, {len(rows)} }};'
        )

    def text(self, name):
        raw = self.model.texts[name].encode() + b"\0"
        self.lines += ["", f"static const char text_{snake(name)}[] = {{"]
        for i in range(0, len(raw), 16):
            chars = (str(b - 256 if b > 127 else b) for b in raw[i : i + 16])
            self.lines.append("\t" + ", ".join(chars) + ",")
        self.lines.append("};")

    def write(self):
        for name in self.model.order:
            kind = self.model.named[name]["type"]
            if kind == "enum":
                self.enum(name)
            elif kind == "record":
                self.record(name)
        for name in self.model.events:
            self.text(name)
        self.lines += ["", "const struct event_info event_infos[EVENT__COUNT] = {"]
        self.lines += ['\t[EVENT_NONE] = { .name = "None" },']
        for name in self.model.events:
            tag, size = snake(name), len(self.model.texts[name].encode())
            self.lines.append(
                f'\t[EVENT_{upper(name)}] = {{ .name = "{name}", .full_name = "{NAMESPACE}.{name}",'
                f" .record = &ev_record_{tag}, .text = text_{tag}, .text_len = {size} }},"
            )
        return "\n".join(self.lines + ["};", ""])


def main(argv):
    if len(argv) != 3:
        sys.exit(__doc__)
    try:
        model = Model(argv[1])
        out = pathlib.Path(argv[2])
        out.mkdir(parents=True, exist_ok=True)
        (out / "event_types.h").write_text(header(model), encoding="utf-8")
        (out / "event_tables.c").write_text(Tables(model).write(), encoding="utf-8")
    except (SchemaError, KeyError, ValueError) as error:
        sys.exit(f"generate.py: {error}")


if __name__ == "__main__":
    main(sys.argv)
