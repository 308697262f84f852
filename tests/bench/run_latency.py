"""Latency: from the moment at which a press of *Cấp CTS* was due to each
stage of its certificate. The requests were submitted and approved before.

The load presses at its rate whatever comes back, and counts from when a press
was due, so that nobody waits uncounted. One at a time means a rate so low
that one is over before the next.
"""

import latency
import svg

ALONE, HUNDRED = 4.0, 100.0  # a second
SECONDS = 20.0
LIMITS = {"one at a time": 150, "100/s": 250, "half": 1000}


def run(bench):
    for key in bench.turns:
        stage = bench.stage(key)
        rates = {"one at a time": ALONE, "100/s": HUNDRED}
        half = _half(bench, key)
        if half:
            rates["half"] = half
        for name, rate in rates.items():
            _one(bench, stage, key, name, rate)


def _half(bench, key):
    """Half of what part `issuance` found; None: it did not run."""
    import run_issuance
    names = run_issuance.NAMES
    figure = bench.figures.get(f"issuance, {names.get(key, key)}", "rate")
    return figure and round(figure.median / 2)


def _one(bench, stage, key, name, rate):
    count = max(int(rate * bench.size(SECONDS)), 20)
    part = f"latency, {key}, {name}"
    text = {"half": "half of the throughput"}.get(name, name)
    total = {}
    for repeat in range(bench.repeats):
        bench.say(f"{key}: {count} presses, {text}, {rate:,.0f}/s, repeat "
                  f"{repeat + 1}")
        path = stage.world.path("latencies.tsv")
        stage.feed.run(count, "--step", "press", "--rate", rate, "--until",
                       "visible", "--latencies", path)
        stages = latency.read(path)
        _note(bench, part, text, name, stages)
        for each, seen in stages.items():
            total.setdefault(each, latency.Latencies()).add(seen)
        stage.settle()
    bench.plot(f"latency-{key}-{name}".replace(" ", "-").replace("/", "-"),
               svg.histogram(
                   f"Cấp CTS → each stage, {key}, {text} ({rate:,.0f}/s)",
                   {f"{each}, p99 {total[each].percentile(99):,.0f} ms":
                    total[each].buckets() for each in latency.STAGES.values()
                    if each in total}))


def _note(bench, part, text, name, stages):
    for each in latency.STAGES.values():
        if each not in stages or not stages[each].count:
            continue
        for percent in (50, 99):
            bench.figures.add(
                part, f"{each} p{percent}", f"Cấp CTS → {each}, {text}, "
                f"p{percent}", "ms", stages[each].percentile(percent),
                at_most=LIMITS[name] if (each, percent) == ("visible", 99)
                else None)
        bench.figures.add(part, f"{each} longest",
                          f"Cấp CTS → {each}, {text}, longest", "ms",
                          stages[each].longest())
