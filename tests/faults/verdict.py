"""What came of a soak: the checker's word, the table by kind, the files."""

import collections
import json
import os
import time

import checker

CLOCK_JUMP = 3700  # seconds: how far clocks are set, and some more


def check(world, objective):
    """The independent checker on the world as it is now."""
    checker.wait_until_still(world.env)
    report = checker.check(
        world.env, shim_dir=world.path("shim") if world.has_shim else None,
        objective_s=objective, all_counted=world.has_shim,
        clock_slack_us=CLOCK_JUMP * 1000000 if world.has_faketime else 0)
    return {"violations": [str(each) for each in report.violations],
            "figures": dict(report.figures), "skipped": report.skipped,
            "summary": report.summary()}


def _by_kind(injected):
    """The longest of each kind: of those alone, and of those beside another
    one, whose time counts there too."""
    rows = collections.defaultdict(lambda: {
        "count": 0, "overlapped": 0, "alone": {}, "beside": {}})
    for each in injected:
        row = rows[each["kind"]]
        row["count"] += 1
        row["overlapped"] += each["overlapped"]
        longest = row["beside" if each["overlapped"] else "alone"]
        for name, value in (("admitted", each["gaps"]["admitted"]),
                            ("issued", each["gaps"]["issued"]),
                            ("recovered", each["recovered"])):
            longest[name] = max(longest.get(name, 0.0), value)
    return dict(sorted(rows.items()))


def _both(row, name):
    """Seconds: alone, beside another one; "-": there was none."""
    return " ".join(f"{row[how][name]:6.1f}" if row[how] else f"{'-':>6}"
                    for how in ("alone", "beside"))


def _table(rows):
    width = max([len(kind) for kind in rows] + [4])
    yield "longest in seconds, each: alone, beside another fault"
    yield (f"{'kind':<{width}}  count  beside  nothing admitted  "
           " nothing issued  until both again")
    for kind, row in rows.items():
        yield (f"{kind:<{width}}  {row['count']:5}  {row['overlapped']:6}  "
               f"   {_both(row, 'admitted')}    {_both(row, 'issued')}     "
               f"{_both(row, 'recovered')}")
    yield f"{'all':<{width}}  {sum(r['count'] for r in rows.values()):5}"


def _problems(soak):
    """Everything that makes the run a failure."""
    watcher = soak.watcher
    found = list(soak.problems) + list(soak.driver.violations)
    if soak.driver.crash:
        found.append(soak.driver.crash)
    found += watcher.too_large() + watcher.late
    found += [f"{name} ended by itself: {how}, last fault: {cause}"
              for name, how, cause, word in watcher.ends()
              if word == "problem"]
    found += list(watcher.sanitizer_lines())
    if not soak.checks:
        found.append("the checker did not run")
    return found


def _text(soak, result):
    journeys = result["journeys"]
    counts = journeys["counts"]
    yield (f"seed {result['seed']}, {result['seconds'] / 60:.1f} minutes, "
           f"{result['rate']:g} journeys/s, {result['instances']} instance(s)"
           f" of each program, {result['brokers']} broker(s)")
    yield ""
    yield from _table(result["faults"])
    yield ""
    yield "journeys: " + ", ".join(f"{name} {number}" for name, number
                                   in sorted(counts.items()))
    for kind, number in sorted(journeys["kinds"].items()):
        yield f"  {kind} {number}"
    yield "steps, seconds:"
    for name, step in journeys["steps"].items():
        yield f"  {name}: " + ", ".join(f"{key} {value}" for key, value
                                        in step.items())
    yield f"certificates on the log: {journeys['certificates']}"
    yield f"longest time with nothing admitted: {result['longest']:.1f} s"
    yield "ends of programs: " + (", ".join(
        f"{number} × {what}" for what, number in result["ends"].items())
        or "none")
    yield "longest time to end after SIGTERM: " + (", ".join(
        f"{name} {seconds} s" for name, seconds
        in sorted(result["stops"].items())) or "none was sent")
    yield "memory, high-water marks: " + ", ".join(
        f"{name} {size} MiB" for name, size in result["memory"].items())
    for each in result["checks"]:
        yield f"checker, {each['when']}:"
        yield from ("  " + line for line in each["summary"].splitlines())
    yield ""
    for text in result["remedies"]:
        yield f"REMEDY by the operator: {text}"
    for text in result["problems"]:
        yield f"PROBLEM: {text}"
    yield ("OK: nothing lost, nothing twice" if not result["problems"]
           else f"{len(result['problems'])} problems; seed {result['seed']}")


def write(soak):
    """Print the result and keep it as text and JSON; True if all is well."""
    arguments, flow = soak.arguments, soak.driver.flows["admitted"]
    ends = collections.Counter(
        f"{name} {how} ({word}{': ' + cause if cause else ''})"
        for name, how, cause, word in soak.watcher.ends())
    result = {
        "seed": arguments.seed, "rate": arguments.rate,
        "instances": arguments.instances, "brokers": arguments.brokers,
        "seconds": round(time.monotonic() - soak.begun, 1),
        "faults": _by_kind(soak.injected), "injected": soak.injected,
        "journeys": soak.driver.summary(),
        "longest": flow.longest_gap(*soak.disturbed)
        if flow.times else 0.0,
        "ends": dict(sorted(ends.items())), "memory": soak.watcher.memory(),
        "stops": soak.watcher.stops,
        "remedies": soak.remedies,
        "checks": soak.checks, "problems": _problems(soak)}
    text = "\n".join(_text(soak, result)) + "\n"
    for name, content in (("result.txt", text), ("result.json", json.dumps(
            result, indent=1, ensure_ascii=False) + "\n")):
        with open(os.path.join(arguments.out, name), "w",
                  encoding="utf-8") as stream:
            stream.write(content)
    print("\n" + text, end="", flush=True)
    return not result["problems"]
