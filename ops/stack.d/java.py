"""The Java runtime and the JVM parts in the cache that ops/setup fills."""

import os


def java(home):
    return os.path.join(home.cache, "java", "bin", "java")


def kafka_class_path(home):
    return os.path.join(home.cache, "jvm", "*")


def registry_folder(home):
    return os.path.join(home.cache, "registry")
