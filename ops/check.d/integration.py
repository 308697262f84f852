"""Integration tests: the executable files tests/integration/**/test_*.

Each brings its own stack: ops/stack --home TMP --ports auto. They run three
at a time, with the sanitized programs: much of their time they wait for
sessions and transactions to time out.
"""

import concurrent.futures
import os
import time

from results import REPO, count, run, tracked
from unit import SANITIZERS

SECONDS = 900
AT_ONCE = 3


def _programs():
    for path in tracked("tests/integration"):
        if (os.path.basename(path).startswith("test_")
                and os.access(os.path.join(REPO, path), os.X_OK)):
            yield path


def _one(results, path):
    begin = time.monotonic()
    code, output = run(
        [os.path.join(REPO, path)], SECONDS,
        {**SANITIZERS, "CERTFLOW_BUILD": os.path.join(REPO, "build-asan")})
    results.add(path, *count(code, output), time.monotonic() - begin, output)


def check(results):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for job in [pool.submit(_one, results, path)
                    for path in _programs()]:
            job.result()
