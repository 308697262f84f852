#!/usr/bin/python3 -B
"""ops/bench: what certflow does a second, how long it takes, and what of the
machine it needs, beside what token, broker and PostgreSQL do by themselves.
See ops/docs/performance.md."""

import argparse
import datetime
import importlib
import os
import platform
import signal
import subprocess
import sys
import time

import bench_path
import figures
import flames
from stage import Stage
from world import BUILD, homes

# In this order: a part may use what an earlier one found or left on the log.
PARTS = ("limits", "issuance", "latency", "registrar", "projector",
         "restart", "scale")


class Bench:
    """One run of the suite: its sizes, its stack, what it found."""

    def __init__(self, options):
        self.keys, self.repeats = options.ca_keys, options.repeats
        self.subscribers, self.out = options.subscribers, options.out
        self.profile = options.profile
        self.figures = figures.Figures()
        self.cpu = {}  # {kind of key: {program: ms per certificate}}
        self._options, self._stage = options, None
        self._kind = None
        self.plots = []

    @property
    def programs(self):
        """Names of certflow's own programs."""
        return {homes.instance_name(program, number)
                for program in homes.PROGRAMS
                for number in range(self._options.instances)}

    @property
    def turns(self):
        """The kinds of keys, that of the present stack first: starting one
        takes its time."""
        present = self._kind and self._kind[0]
        return sorted(self.keys, key=lambda key: key != present)

    def size(self, whole, least=1):
        """As much as was asked for with --size."""
        value = whole * self._options.size
        return max(value, least) if isinstance(whole, float) else max(
            round(value), least)

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)

    def stage(self, ca_key, **more):
        """A stack with such an issuing key; the one there is, if it fits."""
        kind = (ca_key, tuple(sorted(more.items())))
        if kind != self._kind:
            self.close()
            self.say(f"starting a stack, issuing key {ca_key}")
            stage = Stage(ca_key, self._options.seed,
                          instances=self._options.instances,
                          settings=self._options.settings, **more)
            self._stage, self._kind = stage, kind
            stage.start()
        return self._stage

    def plot(self, name, text):
        """None: there was nothing to draw."""
        if text is None:
            return
        path = os.path.join(self.out, f"{name}.svg")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        if name not in self.plots:
            self.plots.append(name)

    def close(self):
        stage, self._stage, self._kind = self._stage, None, None
        if stage:
            stage.close()

    def write(self, failures):
        """After each part, so that nothing is lost by the next."""
        about = {**machine(), "command": sys.argv[1:], "failures": failures}
        for name, text in (
                ("results.json", self.figures.json(about=about)),
                ("table.md", _heading(about) + self.figures.table()
                 + "".join(f"![{name}]({name}.svg)\n"
                           for name in self.plots))):
            with open(os.path.join(self.out, name), "w",
                      encoding="utf-8") as stream:
                stream.write(text)


def _heading(about):
    return (f"# ops/bench, {about['date']}\n\n{about['processor']}, "
            f"{about['cores']} cores, {about['memory_gib']} GiB, "
            f"{about['kernel']}; commit {about['commit']}\n\n")


def machine():
    """What the figures depend on."""
    with open("/proc/cpuinfo", encoding="utf-8") as stream:
        names = [line.split(":", 1)[1].strip() for line in stream
                 if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "-C", bench_path.REPO, "describe", "--always", "--dirty"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        encoding="utf-8").stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"date": datetime.datetime.now().isoformat(timespec="seconds"),
            "processor": names[0] if names else platform.machine(),
            "cores": os.cpu_count(), "memory_gib": round(memory / 2 ** 30),
            "kernel": f"Linux {platform.release()}", "commit": commit}


# ---- command line ---------------------------------------------------------

def _setting(text):
    """program.key=value"""
    name, _, value = text.partition("=")
    program, _, key = name.partition(".")
    if program not in homes.PROGRAMS or not key or not value:
        raise argparse.ArgumentTypeError(
            f"{text}: not PROGRAM.KEY=VALUE of {', '.join(homes.PROGRAMS)}")
    return program, key, value


def _arguments():
    parser = argparse.ArgumentParser(
        prog="ops/bench", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="of "
                        + ", ".join(PARTS) + "; all if none is named")
    parser.add_argument("--repeats", type=int, default=3, metavar="N",
                        help="of each measurement (3)")
    parser.add_argument("--size", type=float, default=1.0, metavar="X",
                        help="X times as many orders, events and seconds; "
                        "0.05 for a quick look (1)")
    parser.add_argument("--ca-keys", default="rsa2048,p256", metavar="KEY,…",
                        help="kinds of the issuing key (rsa2048,p256); parts "
                        "that are about another thing take the last one")
    parser.add_argument("--subscribers", type=int, metavar="N",
                        help="on the log for part restart (100000)")
    parser.add_argument("--instances", type=int, default=1, metavar="N",
                        help="of each program (1)")
    parser.add_argument("--set", action="append", default=[], type=_setting,
                        metavar="PROGRAM.KEY=VALUE", help="a setting of a "
                        "program, e.g. issuer.hsm.threads=4; may be repeated")
    parser.add_argument("--profile", action="store_true", help="part "
                        "issuance once more under perf: flame graphs")
    parser.add_argument("--seed", type=int, default=1, metavar="N",
                        help="of the customers that are made up (1)")
    parser.add_argument("--out", metavar="DIR", help="where the results go "
                        "(build-release/bench/DATE)")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"no part {part}; there are: {', '.join(PARTS)}")
    if options.repeats < 1 or options.size <= 0:
        parser.error("--repeats and --size must be positive")
    if options.profile and not flames.usable():
        parser.error("--profile needs perf (Debian: linux-perf)")
    options.ca_keys = options.ca_keys.split(",")
    options.settings = {}
    for program, key, value in options.set:
        options.settings.setdefault(program, {})[key] = value
    options.out = options.out or os.path.join(
        BUILD, "bench", time.strftime("%Y%m%dT%H%M%S"))
    return options


def _run(bench, parts):
    """Names of the parts that could not be measured."""
    failures = {}
    for part in parts:
        bench.say(f"part {part}")
        try:
            importlib.import_module(f"run_{part}").run(bench)
        except AssertionError as problem:
            bench.say(f"part {part} failed: {problem}")
            failures[part] = str(problem)
            bench.close()  # who knows what state it is in
        bench.write(failures)
    return failures


def main():
    options = _arguments()
    os.makedirs(options.out, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(options)
    try:
        failures = _run(bench, [part for part in PARTS
                                if part in (options.parts or PARTS)])
    finally:
        bench.close()
    print(bench.figures.table())
    print(f"written: {options.out}/table.md, results.json, "
          + ", ".join(f"{name}.svg" for name in bench.plots))
    for part, figure in bench.figures.missed():
        print(f"missed: {part}: {figure.text}: {figures.number(figure.median)} "
              f"{figure.unit}, expected {figure.sign} "
              f"{figures.number(figure.expected)}")
    for part, problem in failures.items():
        print(f"not measured: {part}: {problem}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
