"""Where the Python libraries that ops/setup fetched are; importing it makes
them findable, and the other tests' lib too."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
CACHE = os.environ.get("CERTFLOW_CACHE") or subprocess.run(
    [os.path.join(REPO, "ops", "setup"), "path"], check=True,
    stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()

for path in (os.path.join(CACHE, "python"),
             os.path.join(REPO, "tests", "lib"), HERE):
    if path not in sys.path:
        sys.path.insert(0, path)
