"""What goes wrong: one class a kind of fault. A fault is injected, holds for
a while, and is healed as an operator would; parameters come from the seed."""

import os
import time

PROGRAMS = ("registrar", "keygen", "issuer", "activator", "projector", "crl",
            "ocsp")
WITH_TOKEN = ("keygen", "issuer", "activator")
EVERYTHING = frozenset((*PROGRAMS, "kafka", "postgresql", "registry"))
AWAITED = ("admitted", "issued")  # flows that show a recovery
FLOW = {"keygen": "made", "activator": "activated", "projector": "projected"}


class Fault:
    """One fault. Two at a time never touch the same area."""

    name, weight = "", 1.0
    needs = ()           # what the world must have
    areas = frozenset()  # what it disturbs
    hold = (0.0, 0.0)    # seconds until it is healed, at random
    ends = frozenset()   # programs that it may end
    aside = False        # healing takes long and disturbs nothing

    def __init__(self, harness):
        self.world, self.driver = harness.world, harness.driver
        self.harness, self.random = harness, harness.random
        self.seconds = self.random.uniform(*self.hold)
        self.detail = ""

    def inject(self):
        raise NotImplementedError

    def heal(self):
        """Nothing to do: it heals by itself."""

    def flows(self):
        """What must come again before it counts as healed."""
        return AWAITED + tuple(FLOW[area] for area in sorted(self.areas)
                               if area in FLOW)

    def instance(self, program):
        return self.random.choice(self.world.instances(program))


# ---- programs ----

def _of_program(program):
    """The kinds that hit one program."""

    class Kill(Fault):
        name, weight = f"kill -9 {program}", 1.4
        areas = ends = frozenset([program])

        def inject(self):
            self.detail = self.instance(program)
            self.world.kill(self.detail)

    class Freeze(Fault):
        """Longer than a session: another one takes over, and when it goes
        on it is a zombie."""

        name, weight = f"SIGSTOP {program} beyond its session", 0.25
        areas = ends = frozenset([program])
        hold = (7.0, 10.0)

        def inject(self):
            self.detail = self.instance(program)
            self.world.freeze(self.detail)

        def heal(self):
            self.world.thaw(self.detail)

    class Pause(Freeze):
        name, weight = f"SIGSTOP {program} for a moment", 0.6
        hold = (0.5, 3.0)

    class Restart(Fault):
        name, weight = f"SIGTERM {program}", 0.8
        areas = ends = frozenset([program])

        def inject(self):
            self.detail = self.instance(program)
            self.harness.watcher.terminate(self.detail)

    return Kill, Freeze, Pause, Restart


def _all_instances(program):
    class KillAll(Fault):
        name, weight = f"kill -9 every {program}", 0.6
        needs = ("instances",)
        areas = ends = frozenset([program])

        def inject(self):
            for each in self.world.instances(program):
                self.world.kill(each)

    return KillAll


class KillAllPrograms(Fault):
    name, weight = "kill -9 all programs", 0.8
    areas = ends = frozenset(PROGRAMS)

    def inject(self):
        for each in self.world.programs():
            self.world.kill(each)


class RollingRestart(Fault):
    """SIGTERM for one after the other, as at an upgrade."""

    name, weight = "rolling restart", 0.8
    areas = ends = frozenset(PROGRAMS)

    def inject(self):
        for each in self.world.programs():
            self.harness.watcher.terminate(each)
            time.sleep(self.random.uniform(0.1, 0.6))


def _reset(program):
    class Reset(Fault):
        name, weight = f"offsets of {program} reset to 0", 0.25
        areas = EVERYTHING
        ends = frozenset([program])

        def inject(self):
            self.world.reset_offsets(program)

    return Reset


# ---- Kafka, PostgreSQL, registry ----

# What a component needs to come up: it is not disturbed meanwhile.
START_NEEDS = {"registry": ("postgresql",)}


def _of_component(component, weights, seconds):
    """kill -9, stop in good order, stand still."""

    class Kill(Fault):
        name, weight = f"kill -9 {component}", weights[0]
        areas = frozenset([component, *START_NEEDS.get(component, ())])
        hold = seconds
        aside = component == "registry"

        def inject(self):
            self.world.kill_component(component)

        def heal(self):
            self.world.start_component(component)

    class Restart(Kill):
        name, weight = f"restart {component}", weights[1]

        def inject(self):
            self.world.stop_component(component)

    class Freeze(Fault):
        name, weight = f"SIGSTOP {component}", weights[2]
        areas = frozenset([component])
        hold = (1.0, 8.0)

        def inject(self):
            self.world.freeze_component(component)

        def heal(self):
            self.world.thaw_component(component)

    return Kill, Restart, Freeze


class KillLeader(Fault):
    """The broker that leads a partition of the log."""

    name, weight = "kill -9 leader of a log partition", 2.0
    needs = ("brokers",)
    areas = frozenset(["kafka"])
    hold = (1.0, 10.0)

    def choose(self):
        partition = self.random.randrange(12)
        return self.world.leader("certflow.events", partition)

    def inject(self):
        self.detail = self.choose()
        self.world.kill_component(self.detail)

    def heal(self):
        self.world.start_component(self.detail)
        self.world.wait_in_sync()


class KillController(KillLeader):
    name = "kill -9 controller"

    def choose(self):
        return self.world.controller()


class FreezeLeader(KillLeader):
    name, weight = "SIGSTOP leader of a log partition", 1.0
    hold = (4.0, 12.0)

    def inject(self):
        self.detail = self.choose()
        self.world.freeze_component(self.detail)

    def heal(self):
        self.world.thaw_component(self.detail)
        self.world.wait_in_sync()


class LoseOffsets(Fault):
    """Registrar: from the log; workers: from 0; projector: from SQL."""

    name, weight = "__consumer_offsets lost", 0.25
    areas = EVERYTHING
    ends = frozenset(PROGRAMS)

    def inject(self):
        self.world.lose_consumer_offsets()


class PgRefuse(Fault):
    name, weight = "PostgreSQL refuses connections", 1.0
    areas = frozenset(["postgresql"])
    hold = (1.0, 8.0)

    def inject(self):
        self.detail = self.random.choice(("limit", "hba"))
        self.world.pg_refuse(self.detail)

    def heal(self):
        self.world.pg_accept()


class PgRestore(Fault):
    """An older state of the database under programs that run."""

    name, weight = "PostgreSQL restored from an older backup", 0.4
    areas = EVERYTHING
    ends = frozenset(["registrar", "projector"])

    def inject(self):
        handle, at = self.harness.backup
        self.detail = f"{time.monotonic() - at:.0f} s old"
        self.world.pg_restore(handle)
        self.harness.backup_is_due = True


class PgEmpty(Fault):
    name, weight = "PostgreSQL replaced by an empty database", 0.3
    areas = EVERYTHING
    ends = frozenset(["registrar", "projector"])

    def inject(self):
        self.world.pg_empty()
        self.harness.backup_is_due = True


class PgFullDisk(Fault):
    name, weight = "PostgreSQL out of disk", 0.5
    needs = ("full_disk",)
    areas = EVERYTHING
    hold = (1.0, 6.0)

    def inject(self):
        self.world.pg_full_disk(True)

    def heal(self):
        self.world.pg_full_disk(False)
        if self.world.component_pid("postgresql") is None:
            self.world.start_component("postgresql")


# ---- connections ----

def _of_way(way, weight_cut, weight_slow):
    class Cut(Fault):
        name, weight = f"connections to {way} cut", weight_cut
        needs = ("proxy",)
        areas = frozenset([way])
        hold = (0.1, 7.0)

        def inject(self):
            for each in self.harness.ways(way):
                self.world.cut(each)

        def heal(self):
            for each in self.harness.ways(way):
                self.world.mend(each)

    class Slow(Cut):
        name, weight = f"connections to {way} slow", weight_slow
        hold = (2.0, 8.0)

        def inject(self):
            delay = self.random.uniform(0.05, 0.6)
            self.detail = f"{delay * 1000:.0f} ms"
            for each in self.harness.ways(way):
                self.world.slow(each, delay)

    return Cut, Slow


# ---- clocks ----

class Clock(Fault):
    """An hour away, for one program or all, and back."""

    name, weight = "clock jumps by an hour", 1.0
    needs = ("faketime",)
    areas = frozenset(["clock"])
    hold = (1.0, 8.0)

    def inject(self):
        self.driver.clock_jumped()
        seconds = self.random.choice((-3600, 3600))
        names = self.random.choice((None, *self.world.programs()))
        self.detail = f"{seconds:+d} s for {names or 'all'}"
        self.names = names
        self.world.clock_jump(names, seconds)

    def heal(self):
        self.driver.clock_jumped()
        self.world.clock_jump(self.names, 0)


# ---- the token ----

def _of_token(title, weight_, kind, hung=False, **options):
    class Token(Fault):
        name, weight = f"token: {title}", weight_
        needs = ("shim",)
        areas = frozenset(WITH_TOKEN)
        ends = frozenset(WITH_TOKEN) if hung else frozenset()
        hold = (0.3, 3.0)

        def inject(self):
            self.detail = self.random.choice(("issuer", "issuer", "keygen",
                                              "activator"))
            self.asked = self.harness.shim.inject(
                kind, program=self.detail, **options)

        def heal(self):
            if not hung:  # a call that hangs comes back by itself
                self.asked.end()

        def flows(self):
            return AWAITED + ((FLOW[self.detail],) if self.detail in FLOW
                              else ())

    return Token


# ---- load ----

class Burst(Fault):
    name, weight = "burst of journeys", 0.5
    areas = frozenset(["load"])

    def inject(self):
        count = self.random.randrange(50, 150)
        self.detail = f"{count} at once"
        self.driver.burst(count)


class Poison(Fault):
    """Octets that nobody can read, amid the good ones."""

    name, weight = "burst of poison", 0.7
    areas = frozenset(["load"])

    def inject(self):
        count = self.random.randrange(20, 100)
        self.detail = f"{count} at once"
        self.driver.burst(count, "poison")


KINDS = [
    *(kind for program in PROGRAMS for kind in _of_program(program)),
    *(_all_instances(program) for program in PROGRAMS),
    KillAllPrograms, RollingRestart, Burst, Poison,
    *(_reset(program) for program in ("keygen", "issuer", "activator")),
    *_of_component("kafka", (1.2, 0.6, 0.6), (0.0, 4.0)),
    *_of_component("postgresql", (1.2, 0.6, 0.5), (0.0, 5.0)),
    *_of_component("registry", (0.8, 0.2, 0.3), (0.0, 5.0)),
    KillLeader, KillController, FreezeLeader, LoseOffsets,
    PgRefuse, PgRestore, PgEmpty, PgFullDisk,
    *_of_way("kafka", 1.2, 0.6), *_of_way("postgresql", 1.2, 0.6),
    *_of_way("registry", 0.5, 0.3), Clock,
    _of_token("sessions closed", 1.0, "close"),
    _of_token("login forgotten", 0.6, "logout"),
    _of_token("DEVICE_ERROR once", 1.0, "code", rv="CKR_DEVICE_ERROR"),
    _of_token("GENERAL_ERROR once", 0.8, "code", rv="CKR_GENERAL_ERROR"),
    _of_token("DEVICE_REMOVED for 2 s", 0.8, "code", for_=2, call="*",
              rv="CKR_DEVICE_REMOVED"),
    _of_token("signature made, answer lost", 0.8, "code", when="after",
              rv="CKR_DEVICE_ERROR"),
    _of_token("wrong signature", 1.0, "wrong"),
    _of_token("another key's handle", 0.6, "other-key"),
    _of_token("hangs for 30 s", 0.3, "hang", hung=True, seconds=30),
]
# With three brokers there is no component of that name.
ONE_BROKER = {"kill -9 kafka", "restart kafka", "SIGSTOP kafka"}


def has(world, need):
    """Can this world do what a kind needs?"""
    return {"instances": world.count > 1, "brokers": world.broker_count > 1,
            "proxy": world.has_proxy, "shim": world.has_shim,
            "faketime": world.has_faketime,
            "full_disk": "postgresql" in world.full_disk}[need]


def fitting(world, chosen=None):
    """The kinds that this world can do, all or those that were asked for."""
    return [kind for kind in KINDS
            if all(has(world, need) for need in kind.needs)
            and not (world.broker_count > 1 and kind.name in ONE_BROKER)
            and (not chosen or any(part in kind.name for part in chosen))]


def library(build, name):
    """A library that a kind of fault needs; None: not built."""
    path = os.path.join(build, "tests", name)
    return path if os.path.exists(path) else None
