"""What the checker found, for people and for programs."""

import collections
import json

NAMES = ("SEQUENCE", "INPUTS", "ORDERS", "SIGNATURES", "SERIALS",
         "APPROVALS", "READ_MODEL", "REGISTRAR", "FLIGHT", "KEYS", "CRL")
SHOWN = 20  # violations of one rule that are printed in full


class Violation:
    """One breach of one invariant, with where to look."""

    def __init__(self, invariant, rule, text, evidence):
        self.invariant = invariant
        self.rule = rule
        self.text = text
        self.evidence = evidence

    def as_dict(self):
        return {"invariant": self.invariant, "rule": self.rule,
                "text": self.text, "evidence": self.evidence}

    def __str__(self):
        where = " ".join(f"{key}={value}"
                         for key, value in self.evidence.items())
        return f"{self.invariant} {self.rule}: {self.text} [{where}]"


class Report:
    """Violations, figures, and what could not be looked at."""

    def __init__(self):
        self.violations = []
        self.counts = collections.Counter()
        self.figures = collections.OrderedDict()
        self.skipped = []
        self.judged = set()

    def violate(self, invariant, rule, text, **evidence):
        """evidence: plain values; at, tax_code and ids where known."""
        self.counts[invariant, rule] += 1
        if self.counts[invariant, rule] <= 1000:
            self.violations.append(Violation(
                invariant, rule, text,
                {key: value for key, value in evidence.items()
                 if value is not None}))

    def skip(self, invariant, why):
        self.skipped.append((invariant, why))

    @property
    def good(self):
        return not self.violations

    def invariants(self):
        """The names of the invariants that do not hold."""
        return {name for name, _ in self.counts}

    def as_dict(self):
        return {
            "good": self.good,
            "invariants": {
                name: {"judged": name in self.judged,
                       "violations": sum(n for (each, _), n
                                         in self.counts.items()
                                         if each == name)}
                for name in NAMES},
            "figures": dict(self.figures),
            "skipped": [{"invariant": name, "why": why}
                        for name, why in self.skipped],
            "violations": [each.as_dict() for each in self.violations],
        }

    def json(self):
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1)

    def _figure_lines(self):
        width = max((len(key) for key in self.figures), default=0)
        return [f"  {key:<{width}}  {value}"
                for key, value in self.figures.items()]

    def summary(self):
        """A few lines, then the violations one by one."""
        lines = []
        for name in NAMES:
            bad = sum(n for (each, _), n in self.counts.items()
                      if each == name)
            word = ("not looked at" if name not in self.judged
                    else f"{bad} violations" if bad else "holds")
            lines.append(f"{name:<11} {word}")
        lines += self._figure_lines()
        lines += [f"skipped: {name}: {why}" for name, why in self.skipped]
        shown = collections.Counter()
        for each in self.violations:
            shown[each.invariant, each.rule] += 1
            if shown[each.invariant, each.rule] <= SHOWN:
                lines.append(str(each))
        for (name, rule), count in self.counts.items():
            if count > SHOWN:
                lines.append(f"{name} {rule}: {count} in all")
        total = sum(self.counts.values())
        lines.append("no violation" if self.good else f"{total} violations")
        return "\n".join(lines)
