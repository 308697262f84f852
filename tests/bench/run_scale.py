"""Scaling with a network HSM, by simulation: a shim in front of the token lets
each signature come back late. Such a token is not busy while one waits, so
that as many signatures a second are possible as sessions ÷ latency, until the
machine's processors are busy.

The latency is what token_rate finds through the same shim: a sleep is a
little longer than was asked for, and the token takes its own time, too. With
--instances 2 the sessions are shared out among the issuers."""

import run_issuance
import svg

SETTINGS = ((2, (1, 2, 4)), (10, (1, 4, 16)))  # ms, sessions
SECONDS = 6.0
SHARE = 0.9
PART = "network HSM, simulated"


def run(bench):
    stage = bench.stage("p256", shim=True)
    shim = stage.world.shim
    issuers = len(stage.world.instances("issuer"))
    measured = {}
    for milliseconds, numbers in SETTINGS:
        numbers = [number for number in numbers if number % issuers == 0]
        fault = shim.inject("sleep", call="C_Sign", ms=milliseconds)
        try:
            for sessions in numbers:
                for repeat in range(bench.repeats):
                    rate, alone = _one(bench, stage, milliseconds, sessions,
                                       issuers, repeat)
                    bench.figures.add(
                        PART, f"{milliseconds} ms, {sessions}",
                        f"{milliseconds} ms a signature, {sessions} "
                        f"session{'s' * (sessions > 1)}: certificates",
                        "/s", rate)
                    bench.figures.add(
                        PART, f"{milliseconds} ms, {sessions}, ratio",
                        "that, of the token alone: sessions ÷ latency", "",
                        rate / alone, at_least=SHARE)
                measured.setdefault(f"{milliseconds} ms", []).append(
                    (sessions, bench.figures.get(
                        PART, f"{milliseconds} ms, {sessions}").median))
        finally:
            fault.end()
            stage.world.set("issuer", hsm__threads=None)
        ideal = [(sessions, sessions * 1000 / milliseconds)
                 for sessions in numbers]
        bench.plot(f"scaling-{milliseconds}-ms", svg.lines(
            f"A token that answers after {milliseconds} ms", "sessions",
            "certificates a second",
            {"issued": measured[f"{milliseconds} ms"]}, dots=True,
            ideal=ideal))
    errors = shim.errors()
    if errors:
        raise AssertionError(f"the shim says: {errors}")


def _one(bench, stage, milliseconds, sessions, issuers, repeat):
    """(certificates a second, signatures a second of the token alone)"""
    possible = sessions * 1000 / milliseconds
    count = max(int(possible * bench.size(SECONDS)), 50)
    bench.say(f"{milliseconds} ms, {sessions} sessions: {count} orders, "
              f"repeat {repeat + 1}")
    run_issuance.backlog(stage, count)
    alone, _ = stage.limits.token(sessions, shim=stage.world.shim)[sessions]
    bench.figures.add(PART, f"{milliseconds} ms, {sessions}, raw",
                      f"the token alone, {milliseconds} ms, "
                      f"{sessions} sessions", "/s", alone)
    stage.world.set("issuer", hsm__threads=sessions // issuers)
    seen = run_issuance.drain(stage, count)
    rate = _middle(sorted(seen["signed"]), sorted(seen["admitted"]))
    cores = sum(seen["cpu"].values()) * rate
    bench.say(f"{milliseconds} ms, {sessions} sessions: "
              f"{rate:,.0f}/s of {alone:,.0f}, "
              f"{cores:.2f} cores busy")
    bench.figures.add(PART, f"{milliseconds} ms, {sessions}, cores",
                      "processors that everything together keeps busy at "
                      "that rate", "", cores)
    return rate, alone


def _middle(signed, admitted):
    """A second, of the middle 80 %, from their signatures to the log: those
    before came while programs began. The registrar may fall behind and catch
    up again, which alone would look faster than the token."""
    first = len(admitted) // 10
    last = len(admitted) - 1 - first
    return (last - first) * 1000 / (admitted[last] - signed[first])
