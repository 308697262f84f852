"""ops/check: runs the parts that were asked for and counts the results."""

import concurrent.futures
import sys
import time

import faults
import fuzz
import integration
import jobs
import readme
import style
import unit
import warm
from results import Results

# Stacks at a time; two processors are busy with four.
AT_ONCE = 4
PARTS = ("style", "unit", "fuzz", "integration", "faults", "readme")


def _quiet(results, chosen):
    """Faults and the README with stacks of their own, and beside them what
    needs no stack and little of the processors."""
    small = [job for name, part in (("unit", unit), ("fuzz", fuzz))
             if name in chosen for job in part.jobs()]
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(jobs.run, results, small, 2)
        if "faults" in chosen:
            faults.check(results)
        waiting.result()
    if "readme" in chosen:
        readme.check(results)


def main():
    chosen = sys.argv[1:] or PARTS
    for name in chosen:
        if name not in PARTS:
            print(f"ops/check: no part {name}; parts are "
                  + ", ".join(PARTS), file=sys.stderr)
            return 2
    results = Results()
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        # The static analyser is slow; the other parts mostly wait.
        tidy = (beside.submit(style.check_tidy, results)
                if "style" in chosen else None)
        if "style" in chosen:
            style.check(results)
        if "integration" in chosen:
            warm.up()
            jobs.run(results, integration.jobs(), AT_ONCE)
        if tidy:
            tidy.result()
        _quiet(results, chosen)
    print(f"\n{time.monotonic() - begin:.0f} s")
    for name in results.failures:
        print(f"failed: {name}")
    print(f"{results.passed} passed, {results.failed} failed")
    return 0 if results.failed == 0 and results.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
