"""SEQUENCE: the log of each tax code counts 1, 2, 3 …"""

from . import wire
from .invariant import Invariant


class Sequence(Invariant):
    """Per tax code gapless from 1, in log order, in the one right
    partition, and nothing twice."""

    NAME = "SEQUENCE"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._last = {}

    def log(self, record, subject):
        if record.key != record.tax_code.encode():
            self.violate("key", f"the record's key is {record.key!r}",
                         **record.where())
        right = wire.partition_of(record.tax_code.encode(),
                                  self.evidence.partitions)
        if record.partition != right:
            self.violate("partition", f"belongs into partition {right}",
                         **record.where())
        if record.sequence is None or record.recorded_at is None:
            self.violate("unnumbered", "meta.sequence or meta.recorded_at "
                         "is null", **record.where())
            return
        self._count(record)

    def _count(self, record):
        last, place, event_id = self._last.get(record.tax_code,
                                               (0, None, None))
        if record.sequence == last + 1:
            pass
        elif record.sequence == last and record.event_id == event_id:
            self.violate("duplicate", "the same event stands twice on the "
                         "log", first=place, **record.where())
        elif record.sequence <= last:
            self.violate("conflict", f"number {record.sequence} after "
                         f"{last}: two events claim it, or the order is "
                         "wrong", previous=place, **record.where())
        else:
            self.violate("gap", f"number {record.sequence} after {last}",
                         previous=place, **record.where())
        self._last[record.tax_code] = (max(record.sequence, last), record.at,
                                       record.event_id)
