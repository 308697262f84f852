"""SoftHSM 2 tokens: one directory and one configuration per group.

Each group has a PIN of its own in etc/pin.<group>, a file that only the owner
can read. PINs reach the tools through the environment, never through
arguments.
"""

import os
import secrets
import shutil
import subprocess

from home import Failure, read_file, say, write_file

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
GROUPS = {
    "root": ["root"],
    "issuing": ["issuing"],
    "audit": ["audit"],
    "customer": ["customer-1"],
    "ocsp": ["ocsp"],
}


def configuration(home, group):
    return home.path("hsm", group, "softhsm2.conf")


def pin_file(home, group):
    return home.path("etc", f"pin.{group}")


def _pin(home, path):
    """Twelve random digits, made once; mode 0600, no line end."""
    if not os.path.exists(path):
        write_file(path, "".join(secrets.choice("0123456789")
                                 for _ in range(12)), mode=0o600)
    return read_file(path).strip()


def _write_configuration(home, group):
    tokens = home.folder("hsm", group, "tokens", mode=0o700)
    path = configuration(home, group)
    write_file(path, f"directories.tokendir = {tokens}\n"
                     "objectstore.backend = file\n"
                     "log.level = ERROR\n"
                     "slots.removable = false\n")


def _environment(home, group):
    return {**os.environ,
            "SOFTHSM2_CONF": configuration(home, group),
            "CERTFLOW_PIN": _pin(home, pin_file(home, group)),
            "CERTFLOW_SO_PIN": _pin(home, home.path("secrets",
                                                    f"so-pin.{group}"))}


def _labels(home, group):
    result = subprocess.run(
        ["softhsm2-util", "--show-slots"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", check=False,
        env=_environment(home, group))
    if result.returncode != 0:
        raise Failure(f"softhsm {group}: {result.stderr.strip()}")
    lines = [line.strip() for line in result.stdout.splitlines()]
    return [line.split(":", 1)[1].strip() for line in lines
            if line.startswith("Label:")]


def _pkcs11_tool(home, group, label, *arguments):
    result = subprocess.run(
        ["pkcs11-tool", "--module", MODULE, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        check=False, env=_environment(home, group))
    if result.returncode != 0:
        raise Failure(f"token {label}: {result.stdout.strip()}")


def _create(home, group, label):
    _pkcs11_tool(home, group, label, "--init-token", "--slot-index",
                 str(len([x for x in _labels(home, group) if x])),
                 "--label", label, "--so-pin", "env:CERTFLOW_SO_PIN")
    _pkcs11_tool(home, group, label, "--init-pin", "--token-label", label,
                 "--login", "--login-type", "so",
                 "--so-pin", "env:CERTFLOW_SO_PIN",
                 "--new-pin", "env:CERTFLOW_PIN")


def _token_objects(home, group):
    """(file of a token, where its copy is kept)"""
    folder = home.path("hsm", group, "tokens")
    for name in sorted(os.listdir(folder)):
        yield (os.path.join(folder, name, "token.object"),
               home.path("hsm", group, f"{name}.token.object"))


def _size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def repair(home, group):
    """SoftHSM empties token.object at each login before it writes it again.
    A program killed between the two leaves a token without its label and
    without the key to its keys: give it back what it was."""
    for path, copy in _token_objects(home, group):
        if _size(path) < _size(copy):
            shutil.copyfile(copy, path)
            say(f"token {group}: {path} was cut short, restored from its copy")
        elif _size(path) == 0:
            raise Failure(f"token {group}: {path} is empty and there is no "
                          "copy; put back a backup, or its keys are lost")


def keep(home, group):
    """Copies for repair(): label, serial number, PINs; PINs do not change."""
    for path, copy in _token_objects(home, group):
        if _size(copy) == 0 and _size(path) > 0:
            shutil.copyfile(path, copy + ".new")
            os.chmod(copy + ".new", 0o600)
            os.replace(copy + ".new", copy)


def create(home):
    if not os.path.exists(MODULE):
        raise Failure(f"{MODULE} is missing; run ops/setup")
    for group, labels in GROUPS.items():
        _write_configuration(home, group)
        repair(home, group)
        existing = _labels(home, group)
        for label in labels:
            if label not in existing:
                _create(home, group, label)
        keep(home, group)


def count(home):
    """How many tokens of how many groups can be read."""
    return sum(label in _labels(home, group)
               for group, labels in GROUPS.items() for label in labels)
