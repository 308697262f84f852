"""A few seconds of every fuzz target; ops/fuzz gives them more."""

import os
import time

from jobs import Job
from results import REPO, count, run

SECONDS_EACH = 5


def _run():
    begin = time.monotonic()
    code, output = run([os.path.join(REPO, "ops", "fuzz"), "--jobs", "1",
                        str(SECONDS_EACH)], 600)
    return ("fuzz targets", *count(code, output), time.monotonic() - begin,
            output)


def jobs():
    return [Job("fuzz targets", _run, 90.0)]
