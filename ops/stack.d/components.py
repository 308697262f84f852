"""What a stack consists of beside the programs, in the order of starting."""

import functools
import typing

import kafka
import postgres
import process
import publicfiles
import registry
from home import Failure, port_is_free


class Component(typing.NamedTuple):
    """One process of the stack. start() returns at once, wait() when it
    serves, stop() says whether it ran."""

    name: str
    start: typing.Callable
    wait: typing.Callable
    stop: typing.Callable


def _broker(home, name):
    return Component(name, *(functools.partial(function, home, name)
                             for function in (kafka.start, kafka.wait,
                                              kafka.stop)))


def _module(home, module):
    return Component(module.NAME, *(functools.partial(function, home)
                                    for function in (module.start,
                                                     module.wait,
                                                     module.stop)))


def every(home):
    return [*(_broker(home, name) for name in kafka.names(home)),
            *(_module(home, module)
              for module in (postgres, registry, publicfiles))]


def in_stop_order(home):
    """Each before what it needs; the brokers are asked together, because
    the last ones cannot agree on anything any more."""
    yield from (find(home, name) for name in (registry.NAME,
                                              publicfiles.NAME))
    kafka.ask_all_to_end(home)
    yield from (find(home, name) for name in (*kafka.names(home),
                                              postgres.NAME))


def find(home, name):
    for component in every(home):
        if component.name == name:
            return component
    raise Failure(f"no component {name}; there are: "
                  + ", ".join(each.name for each in every(home)))


def check_ports(home):
    for component in every(home):
        if process.known(home, component.name):
            continue
        if not port_is_free(home.port(component.name)):
            raise Failure(
                f"port {home.port(component.name)} ({component.name}) is in "
                "use by another process; stop it, or start this stack "
                "elsewhere: ops/stack --home DIR --ports auto up")


def control(home, action, name):
    """Start, stop or kill one of them, and wait until it is so."""
    component = find(home, name)
    if action == "stop":
        return component.stop()
    if action == "kill":
        return process.kill(home, name)
    if process.known(home, name):
        return False
    check_ports(home)
    component.start()
    component.wait()
    return True
