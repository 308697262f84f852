"""Projection: the read model is made anew from the whole log, and is brought
up to date after the projector was away. The raw limit is COPY of the same
rows of the timeline into a table like it."""

import time

import svg
from limits import between
from offsets import LOG

EVENTS = 200000
ROWS_A_SECOND, EVENTS_A_SECOND = 60000, 30000
MILLION_S = 40.0
PER_REQUEST = 5  # records of the log that a whole request makes, at least
ROWS = ("SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0)::bigint"
        " FROM pg_stat_user_tables WHERE schemaname = 'read_model'")


def run(bench):
    stage = bench.stage(bench.keys[-1])
    _fill(bench, stage)
    raw = _raw(bench, stage)
    for repeat in range(bench.repeats):
        total = stage.topics.count(LOG)
        bench.say(f"projector: rebuild of {total} events, repeat "
                  f"{repeat + 1}")
        seen = _rebuild(stage, total)
        after = _raw(bench, stage)
        _note(bench, "projector, rebuild", seen, between(raw, after))
        raw = after
        more = bench.size(EVENTS // PER_REQUEST // 2)
        seen = _catch_up(bench, stage, more)
        after = _raw(bench, stage)
        _note(bench, "projector, after an absence", seen,
              between(raw, after))
        raw = after


def _fill(bench, stage):
    missing = bench.size(EVENTS) - stage.topics.count(LOG)
    if missing > 0:
        count = missing // PER_REQUEST + 1
        bench.say(f"projector: {count} requests for the log")
        stage.feed.run(count, "--burst", "--step", "whole", "--until",
                       "visible")


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


def _follow(stage, events, command, done, rows):
    """From a command of ops/stack to the moment when all is folded."""
    watch = stage.watch()
    begin = time.time()
    child = stage.begin(*command)
    try:
        stage.wait(f"{events} events are not projected",
                   lambda: child.poll() is not None and done(), pause=0.05)
    finally:
        child.wait(60)
    cpu = watch.usage.take()
    samples = _of_new_process(watch.close())
    end = stage.projected_at()
    first = watch.begun + (samples[0][0] - watch.period if samples else 0.0)
    return {"events": events, "rows": _rows(stage) - rows, "cpu": cpu,
            "whole": end - begin, "seconds": end - max(first, begin),
            "samples": samples}


def _of_new_process(samples):
    """Those since the counter began anew, from its first step on."""
    for place in range(len(samples) - 1, -1, -1):
        if samples[place][1] == 0:
            return samples[place + 1:]
    return samples


def _rebuild(stage, total):
    position = stage.position()
    # The tables are new: what was written before does not count.
    return _follow(stage, total, ("rebuild", "projector"),
                   lambda: stage.position() >= position, 0)


def _catch_up(bench, stage, requests):
    stage.world.stop("projector")
    before, rows = stage.topics.ends(LOG), _rows(stage)
    bench.say(f"projector: {requests} requests while it is away")
    stage.feed.run(requests, "--burst", "--step", "whole", "--until",
                   "issued")
    total = len(stage.topics.since(LOG, before))
    return _follow(stage, total, ("programs", "up", "projector"),
                   lambda: stage.projected() >= total, rows)


def _note(bench, part, seen, raw):
    figures = bench.figures
    rows = seen["rows"] / seen["seconds"]
    events = seen["events"] / seen["seconds"]
    bench.say(f"{part}: {events:,.0f} events/s, {rows:,.0f} rows/s")
    figures.add(part, "raw", "COPY of the timeline alone", "rows/s", raw)
    figures.add(part, "rows", "rows written", "rows/s", rows,
                at_least=ROWS_A_SECOND)
    figures.add(part, "ratio", "that, of COPY alone", "", rows / raw)
    figures.add(part, "events", "events folded", "/s", events,
                at_least=EVENTS_A_SECOND)
    if part.endswith("rebuild"):
        figures.add(part, "whole", "from the command to the last row, for "
                    "1,000,000 events", "s",
                    seen["whole"] * 1e6 / seen["events"], at_most=MILLION_S,
                    note=f"from {seen['events']} events, in proportion")
    figures.add(part, "cpu", "CPU of the projector for each event", "ms",
                seen["cpu"].get("projector", 0.0) / seen["events"] * 1000)
    figures.add(part, "cpu postgresql", "CPU of PostgreSQL for each event",
                "ms",
                seen["cpu"].get("postgresql", 0.0) / seen["events"] * 1000)
    figures.seen(part, **{name: value for name, value in seen.items()
                          if name != "samples"})
    samples = [(at, value) for at, value, _ in seen["samples"]]
    bench.plot(part.replace(", ", "-").replace(" ", "-"), svg.lines(
        part, "s", "events folded", {"events": samples}))
