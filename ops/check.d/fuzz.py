"""A few seconds of every fuzz target; ops/fuzz gives them more."""

import os
import time

from results import REPO, count, run

SECONDS_EACH = 5


def check(results):
    begin = time.monotonic()
    code, output = run(
        [os.path.join(REPO, "ops", "fuzz"), "--jobs", "2",
         str(SECONDS_EACH)], 600)
    results.add("fuzz targets", *count(code, output),
                time.monotonic() - begin, output)
