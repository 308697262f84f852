"""Where the rest of the tests and the fetched Python libraries are; importing
it makes them findable."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))

for path in (os.path.join(REPO, "tests", "faults"), HERE):
    if path not in sys.path:
        sys.path.insert(0, path)
import parts_path  # noqa: E402

sys.path.insert(0, os.path.join(parts_path.CACHE, "bench"))
