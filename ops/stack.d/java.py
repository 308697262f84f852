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


def kafka_class_path(home):
    return os.path.join(_parts(home), "jvm", "*")


def registry_folder(home):
    return os.path.join(_parts(home), "registry")
