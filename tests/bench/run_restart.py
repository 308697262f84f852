"""Many subscribers: what an event costs with them on the log against without,
and how long a program takes, from the start of its process to its first good
answer on /health.

Of the subscribers one in ten has a certificate, the others have a request
that waits; the load makes all of them.
"""

import os
import signal

import run_registrar
from usage import process_age

SUBSCRIBERS = 100000
CERTIFIED = 0.1
FEW = 2000
EVENTS = 5000
SECONDS = 3.0
GROWTH = 1.25


def run(bench):
    stage = bench.stage(bench.keys[-1])
    count = bench.subscribers or bench.size(SUBSCRIBERS)
    run_registrar.drain(stage, FEW)  # broker and programs get warm
    have = _subscribers(stage)
    few = [_cost(bench, stage) for _ in range(bench.repeats)]
    _have(bench, stage, count)
    _growth(bench, have, few, _subscribers(stage),
            [_cost(bench, stage) for _ in range(bench.repeats)])
    part = f"ready after a restart, {_subscribers(stage)} subscribers"
    for _ in range(bench.repeats):
        for name in stage.world.programs():
            for way, number in (("kill -9", signal.SIGKILL),
                                ("SIGTERM", signal.SIGTERM)):
                seconds = _restart(stage, name, number)
                bench.say(f"{name}: ready {seconds:.2f} s after {way}")
                bench.figures.add(part, f"{name} {way}", f"{name}, {way}",
                                  "s", seconds, at_most=SECONDS)


def _have(bench, stage, count):
    """So many subscribers on the log."""
    for share, *steps in ((CERTIFIED, "whole", "--until", "visible"),
                          (1.0, "submit", "--until", "admitted")):
        missing = count - _subscribers(stage)
        if missing <= 0:
            return
        missing = max(round(missing * share), 1)
        bench.say(f"restart: {missing} subscribers for the log, "
                  f"step {steps[0]}")
        stage.feed.run(missing, "--burst", "--step", *steps)
        stage.settle()


def _cost(bench, stage):
    """Milliseconds of CPU of everything for one submission."""
    count = bench.size(EVENTS)
    seen = run_registrar.drain(stage, count)
    return sum(seen["cpu"].values()) / count * 1000


def _growth(bench, have, few, now, many):
    part = "cost with many subscribers"
    for one, other in zip(few, many):
        bench.figures.add(part, "few", "CPU of everything for a submission, "
                          f"from {have} subscribers on", "ms", one)
        bench.figures.add(part, "many", f"the same, from {now} on", "ms",
                          other)
        bench.figures.add(part, "ratio", "that, of the former", "",
                          other / one, at_most=GROWTH)


def _subscribers(stage):
    (count,), = stage.world.sql("SELECT count(DISTINCT tax_code)"
                                " FROM read_model.request_event")
    return count


def _restart(stage, name, number):
    """Seconds from the new process's start to ready."""
    world = stage.world
    old = world.wait_pid(name)
    os.kill(old, number)
    stage.wait(f"{name} does not start again", lambda: (
        world.pid(name) not in (None, old)), 60, 0.02)
    stage.wait(f"{name} is not ready", lambda: world.is_ready(name), 300,
               0.01)
    return process_age(world.pid(name))
