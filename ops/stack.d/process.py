"""Processes of a stack: start, ask, stop. A process is known by its id and
its start time, so that a recycled id is never taken for it."""

import json
import os
import signal
import subprocess
import time

from home import Failure, read_file, write_file


def start_ticks(pid):
    """Start time of a process in kernel ticks; None if it is gone."""
    try:
        text = read_file(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text.rsplit(")", 1)[1].split()
    return None if fields[0] == "Z" else int(fields[19])


def _record(home, name):
    return home.path("run", f"{name}.json")


def known(home, name):
    """{pid, ticks, since} of a running process, else None."""
    try:
        entry = json.loads(read_file(_record(home, name)))
    except (FileNotFoundError, ValueError):
        return None
    if start_ticks(entry["pid"]) != entry["ticks"]:
        return None
    return entry


def spawn(home, name, command, environment=None, **options):
    """Start a process of its own session; its output goes to its log."""
    log = open(home.log(name), "ab")
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, cwd="/", close_fds=True,
            env={**os.environ, **(environment or {}),
                 **home.additions(name)}, **options)
    except OSError as error:
        raise Failure(f"{name}: cannot start {command[0]}: {error}") from None
    finally:
        log.close()
    entry = {"pid": child.pid, "ticks": start_ticks(child.pid),
             "since": time.time()}
    write_file(_record(home, name), json.dumps(entry) + "\n")
    return child


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            last = stream.readlines()[-lines:]
    except FileNotFoundError:
        return "  (no log)"
    return "".join("  | " + line for line in last).rstrip()


def failed(home, name, reason):
    """The failure of a component: its name, its log, its last lines."""
    return Failure(f"{name} {reason}\n  log: {home.log(name)}\n"
                   f"{tail(home.log(name))}")


def wait_until(home, name, ready, seconds):
    """Wait for ready(); fail if the process ends or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        # Somebody else may answer in place of a process that has ended.
        answers = ready()
        if known(home, name) is None:
            raise failed(home, name, "stopped while starting")
        if answers:
            return
        time.sleep(0.1)
    raise failed(home, name, f"is not ready after {seconds} s")


def kill(home, name):
    """kill -9, as a fault would; its children are left to notice."""
    entry = known(home, name)
    if entry is None:
        return False
    os.kill(entry["pid"], signal.SIGKILL)
    while known(home, name) is not None:
        time.sleep(0.02)
    return True


def stop(home, name, how=signal.SIGTERM, seconds=15):
    """Stop a process and wait for its end. True if it was running."""
    entry = known(home, name)
    if entry is None:
        return False
    os.kill(entry["pid"], how)
    end = time.monotonic() + seconds
    while known(home, name) is not None:
        if time.monotonic() > end:
            os.killpg(entry["pid"], signal.SIGKILL)
            end += seconds
        time.sleep(0.05)
    os.unlink(_record(home, name))
    return True
