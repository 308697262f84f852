"""Tables that are made anew from the topics.

The read model goes on serving while that happens: a second one is filled
beside it, by a projector of its own, and takes its name once it is as far.
"""

import time

import migrations
import postgres
import process
import programs
from home import say

# Whose tables can be made anew, and their schema.
REBUILT = {"projector": "read_model", "registrar": "registrar"}
# The processes: while one waits for PostgreSQL, the other decodes.
BESIDE = ("projector-rebuild", "projector-rebuild-1")
GROUP = "certflow-projector-rebuild"
NEXT, FORMER = "read_model_next", "read_model_former"
SECONDS = 120  # without progress
NEAR = 30000  # records: a second's work
# Offsets that the serving read model has and the next one does not yet.
BEHIND = f"""
SELECT coalesce(sum(greatest(o.next - coalesce(n.next, 0), 0)), 0)
	FROM read_model.log_position o
	LEFT JOIN {NEXT}.log_position n USING (topic, partition);
"""


def run(home, program):
    running = [name for name in programs.names(home)
               if programs.kind(name)[0] == program
               and programs.is_supervised(home, name)]
    if program == "projector" and running:
        _beside(home, running)
        return
    if running:
        programs.control(home, "down", running)
    migrations.drop(home, REBUILT[program])
    migrations.deploy(home)
    if running:
        programs.control(home, "up", running)


def end(home):
    """What an ops/stack that was killed has left."""
    for name in BESIDE:
        process.stop(home, name)


def _beside(home, running):
    end(home)
    for schema in (NEXT, FORMER):
        migrations.drop(home, schema)
    programs.write_configurations(home)
    migrations.make_beside(home, REBUILT["projector"], NEXT)
    try:
        _start(home)
        say(f"{_behind(home)} records to fold; the read model goes on serving")
        _fill(home)
        programs.control(home, "down", running)
        _fill(home)  # nobody shall see a row vanish
        end(home)
        migrations.take_place(home, REBUILT["projector"], NEXT, FORMER)
    finally:
        end(home)
        programs.control(home, "up", running)
        for schema in (NEXT, FORMER):
            migrations.drop(home, schema)


def _start(home):
    for slot, name in enumerate(BESIDE):
        command, environment = programs.launch(home, "projector")
        for key, value in (
                ("slot", slot), ("health.port", 0), ("db.schema", NEXT),
                ("projector.group", GROUP),
                ("registry.cache_dir", home.folder("var", name, "schemas"))):
            command += ["--set", f"{key}={value}"]
        process.spawn(home, name, command, environment)


def _behind(home):
    return int(postgres.psql(home, BEHIND, database="certflow"))


def _fill(home):
    """Until the next read model is as far as the serving one."""
    behind, moved = _behind(home), time.monotonic()
    while behind > 0:
        time.sleep(0.2 if behind < NEAR else 1.0)
        now = _behind(home)
        for name in BESIDE:
            if process.known(home, name) is None:
                raise process.failed(home, name, "has ended")
        if now < behind:
            moved = time.monotonic()
        elif time.monotonic() - moved > SECONDS:
            raise process.failed(home, BESIDE[0], "gets no further")
        behind = now
