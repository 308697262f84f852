"""Feeds the evidence to the invariants, once, partition by partition."""

import dataclasses

from . import wire
from .approvals import Approvals
from .crls import Crls
from .evidence import EVENTS, OUTCOMES
from .facts import Record
from .flight import Flight
from .inputs import Inputs, Message
from .keys import Keys
from .model import ReadModel
from .orders import Orders
from .registrar_state import Registrar
from .report import Report
from .sequence import Sequence
from .serials import Serials
from .signing import Signatures
from .subject import Subject

INVARIANTS = (Sequence, Inputs, Orders, Signatures, Serials, Approvals,
              ReadModel, Registrar, Flight, Keys, Crls)


@dataclasses.dataclass
class Options:
    """What the checker is told about the run that it judges."""

    objective_us: int = 60_000_000
    rejudged: bool = False  # input offsets were lost or set back
    single_signatures: bool = False  # nothing may be signed twice
    unknown_signatures: bool = False  # others use the tokens too
    all_counted: bool = False  # all programs signed through the shim
    settled: bool = False  # left-over keys must be gone by now
    clock_slack_us: int = 0  # clocks were moved by so much
    only: tuple = ()  # names of invariants; none: all


class Judge:
    """One look at one set of evidence."""

    def __init__(self, evidence, options):
        self.evidence = evidence
        self.options = options
        self.report = Report()
        self.schemas = evidence.schemas()
        self.subjects = {}
        self._earlier = {}  # as of registrar.log_position
        self._all = [kind(evidence, self.schemas, self.report, options)
                     for kind in INVARIANTS]
        by_name = {each.NAME: each for each in self._all}
        self._orders = by_name["ORDERS"]
        by_name["FLIGHT"].orders = self._orders
        self._registrar = by_name["REGISTRAR"]
        self._records = 0

    def run(self):
        for number in range(self.evidence.partitions):
            self._partition(number)
        self._registrar.subjects = {
            tax_code: subject for tax_code, subject in
            {**self.subjects, **self._earlier}.items() if subject.sequence}
        self.report.figures["log records"] = self._records
        self.report.figures["tax codes"] = len(self.subjects)
        for each in self._all:
            each.finish(self.subjects)
        self._choose()
        return self.report

    def _choose(self):
        """Only what was asked for counts."""
        report, only = self.report, self.options.only
        skipped = {name for name, _ in report.skipped}
        report.judged = {each.NAME for each in self._all
                         if each.NAME not in skipped
                         or each.NAME in ("SIGNATURES", "READ_MODEL")}
        if only:
            report.judged &= set(only)
            report.violations = [each for each in report.violations
                                 if each.invariant in only]
            for key in [key for key in report.counts if key[0] not in only]:
                del report.counts[key]

    def _partition(self, number):
        folded = {}
        position = self.evidence.position("registrar.log_position", EVENTS,
                                          number)
        for raw in self.evidence.partition(number):
            if raw.topic == EVENTS:
                self._log(raw, folded, position)
            elif raw.topic == OUTCOMES:
                self._outcome(raw)
            else:
                message = Message(self.schemas, raw)
                for each in self._all:
                    each.inbox(message)
                message.event = None
        for each in self._all:
            each.end_partition(number, folded)

    def _log(self, raw, folded, position):
        self._records += 1
        try:
            record = Record(self.schemas, raw)
        except (wire.Unreadable, ValueError) as error:
            self.report.violate("SEQUENCE", "unreadable", str(error),
                                at=raw.at)
            return
        subject = self.subjects.get(record.tax_code)
        if subject is None:
            subject = Subject(record.tax_code, raw.partition,
                              self._orders.complain)
            self.subjects[record.tax_code] = subject
        folded[record.tax_code] = subject
        if (position is not None and raw.offset >= position
                and record.tax_code not in self._earlier):
            self._earlier[record.tax_code] = subject.copy()
        for each in self._all:
            each.log(record, subject)
        subject.fold(record)

    def _outcome(self, raw):
        try:
            _, writer, body = self.schemas.open(raw.value)
            event = writer.read(body)
        except wire.Unreadable as error:
            self.report.violate("INPUTS", "outcome_unreadable", str(error),
                                at=raw.at)
            return
        for each in self._all:
            each.outcome(raw, event)
