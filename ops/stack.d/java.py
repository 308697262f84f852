"""The Java runtime and the JVM parts in the cache that ops/setup fills."""

import hashlib
import os

SUMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jvm.sha256")


def java(home):
    return os.path.join(home.cache, "java", "bin", "java")


def _parts(home):
    """ops/setup names the directory by the list of what is in it."""
    with open(SUMS, "rb") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    return os.path.join(home.cache, f"parts-{digest[:16]}")


# Of a JVM that lives for a minute: it is better not compiled twice.
SHORT = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


def known_classes(home, role):
    """Where a JVM of this role finds the classes that one before it has
    loaded and linked already (an AOT cache, JEP 483 and 514)."""
    return os.path.join(_parts(home), f"{role}.aot")


def tuning(home, role, usual):
    """Options of a JVM: the usual ones, or SHORT with STACK_JVM=short, which
    ops/check sets, and with STACK_JVM=record, with which it has made what
    those start from."""
    kind = os.environ.get("STACK_JVM")
    if kind not in ("short", "record"):
        return usual
    path = known_classes(home, role)
    if kind == "record":
        return [*SHORT, f"-XX:AOTCacheOutput={path}.new"]
    return [*SHORT, f"-XX:AOTCache={path}"] if os.path.exists(path) else SHORT


def kafka_class_path(home):
    return os.path.join(_parts(home), "jvm", "*")


def registry_folder(home):
    return os.path.join(_parts(home), "registry")
