"""ops/demo --measure N: one request at a time, N times."""

import json
import os

import journey
import report
from scenarios import YEAR, Scenario


def resident(home):
    """{program: resident memory in MiB}"""
    with open(os.path.join(home, "run", "programs.json"),
              encoding="utf-8") as stream:
        states = json.load(stream)
    sizes = {}
    for name, state in states.items():
        if not state["pid"]:
            continue
        with open(f"/proc/{state['pid']}/status",
                  encoding="ascii") as stream:
            for line in stream:
                if line.startswith("VmRSS:"):
                    sizes[name] = int(line.split()[1]) / 1024
    return sizes


def run(stage, enterprises, home, count):
    """Returns True if every request was issued. The requests go round the
    enterprises, because a subscriber may have only so many certificates."""
    fitting = [each for each in enterprises.values()
               if each["fits_ub_common_name_64"]]
    seconds = []
    for number in range(count):
        enterprise = fitting[number % len(fitting)]
        play = journey.Play(Scenario(enterprise["id"], "measured", YEAR,
                                     "EC_P256"), enterprise)
        try:
            journey.load_customer(stage, play)
            journey.make_key(stage, play)
            journey.approve(stage, play, journey.submit(stage, play))
            journey.issue(stage, play)
        except (journey.Unexpected, journey.Missing) as problem:
            print(f"request {number + 1}: {problem}")
            return False
        seconds.append(play.visible - play.pressed)
    middle, high = report.percentiles(seconds)
    print(f"Cấp CTS → certificate in the read model, {count} requests, "
          f"one at a time: p50 {middle:.0f} ms, p99 {high:.0f} ms, "
          f"max {max(seconds) * 1000:.0f} ms")
    print_memory(home)
    return True


def print_memory(home):
    print("resident memory: " + ", ".join(
        f"{name} {size:.0f} MiB" for name, size in resident(home).items()))
