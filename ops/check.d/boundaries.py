"""Who may include what.

A library has one door: the folder whose wrapper hides it. Dependencies of
the shared modules point one way; shared/workflow computes and knows nobody.
"""

import os
import re

from results import REPO, tracked

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')

# Header (prefix) of a library: folders that may include it.
DOORS = {
    "librdkafka/": ("shared/kafka/",),
    "avro.h": ("shared/avro/",),
    "avro/": ("shared/avro/",),
    "libpq-fe.h": ("shared/db/",),
    "libpq/": ("shared/db/",),
    "postgresql/": ("shared/db/",),
    "curl/": ("shared/registry/",),
    "libp11.h": ("shared/hsm/",),
    "p11-kit": ("shared/hsm/",),
    "pkcs11": ("shared/hsm/",),
    "microhttpd.h": ("shared/http/",),
    "ini.h": ("shared/pki/",),
    "gmp.h": ("shared/pki/",),
}
# Tests that set up a counterpart of the library are free to use it.
FREE = ("tests/",)

# Shared module: other shared modules that it may include.
MODULES = {
    "base": (),
    "event": ("base",),
    "workflow": ("base", "event"),
    "status": ("base", "event", "workflow"),
    "avro": ("base", "event"),
    "kafka": ("base",),
    "registry": ("base", "event", "avro", "kafka"),
    "db": ("base",),
    "hsm": ("base", "pki"),
    "pki": ("base", "event"),
    "http": ("base",),
    "runtime": ("base", "event", "avro", "http", "kafka", "registry"),
}


def _door(path, header):
    for prefix, folders in DOORS.items():
        if header.startswith(prefix) and not path.startswith(
                folders + FREE):
            return f"includes {header}; only {' '.join(folders)} may"
    return None


def _direction(path, header):
    parts = path.split("/")
    if parts[0] != "shared" or "/" not in header:
        return None
    target = header.split("/")[0]
    if target not in MODULES or target == parts[1]:
        return None
    if target in MODULES.get(parts[1], ()):
        return None
    return f"includes {header}; shared/{parts[1]} must not use {target}"


def complaints():
    found = []
    for path in tracked("*.c", "*.h"):
        with open(os.path.join(REPO, path), encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, header = match.groups()
                # A name like the library's, in quotes, may be ours.
                reason = (_direction(path, header) if quote == '"'
                          else _door(path, header))
                if reason:
                    found.append(f"{path}:{number}: {reason}")
    return found
