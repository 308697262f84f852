"""ops/fuzz: runs the libFuzzer programs of tests/fuzz and counts them."""

import argparse
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

import dictionary

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(REPO, "build-fuzz")
CORPUS = os.path.join(REPO, "tests", "fuzz", "corpus")
# One input: at most so much memory, time and size.
MEMORY_MIB = 512
ALLOCATION_MIB = 128
SECONDS_EACH = 10
OCTETS_MAX = 16384
MERGED_MAX = 4096  # octets of an input that may enter the tree
ENVIRONMENT = {
    **os.environ,
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def targets():
    """Names of all targets that were built."""
    programs = glob.glob(os.path.join(BUILD, "tests", "fuzz", "fuzz_*"))
    return sorted(os.path.basename(path)[len("fuzz_"):]
                  for path in programs if os.access(path, os.X_OK))


def _program(target):
    return os.path.join(BUILD, "tests", "fuzz", f"fuzz_{target}")


def _folder(kind, target):
    path = os.path.join(BUILD, kind, target)
    os.makedirs(path, exist_ok=True)
    return path


def _count(path):
    return len(os.listdir(path))


def _number(label, text):
    """The last number behind the label."""
    found = re.findall(label + r": *(\d+)", text)
    return int(found[-1]) if found else 0


def _limits():
    return [f"-rss_limit_mb={MEMORY_MIB}",
            f"-malloc_limit_mb={ALLOCATION_MIB}",
            f"-timeout={SECONDS_EACH}"]


def run(target, seconds):
    """(good, executions, line to print, output)."""
    found = _folder("corpus", target)
    findings = _folder("findings", target)
    before = _count(found), _count(findings)
    words = os.path.join(BUILD, "words.dict")
    done = subprocess.run(
        [_program(target), f"-max_total_time={seconds}",
         f"-max_len={OCTETS_MAX}", f"-dict={words}",
         f"-artifact_prefix={findings}/", "-print_final_stats=1",
         *_limits(), found, os.path.join(CORPUS, target)],
        env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        check=False)
    text = done.stdout
    executions = _number("number_of_executed_units", text)
    # A run that did nothing is no run.
    good = (done.returncode == 0 and executions > 0
            and _count(findings) == before[1])
    line = (f"{'ok' if good else 'FAILED':<7}{target:<10}"
            f"{executions:>11} executions "
            f"{_number('average_exec_per_sec', text):>7}/s "
            f"{_number('cov', text):>6} edges "
            f"{_count(found) - before[0]:>5} new inputs "
            f"{_number('peak_rss_mb', text):>4} MiB")
    return good, executions, line, text


def _tell_finding(target, text):
    lines = text.splitlines()
    print("\n".join("    | " + line for line in lines[-60:]))
    print(f"    findings are kept in {_folder('findings', target)}; run one "
          f"again with\n    {_program(target)} FILE", flush=True)


def fuzz(chosen, seconds, jobs):
    passed = total = 0
    dictionary.write(REPO, os.path.join(BUILD, "words.dict"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = {target: pool.submit(run, target, seconds)
                for target in chosen}
        for target, job in runs.items():
            good, executions, line, text = job.result()
            print(line, flush=True)
            passed += good
            total += executions
            if not good:
                _tell_finding(target, text)
    print(f"{total} executions")
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return 0 if passed == len(chosen) else 1


def merge(chosen):
    """Takes inputs into the tree that reach what no input there does."""
    for target in chosen:
        kept = os.path.join(CORPUS, target)
        before = _count(kept)
        subprocess.run(
            [_program(target), "-merge=1", f"-max_len={MERGED_MAX}",
             *_limits(), kept, _folder("corpus", target)],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        octets = sum(entry.stat().st_size for entry in os.scandir(kept))
        print(f"{target:<10} {_count(kept) - before:>5} inputs more, "
              f"{_count(kept)} in all, {octets} octets", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(prog="ops/fuzz")
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("rest", nargs="*", metavar="SECONDS|TARGET")
    options = parser.parse_args()
    seconds = [word for word in options.rest if word.isdigit()]
    chosen = [word for word in options.rest if not word.isdigit()]
    unknown = set(chosen) - set(targets())
    if unknown or len(seconds) > 1:
        print(f"ops/fuzz: targets are {' '.join(targets())}",
              file=sys.stderr)
        return 2
    chosen = chosen or targets()
    if options.list:
        print("\n".join(chosen))
        return 0
    if options.merge:
        return merge(chosen)
    return fuzz(chosen, int(seconds[0]) if seconds else 60, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
