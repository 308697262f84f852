"""Unit tests: every ctest test, with sanitizers and in release."""

import json
import os
import subprocess
import time

from jobs import Job
from results import REPO, count, run

# Criterion's runner loses 48 octets now and then when it runs two tests at a
# time; what only it has on the stack cannot be told from leaks of the tests.
ONE = {"CRITERION_JOBS": "1"}
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:"
                    "detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def _tests(preset):
    folder = os.path.join(REPO, f"build-{preset}")
    text = subprocess.run(["ctest", "--show-only=json-v1"], cwd=folder,
                          check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout
    return [test for test in json.loads(text)["tests"] if "command" in test]


def _run(preset, test):
    begin = time.monotonic()
    properties = {entry["name"]: entry["value"]
                  for entry in test.get("properties", [])}
    code, output = run(
        test["command"], properties.get("TIMEOUT", 300),
        {**SANITIZERS, **ONE, "CERTFLOW_BUILD": os.path.join(
            REPO, f"build-{preset}")},
        properties.get("WORKING_DIRECTORY", REPO))
    return (f"{test['name']} [{preset}]", *count(code, output),
            time.monotonic() - begin, output)


def jobs():
    return [Job(test["name"], lambda preset=preset, test=test:
                _run(preset, test))
            for preset in ("asan", "release") for test in _tests(preset)]
