"""Poison and flood: everything bad at once, and good traffic behind it.

A stack of its own, every inbox filled with messages that nobody should send,
a burst of good events among them, one tax code with thousands of events, and
at last octets on the log itself that are no event. See ops/docs/faults.md.
"""

import argparse
import os
import random
import sys
import threading
import time
import uuid

from good import Portals, Wire, key_pair_requested, sample
from patience import Missing, until
from poison import INBOXES, Poison, tax_codes
from world import World, peak

MIB = 1024 * 1024
# They fold the whole log and end where it cannot be read.
WHOLE_LOG = ("crl", "ocsp")
LIMITS = {"registrar": 128 * MIB}  # resident, at any time
LIMIT = 64 * MIB                   # of every other program
TICKS = os.sysconf("SC_CLK_TCK")
WORKERS = 3                        # read the whole log, as the projector


class Flood:
    """One run. Every method is one part of it and asserts what must hold."""

    def __init__(self, world, seed, say):
        self.world, self.say = world, say
        self.wire = Wire(world.bootstrap())
        self.portals = Portals(world.bootstrap(), self.wire)
        self.random = random.Random(seed)
        self.poison = Poison(
            seed, world.build, self.wire.ids,
            lambda inbox, code, event_id: sample(
                self.wire, INBOXES[0] if inbox == "misrouted" else inbox,
                code, event_id), 12)
        self.codes = iter(tax_codes(random.Random(seed + 1), 20000))
        self.sent = []
        self.is_small = "asan" not in os.path.basename(world.build)

    def close(self):
        self.portals.close()

    def some_codes(self, count):
        return [next(self.codes) for _ in range(count)]

    # ---- parts --------------------------------------------------------------

    def good(self, count, what):
        begin = time.monotonic()
        self.portals.journeys(self.some_codes(count), 300)
        self.say(f"{what}: {count} journeys from key pair to active "
                 f"certificate in {time.monotonic() - begin:.1f} s")

    def flood(self, each, burst_size):
        """Poison into every inbox, a burst of good events in its midst."""
        begin = time.monotonic()
        before = len(self.portals.fates)
        burst = threading.Thread(target=self._burst, args=(burst_size,),
                                 daemon=True)
        for number, inbox in enumerate((*INBOXES, "misrouted")):
            if number == 3:
                burst.start()
            for message in self.poison.messages(inbox, each):
                self._send(inbox, message)
        self.portals.flush()
        published = time.monotonic() - begin
        burst.join()
        if self._failure:
            raise self._failure
        self.decided()
        taken = time.monotonic() - begin
        count = len(self.portals.fates) - before
        self.say(f"{len(self.sent)} bad messages, published in "
                 f"{published:.1f} s, each decided after {taken:.1f} s: "
                 f"{count / taken:.0f} a second")

    _failure = None

    def _burst(self, size):
        """So many customers ask for a key pair at once."""
        portals = Portals(self.world.bootstrap(), self.wire)
        try:
            codes = self.some_codes(size)
            begin = time.monotonic()
            events = [key_pair_requested(code, self.new_id())
                      for code in codes]
            portals.publish([("einvoice", "KeyPairRequested", event)
                             for event in events], 600)
            portals.wait_logged("CsrGenerated", [
                event["enrolment_id"] for event in events], 600)
            self.say(f"burst: {len(events)} key pairs made amid it in "
                     f"{time.monotonic() - begin:.1f} s")
        except Exception as error:
            self._failure = error
        finally:
            portals.close()

    def new_id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _send(self, inbox, message):
        def delivered(place):
            headers = dict(message.headers or ())
            source = headers.get("certflow-source") or b""
            if inbox == "misrouted" and source.startswith(
                    b"certflow.inbox."):
                topic, partition, offset = source.decode().split("/")
                place = (topic, int(partition), int(offset))
            self.sent.append(place)
        self.portals.send(inbox, message.key, message.value, message.headers,
                          message.partition, delivered)

    def decided(self):
        """Every message has a final outcome, those that waited too."""
        fates = self.portals.fates

        def missing():
            return sum(place not in fates for place in self.sent)
        until(lambda: missing() == 0, 900, lambda: f"{missing()} of "
              f"{len(self.sent)} messages have no outcome", 0.2)

    def account(self):
        """Admitted, refused or dead: nothing is missing, nothing twice."""
        fates, dead = self.portals.fates, self.portals.dead
        places = set(self.sent)
        assert len(places) == len(self.sent), "two messages of one place"
        told = [fates[place][0] for place in places]
        admitted, refused = told.count("ADMITTED"), told.count("REFUSED")
        buried = [place for place in dead if place in places]
        for place in buried:
            assert fates.get(place, ("",))[0] == "REFUSED", place
        self.say(f"{len(places)} messages = {admitted} admitted + {refused} "
                 f"refused, {len(buried)} of them dead letters; "
                 f"{self.portals.deferred} deferrals")
        assert self.portals.twice == 0, f"{self.portals.twice} told twice"
        assert admitted + refused == len(places)
        return len(buried)

    def one_tax_code(self, count):
        """Thousands of events of one tax code: the last ones cost what the
        first ones did. Nearly all are refused: the limits see to that."""
        code, step = self.some_codes(1)[0], max(count // 10, 1)
        enrolment = self.new_id()
        costs = []
        for _ in range(10):
            places, begin = [], self.cpu("registrar")
            for _ in range(step):
                event = key_pair_requested(code, enrolment)
                self.portals.send(
                    "einvoice", code,
                    self.wire.encode("KeyPairRequested", event),
                    then=places.append)
            self.portals.flush()
            until(lambda: all(place in self.portals.fates
                              for place in places), 300, "no outcome")
            costs.append((self.cpu("registrar") - begin) / step * 1e6)
        self.say(f"one tax code, {10 * step} events: {costs[0]:.0f} µs of "
                 f"CPU each for the first tenth, {costs[-1]:.0f} µs for the "
                 "last")
        assert min(costs[-3:]) < 3 * max(costs[1], 50), costs

    def cpu(self, program):
        """Seconds of CPU that it has used."""
        with open(f"/proc/{self.world.pid(program)}/stat",
                  encoding="ascii") as stream:
            fields = stream.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def octets_on_the_log(self):
        """What is no event, where only events may stand. Workers and
        projector go past it; the registrar, which folds the log when it
        starts, does not build on a damaged one. A schema that nobody knows
        is another thing: a newer version's, and they end."""
        octets = [b"", b"\0", None, b"\1" + self.random.randbytes(300),
                  bytes(100 * 1024),
                  *(self.poison.framed_noise(None).value for _ in range(50)),
                  # An event, but nobody gave it a number.
                  sample(self.wire, "manager", self.some_codes(1)[0],
                         self.new_id())]
        places = [self._on_the_log(number % 12, value)
                  for number, value in enumerate(octets)]
        until(lambda: set(places) <= self._buried(), 120, lambda:
              "the projector has no dead letter for "
              f"{sorted(set(places) - self._buried())}\n"
              + self.world.tail("projector"))
        # All that cannot be decoded; the last one can.
        until(lambda: all(self.portals.dead.get(place, 0) == WORKERS
                          for place in places[:-1]), 120, lambda: "dead "
              "letters of workers: " + str([
                  self.portals.dead.get(place, 0) for place in places]))
        self.say(f"{len(octets)} records on the log that are no event: a "
                 "dead letter of each worker, a row of the projector")

    def _buried(self):
        return set(self.world.sql(
            "SELECT topic, partition, record_offset "
            "FROM read_model.dead_letter"))

    def _on_the_log(self, partition, value):
        found = []
        self.portals.send_to("certflow.events", b"0199000112", value,
                             partition=partition, then=found.append)
        self.portals.flush()
        return found[0]

    def damaged_log_stops_status(self):
        """What says which certificates are good must know the whole log."""
        until(lambda: self.world.states()["ocsp"]["restarts"] >= 2, 60,
              "the responder does not end on a damaged log")
        tail = self.world.tail("ocsp", 60)
        assert "bytes that are no event" in tail, tail

    def damaged_log_stops_the_registrar(self):
        """One that runs, or begins behind them, does not see them; one
        that builds its state from the whole log does."""
        self.world.stop("registrar")
        self.world.stack("rebuild", "registrar")
        try:
            self.world.start_program("registrar")
        except Missing:
            pass  # it does not become ready
        until(lambda: self.world.states()["registrar"]["restarts"] >= 2, 60,
              "the registrar does not end on a damaged log")
        assert not self.world.is_ready("registrar")
        tail = self.world.tail("registrar", 60)
        assert "NOT_WIRE_FORMAT" in tail or "fatal" in tail, tail
        self.say("a registrar that folds such a log ends with an error")

    def healthy(self, but=()):
        """Nobody ended, nobody is larger than allowed."""
        for name in self.world.programs():
            if name in but:
                continue
            entry = self.world.states()[name]
            assert entry["restarts"] == 0, f"{name}: {entry}"
            size = peak(self.world.pid(name))
            self.say(f"{name}: at most {size / MIB:.1f} MiB resident")
            if self.is_small:
                assert size <= LIMITS.get(name, LIMIT), name


def run(messages, seed, journeys, events, burst, build=None, say=print):
    """messages: for each inbox; events: of the one tax code."""
    options = {"build": build} if build else {}
    # What waits for something that never comes is refused soon.
    options["settings"] = {"registrar": {"deferral_ttl": "20s"}}
    with World(**options) as world:
        world.start()
        world.wait_ready()
        flood = Flood(world, seed, say)
        try:
            flood.good(journeys, "before")
            flood.flood(messages, burst)
            flood.good(journeys, "behind")
            dead = flood.account()
            assert dead >= min(1000, messages), f"{dead} dead letters"
            flood.one_tax_code(events)
            flood.healthy()
            flood.octets_on_the_log()
            flood.good(journeys, "at the end")
            flood.healthy(but=WHOLE_LOG)
            flood.damaged_log_stops_status()
            flood.damaged_log_stops_the_registrar()
        finally:
            flood.close()


def main():
    parser = argparse.ArgumentParser(prog="tests/faults/flood",
                                     description=__doc__)
    parser.add_argument("--messages", type=int, default=100000,
                        help="into each of the seven inboxes")
    parser.add_argument("--events", type=int, default=10000,
                        help="of one tax code")
    parser.add_argument("--journeys", type=int, default=20,
                        help="before, behind and at the end")
    parser.add_argument("--burst", type=int, default=500,
                        help="key pairs asked for at once: fifty times ten "
                        "a second")
    parser.add_argument("--seed", type=int,
                        default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    run(options.messages, options.seed, options.journeys, options.events,
        options.burst, say=lambda text: print(text, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
