"""ops/stack: the command line."""

import argparse
import os
import shlex
import shutil
import signal
import sys
import time

import deploy
import kafka
import migrations
import postgres
import process
import programs
import publicfiles
import registry
import tokens
from home import REPO, Failure, Home, port_is_free, say

COMPONENTS = (kafka, postgres, registry, publicfiles)
# Whose tables can be made anew from the topics, and their schema.
REBUILT = {"projector": "read_model", "registrar": "registrar"}


def up(home, _arguments):
    begin = time.monotonic()
    home.create()
    with home.lock():
        _check_ports(home)
        kafka.start(home)
        postgres.start(home)
        publicfiles.start(home)
        tokens.create(home)
        postgres.wait(home)
        registry.start(home)
        publicfiles.wait(home)
        kafka.wait(home)
        deploy.topics_and_tables(home)
        registry.wait(home)
        deploy.schema_registry(home)
        programs.write_configurations(home)
        programs.resume(home)
    say(f"stack is up after {time.monotonic() - begin:.1f} s "
        f"in {home.root}")


def _check_ports(home):
    for component, name in ((kafka, "kafka"), (postgres, "postgresql"),
                            (registry, "registry"), (publicfiles, "public")):
        if process.known(home, component.NAME):
            continue
        if not port_is_free(home.port(name)):
            raise Failure(
                f"port {home.port(name)} ({name}) is in use by another "
                "process; stop it, or start this stack elsewhere: "
                "ops/stack --home DIR --ports auto up")


def down(home, _arguments):
    home.settings()
    with home.lock():
        programs.down(home)
        for component in (registry, publicfiles, kafka, postgres):
            if component.stop(home):
                say(f"{component.NAME} stopped")


def status(home, _arguments):
    home.settings()
    width = max(len(c.NAME) for c in COMPONENTS + (programs,))
    every = True
    for component in COMPONENTS:
        entry = process.known(home, component.NAME)
        every = every and entry is not None
        print(f"{component.NAME:<{width}}  {programs.line(entry)}  "
              f"{home.log(component.NAME)}")
    print(f"{'tokens':<{width}}  {tokens.count(home)} tokens in "
          f"{home.path('hsm')}")
    programs.print_status(home, width)
    return 0 if every else 1


def reset(home, arguments):
    home.settings()
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise Failure("reset removes all data; repeat with --yes")
        answer = input(f"Remove all data in {home.root}, keys included? "
                       "Type yes: ")
        if answer.strip() != "yes":
            raise Failure("nothing was removed")
    down(home, arguments)
    postgres.remove(home)
    for name in ("kafka", "hsm", "ca", "etc", "var", "run", "secrets", "log",
                 "stack.json"):
        path = home.path(name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
    say("all data removed")


def environment(home):
    values = {
        "CERTFLOW_HOME": home.root,
        "CERTFLOW_KAFKA": home.address("kafka"),
        "CERTFLOW_REGISTRY": registry.url(home),
        "CERTFLOW_PG": postgres.reader_uri(home),
        "CERTFLOW_PKCS11_MODULE": tokens.MODULE,
        "SOFTHSM2_CONF": tokens.configuration(home, "customer"),
    }
    for group in tokens.GROUPS:
        values[f"CERTFLOW_SOFTHSM2_CONF_{group.upper()}"] = (
            tokens.configuration(home, group))
        values[f"CERTFLOW_PIN_FILE_{group.upper()}"] = (
            tokens.pin_file(home, group))
    values["CERTFLOW_CA_DIR"] = home.path("ca")
    values["CERTFLOW_PUBLIC_URL"] = publicfiles.url(home)
    for name in programs.names():
        values[f"CERTFLOW_HEALTH_{name.upper()}"] = programs.health_url(
            home, name)
    return values


def env(home, _arguments):
    home.settings()
    for key, value in environment(home).items():
        # Quotes appear only around a directory name that needs them.
        print(f"{key}={shlex.quote(value)}")


def logs(home, arguments):
    home.settings()
    names = [arguments.name] if arguments.name else sorted(
        name[:-4] for name in os.listdir(home.path("log"))
        if name.endswith(".log"))
    for name in names:
        if not os.path.exists(home.log(name)):
            raise Failure(f"no log of {name}; there are: " + ", ".join(
                sorted(os.listdir(home.path("log")))))
        print(f"==> {home.log(name)}")
        print(process.tail(home.log(name), arguments.lines))


def deploy_all(home, _arguments):
    home.settings()
    with home.lock():
        deploy.topics_and_tables(home)
        deploy.schema_registry(home)
        programs.write_configurations(home)


def rebuild(home, arguments):
    home.settings()
    with home.lock():
        runs = programs.is_supervised(home, arguments.program)
        if runs:
            programs.control(home, "down", arguments.program)
        migrations.drop(home, REBUILT[arguments.program])
        migrations.deploy(home)
        if runs:
            programs.control(home, "up", arguments.program)


def control_programs(home, arguments):
    home.settings()
    if arguments.action == "run":
        programs.run_supervisor(home)
        return 0
    with home.lock():
        programs.control(home, arguments.action, arguments.name)
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="ops/stack", description=__doc__ + """ Kafka, PostgreSQL,
        schema registry, tokens and the programs of one directory.""")
    parser.add_argument("--home", default=os.environ.get(
        "CERTFLOW_HOME") or os.path.join(REPO, ".certflow"),
        help="directory of the stack (CERTFLOW_HOME; default .certflow)")
    parser.add_argument("--ports", metavar="BASE|auto",
                        help="first port (CERTFLOW_PORT_BASE), or free ones;"
                        " remembered from the first start on")
    commands = parser.add_subparsers(dest="command", required=True,
                                     metavar="COMMAND")
    for name, function, text in (
            ("up", up, "start everything that is not running, deploy"),
            ("down", down, "stop everything, programs too"),
            ("status", status, "one line for each component and program"),
            ("env", env, "KEY=VALUE lines for any client"),
            ("deploy", deploy_all, "topics, schemas, SQL, configuration")):
        commands.add_parser(name, help=text).set_defaults(run=function)
    sub = commands.add_parser("reset", help="stop and remove all data")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.set_defaults(run=reset)
    sub = commands.add_parser("logs", help="last lines of the logs")
    sub.add_argument("name", nargs="?")
    sub.add_argument("-n", "--lines", type=int, default=20)
    sub.set_defaults(run=logs)
    sub = commands.add_parser("rebuild", help="drop the tables of a program; "
                              "it fills them again from the topics")
    sub.add_argument("program", choices=tuple(REBUILT))
    sub.set_defaults(run=rebuild)
    sub = commands.add_parser("programs", help="the supervised programs")
    sub.add_argument("action", choices=("up", "down", "restart", "run"))
    sub.add_argument("name", nargs="?", choices=programs.names())
    sub.set_defaults(run=control_programs)
    return parser


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    arguments = _parser().parse_args()
    home = Home(arguments.home, arguments.ports)
    try:
        return arguments.run(home, arguments) or 0
    except Failure as failure:
        say(f"ops/stack: {failure}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
