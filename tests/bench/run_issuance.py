"""Throughput: orders wait on the log, the issuer is started, and every
certificate is signed, admitted and projected.

    rate    all of them, from the issuer's first outcome to the last row
    steady  of the middle 80 %, by what is in the read model
    ratio   rate to the raw rate of the token with two threads, measured right
            before and after

CPU is told by program, per certificate. What the token's own signature takes
is known from the raw rate and taken out of the issuer's share, because
SoftHSM signs within the issuer's process.
"""

import os

import flames
import svg
from limits import between
from offsets import LOG, inbox, per_second

ORDERS = {"rsa2048": 15000, "p256": 30000}
OF_RAW = 0.6              # expected with RSA-2048
A_SECOND = 2500           # expected with P-256
CPU_MS = {"rsa2048": 0.25, "p256": 0.35}
NAMES = {"rsa2048": "RSA-2048", "p256": "P-256"}
MEMORY_MB = {"registrar": 128}
PROFILED = ("registrar", "issuer", "projector")


def run(bench):
    for key in bench.turns:
        stage = bench.stage(key)
        count = bench.size(ORDERS.get(key, 10000))
        raw = _raw(bench, stage)
        for repeat in range(bench.repeats):
            bench.say(f"{key}: {count} orders, repeat {repeat + 1}")
            backlog(stage, count)
            seen = drain(stage, count)
            after = _raw(bench, stage)
            _note(bench, key, seen, count, [
                between(one, other) for one, other in zip(raw, after)])
            raw = after
        _memory(bench, stage, key)
        if bench.profile:
            _profile(bench, stage, key, count)


def _raw(bench, stage):
    """(rate, CPU of one signature) with two threads"""
    rate, cpu = stage.limits.token(2, seconds=bench.size(2.0, least=0.5))[2]
    bench.say(f"{stage.ca_key}: the token alone, 2 threads: {rate:,.0f}/s, "
              f"{cpu * 1000:.3f} ms CPU each")
    return rate, cpu


def backlog(stage, count):
    """Orders on the log that nobody has carried out; the issuer is down."""
    for name in stage.world.instances("issuer"):
        stage.world.stop(name)
    stage.feed.run(count, "--burst", "--step", "whole", "--until", "ordered")
    stage.settle()


def drain(stage, count, then=None):
    """Start the issuer; what happens until all is visible. then: called
    once it is there."""
    issued, log = inbox("issuer"), LOG
    ends = {topic: stage.topics.ends(topic) for topic in (issued, log)}
    wanted = stage.certificates() + count
    base = stage.projected()
    watch = stage.watch()
    begin = watch.begun
    stage.world.stack("programs", "up")  # all issuers at once
    if then:
        then()
    stage.wait(f"{count} certificates are not in the read model",
               lambda: (stage.projected() >= base + count
                        and stage.certificates() == wanted))
    samples = watch.close()
    visible = stage.projected_at()
    signed = [record.time_ms for record in
              stage.topics.since(issued, ends[issued])]
    admitted = [record.time_ms for record in stage.topics.since(
        log, ends[log]) if record.kind == "CertificateIssued"]
    if len(admitted) != count or len(signed) < count:
        raise AssertionError(f"{len(signed)} outcomes and {len(admitted)} "
                             f"certificates on the log, not {count}")
    return {"count": count, "begin": begin, "base": base,
            "signed": signed, "admitted": admitted, "visible": visible,
            "samples": samples,
            "cpu": {name: used / count for name, used
                    in watch.usage.take().items()}}


def _profile(bench, stage, key, count):
    """One more time, under perf, which slows it: no figures."""
    bench.say(f"{key}: {count} orders under perf")
    backlog(stage, count)
    recorder = None

    def record():
        nonlocal recorder
        recorder = flames.Recorder({
            name: stage.world.pid(name) for name in PROFILED
            if stage.world.pid(name)}, stage.world.root)
    drain(stage, count, record)
    text = ""
    for name, found in recorder.stop().items():
        text += flames.table(name, found)
        bench.plot(f"flames-{key}-{name}", flames.flame(f"{name}, {key}",
                                                        found))
    with open(os.path.join(bench.out, f"profile-{key}.md"), "w",
              encoding="utf-8") as stream:
        stream.write(text)


def steady(samples, base, count):
    """Rate of the middle 80 % by the samples of a counter."""
    inside = [(at, value - base) for at, value, _ in samples
              if 0.1 * count <= value - base <= 0.9 * count]
    if len(inside) < 2 or inside[-1][0] <= inside[0][0]:
        return None
    return ((inside[-1][1] - inside[0][1])
            / (inside[-1][0] - inside[0][0]))


def _note(bench, key, seen, count, raw):
    """Figures of one repeat."""
    figures, part = bench.figures, f"issuance, {NAMES.get(key, key)}"
    first = min(seen["signed"]) / 1000
    rate = count / (seen["visible"] - first)
    middle = steady(seen["samples"], seen["base"], count)
    raw_rate, signing = raw
    bench.say(f"{key}: {rate:,.0f}/s, {rate / raw_rate:.2f} of the token")
    figures.add(part, "raw", "the token alone, 2 threads", "/s", raw_rate)
    figures.add(part, "rate", "orders waiting on the log → signed, admitted,"
                " projected", "/s", rate,
                at_least=A_SECOND if key == "p256" else None)
    figures.add(part, "ratio", "that, of the token alone", "", rate / raw_rate,
                at_least=OF_RAW if key == "rsa2048" else None)
    if middle:
        figures.add(part, "steady", "of the middle 80 %", "/s", middle)
    for name, stamps in (("signed", seen["signed"]),
                         ("admitted", seen["admitted"])):
        figures.add(part, f"last {name}", f"all {name} after", "s",
                    max(stamps) / 1000 - first)
    figures.add(part, "visible", "all visible after", "s",
                seen["visible"] - first)
    _note_cpu(bench, key, part, seen["cpu"], signing)
    figures.seen(part, count=count, rate=rate, raw=raw_rate, cpu=seen["cpu"],
                 signing=signing, samples=[
                     (round(at, 2), value - seen["base"])
                     for at, value, _ in seen["samples"]])
    _plot(bench, key, seen, first)


def _note_cpu(bench, key, part, cpu, signing):
    """cpu: {name: seconds per certificate}"""
    ours = {name: used for name, used in cpu.items()
            if name in bench.programs}
    issuers = [name for name in ours if name.startswith("issuer")]
    signed = sum(ours[name] for name in issuers)
    for name in issuers:
        ours[name] *= max(signed - signing, 0.0) / (signed or 1.0)
    bench.figures.add(part, "cpu", "CPU of all programs per certificate, "
                      "signing not counted", "ms", sum(ours.values()) * 1000,
                      at_most=CPU_MS.get(key))
    bench.figures.add(part, "cpu signing", "CPU of the token's signature",
                      "ms", signing * 1000)
    for name in sorted(cpu, key=lambda name: (name not in ours, name)):
        used = ours.get(name, cpu[name])
        bench.figures.add(part, f"cpu {name}", f"CPU of {name}", "ms",
                          used * 1000)
    bench.cpu.setdefault(NAMES.get(key, key), {}).update(
        {name: used * 1000 for name, used in {**cpu, **ours}.items()})
    bench.plot("cpu", svg.stacked_bars("CPU per certificate by program, "
                                       "signing not counted", "ms",
                                       bench.cpu))


def _plot(bench, key, seen, first):
    begin = first * 1000
    folded = [(at + seen["begin"] - first, value - seen["base"])
              for at, value, _ in seen["samples"]]
    visible = [((one[0] + other[0]) / 2,
                (other[1] - one[1]) / (other[0] - one[0]))
               for one, other in zip(folded, folded[1:])
               if other[0] > one[0] and other[0] > 0]
    bench.plot(f"throughput-{key}", svg.lines(
        f"Issuance over time, {NAMES.get(key, key)}", "s",
        "certificates a second",
        {"signed": per_second(seen["signed"], begin),
         "admitted": per_second(seen["admitted"], begin),
         "projected": visible}))


def _memory(bench, stage, key):
    part = f"memory, after {NAMES.get(key, key)}"
    for name, size in sorted(stage.world.memory().items()):
        bench.figures.add(part, name, f"most of {name} that was resident",
                          "MB", size / 1e6,
                          at_most=MEMORY_MB.get(name, 64))
