"""FLIGHT: once faults have stopped, nothing stays under way."""

from .evidence import EVENTS, PERSONAL
from .facts import place_text
from .invariant import Invariant


class Flight(Invariant):
    """No input, order, deferral or position lags behind for longer than
    the objective."""

    NAME = "FLIGHT"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.orders = None  # the invariant ORDERS, which knows them
        self._old = self.evidence.now_us - self.options.objective_us
        self._stuck = {}    # logical source: Message
        self._told = set()
        self._behind = {}

    def inbox(self, message):
        topic, partition, offset = message.place
        passed = self.evidence.committed.get((topic, partition), 0)
        if offset >= passed and message.time_us < self._old:
            self._stuck[message.logical] = message

    def outcome(self, raw, event):
        if self._stuck:
            source = event["source"]
            self._told.add((source["topic"], source["partition"],
                            source["offset"]))

    def log(self, record, subject):
        for table in ("read_model.log_position", "registrar.log_position"):
            position = self.evidence.position(table, EVENTS,
                                              record.partition)
            if (position is not None and record.offset >= position
                    and record.time_us < self._old):
                self._behind.setdefault((table, record.partition),
                                        (position, record.at,
                                         record.time_us))

    def end_partition(self, number, subjects):
        for place, message in self._stuck.items():
            if place not in self._told:
                self.violate("inbox", "waits to be judged",
                             age_s=self._age(message.time_us),
                             **message.where())
        self._stuck, self._told = {}, set()

    def _age(self, time_us):
        return round((self.evidence.now_us - time_us) / 1e6, 1)

    def finish(self, subjects):
        for (table, partition), (position, at, time_us) in sorted(
                self._behind.items()):
            self.violate("position", f"{table} stands at {position}",
                         partition=partition, first_missing=at,
                         age_s=self._age(time_us))
        self._personal()
        for order in self.orders.orders.values():
            if order.open and order.record[4] < self._old:
                self.violate("order", "waits for its outcome",
                             age_s=self._age(order.record[4]),
                             **order.where())
        for subject in subjects.values():
            for waiting in subject.waiting.values():
                if waiting["deadline"] < self._old:
                    self.violate("deferral", "its time is over, and it was "
                                 "not refused", tax_code=subject.tax_code,
                                 event=waiting["event_name"],
                                 source=place_text(tuple(
                                     waiting["source"].values())))

    def _personal(self):
        for raw in self.evidence.topic(PERSONAL):
            position = self.evidence.position("read_model.log_position",
                                              PERSONAL, raw.partition)
            if (position is not None and raw.offset >= position
                    and raw.time_us < self._old):
                self.violate("position", "read_model.log_position stands at "
                             f"{position}", partition=raw.partition,
                             first_missing=raw.at,
                             age_s=self._age(raw.time_us))
                return
