"""The README's commands: every line that begins with `$ ` in a block marked
`sh` runs, in order, on a stack of its own, and must succeed. A block that
follows with `sh` lines of output is for people and is not compared.
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


def _commands():
    with open(os.path.join(REPO, "README.md"), encoding="utf-8") as stream:
        text = stream.read()
    for block in BLOCK.findall(text):
        lines = block.replace("\\\n", "").splitlines()
        for line in lines:
            if line.startswith("$ ") and not line[2:].startswith(SKIPPED):
                yield line[2:]


def check(results):
    if not os.path.exists(os.path.join(REPO, "README.md")):
        results.check("README.md exists", False, 0)
        return
    home = tempfile.mkdtemp(prefix="certflow-readme-")
    script = "set -e\n" + "".join(
        f"echo '+ '{number}\n{command}\n"
        for number, command in enumerate(_commands(), 1))
    begin = time.monotonic()
    try:
        code, output = run(
            ["bash", "-c", script], 600,
            {"CERTFLOW_HOME": home, "CERTFLOW_PORT_BASE": "auto"})
        results.check("commands of README.md", code == 0,
                      time.monotonic() - begin, output)
    finally:
        subprocess.run([os.path.join(REPO, "ops", "stack"), "--home", home,
                        "reset", "--yes"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)
