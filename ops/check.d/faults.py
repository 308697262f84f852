"""Faults, the short way: journeys under faults from a fixed seed, then the
independent checker. `ops/soak` does the same for as long as one wants."""

import json
import os
import re
import shutil
import tempfile
import time

from results import REPO, run

SEED, MINUTES, FAULTS = 20, 2, 25
SECONDS = 900


def _options(folder):
    return [str(MINUTES), str(SEED), "--faults", str(FAULTS), "--rate", "8",
            "--overlap", "0.6", "--pause", "0.5", "--unsaved-ttl", "30",
            "--out", folder]


def check(results):
    folder = tempfile.mkdtemp(prefix="certflow-check-faults-")
    begin = time.monotonic()
    try:
        code, output = run(
            [os.path.join(REPO, "tests", "faults", "soak.py"),
             *_options(folder)], SECONDS,
            {"CERTFLOW_BUILD": os.path.join(REPO, "build-release")})
        seconds = time.monotonic() - begin
        try:
            with open(os.path.join(folder, "result.json"),
                      encoding="utf-8") as stream:
                result = json.load(stream)
        except FileNotFoundError:
            results.check("faults: a result", False, seconds, output)
            return
        done = result["journeys"]["counts"].get("done", 0)
        count = len(result["injected"])
        kinds = len(result["faults"])
        results.check(f"faults: {count} of {kinds} kinds, {done} journeys, "
                      "nothing lost, nothing twice",
                      code == 0 and not result["problems"], seconds, output)
        results.check(f"faults: at least {FAULTS}", count >= FAULTS, 0)
        good = re.search(r"no violation", result["checks"][-1]["summary"]
                         if result["checks"] else "")
        results.check("faults: the checker finds no violation", bool(good),
                      0, output if code == 0 else "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
