"""Checks of the sources themselves."""

import concurrent.futures
import hashlib
import json
import os
import re
import time

import boundaries
import sizes
from results import REPO, cache, run, tracked

WORDS = re.compile(rb"\b(TODO|FIXME|XXX|HACK)\b")


def _timed(results, name, function):
    begin = time.monotonic()
    complaints = function()
    results.check(name, not complaints, time.monotonic() - begin,
                  "\n".join(complaints))


def _command(command, timeout=120):
    code, output = run(command, timeout)
    return [] if code == 0 else [output or f"exit {code}"]


def _format():
    return _command(["clang-format", "--dry-run", "-Werror",
                     *tracked("*.c", "*.h")])


def _scripts():
    """Paths of shell scripts, by suffix or first line."""
    for path in tracked(".ci", "ops", "tests", "*.sh"):
        with open(os.path.join(REPO, path), "rb") as stream:
            first = stream.readline()
        if re.match(rb"#!.*\b(ba)?sh\b", first):
            yield path


def _shellcheck():
    return _command(["shellcheck", "-x", *_scripts()])


def _python():
    complaints = []
    for path in tracked("*.py"):
        with open(os.path.join(REPO, path), encoding="utf-8") as stream:
            try:
                compile(stream.read(), path, "exec")
            except SyntaxError as error:
                complaints.append(f"{path}: {error}")
    return complaints


def _words():
    complaints = []
    for path in tracked():
        if path == "ops/check.d/style.py":
            continue
        with open(os.path.join(REPO, path), "rb") as stream:
            for number, line in enumerate(stream, 1):
                if WORDS.search(line):
                    complaints.append(f"{path}:{number}: unfinished")
    return complaints


def _headers(folder):
    """{source: [files it is made of]} as the compiler reported them."""
    _, text = run(["ninja", "-C", folder, "-t", "deps"], 60)
    table, current = {}, []
    for line in text.splitlines():
        if line and not line[0].isspace() and ": #deps" in line:
            current = []
        elif line.startswith("    "):
            path = os.path.normpath(os.path.join(folder, line.strip()))
            if path.startswith(REPO):
                if not current:
                    table[path] = current
                current.append(path)
    return table


def _digest(paths, version):
    digest = hashlib.sha256(version.encode())
    for path in [os.path.join(REPO, ".clang-tidy"), *sorted(set(paths))]:
        digest.update(os.path.relpath(path, REPO).encode())
        with open(path, "rb") as stream:
            digest.update(hashlib.sha256(stream.read()).digest())
    return digest.hexdigest()


def _tidy():
    """clang-tidy of every source of the programs; what was clean and has not
    changed since, headers included, is not looked at again. The marks are
    kept beside the other caches, so that a second clone profits."""
    folder = os.path.join(REPO, "build-asan")
    with open(os.path.join(folder, "compile_commands.json"),
              encoding="utf-8") as stream:
        sources = {entry["file"] for entry in json.load(stream)}
    headers = _headers(folder)
    clean = os.path.join(cache(), "tidy-clean")
    os.makedirs(clean, exist_ok=True)
    _, version = run(["clang-tidy", "--version"], 30)

    def one(path):
        relative = os.path.relpath(path, REPO)
        if relative.startswith(("build", "..", "tests")):
            return []
        mark = os.path.join(clean, _digest(headers.get(path, [path]),
                                           version))
        if os.path.exists(mark):
            return []
        code, output = run(["nice", "clang-tidy", "--quiet", "-p", folder,
                            path], 600)
        complaints = [line for line in output.splitlines()
                      if code != 0 and " error: " in line]
        if code != 0 and not complaints:
            complaints = [f"{relative}: clang-tidy ends with {code}"]
        if not complaints:
            with open(mark, "w", encoding="utf-8"):
                pass
        return complaints

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [text for texts in pool.map(one, sorted(sources))
                for text in texts]


def check(results):
    for name, function in (
            ("clang-format", _format),
            ("includes stay behind their doors", boundaries.complaints),
            ("sizes of functions and files", sizes.complaints),
            ("no unfinished work", _words),
            ("shellcheck", _shellcheck),
            ("python compiles", _python)):
        _timed(results, name, function)


def check_tidy(results):
    _timed(results, "clang-tidy", _tidy)
