"""Creates the topics with `certflow topics --create`, which owns the table of
topics and their settings."""

import os
import subprocess

import kafka
from home import Failure, find_program


def create(home):
    program = find_program("certflow")
    if program is None:
        raise Failure("the program certflow is not built; run ops/setup")
    result = subprocess.run(
        [program, "topics", "--create"], encoding="utf-8", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "CERTFLOW_KAFKA": kafka.bootstrap(home)})
    if result.returncode != 0:
        raise Failure(f"topics: {result.stdout.strip()}")
