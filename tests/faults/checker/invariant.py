"""What every invariant has in common: it is fed, then it judges."""


class Invariant:
    """Fed with one partition after the other; see judge.py."""

    NAME = None

    def __init__(self, evidence, schemas, report, options):
        self.evidence = evidence
        self.schemas = schemas
        self.report = report
        self.options = options

    def violate(self, rule, text, **evidence):
        self.report.violate(self.NAME, rule, text, **evidence)

    def skip(self, why):
        self.report.skip(self.NAME, why)

    def log(self, record, subject):
        """A record of the log; the subject is as it was before it."""

    def inbox(self, message):
        """A message of an inbox (inputs.Message)."""

    def outcome(self, raw, event):
        """A record of certflow.outcomes."""

    def end_partition(self, number, subjects):
        """All of a partition was seen; subjects: those folded from it."""

    def finish(self, subjects):
        """All was seen."""
