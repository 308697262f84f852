#!/usr/bin/python3 -B
"""ops/soak: whole journeys at a steady rate on real components, while faults
are injected in random order from a seed; at the end the checker says whether
anything was lost or done twice. See ops/docs/faults.md."""

import argparse
import os
import random
import shutil
import signal
import sys
import threading
import time

import parts_path
import faults
import journeys
import verdict
import watch
from shim import Shim
from world import BUILD, Missing, World

BACKUP_AGE = 240.0  # seconds after which a new backup is taken
RECOVERY = 120.0  # seconds within which journeys must go on after a fault
SHOWN = 20       # violations of the checker that are printed
OPERATOR = 45.0   # seconds after which somebody looks at the brokers' logs
OBJECTIVE = 20.0  # from the order to the certificate, once faults stop


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Interrupted(Exception):
    """Somebody wants it to end."""


class Soak:
    """One run: a world, journeys, faults, what was seen."""

    def __init__(self, arguments, world, driver):
        self.arguments, self.world, self.driver = arguments, world, driver
        # The order of faults depends on the seed alone.
        self.random = random.Random(arguments.seed)
        self.kinds = faults.fitting(world, arguments.kinds)
        self.shim = Shim(world.path("shim")) if world.has_shim else None
        self.injected = []
        self.problems, self.checks = [], []
        self.remedies = []  # what an operator had to do meanwhile
        self.watcher = watch.Watcher(world)
        self.projection = watch.Projection(world, driver)
        self.backup, self.backup_is_due = None, True
        self.deck = []     # kinds that are still to come with --each
        self.healing = []  # (thread, fault)
        self.begun = time.monotonic()
        self.disturbed = [self.begun, self.begun]  # first to last fault

    def ways(self, way):
        """Names of the proxy's ways to a component."""
        return self.world.home.brokers() if way == "kafka" else [way]

    # ---- one fault ----

    def _pick(self, busy=frozenset()):
        """A fault that touches nothing that is being healed or busy."""
        busy = busy.union(*(fault.areas for _, fault in self.healing))
        free = [kind for kind in self.deck or self.kinds
                if not kind.areas & busy]
        if not free:
            return None
        if self.deck:
            kind = self.random.choice(free)
            self.deck.remove(kind)
        else:
            kind = self.random.choices(free, [each.weight
                                              for each in free])[0]
        return kind(self)

    def _round(self):
        """One fault, or some that overlap, and the recovery after them."""
        first = self._pick()
        while first is None:  # what is free is not what is still to come
            self._healed(wait=True)
            first = self._pick()
        chosen = [first]
        while (len(chosen) < self.arguments.together
               and self.random.random() < self.arguments.overlap):
            another = self._pick(frozenset().union(
                *(each.areas for each in chosen)))
            if another is None:
                break
            chosen.append(another)
        pause = self.random.uniform(0.2, self.arguments.pause)
        begin = time.monotonic()
        for fault in chosen:
            self.watcher.expect(fault)
            self._do(fault.inject, fault)
            self.watcher.injected(fault)
        for fault in sorted(chosen, key=lambda each: each.seconds):
            time.sleep(max(begin + fault.seconds - time.monotonic(), 0))
            if fault.aside:
                thread = threading.Thread(target=self._heal, args=(fault,))
                thread.start()
                self.healing.append((thread, fault))
            else:
                self._heal(fault)
        healed = time.monotonic()
        end = self._recovered(healed, chosen)
        self._note(chosen, begin, healed, end)
        time.sleep(pause)
        self._healed()

    def _heal(self, fault):
        if not self._do(fault.heal, fault):
            self._do(fault.heal, fault)

    def _healed(self, wait=False):
        """Forget those that are healed; wait: for all of them."""
        for thread, _ in self.healing:
            if wait:
                thread.join()
        self.healing = [each for each in self.healing if each[0].is_alive()]

    def _do(self, what, fault):
        try:
            what()
            return True
        except Missing as missing:
            self.problem(f"{what.__name__} {fault.name} {fault.detail}: "
                         f"{missing}")
            return False

    def _renew_backup(self):
        """To be restored later; only while all is well."""
        if not self.backup_is_due and (
                time.monotonic() - self.backup[1] < BACKUP_AGE):
            return
        old, self.backup = self.backup, (self.world.pg_backup(),
                                         time.monotonic())
        self.backup_is_due = False
        if old:
            shutil.rmtree(old[0], ignore_errors=True)

    def _recovered(self, healed, chosen):
        """When what was asked since then is answered again."""
        limit, look = healed + RECOVERY, healed + OPERATOR
        names = {name for fault in chosen for name in fault.flows()}
        while missing := [name for name in sorted(names)
                          if not self.driver.flows[name].since(healed)]:
            self._look()
            if time.monotonic() > look:
                look = limit
                self._operator()
            if time.monotonic() > limit:
                self.problem(f"nothing {', '.join(missing)} within "
                             f"{RECOVERY:.0f} s after "
                             + ", ".join(each.name for each in chosen))
                break
            time.sleep(0.02)
        return time.monotonic()

    def _operator(self):
        """What no program of ours can mend is mended and told."""
        for name in self.world.restart_stuck_brokers():
            self.remedies.append(f"{name} was started again: it had lost its "
                                 "place in __consumer_offsets")
            say(f"REMEDY {self.remedies[-1]}")

    def _note(self, chosen, begin, healed, end):
        gaps = {name: flow.longest_gap(begin, end)
                for name, flow in self.driver.flows.items()}
        if not self.injected:
            self.disturbed[0] = begin
        self.disturbed[1] = end
        for fault in chosen:
            self.injected.append({
                "kind": fault.name, "detail": fault.detail,
                "at": round(begin - self.begun, 2),
                "held": round(healed - begin, 2),
                "recovered": round(end - healed, 2),
                "overlapped": len(chosen) > 1,
                "gaps": {name: round(gap, 3) for name, gap in gaps.items()}})
        say(f"{len(self.injected):4} "
            + " + ".join(f"{each.name} {each.detail}".strip()
                         for each in chosen)
            + f": held {healed - begin:.1f} s, recovered after "
            f"{end - healed:.1f} s, nothing admitted for "
            f"{gaps['admitted']:.1f} s, nothing issued for "
            f"{gaps['issued']:.1f} s; {len(self.driver.open)} open, "
            f"{self.driver.counts['done']} done")

    def problem(self, text):
        self.problems.append(text)
        say(f"PROBLEM: {text}")

    def _look(self):
        if self.driver.crash:
            raise AssertionError("the journeys' driver ended:\n"
                                 + self.driver.crash)

    # ---- all of it ----

    def run(self):
        end = self.begun + self.arguments.minutes * 60
        check_at = self.begun + self.arguments.check_every * 60
        if self.arguments.each:
            self.deck = list(self.kinds)
        self.driver.begin()
        self.projection.start()
        while not all(flow.times for flow in self.driver.flows.values()):
            self._look()
            time.sleep(0.1)
        while (self.deck or not self.arguments.each and (
                time.monotonic() < end
                or len(self.injected) < self.arguments.faults)):
            self._renew_backup()
            self._round()
            if time.monotonic() > check_at:
                self._check("between faults")
                check_at = time.monotonic() + self.arguments.check_every * 60
                self.driver.begin()
        self._check("at the end")

    def _check(self, when):
        """No faults, no new journeys: everything must end and be right."""
        self._healed(wait=True)
        stuck = self.driver.finish(self.arguments.patience)
        self._look()
        for journey in stuck:
            self.problem("stuck: " + journeys.describe(journey))
        say(f"checking {when}")
        report = verdict.check(self.world, OBJECTIVE)
        self.checks.append({"when": when, **report})
        for text in report["violations"][:SHOWN]:
            self.problem(f"checker, {when}: {text}")
        if len(report["violations"]) > SHOWN:
            self.problem(f"checker, {when}: {len(report['violations'])} "
                         "violations in all")
        say(f"checker {when}: {len(report['violations'])} violations")


def _arguments():
    parser = argparse.ArgumentParser(
        prog="ops/soak", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=5.0)
    parser.add_argument("seed", nargs="?", type=int,
                        default=int(time.time()) % 1000000)
    parser.add_argument("--rate", type=float, default=10.0,
                        help="journeys a second (default 10)")
    parser.add_argument("--faults", type=int, default=0, metavar="N",
                        help="go on until so many were injected")
    parser.add_argument("--each", action="store_true",
                        help="each kind once, in random order")
    parser.add_argument("--kinds", metavar="TEXT,…", default="",
                        help="only kinds whose name contains one of these")
    parser.add_argument("--instances", type=int, default=1, metavar="N",
                        help="of each program (default 1)")
    parser.add_argument("--brokers", type=int, default=1, choices=(1, 3))
    parser.add_argument("--overlap", type=float, default=0.15,
                        help="how often another fault comes beside one "
                        "(0.15)")
    parser.add_argument("--together", type=int, default=2, metavar="N",
                        help="at most so many at a time (default 2)")
    parser.add_argument("--pause", type=float, default=1.5, metavar="S",
                        help="longest pause after a recovery (1.5 s)")
    parser.add_argument("--check-every", type=float, default=10.0,
                        metavar="MIN", help="checker in a pause (10)")
    parser.add_argument("--patience", type=float, default=180.0, metavar="S",
                        help="for journeys to end without faults (180)")
    parser.add_argument("--unsaved-ttl", type=int, default=90, metavar="S",
                        help="when keys that nobody saves are abandoned; "
                        "short, so that it happens (90 s)")
    parser.add_argument("--out", metavar="DIR", help="where the results go")
    parser.add_argument("--list", action="store_true",
                        help="the kinds of faults")
    arguments = parser.parse_args()
    arguments.kinds = [each.strip() for each in arguments.kinds.split(",")
                       if each.strip()]
    return arguments


def _world(arguments):
    full_disk = faults.library(BUILD, "full_disk.so")
    return World(
        instances=arguments.instances, brokers=arguments.brokers, proxy=True,
        shim=True, faketime=True,
        full_disk=("postgresql",) if full_disk else (),
        settings={"registrar": {
            "unsaved_ttl": f"{arguments.unsaved_ttl}s"}})


def _interrupt(_number, _frame):
    raise Interrupted


def _run(arguments, world):
    driver = journeys.Driver(world.env["CERTFLOW_KAFKA"], arguments.rate,
                             arguments.seed, unsaved_ttl=arguments.unsaved_ttl)
    soak = Soak(arguments, world, driver)
    try:
        soak.run()
    except Interrupted:
        soak.problem("interrupted")
    except AssertionError as problem:
        soak.problem(str(problem))
    finally:
        driver.close()
    return verdict.write(soak)


def main():
    arguments = _arguments()
    if arguments.list:
        for kind in faults.KINDS:
            print(f"{kind.weight:5.1f}  {kind.name}")
        return 0
    say(f"seed {arguments.seed}: again with ops/soak "
        f"{' '.join(sys.argv[1:]) or arguments.minutes}"
        + ("" if len(sys.argv) > 2 else f" {arguments.seed}"))
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    out = arguments.out or os.path.join(
        parts_path.REPO, ".certflow", "soak",
        f"{time.strftime('%Y%m%dT%H%M%S')}-{arguments.seed}")
    os.makedirs(out, exist_ok=True)
    arguments.out = out
    world = _world(arguments)
    good = False
    try:
        world.start()
        good = _run(arguments, world)
    finally:
        if not good:
            shutil.copytree(world.path("log"),
                            os.path.join(out, "log"), dirs_exist_ok=True)
            say(f"logs are in {out}/log")
        world.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
