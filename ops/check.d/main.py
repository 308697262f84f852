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
from results import Results

BESIDE = {"unit": unit.jobs, "fuzz": fuzz.jobs,
          "integration": integration.jobs}
PARTS = ("style", *BESIDE, "faults", "readme")


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
        jobs.run(results, [job for name in BESIDE if name in chosen
                           for job in BESIDE[name]()])
        if "faults" in chosen:
            faults.check(results)
        if "readme" in chosen:
            readme.check(results)
        if tidy:
            tidy.result()
    print(f"\n{time.monotonic() - begin:.0f} s")
    for name in results.failures:
        print(f"failed: {name}")
    print(f"{results.passed} passed, {results.failed} failed")
    return 0 if results.failed == 0 and results.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
