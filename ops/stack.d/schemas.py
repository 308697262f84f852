"""Registers the Avro schemas and keeps the topic certflow.schemas complete.

The topic (key: schema id in decimal, value: JSON) makes the log readable
without the registry. A registry that lost its database is filled from it in
the order of the ids; if it would give other ids, nothing is deployed.
"""

import glob
import json
import os
import subprocess

import kafka
import registry
from home import REPO, Failure

TOPIC = "certflow.schemas"


def _kcat(home, *arguments, text=None):
    result = subprocess.run(
        ["kcat", "-b", kafka.bootstrap(home), "-t", TOPIC, "-p", "0",
         "-q", *arguments], input=text, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", check=False)
    if result.returncode != 0:
        raise Failure(f"{TOPIC}: {result.stderr.strip()}")
    return result.stdout


def _kept(home):
    """{id: entry} as the topic has it, newest record of each key."""
    text = _kcat(home, "-C", "-e", "-o", "beginning", "-f", "%k\t%s\n")
    kept = {}
    for line in text.splitlines():
        key, value = line.split("\t", 1)
        kept[int(key)] = json.loads(value)
    return kept


def _register(home, subject, text):
    status, answer = registry.call(
        home, "POST", f"/subjects/{subject}/versions", {"schema": text})
    if status == 409:
        raise Failure(f"{subject}: not {registry.RULE} compatible with the "
                      f"registered versions: {answer.get('message')}")
    if status != 200:
        raise Failure(f"{subject}: registry answers {status}: {answer}")
    return answer["id"]


def _restore(home, kept):
    """Give the registry what the topic holds and it does not, same ids."""
    for number in sorted(kept):
        entry = kept[number]
        status, answer = registry.call(home, "GET", f"/schemas/ids/{number}")
        if status == 200:
            given = (number if json.loads(answer["schema"])
                     == json.loads(entry["schema"]) else "another schema")
        elif status == 404:
            given = _register(home, entry["subject"], entry["schema"])
        else:
            raise Failure(f"registry: id {number}: {status} {answer}")
        if given != number:
            raise Failure(
                f"the registry lost {entry['subject']}: records on the log "
                f"say id {number}, the registry now has {given}. Restore "
                "its database from a backup; nothing was deployed.")


def _lookup(home, subject, text):
    """(id, version) under which the registry knows the schema from now on.
    To the registry, schemas that differ in their docs alone are one."""
    number = _register(home, subject, text)
    status, answer = registry.call(home, "POST", f"/subjects/{subject}",
                                   {"schema": text})
    if status != 200 or answer["id"] != number:
        raise Failure(f"{subject}: look-up answers {status}: {answer}")
    return number, answer["version"]


def _entry(home, number, subject, version, text):
    """What the topic keeps: the text that the registry holds, which is the
    project's unless it was registered before with other docs."""
    _, answer = registry.call(home, "GET", f"/schemas/ids/{number}")
    if json.loads(answer["schema"]) != json.loads(text):
        text = answer["schema"]
    return {"id": number, "subject": subject, "version": version,
            "schema": text}


def _sources():
    """(subject, text) of every schema of the project."""
    for path in sorted(glob.glob(os.path.join(REPO, "schemas", "*.avsc"))):
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        record = json.loads(text)
        yield f"{record['namespace']}.{record['name']}", text


def deploy(home):
    kept = _kept(home)
    _restore(home, kept)
    missing = []
    for subject, text in _sources():
        number, version = _lookup(home, subject, text)
        present = kept.get(number)
        if present is None:
            missing.append(_entry(home, number, subject, version, text))
        elif (present["subject"], present["version"]) != (subject, version):
            raise Failure(
                f"{TOPIC}: id {number} is version {present['version']} of "
                f"{present['subject']}, the registry says version {version} "
                f"of {subject}")
    if missing:
        _kcat(home, "-P", "-K", "\t", text="".join(
            f"{entry['id']}\t{json.dumps(entry, ensure_ascii=False)}\n"
            for entry in missing))
    return len(missing)
