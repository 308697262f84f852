"""Counting of test results, and running of commands that yield them."""

import os
import re
import signal
import subprocess
import threading
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CRITERION = re.compile(
    r"Synthesis:.*?Tested: (\d+).*?Passing: (\d+).*?Failing: (\d+)"
    r".*?Crashing: (\d+)", re.S)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in", re.M)
UNITTEST_BAD = re.compile(r"(?:failures|errors|unexpected successes)=(\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Results:
    """How many checks passed and failed, and which failed. Parts that run
    at the same time share it."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.failures = []
        self.lock = threading.Lock()

    def add(self, name, passed, failed, seconds, output=""):
        with self.lock:
            self._add(name, passed, failed, seconds, output)

    def _add(self, name, passed, failed, seconds, output):
        self.passed += passed
        self.failed += failed
        word = "ok" if failed == 0 else "FAILED"
        print(f"{word:<7}{name}  ({passed} passed, {failed} failed, "
              f"{seconds:.1f} s)", flush=True)
        # What could not be checked at all must not look like a pass.
        for line in output.splitlines():
            if line.startswith("SKIPPED "):
                print(f"    {line}", flush=True)
        if failed:
            self.failures.append(name)
            lines = output.splitlines()[-80:]
            print("\n".join("    | " + line for line in lines), flush=True)

    def check(self, name, good, seconds, output=""):
        self.add(name, int(good), int(not good), seconds, output)


def run(command, timeout, environment=None, cwd=REPO):
    """Returns (exit code, output). Its whole process group is ended when
    the time is over, so that nothing stays behind."""
    child = subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        env={**os.environ, **(environment or {})}, start_new_session=True)
    try:
        output, _ = child.communicate(timeout=timeout)
        return child.returncode, COLOUR.sub("", output)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGTERM)
        time.sleep(5)
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        output, _ = child.communicate()
        return 124, COLOUR.sub("", output) + f"\nno end after {timeout} s"


def cache():
    """Where ops/setup keeps what it fetched."""
    _, path = run([os.path.join(REPO, "ops", "setup"), "path"], 30)
    return path.strip()


def count(code, output):
    """(passed, failed) of a test program from what it printed."""
    passed = failed = 0
    found = PLAIN.findall(output)
    if found:
        passed, failed = int(found[-1][0]), int(found[-1][1])
    else:
        for number in UNITTEST.findall(output):
            bad = 0
            if code != 0:
                bad = sum(map(int, UNITTEST_BAD.findall(output)))
            passed, failed = int(number) - bad, bad
        for tested, good, _, _ in CRITERION.findall(output):
            passed += int(good)
            failed += int(tested) - int(good)
        if passed + failed == 0:
            passed = int(code == 0)
    if code != 0 and failed == 0:
        failed = 1
    return passed, failed


def tracked(*patterns):
    """Files of the project, new ones included, that match git patterns."""
    out = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard", "--", *patterns], cwd=REPO, check=True,
        stdout=subprocess.PIPE, encoding="utf-8").stdout
    return sorted(path for path in set(out.split("\0"))
                  if path and os.path.exists(os.path.join(REPO, path)))
