"""The README's commands: every block marked `sh` runs, in order, in one
shell on a stack of its own, and must succeed. Other blocks are output and for
people.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time

from results import REPO, run

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.S | re.M)
# These are run by a person once, and by the other parts of ops/check.
SKIPPED = ("git clone", "cd ", "ops/check", "ops/stack reset")


def _script():
    with open(os.path.join(REPO, "README.md"), encoding="utf-8") as stream:
        text = stream.read()
    lines = ["set -euo pipefail", f"cd '{REPO}'"]
    for number, block in enumerate(BLOCK.findall(text), 1):
        lines.append(f"echo '+ block {number}'")
        lines += [line for line in block.splitlines()
                  if not line.startswith(SKIPPED)]
    return "\n".join(lines)


def check(results):
    if not os.path.exists(os.path.join(REPO, "README.md")):
        results.check("README.md exists", False, 0)
        return
    home = tempfile.mkdtemp(prefix="certflow-readme-")
    begin = time.monotonic()
    try:
        code, output = run(
            ["bash", "-c", _script()], 600,
            {"CERTFLOW_HOME": home, "CERTFLOW_PORT_BASE": "auto"})
        results.check("commands of README.md", code == 0,
                      time.monotonic() - begin, output)
    finally:
        subprocess.run([os.path.join(REPO, "ops", "stack"), "--home", home,
                        "reset", "--yes"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)
