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


def _one(path):
    begin = time.monotonic()
    code, output = run(
        [os.path.join(REPO, path)], SECONDS,
        {**SANITIZERS, "CERTFLOW_BUILD": os.path.join(REPO, "build-asan")})
    return path, *count(code, output), time.monotonic() - begin, output


def _beside_others(results, path):
    """True if it passed; what failed is shown, and judged once more."""
    path, passed, failed, seconds, output = _one(path)
    if failed == 0:
        results.add(path, passed, failed, seconds, output)
        return True
    print(f"UNSTEADY {path}  ({passed} passed, {failed} failed, "
          f"{seconds:.1f} s); again, by itself", flush=True)
    print("\n".join("    | " + line for line in output.splitlines()[-80:]),
          flush=True)
    return False


def check(results):
    """One that fails beside others runs once more by itself: three stacks on
    two cores can make anything late. It is named UNSTEADY either way, and
    counts as it ends then."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = {path: pool.submit(_beside_others, results, path)
                for path in _programs()}
        again = [path for path, job in jobs.items() if not job.result()]
    for path in again:
        results.add(*_one(path))
