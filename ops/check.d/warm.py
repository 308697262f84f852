"""What the JVMs of the tests start from. Some thirty brokers and registries are
started by ops/check; half of the time that each needs goes into classes that
the one before it has loaded, too. So a stack is started once per version of
Kafka and registry, and leaves them in a file (see ops/stack.d/java.py)."""

import os
import shutil
import subprocess
import sys
import tempfile

from results import REPO, cache

STACK = os.path.join(REPO, "ops", "stack")
ROLES = ("storage", "kafka", "registry")
sys.path.insert(0, os.path.join(REPO, "ops", "stack.d"))
import home as homes  # noqa: E402
import java  # noqa: E402


def _record(root):
    for arguments in (["up"], ["down"], ["reset", "--yes"]):
        subprocess.run(
            [STACK, "--home", root, "--ports", "auto", *arguments],
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "STACK_JVM": "record"})


def up():
    """Only once, and never needed: without it all takes longer."""
    os.environ.setdefault("CERTFLOW_CACHE", cache())
    root = tempfile.mkdtemp(prefix="certflow-warm-")
    os.chmod(root, 0o711)
    home = homes.Home(root)
    paths = [java.known_classes(home, role) for role in ROLES]
    if not all(map(os.path.exists, paths)):
        print("check: recording what the JVMs of the tests load", flush=True)
        _record(root)
        for path in paths:
            if os.path.exists(path + ".new"):
                os.replace(path + ".new", path)
    shutil.rmtree(root, ignore_errors=True)
