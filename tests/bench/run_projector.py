"""Projection: the read model is made anew from the whole log while the old
one serves, and is brought up to date after the projector was away. The raw
limit is COPY of rows of the timeline into a table like it.

The log is written by log_writer, as the registrar would write it: whole
journeys of 26 events, step by step of all subscribers, so that no two events
of one of them meet in a batch. The other programs are down meanwhile.
"""

import os
import subprocess
import time

import psycopg2

import svg
from limits import between
from offsets import LOG
from world import Missing

EVENTS = 1000000
ROWS_A_SECOND, EVENTS_A_SECOND = 60000, 30000
MILLION_S = 40.0
STEPS = 26  # events of a journey
OCTETS = 600  # of each certificate, CSR, ...
AWAY = 0.2  # of the events: how much there is after an absence
ROWS = ("SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0)::bigint"
        " FROM pg_stat_user_tables WHERE schemaname = 'read_model'")
FOLDED = "SELECT coalesce(sum(next), 0)::bigint FROM {}.log_position"
SERVES = "SELECT EXISTS (SELECT FROM read_model.certificate)"
NEXT = "read_model_next"


def run(bench):
    stage = bench.stage(bench.keys[-1])
    for name in stage.world.programs():
        if not name.startswith("projector"):
            stage.world.stop(name)
    writer = Writer(stage)
    total = writer.write(bench, bench.size(EVENTS))
    stage.wait("the log is not projected",
               lambda: stage.position() >= total)
    raw = _raw(bench, stage)
    for repeat in range(bench.repeats):
        bench.say(f"projector: rebuild of {writer.written} events, repeat "
                  f"{repeat + 1}")
        seen = _rebuild(stage, writer.written)
        after = _raw(bench, stage)
        _note(bench, "projector, rebuild", seen, between(raw, after))
        raw = after
        seen = _catch_up(bench, stage, writer)
        after = _raw(bench, stage)
        _note(bench, "projector, after an absence", seen,
              between(raw, after))
        raw = after
    bench.close()  # its log is not the registrar's


class Writer:
    """Puts journeys on the log."""

    def __init__(self, stage):
        self.world, self.written = stage.world, 0
        self._next = 1

    def write(self, bench, events):
        """At least so many; how many the log has then."""
        count = -(-events // STEPS)
        bench.say(f"projector: {count} journeys for the log")
        result = subprocess.run(
            [os.path.join(self.world.build, "tests", "log_writer"), "events",
             *map(str, (self._next, count, OCTETS, count))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False,
            env=self.world.clean_environment(
                **self.world.env, LOG_WRITER_CACHE=self.world.folder(
                    "log_writer")))
        if result.returncode != 0:
            raise Missing(f"log_writer: {result.stdout}")
        self._next += count
        self.written += count * STEPS
        return self.written


def _raw(bench, stage):
    rate = stage.limits.copy(bench.size(100000))
    if rate is None:
        raise AssertionError("too few rows in the timeline to copy")
    bench.say(f"COPY alone: {rate:,.0f} rows/s")
    return rate


def _rows(stage):
    """Rows written; the counters are late by a second."""
    time.sleep(2.0)
    (count,), = stage.world.sql(ROWS)
    return count


class Reader:
    """Looks into the read model meanwhile."""

    def __init__(self, stage, schema):
        self.schema, self.served, self.looks = schema, 0, 0
        self.connection = stage.world.connect()
        self.connection.autocommit = True

    def folded(self):
        """Sum of the offsets; of one that is not there (any more), 0."""
        with self.connection.cursor() as cursor:
            cursor.execute(SERVES)
            self.looks += 1
            self.served += cursor.fetchone()[0]
            try:
                cursor.execute(FOLDED.format(self.schema))
            except psycopg2.Error:
                return 0
            return cursor.fetchone()[0]

    def close(self):
        self.connection.close()


def _follow(stage, events, command, schema, done, rows):
    """From a command of ops/stack to the moment when all is folded."""
    reader = Reader(stage, schema)
    watch = stage.watch(reader.folded)
    begin = time.time()
    child = stage.begin(*command)
    try:
        stage.wait(f"{events} events are not projected",
                   lambda: child.poll() is not None and done(), pause=0.05)
    finally:
        code = child.wait(60)
    whole = time.time() - begin
    cpu = watch.usage.take()
    samples = watch.close()
    reader.close()
    if code != 0:
        raise AssertionError(f"ops/stack {' '.join(command)}: exit {code}")
    if reader.served < reader.looks or not reader.looks:
        raise AssertionError("the read model did not serve meanwhile: "
                             f"{reader.served} of {reader.looks} looks")
    moving = _moving(samples)
    return {"events": events, "rows": _rows(stage) - rows, "cpu": cpu,
            "whole": whole, "seconds": moving[-1][0] - moving[0][0],
            "samples": moving}


def _moving(samples):
    """Those from the last one before the first step to the last step."""
    values = [value for _, value, _ in samples]
    top = max(values)
    last = values.index(top)
    first = next(place for place, value in enumerate(values)
                 if value > values[0])
    return samples[first - 1:last + 1]


def _rebuild(stage, total):
    # The tables are new: what was written before does not count.
    return _follow(stage, total, ("rebuild", "projector"), NEXT,
                   lambda: stage.position() >= total, 0)


def _catch_up(bench, stage, writer):
    first, *others = stage.world.instances("projector")
    for name in (first, *others):
        stage.world.stop(name)
    before, rows = writer.written, _rows(stage)
    total = writer.write(bench, bench.size(round(EVENTS * AWAY)))
    seen = _follow(stage, total - before, ("programs", "up", first),
                   "read_model", lambda: stage.position() >= total, rows)
    for name in others:
        stage.world.start_program(name)
    return seen


def _note(bench, part, seen, raw):
    figures = bench.figures
    rows = seen["rows"] / seen["seconds"]
    events = seen["events"] / seen["seconds"]
    bench.say(f"{part}: {events:,.0f} events/s, {rows:,.0f} rows/s, "
              f"{seen['whole']:.1f} s from the command on")
    figures.add(part, "raw", "COPY of the timeline alone", "rows/s", raw)
    figures.add(part, "rows", "rows written", "rows/s", rows,
                at_least=ROWS_A_SECOND)
    figures.add(part, "ratio", "that, of COPY alone", "", rows / raw)
    figures.add(part, "events", "events folded", "/s", events,
                at_least=EVENTS_A_SECOND)
    if part.endswith("rebuild"):
        figures.add(part, "whole", "from the command to its end, for "
                    "1,000,000 events", "s",
                    seen["whole"] * 1e6 / seen["events"], at_most=MILLION_S,
                    note=f"from {seen['events']} events, in proportion")
    for name in ("projector", "postgresql"):
        used = sum(value for key, value in seen["cpu"].items()
                   if key.startswith(name))
        figures.add(part, f"cpu {name}", f"CPU of {name} for each event",
                    "ms", used / seen["events"] * 1000)
    figures.seen(part, **{name: value for name, value in seen.items()
                          if name != "samples"})
    samples = [(at, value) for at, value, _ in seen["samples"]]
    bench.plot(part.replace(", ", "-").replace(" ", "-"), svg.lines(
        part, "s", "events folded", {"events": samples}))
