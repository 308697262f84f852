#!/usr/bin/python3 -B
"""shared/kafka against a real broker: starts a stack, runs live_kafka."""

import os
import subprocess
import sys
import tempfile

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
BUILD = os.environ.get("CERTFLOW_BUILD", os.path.join(REPO, "build"))
STACK = os.path.join(REPO, "ops", "stack")


def main():
    with tempfile.TemporaryDirectory(prefix="certflow-kafka-") as home:
        stack = [STACK, "--home", home, "--ports", "auto"]
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("CERTFLOW_")}
        try:
            subprocess.run(stack + ["up"], check=True, env=environment)
            lines = subprocess.run(stack + ["env"], check=True,
                                   env=environment, encoding="utf-8",
                                   stdout=subprocess.PIPE).stdout.splitlines()
            kafka = dict(line.split("=", 1) for line in lines)[
                "CERTFLOW_KAFKA"]
            return subprocess.run(
                [os.path.join(BUILD, "tests", "live_kafka")], check=False,
                env={**environment, "CERTFLOW_KAFKA": kafka}).returncode
        finally:
            subprocess.run(stack + ["down"], check=False, env=environment)


if __name__ == "__main__":
    sys.exit(main())
