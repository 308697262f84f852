"""Admission of portal events, one kind after the other.

    submissions  wait in the inbox, the registrar is started and decides all
                 of them; nothing else runs but the projector
    approvals    come all at once from the load, which follows them and needs
    presses      processors, too; the issuer is away, so that a press ends
                 with its order on the log: built, linted, encoded

The raw limit is a producer that does nothing but transactions of 500 records
into a topic as durable as the log.
"""

import svg
from limits import between
from offsets import OUTCOMES, per_second

EVENTS = 60000
FEWER = 20000  # approvals and presses
A_SECOND = 20000
BATCH = 500
PART = "registrar"
# Of the load's report: when all of them were there.
STEPS = (("approve", "admitted", "approve_logged", "approvals admitted"),
         ("press", "ordered", "ordered_logged", "presses admitted, orders"
          " built, linted and on the log"))


def run(bench):
    stage = bench.stage(bench.keys[-1])
    raw = _raw(bench, stage)
    for repeat in range(bench.repeats):
        count = bench.size(EVENTS)
        bench.say(f"registrar: {count} submissions, repeat {repeat + 1}")
        seen = drain(stage, count)
        after = _raw(bench, stage)
        rates = [_note(bench, seen, count, between(raw, after))]
        raw = after
        rates += [_step(bench, stage, *step) for step in STEPS]
        bench.figures.add(PART, "all", "as many of each kind", "/s",
                          len(rates) / sum(1 / rate for rate in rates),
                          at_least=A_SECOND)
    memory = stage.world.memory()
    bench.figures.add(PART, "memory", "most that was resident", "MB",
                      memory["registrar"] / 1e6, at_most=128)


def _raw(bench, stage):
    rate = stage.limits.produce(bench.size(200000), transaction=BATCH)
    bench.say(f"a producer alone, transactions of {BATCH}: {rate:,.0f}/s")
    return rate


def drain(stage, count):
    """All are in the inbox before the registrar begins; the load is over."""
    world = stage.world
    for name in world.instances("registrar"):
        world.stop(name)
    outcomes = stage.topics.ends(OUTCOMES)
    stage.feed.run(count, "--burst", "--step", "submit", "--until", "acked")
    base = stage.projected()
    watch = stage.watch()
    for name in world.instances("registrar"):
        world.start_program(name)
    stage.wait(f"{count} submissions are not in the read model",
               lambda: stage.projected() >= base + count)
    watch.close()
    cpu = watch.usage.take()
    stage.settle()
    decided = [record.time_ms for record in
               stage.topics.since(OUTCOMES, outcomes)]
    if len(decided) != count:
        raise AssertionError(f"{len(decided)} outcomes, not {count}")
    return {"decided": decided, "cpu": cpu}


def _note(bench, seen, count, raw):
    """The rate of a repeat."""
    figures, decided = bench.figures, seen["decided"]
    rate = len(decided) / ((max(decided) - min(decided)) / 1000)
    bench.say(f"registrar: {rate:,.0f} submissions/s")
    figures.add(PART, "raw", f"a producer alone, transactions of {BATCH}, "
                "one record each", "/s", raw)
    figures.add(PART, "submit", "submissions decided, from the first outcome "
                "to the last", "/s", rate)
    figures.add(PART, "cpu", "CPU of the registrar for a submission", "ms",
                seen["cpu"].get("registrar", 0.0) / count * 1000)
    figures.seen(PART, rate=rate, raw=raw, cpu=seen["cpu"])
    bench.plot("registrar", svg.lines(
        "Submissions decided over time", "s", "events a second",
        {"decided": per_second(decided, min(decided))}))
    return rate


def _step(bench, stage, step, until, column, text):
    """The rate of approvals, or of presses."""
    count = bench.size(FEWER)
    bench.say(f"registrar: {count} of {step}")
    for name in stage.world.instances("issuer"):
        stage.world.stop(name)
    report = stage.feed.run(count, "--burst", "--step", step, "--until",
                            until)
    for name in stage.world.instances("issuer"):
        stage.world.start_program(name)
    stage.settle()
    rate = report["latencies_us"][column]["per_second"]
    bench.say(f"registrar: {rate:,.0f} of {step} a second")
    bench.figures.add(PART, step, f"{text}, all sent at once", "/s", rate)
    return rate
