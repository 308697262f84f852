"""ops/check: runs the parts that were asked for and counts the results."""

import concurrent.futures
import sys
import time

import faults
import fuzz
import integration
import readme
import style
import unit
from results import Results

PARTS = {
    "style": style.check,
    "unit": unit.check,
    "fuzz": fuzz.check,
    "integration": integration.check,
    "faults": faults.check,
    "readme": readme.check,
}


def main():
    chosen = sys.argv[1:] or list(PARTS)
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
        for name in chosen:
            PARTS[name](results)
        if tidy:
            tidy.result()
    print(f"\n{time.monotonic() - begin:.0f} s")
    for name in results.failures:
        print(f"failed: {name}")
    print(f"{results.passed} passed, {results.failed} failed")
    return 0 if results.failed == 0 and results.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
