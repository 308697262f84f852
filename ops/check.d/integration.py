"""Integration tests: the executable files tests/integration/**/test_*.

Each brings its own stack: ops/stack --home TMP --ports auto. They run beside
each other, with the sanitized programs.
"""

import os
import time

from jobs import Job
from results import REPO, count, run, tracked
from unit import SANITIZERS

SECONDS = 900
# About how long those take that take long; they begin first.
LONG = {
    "registrar/test_zombie.py": 310,
    "registrar/test_recovery.py": 180,
    "workers/test_races.py": 155,
    "hsm/test_hsm_faults.py": 140,
    "startstop/test_stop_any_time.py": 135,
    "crl/test_crl.py": 160,
    "ocsp/test_ocsp.py": 150,
    "verifiers/test_matrix.sh": 150,
    "registrar/test_lost_offsets.py": 120,
    "workers/test_rollover.py": 110,
    "demo/test_demo.sh": 105,
    "runtime/test_worker.py": 100,
    "flood/test_flood.py": 100,
    "registrar/test_bad_events.py": 110,
    "registrar/test_ca_term.py": 85,
    "stack/test_three_brokers.py": 90,
    "projector/test_projector.py": 80,
    "stack/test_stack.py": 75,
    "startstop/test_start_any_order.py": 70,
    "stack/test_transactions.py": 55,
}


def _programs():
    for path in tracked("tests/integration"):
        if (os.path.basename(path).startswith("test_")
                and os.access(os.path.join(REPO, path), os.X_OK)):
            yield path


def _run(path):
    begin = time.monotonic()
    code, output = run(
        [os.path.join(REPO, path)], SECONDS,
        {**SANITIZERS, "CERTFLOW_BUILD": os.path.join(REPO, "build-asan"),
         "STACK_JVM": "short"})
    return path, *count(code, output), time.monotonic() - begin, output


def jobs():
    return [Job(path, lambda path=path: _run(path),
                LONG.get(path.removeprefix("tests/integration/"), 45.0),
                steady=False)
            for path in _programs()]
