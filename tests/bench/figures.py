"""What was measured: each figure by all its repeats, beside what is expected
of it, as a table and as JSON.

A figure is a ratio wherever machines differ, to a raw limit that was measured
right before and after the very repeat.
"""

import dataclasses
import json
import statistics

AT_LEAST, AT_MOST = "≥", "≤"


@dataclasses.dataclass
class Figure:
    """One row of the table."""

    key: str
    text: str
    unit: str
    values: list = dataclasses.field(default_factory=list)
    sign: str = ""         # of what is expected; "": nothing is
    expected: float = 0.0
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.values)

    def is_met(self):
        """By the median of the repeats; None: nothing is expected."""
        if not self.sign or not self.values:
            return None
        return (self.median >= self.expected if self.sign == AT_LEAST
                else self.median <= self.expected)

    def as_json(self):
        return {"key": self.key, "text": self.text, "unit": self.unit,
                "values": self.values, "expected": (
                    f"{self.sign} {number(self.expected)}"
                    if self.sign else None),
                "median": self.median, "min": min(self.values),
                "max": max(self.values), "met": self.is_met(),
                "note": self.note}


def number(value):
    """As many digits as tell something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


class Figures:
    """All of a run, in the order in which they first came."""

    def __init__(self):
        self.parts = {}  # {part: {key: Figure}}
        self.raw = {}    # {part: [what a repeat saw]}, for the JSON alone

    def add(self, part, key, text, unit, value, at_least=None, at_most=None,
            note=""):
        """One more repeat of a figure."""
        figure = self.parts.setdefault(part, {}).setdefault(key, Figure(
            key, text, unit, note=note))
        if at_least is not None:
            figure.sign, figure.expected = AT_LEAST, at_least
        if at_most is not None:
            figure.sign, figure.expected = AT_MOST, at_most
        figure.values.append(value)
        return figure

    def seen(self, part, **values):
        """All that a repeat saw, for whoever wants to look closer."""
        self.raw.setdefault(part, []).append(values)

    def get(self, part, key):
        """A figure or None."""
        return self.parts.get(part, {}).get(key)

    def missed(self):
        """[(part, figure)]"""
        return [(part, figure) for part, figures in self.parts.items()
                for figure in figures.values() if figure.is_met() is False]

    # ---- written --------------------------------------------------------

    def table(self):
        lines = []
        for part, figures in self.parts.items():
            lines += [f"## {part}", "",
                      "| what | unit | expected | median | min | max | n | |",
                      "|---|---|---|---|---|---|---|---|"]
            lines += [_row(figure) for figure in figures.values()]
            lines.append("")
        return "\n".join(lines)

    def json(self, **more):
        return json.dumps({**more, "parts": {
            part: [figure.as_json() for figure in figures.values()]
            for part, figures in self.parts.items()}, "repeats": self.raw},
            ensure_ascii=False, indent=1) + "\n"


def _row(figure):
    met = {None: "", True: "met", False: "**missed**"}[figure.is_met()]
    cells = (figure.text + (f" ({figure.note})" if figure.note else ""),
             figure.unit,
             f"{figure.sign} {number(figure.expected)}" if figure.sign
             else "",
             number(figure.median), number(min(figure.values)),
             number(max(figure.values)), str(len(figure.values)), met)
    return "| " + " | ".join(cells) + " |"
