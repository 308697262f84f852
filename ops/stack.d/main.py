"""ops/stack: the command line."""

import argparse
import os
import shlex
import shutil
import signal
import sys
import time

import components
import deploy
import kafka
import migrations
import postgres
import process
import programs
import publicfiles
import rebuild as rebuilding
import registry
import responder
import tokens
import transactions
from home import INSTANCES_MAX, REPO, Failure, Home, say


def up(home, arguments):
    begin = time.monotonic()
    home.create()
    with home.lock():
        _choose_instances(home, arguments)
        components.check_ports(home)
        kafka.prepare(home)
        for name in kafka.names(home):
            kafka.start(home, name)
        postgres.start(home)
        publicfiles.start(home)
        tokens.create(home)
        postgres.wait(home)
        registry.start(home)
        publicfiles.wait(home)
        for name in kafka.names(home):
            kafka.wait(home, name)
        deploy.topics_and_tables(home)
        registry.wait(home)
        deploy.schema_registry(home)
        programs.write_configurations(home)
        programs.resume(home)
    say(f"stack is up after {time.monotonic() - begin:.1f} s "
        f"in {home.root}")


def _choose_instances(home, arguments):
    if arguments.instances is not None:
        home.remember("instances", arguments.instances)


def down(home, _arguments):
    home.settings()
    with home.lock():
        programs.down(home)
        rebuilding.end(home)
        for component in components.in_stop_order(home):
            if component.stop():
                say(f"{component.name} stopped")


def control_component(home, arguments):
    home.settings()
    with home.lock():
        if not components.control(home, arguments.action, arguments.name):
            say(f"{arguments.name} was "
                + ("running" if arguments.action == "start" else "stopped"))


def status(home, _arguments):
    home.settings()
    names = [component.name for component in components.every(home)]
    width = max(map(len, (*names, *programs.names(home))))
    every = True
    for name in names:
        entry = process.known(home, name)
        every = every and entry is not None
        print(f"{name:<{width}}  {programs.line(entry)}  {home.log(name)}")
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
    for name in (*kafka.names(home), "hsm", "ca", "etc", "var", "run",
                 "secrets", "log", "stack.json"):
        path = home.path(name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
    say("all data removed")


def environment(home):
    values = {
        "CERTFLOW_HOME": home.root,
        "CERTFLOW_KAFKA": kafka.bootstrap(home),
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
    values["CERTFLOW_CRL_ARCHIVE"] = programs.crl_archive(home)
    values["CERTFLOW_PUBLIC_URL"] = publicfiles.url(home)
    values["CERTFLOW_OCSP_URL"] = responder.url(home)
    for name in programs.names(home):
        key = name.upper().replace("-", "_")
        values[f"CERTFLOW_HEALTH_{key}"] = programs.health_url(home, name)
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
        rebuilding.run(home, arguments.program)


def open_transactions(home, arguments):
    home.settings()
    return 0 if transactions.run(home, arguments.abort_hanging) else 1


def control_programs(home, arguments):
    home.settings()
    if arguments.action == "run":
        programs.run_supervisor(home)
        return 0
    with home.lock():
        _choose_instances(home, arguments)
        programs.control(home, arguments.action,
                         (arguments.name,) if arguments.name else ())
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
    parser.add_argument("--brokers", type=int, choices=(1, 3),
                        help="how many; chosen at the first start")
    parser.add_argument("--route-programs", action="store_true",
                        help="programs reach Kafka, PostgreSQL and registry "
                        "through other ports; chosen at the first start")
    commands = parser.add_subparsers(dest="command", required=True,
                                     metavar="COMMAND")
    instances = argparse.ArgumentParser(add_help=False)
    instances.add_argument("--instances", type=int, metavar="N",
                           choices=range(1, INSTANCES_MAX + 1),
                           help="of each program; remembered")
    sub = commands.add_parser("up", parents=[instances], help="start "
                              "everything that is not running, deploy")
    sub.set_defaults(run=up)
    for name, function, text in (
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
    sub = commands.add_parser("rebuild", help="make the tables of a program "
                              "anew from the topics")
    sub.add_argument("program", choices=tuple(rebuilding.REBUILT))
    sub.set_defaults(run=rebuild)
    sub = commands.add_parser("transactions", help="which are open, and "
                              "which will never end")
    sub.add_argument("--abort-hanging", action="store_true",
                     help="end those that will never end")
    sub.set_defaults(run=open_transactions)
    sub = commands.add_parser("component", help="one of Kafka, PostgreSQL, "
                              "registry, public files")
    sub.add_argument("action", choices=("start", "stop", "kill"))
    sub.add_argument("name")
    sub.set_defaults(run=control_component)
    sub = commands.add_parser("programs", parents=[instances],
                              help="the supervised programs")
    sub.add_argument("action", choices=("up", "down", "restart", "run"))
    sub.add_argument("name", nargs="?")
    sub.set_defaults(run=control_programs)
    return parser


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    arguments = _parser().parse_args()
    home = Home(arguments.home, arguments.ports, arguments.brokers,
                arguments.route_programs)
    try:
        return arguments.run(home, arguments) or 0
    except Failure as failure:
        say(f"ops/stack: {failure}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
