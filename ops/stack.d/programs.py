"""The certflow programs of a stack: their configuration, and the commands
to the supervisor that keeps them running."""

import functools
import glob
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import postgres
import process
import publicfiles
import registry
import responder
import tokens
from home import (INSTANCES_MAX, PROGRAMS, REPO, Failure, find_program,
                  instance_name, own_files, pairs, read_file, say, write_file)

NAME = "supervisor"
GROUP = {"keygen": "customer", "activator": "customer", "issuer": "issuing",
         "ocsp": "ocsp", "crl": "issuing"}


def every_name():
    """All that there could be, running or not."""
    return tuple(instance_name(program, number)
                 for number in range(INSTANCES_MAX) for program in PROGRAMS)


def names(home):
    """Each program, then its further instances."""
    return tuple(instance_name(program, number) for program in PROGRAMS
                 for number in range(home.instances()))


def kind(name):
    """(program, slot) of an instance."""
    return own_files(name)[0], int(name.rsplit("-", 1)[1]) if (
        name not in PROGRAMS) else 0


def _common(home, name):
    return {
        "kafka.bootstrap": ",".join(
            f"127.0.0.1:{home.route(broker)}" for broker in home.brokers()),
        "registry.url": registry.url(home, home.route("registry")),
        "registry.cache_dir": home.folder("var", name, "schemas"),
        "slot": str(kind(name)[1]),
        "log.level": "info",
        "health.port": str(home.port(name)),
    }


def _data(*parts):
    return os.path.join(REPO, "schemas", *parts)


def _sha256(path):
    with open(path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _ca(home):
    """The issuing CA and what it may sign."""
    profiles = sorted(glob.glob(_data("profiles", "*.ini")))
    return {
        "ca.certificate": home.path("ca", "issuing.pem"),
        "ca.others": home.path("ca", "root.pem"),
        "ca.public_url": publicfiles.url(home),
        "ca.ocsp_url": responder.url(home),
        "profile.files": ",".join(profiles),
        "profile.sha256": ",".join(map(_sha256, profiles)),
    }


def _tokens(home, group):
    labels = tokens.GROUPS[group]
    return {
        "hsm.module": tokens.MODULE,
        "hsm.token": labels[0],
        "hsm.tokens": ",".join(labels),
        "hsm.pin_file": tokens.pin_file(home, group),
    }


def crl_archive(home):
    return home.path("var", "crl-archive")


def _crl(home, number):
    """An instance serves one CA: after a rollover the second one the new
    CA. Instances share the archive."""
    names = responder.authorities(home) or ["issuing"]
    name = names[number % len(names)]
    return {
        **_tokens(home, "issuing"),
        "ca.certificate": home.path("ca", f"{name}.pem"),
        "crl.name": name,
        "crl.directory": home.path("ca"),
        "crl.archive": crl_archive(home),
    }


def _responder(home, number):
    authorities, responders = zip(*responder.certificates(home))
    return {
        **_tokens(home, "ocsp"),
        "ca.certificates": ",".join(authorities),
        "ocsp.certificates": ",".join(responders),
        "ocsp.port": str(home.port(responder.http(number))),
    }


def _special(home, program, number):
    if program == "registrar":
        return {
            **_ca(home),
            "db.conninfo": postgres.conninfo(home, "registrar"),
            "catalogue.file": _data("catalogue", "catalogue.json"),
            "dossier.file": _data("catalogue", "dossier.json"),
        }
    if program == "projector":
        return {"db.conninfo": postgres.conninfo(home, "projector")}
    if program == "ocsp":
        return _responder(home, number)
    if program == "crl":
        return _crl(home, number)
    return {**_ca(home), **_tokens(home, GROUP[program])}


@functools.lru_cache
def _known_keys(program):
    """The keys in the table that the program prints; None: not built."""
    path = find_program(program)
    if path is None:
        return None
    text = subprocess.run([path, "--help"], stdout=subprocess.PIPE,
                          encoding="utf-8", check=False).stdout
    return set(re.findall(r"^  ([a-z_]+(?:\.[a-z_]+)*)(?= )", text, re.M))


def _values(home, name):
    """What this stack knows, as far as the program has a key for it."""
    program, number = kind(name)
    values = {**_common(home, name), **_special(home, program, number)}
    known = _known_keys(program)
    return {key: value for key, value in values.items()
            if known is None or key in known}


def _ini(values):
    """INI text; the part of a key before its first dot is the section."""
    plain, sections = [], {}
    for key, value in values.items():
        if "." in key:
            section, rest = key.split(".", 1)
            sections.setdefault(section, []).append(f"{rest} = {value}")
        else:
            plain.append(f"{key} = {value}")
    parts = ["\n".join(plain)]
    parts += [f"[{section}]\n" + "\n".join(lines)
              for section, lines in sections.items()]
    return ("# written by ops/stack; changes are overwritten: put them into\n"
            "# NAME.local.conf beside this file\n") + (
        "\n\n".join(parts) + "\n")


def configuration(home, name):
    return home.path("etc", f"{name}.conf")


def write_configurations(home):
    for name in names(home):
        write_file(configuration(home, name), _ini(_values(home, name)))


def launch(home, name):
    """(command, environment) of one program, for the supervisor."""
    program, _ = kind(name)
    path = find_program(program)
    if path is None:
        raise Failure(f"program {program} is not built; run ops/setup")
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith("CERTFLOW_")}
    environment.pop("SOFTHSM2_CONF", None)
    if program in GROUP:
        environment["SOFTHSM2_CONF"] = tokens.configuration(
            home, GROUP[program])
    command = [path, "--config", configuration(home, name)]
    for each in own_files(name):
        for key, value in pairs(home.path("etc", f"{each}.local.conf")):
            command += ["--set", f"{key}={value}"]
    return command, {**environment, **home.additions(name)}


def desired(home):
    """{name: generation}: the programs that shall run."""
    try:
        return json.loads(read_file(home.path("run", "desired.json")))
    except FileNotFoundError:
        return {}


def states(home):
    if process.known(home, NAME) is None:
        return {}
    try:
        return json.loads(read_file(home.path("run", "programs.json")))
    except FileNotFoundError:
        return {}


def _tell_supervisor(home, wanted):
    write_file(home.path("run", "desired.json"), json.dumps(wanted) + "\n")
    entry = process.known(home, NAME)
    if entry:
        os.kill(entry["pid"], signal.SIGHUP)
        return
    try:
        os.unlink(home.path("run", "programs.json"))
    except FileNotFoundError:
        pass
    process.spawn(home, NAME, [
        sys.executable, "-B",
        os.path.join(REPO, "ops", "stack.d", "main.py"),
        "--home", home.root, "programs", "run"])


def run_supervisor(home):
    import supervisor
    supervisor.Supervisor(home).run()


def _is_stale(entry):
    """Should a program that is wanted already begin anew? One that waits
    for its next start, and one whose file was built again since."""
    if entry.get("state") == "waiting":
        return True
    try:
        return os.readlink(f"/proc/{entry['pid']}/exe").endswith(
            " (deleted)")
    except (KeyError, OSError):
        return False


def _drop_surplus(home, wanted):
    """Instances beyond the number that is wanted now end."""
    surplus = [each for each in wanted if each not in names(home)]
    for each in surplus:
        del wanted[each]
    return surplus


def _prepare(home, chosen):
    """What must be there before some programs start."""
    if any(kind(each)[0] == "ocsp" for each in chosen):
        responder.ensure(home)


def control(home, action, chosen=()):
    """up, down or restart of some instances; of all if none is named."""
    unknown = set(chosen) - set(names(home))
    if unknown:
        raise Failure(f"no instance {min(unknown)}; there are: "
                      + ", ".join(names(home)))
    write_configurations(home)
    wanted = desired(home) if process.known(home, NAME) else {}
    if action == "down":
        _control_down(home, chosen, wanted)
        return
    chosen = chosen or names(home)
    _prepare(home, chosen)
    surplus = _drop_surplus(home, wanted)
    for each in chosen:
        launch(home, each)
        if action == "restart" or _is_stale(states(home).get(each, {})):
            wanted[each] = wanted.get(each, 0) + 1
        else:
            wanted.setdefault(each, 1)
    _tell_supervisor(home, wanted)
    _wait_stopped(home, surplus)
    _wait_ready(home, chosen, wanted)


def _control_down(home, chosen, wanted):
    if not chosen:
        down(home)
        write_file(home.path("run", "desired.json"), "{}\n")
        return
    for each in chosen:
        wanted.pop(each, None)
    _tell_supervisor(home, wanted)
    _wait_stopped(home, chosen)


def resume(home):
    """Start again what ran when the stack went down."""
    wanted = desired(home)
    _prepare(home, wanted)
    if not wanted or process.known(home, NAME):
        return
    _drop_surplus(home, wanted)
    for each in wanted:
        launch(home, each)
    _tell_supervisor(home, wanted)
    _wait_ready(home, [each for each in names(home) if each in wanted],
                wanted)


def _wait_stopped(home, chosen, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = states(home)
        if all(now.get(each, {}).get("state") in (None, "stopped")
               for each in chosen):
            return
        time.sleep(0.1)
    raise Failure("programs did not stop in time; see ops/stack status")


def _wait_ready(home, chosen, wanted, seconds=45):
    """Wait until each program says that it is ready."""
    end = time.monotonic() + seconds
    waiting = list(chosen)
    while waiting:
        now = states(home)
        for each in list(waiting):
            entry = now.get(each, {})
            known = entry.get("generation") == wanted[each]
            if known and entry["state"] == "ready":
                waiting.remove(each)
            elif (known and entry["failures"] >= 3) or time.monotonic() > end:
                raise process.failed(
                    home, each, f"is not ready ({_describe(entry)})")
        time.sleep(0.1)
    say("programs are ready: " + ", ".join(chosen))


def _describe(entry):
    text = entry.get("state", "not started")
    if entry.get("last_exit"):
        text += f", last end: {entry['last_exit']}"
    return text


def down(home):
    if process.stop(home, NAME, seconds=25):
        say("programs stopped")


def is_supervised(home, name):
    return process.known(home, NAME) is not None and name in desired(home)


def line(entry):
    """State, process id and start of a component, for status."""
    if entry is None:
        return "stopped"
    since = time.strftime("%H:%M:%S", time.localtime(entry["since"]))
    return f"{entry.get('state', 'running'):<8} pid {entry['pid']:<7} " \
           f"since {since}"


def print_status(home, width):
    now = states(home)
    for name in names(home):
        entry = now.get(name)
        text = line(entry if entry and entry.get("pid") else None)
        if entry and not entry.get("pid"):
            text = _describe(entry)
        if entry and entry.get("restarts"):
            text += f"  restarts {entry['restarts']}"
        print(f"{name:<{width}}  {text}  {home.log(name)}")
        for reason in _not_ready(home, name) if entry else ():
            print(f"{'':<{width}}  not ready: {reason}")


def health_url(home, name):
    return f"http://127.0.0.1:{home.port(name)}/health"


def _not_ready(home, name):
    """What a running program lacks, in its own words; empty: nothing."""
    try:
        with urllib.request.urlopen(health_url(home, name), timeout=1):
            return []
    except urllib.error.HTTPError as error:
        return error.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []  # it does not answer: its state says why
