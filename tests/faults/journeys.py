#!/usr/bin/python3 -B
"""Open-loop load of whole journeys on a running stack.

Journeys begin at a steady rate, whatever happens to those before them; each
is driven on by what stands in certflow.outcomes and on the log, and knows
what must come of it. The driver itself outlives outages of the broker: what
was not acknowledged is published again, which the registrar must notice as a
repeat.

Alone, on a stack that runs:  journeys.py --rate 10 --seconds 60
"""

import argparse
import array
import bisect
import collections
import heapq
import json
import os
import random
import sys
import threading
import time
import traceback

import parts_path  # noqa: F401  where fastavro is
import acts
import scripts
import wire
from confluent_kafka import (Consumer, KafkaError, KafkaException, Producer,
                             TopicPartition)

LOG, OUTCOMES = "certflow.events", "certflow.outcomes"
WRITE = {"partitioner": "murmur2_random", "acks": "all",
         "enable.idempotence": True, "message.timeout.ms": 0,
         "linger.ms": 2, "reconnect.backoff.max.ms": 1000, "log_level": 0}
# By which member a record of the log is awaited.
AWAITED = {"CsrGenerated": "enrolment_id", "KeyPairFailed": "enrolment_id",
           "EnrolmentAbandoned": "enrolment_id",
           "KeyPairDestroyed": "enrolment_id",
           "CertificateIssued": "request_id", "IssuanceFailed": "request_id",
           "CertificateActivated": "serial_number",
           "ActivationFailed": "serial_number",
           "CertificateDeactivated": "serial_number",
           "CertificateSuspended": "serial_number",
           "CertificateResumed": "serial_number",
           "CertificateRevoked": "serial_number",
           "ActivationOrdered": "serial_number", "EventRefused": None}
FLOWS = ("admitted", "issued", "made", "activated", "projected")
FLOW_OF = {"CertificateIssued": "issued", "CsrGenerated": "made",
           "CertificateActivated": "activated"}
# What a registrar whose clock jumped may rightly say.
CLOCK_CODES = {"CA_NOT_VALID", "CERTIFICATE_NOT_GOOD", "DEFERRED_TOO_LONG",
               "PRODUCT_NOT_IN_FORCE"}


class Flow:
    """When something came, so that gaps can be looked up afterwards."""

    def __init__(self):
        self.times = array.array("d")
        self.asked = 0.0

    def note(self, moment, asked=0.0):
        """asked: when what is answered by it was published."""
        self.times.append(moment)
        self.asked = max(self.asked, asked)

    def since(self, moment):
        """Was something answered that was asked after this moment?"""
        return self.asked > moment

    def longest_gap(self, begin, end):
        """The longest time without, of those that touch begin..end."""
        first = max(bisect.bisect_left(self.times, begin) - 1, 0)
        last = bisect.bisect_right(self.times, end) + 1
        seen = self.times[first:last]
        if not seen:
            return end - begin
        edges = list(seen)
        if edges[0] > begin:
            edges.insert(0, begin)
        if edges[-1] < end:
            edges.append(end)
        return max((b - a for a, b in zip(edges, edges[1:])), default=0.0)


def _is_fatal(error):
    """produce() says so by the code alone."""
    return error.fatal() or error.code() == KafkaError._FATAL


class Journey:
    """One journey: a script that waits for records, and their mailbox."""

    def __init__(self, driver, number, kind, subscriber):
        self.driver, self.number, self.kind = driver, number, kind
        self.subscriber = subscriber
        self.tax_code = subscriber.tax_code if subscriber else "-"
        self.begun = time.monotonic()
        self.mail, self.keys, self.waiting = {}, [], ()
        self.script = None
        self.step, self.asked_at = "begin", self.begun

    def expect(self, *keys):
        """Collect what comes for these keys, from now on."""
        for key in keys:
            if key not in self.mail:
                self.mail[key] = collections.deque()
                self.keys.append(key)
                self.driver.table[key] = self

    def take(self):
        """What the script waits for, if it has come: (key, record)."""
        for key in self.waiting:
            if self.mail[key]:
                return key, self.mail[key].popleft()
        return None


class Driver(threading.Thread):
    """Starts journeys, publishes for them, hands them what comes."""

    def __init__(self, bootstrap, rate, seed, weights=None, personal=True,
                 unsaved_ttl=86400.0, most=4000):
        super().__init__(name="journeys", daemon=True)
        self.bootstrap, self.rate, self.most = bootstrap, rate, most
        self.personal, self.unsaved_ttl = personal, unsaved_ttl
        self.random = random.Random(seed)
        self.kinds = scripts.kinds(weights)
        self.wire = wire.Wire(bootstrap)
        self.codes = acts.tax_codes()
        self.free, self.keys = [], collections.deque(maxlen=200)
        self.table, self.open = {}, {}
        self.timers, self.counts = [], collections.Counter()
        self.by_kind = collections.Counter()
        self.times = collections.defaultdict(lambda: array.array("d"))
        self.flows = {name: Flow() for name in FLOWS}
        self.finals, self.issued = {}, {}
        self.violations, self.ended_by_clock = [], []
        self.clock_moved = 0.0
        self.unacknowledged, self.broken = {}, None
        self._sent = self._timer = 0
        self._bursts = collections.Counter()
        self._starting = self._ending = False
        self.crash, self.latest = None, None
        self.places = collections.OrderedDict()
        self.producer = self._new_producer()
        self.consumer = self._new_consumer()

    # ---- what the harness asks for ----

    def begin(self):
        self._starting = True
        if not self.is_alive():
            self.start()

    def hold(self):
        """No new journeys."""
        self._starting = False

    def burst(self, count, kind=None):
        """So many journeys at once; None: of all kinds."""
        self._bursts[kind] += count

    def clock_jumped(self):
        """From now on some refusals may be the clock's doing."""
        self.clock_moved = time.monotonic()

    def finish(self, seconds):
        """Let all journeys end; those that do not are stuck."""
        self.hold()
        end = time.monotonic() + seconds
        while self.open and time.monotonic() < end and self.is_alive():
            time.sleep(0.1)
        return list(self.open.values())

    def close(self):
        self._ending = True
        self.join(20)
        self.consumer.close()

    # ---- Kafka ----

    def _new_producer(self):
        return Producer({**WRITE, "bootstrap.servers": self.bootstrap,
                         "error_cb": self._on_error})

    def _new_consumer(self):
        consumer = Consumer({**wire.READ, "group.id": "harness-journeys",
                             "bootstrap.servers": self.bootstrap,
                             "auto.offset.reset": "error"})
        # Read on from the ends as they are now, before anything is sent.
        ends = []
        for topic in (LOG, OUTCOMES):
            for number in wire.partitions(consumer, topic):
                _, high = consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=20)
                ends.append(TopicPartition(topic, number, high))
        consumer.assign(ends)
        return consumer

    def _on_error(self, error):
        if _is_fatal(error):
            self.broken = error

    def produce(self, topic, key, value, partition=None, then=None):
        """Publish until it is acknowledged; then(place)."""
        self._sent += 1
        entry = (topic, key, value, partition, then)
        self.unacknowledged[self._sent] = entry
        self._produce(self._sent, entry)

    def _produce(self, number, entry):
        topic, key, value, partition, _ = entry
        options = {} if partition is None else {"partition": partition}

        def delivered(error, message):
            self._delivered(number, error, message)

        while True:
            try:
                self.producer.produce(topic, key=key, value=value,
                                      on_delivery=delivered, **options)
                return
            except BufferError:
                self._serve(0.1)
                if self.broken:
                    return  # published again by the next producer
            except KafkaException as error:
                if not _is_fatal(error.args[0]):
                    raise
                self.broken = error.args[0]
                return

    def _delivered(self, number, error, message):
        entry = self.unacknowledged.get(number)
        if entry is None:
            return
        if error is not None:
            if self.broken is None:
                self.counts["published again"] += 1
                self._produce(number, entry)
            return
        del self.unacknowledged[number]
        if entry[4] is not None:
            entry[4]((message.topic(), message.partition(),
                      message.offset()))

    def _serve(self, seconds):
        """Delivery reports. A fatal error, e.g. a sequence that broker and
        client count differently after a kill, is the end of a producer."""
        try:
            self.producer.poll(seconds)
        except KafkaException as error:
            if not _is_fatal(error.args[0]):
                raise
            self.broken = error.args[0]

    def _mend_producer(self):
        """A fatal error: everything not acknowledged once more."""
        self.counts["producers renewed"] += 1
        self.broken = None
        self.producer = self._new_producer()
        for number, entry in sorted(self.unacknowledged.items()):
            self.counts["published again"] += 1
            self._produce(number, entry)

    # ---- the loop ----

    def run(self):
        try:
            self._run()
        except Exception:  # the harness must see it, not lose it
            self.crash = traceback.format_exc()
            print(self.crash, file=sys.stderr, flush=True)

    def _run(self):
        due = time.monotonic()
        while not self._ending:
            now = time.monotonic()
            if not self._starting:
                due = now
            while self._starting and due <= now:
                due += 1.0 / self.rate
                self._start_one()
            for kind, count in list(self._bursts.items()):
                self._bursts[kind] -= count
                for _ in range(count):
                    self._start_one(kind)
            self._run_timers(now)
            self._serve(0)
            if self.broken:
                self._mend_producer()
            for message in self.consumer.consume(500, timeout=0.05):
                self._receive(message)

    def _start_one(self, kind=None):
        if len(self.open) >= self.most:
            self.counts["held back"] += 1
            return
        if kind:
            script, _, reuse = scripts.KINDS[kind]
        else:
            kind, script, reuse = self.random.choices(
                self.kinds[0], cum_weights=self.kinds[1])[0]
        subscriber = None
        if reuse and self.free and self.random.random() < 0.3:
            place = self.random.randrange(len(self.free))
            self.free[place], self.free[-1] = self.free[-1], self.free[place]
            subscriber = self.free.pop()
        subscriber = subscriber or acts.Subscriber(next(self.codes))
        self.counts["started"] += 1
        journey = Journey(self, self.counts["started"], kind, subscriber)
        self.open[journey.number] = journey
        journey.script = script(scripts.Acts(journey))
        self._go_on(journey, None)

    def _go_on(self, journey, answer):
        """Run the script until it waits for what has not come yet."""
        try:
            while True:
                wanted = journey.script.send(answer)
                if isinstance(wanted, float):
                    self._timer += 1
                    heapq.heappush(self.timers, (time.monotonic() + wanted,
                                                 self._timer, journey))
                    journey.waiting = ()
                    return
                journey.expect(*wanted)
                journey.waiting = wanted
                answer = journey.take()
                if answer is None:
                    return
        except StopIteration:
            self._end(journey, "done")
        except scripts.Unexpected as problem:
            self._unexpected(journey, problem)

    def _unexpected(self, journey, problem):
        text = (f"journey {journey.number} ({journey.kind}, "
                f"{journey.tax_code}): {problem}")
        if (problem.code in CLOCK_CODES
                and self.clock_moved > journey.begun - 3700):
            self.ended_by_clock.append(text)
            self._end(journey, "ended by the clock")
        else:
            self.violation(text)
            self._end(journey, "failed")

    def violation(self, text):
        self.violations.append(text)
        print(f"VIOLATION: {text}", file=sys.stderr, flush=True)

    def _end(self, journey, how):
        journey.script.close()
        for key in journey.keys:
            self.table.pop(key, None)
            if key[0] == "outcome":
                self.finals.pop(key[1], None)
        del self.open[journey.number]
        self.counts[how] += 1
        self.by_kind[f"{journey.kind}: {how}"] += 1
        if how == "done":
            self.times["journey"].append(time.monotonic() - journey.begun)
            if journey.subscriber.known and journey.subscriber.requests < 60:
                self.free.append(journey.subscriber)

    def _run_timers(self, now):
        while self.timers and self.timers[0][0] <= now:
            journey = heapq.heappop(self.timers)[2]
            if journey.number in self.open:
                self._go_on(journey, None)

    # ---- what comes ----

    def _receive(self, message):
        if message.error():
            if not message.error().retriable():
                self.counts[f"consumer: {message.error().name()}"] += 1
            return
        now = time.monotonic()
        if message.topic() == OUTCOMES:
            _, record = self.wire.decode(message.value())
            self._outcome(record, now)
            return
        kind = self._kind(message)
        if kind in AWAITED:
            _, record = self.wire.decode(message.value())
            self._logged(kind, record, now)

    @staticmethod
    def _kind(message):
        for name, value in message.headers() or ():
            if name == "ce_type":
                return value.decode().removeprefix(wire.PREFIX)
        return None

    def _outcome(self, record, now):
        if record["result"] == "ADMITTED":
            journey = self.table.get(("outcome", record["event_id"]))
            self.flows["admitted"].note(now,
                                        journey.asked_at if journey else 0)
        source = record["source"]
        place = (source["topic"], source["partition"], source["offset"])
        if record["event_id"] is None:
            key = ("place", place)
            if key not in self.table:  # perhaps not yet acknowledged
                self.places[place] = record
                if len(self.places) > 10000:
                    self.places.popitem(last=False)
                return
        else:
            key = ("outcome", record["event_id"])
            self._compare(record)
        self._deliver(key, record)

    def _compare(self, record):
        """An event is told one fate, however often it is told."""
        if (record["result"] == "DEFERRED"
                or ("outcome", record["event_id"]) not in self.table
                or record["code"] == "EVENT_ID_CONFLICT"):
            return
        fate = (record["result"], record["code"], record["sequence"])
        first = self.finals.setdefault(record["event_id"], fate)
        if first != fate:
            self.violation(f"event {record['event_id']} was told two fates: "
                           f"{first} and {fate}")

    def _logged(self, kind, record, now):
        member = AWAITED[kind]
        key = (kind, record[member] if member
               else record["meta"]["causation_id"])
        journey = self.table.get(key)
        asked = journey.asked_at if journey else 0
        if kind in FLOW_OF:
            self.flows[FLOW_OF[kind]].note(now, asked)
        if kind == "CertificateIssued":
            request, serial = record["request_id"], record["serial_number"]
            self.latest = (serial, asked)
            if request in self.issued:
                self.violation(f"request {request} has two certificates: "
                               f"{self.issued[request]} and {serial}")
            self.issued[request] = serial
        self._deliver(key, record)

    def _deliver(self, key, record):
        journey = self.table.get(key)
        if journey is None:
            return
        journey.mail[key].append(record)
        if key in journey.waiting:
            journey.waiting = ()
            self._go_on(journey, (key, journey.mail[key].popleft()))

    # ---- what came of it ----

    def summary(self):
        steps = {}
        for name, times in sorted(self.times.items()):
            ordered = sorted(times)
            steps[name] = {"count": len(ordered)} | {
                f"p{share}": round(ordered[min(
                    len(ordered) - 1, len(ordered) * share // 100)], 3)
                for share in (50, 90, 99)} | {"max": round(ordered[-1], 3)}
        return {"counts": dict(self.counts), "kinds": dict(self.by_kind),
                "steps": steps, "violations": list(self.violations),
                "ended_by_clock": list(self.ended_by_clock),
                "certificates": len(self.issued)}


def describe(journey):
    waiting = ", ".join(f"{key[0]} {key[1]}" for key in journey.waiting)
    return (f"journey {journey.number} ({journey.kind}, {journey.tax_code}) "
            f"at {journey.step} for {time.monotonic() - journey.begun:.0f} s,"
            f" waits for {waiting or 'a timer'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unsaved-ttl", type=float, default=86400.0)
    arguments = parser.parse_args()
    driver = Driver(os.environ["CERTFLOW_KAFKA"], arguments.rate,
                    arguments.seed, unsaved_ttl=arguments.unsaved_ttl)
    driver.begin()
    time.sleep(arguments.seconds)
    stuck = driver.finish(60)
    driver.close()
    print(json.dumps(driver.summary(), indent=1, ensure_ascii=False))
    for journey in stuck:
        print("STUCK:", describe(journey))
    return 1 if stuck or driver.violations or driver.crash else 0


if __name__ == "__main__":
    sys.exit(main())
