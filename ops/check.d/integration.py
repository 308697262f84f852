"""Integration tests: the executable files tests/integration/**/test_*.

Each brings its own stack: ops/stack --home TMP --ports auto. They run one
after the other, with the sanitized programs.
"""

import os
import time

from results import REPO, count, run, tracked
from unit import SANITIZERS

SECONDS = 400


def _programs():
    for path in tracked("tests/integration"):
        if (os.path.basename(path).startswith("test_")
                and os.access(os.path.join(REPO, path), os.X_OK)):
            yield path


def check(results):
    for path in _programs():
        begin = time.monotonic()
        code, output = run(
            [os.path.join(REPO, path)], SECONDS,
            {**SANITIZERS,
             "CERTFLOW_BUILD": os.path.join(REPO, "build-asan")})
        results.add(path, *count(code, output), time.monotonic() - begin,
                    output)
