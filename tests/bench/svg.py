"""Plots as SVG: lines over time, bars, histograms. Few kinds, no library."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 180, 40, 50
# Told apart also by who does not see red and green alike.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00",
           "#000000", "#999999")


def colour(place):
    return COLOURS[place % len(COLOURS)]


def ticks(low, high, count=6):
    """Round numbers that divide an axis."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    size = 10 ** math.floor(math.log10(raw))
    step = next(each * size for each in (1, 2, 5, 10) if each * size >= raw)
    first = math.ceil(low / step)
    return [place * step for place in range(first,
                                            math.floor(high / step) + 1)]


def text_of(value):
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.0e}"
    return f"{value:,.10g}"


class Axis:
    """From values to places on the paper."""

    def __init__(self, low, high, begin, end, log=False):
        self.log = log
        if log:
            low, high = math.log10(low), math.log10(high)
        if high <= low:
            high = low + 1
        self.low, self.high, self.begin, self.end = low, high, begin, end

    def at(self, value):
        if self.log:
            value = math.log10(value)
        share = (value - self.low) / (self.high - self.low)
        return round(self.begin + share * (self.end - self.begin), 2)

    def ticks(self):
        if not self.log:
            return ticks(self.low, self.high)
        return [10.0 ** power for power in range(
            math.ceil(self.low), math.floor(self.high) + 1)]


class Paper:
    """One plot: its frame, axes, legend; what is drawn comes from outside."""

    def __init__(self, title, x_text, y_text, x, y):
        self.x = Axis(*x[:2], LEFT, WIDTH - RIGHT, *x[2:])
        self.y = Axis(*y[:2], HEIGHT - BOTTOM, TOP, *y[2:])
        self.parts = [self.text(LEFT, 22, title, "start", 15)]
        self.legend = []
        self._grid(x_text, y_text)

    @staticmethod
    def text(x, y, text, anchor="middle", size=11, more=""):
        return (f'<text x="{x}" y="{y}" text-anchor="{anchor}" '
                f'font-size="{size}"{more}>{escape(text)}</text>')

    def _line(self, x1, y1, x2, y2, shade="#ddd"):
        self.parts.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" '
                          f'stroke="{shade}"/>')

    def _grid(self, x_text, y_text):
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for value in self.x.ticks() if x_text else ():
            at = self.x.at(value)
            self._line(at, TOP, at, bottom)
            self.parts.append(self.text(at, bottom + 16, text_of(value)))
        for value in self.y.ticks():
            at = self.y.at(value)
            self._line(LEFT, at, right, at)
            self.parts.append(self.text(LEFT - 6, at + 4, text_of(value),
                                        "end"))
        self._line(LEFT, bottom, right, bottom, "#333")
        self._line(LEFT, TOP, LEFT, bottom, "#333")
        middle = (TOP + bottom) / 2
        self.parts.append(self.text((LEFT + right) / 2, HEIGHT - 12, x_text,
                                     size=12))
        self.parts.append(self.text(
            16, middle, y_text, size=12,
            more=f' transform="rotate(-90 16 {middle})"'))

    def line(self, name, points, place, dots=False, dashes=False):
        path = " ".join(f"{self.x.at(x)},{self.y.at(y)}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour(place)}"'
            f' stroke-width="1.6"'
            + (' stroke-dasharray="5 4"' if dashes else "") + "/>")
        if dots:
            self.parts += [
                f'<circle cx="{self.x.at(x)}" cy="{self.y.at(y)}" r="3" '
                f'fill="{colour(place)}"/>' for x, y in points]
        self.legend.append((name, place))

    def bar(self, left, right, low, high, place, hint=""):
        x1, x2 = self.x.at(left), self.x.at(right)
        y1, y2 = self.y.at(high), self.y.at(low)
        self.parts.append(
            f'<rect x="{x1}" y="{y1}" width="{round(x2 - x1, 2)}" '
            f'height="{round(y2 - y1, 2)}" fill="{colour(place)}">'
            f"<title>{escape(hint)}</title></rect>")

    def name(self, name, place):
        self.legend.append((name, place))

    def finish(self):
        for row, (name, place) in enumerate(self.legend):
            y = TOP + 16 * row + 6
            self.parts.append(
                f'<rect x="{WIDTH - RIGHT + 14}" y="{y - 8}" width="10" '
                f'height="10" fill="{colour(place)}"/>')
            self.parts.append(self.text(WIDTH - RIGHT + 30, y + 1, name,
                                         "start"))
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
                f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
                'font-family="sans-serif">'
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
                + "\n".join(self.parts) + "</svg>\n")


def lines(title, x_text, y_text, series, dots=False, ideal=None, log=False):
    """series: {name: [(x, y)]}; ideal: one more, drawn with dashes."""
    points = [point for each in series.values() for point in each]
    points += ideal or []
    if not points:
        return None
    xs, ys = zip(*points)
    low = min(x for x in xs if x > 0) if log else min(xs)
    paper = Paper(title, x_text, y_text, (low, max(xs), log),
                  (0, max(ys) * 1.05))
    for place, (name, each) in enumerate(series.items()):
        paper.line(name, each, place, dots)
    if ideal:
        paper.line("sessions ÷ latency", ideal, len(series), dashes=True)
    return paper.finish()


def stacked_bars(title, y_text, bars):
    """bars: {name of bar: {part: value}}; parts on each other."""
    names = list(dict.fromkeys(part for each in bars.values()
                               for part in each))
    highest = max((sum(each.values()) for each in bars.values()), default=0)
    if highest <= 0:
        return None
    paper = Paper(title, "", y_text, (0, len(bars)), (0, highest * 1.05))
    for column, (bar, parts) in enumerate(bars.items()):
        below = 0.0
        for place, name in enumerate(names):
            value = parts.get(name, 0.0)
            if value > 0:
                paper.bar(column + 0.2, column + 0.8, below, below + value,
                          place, f"{bar}: {name} {value:.3f}")
            below += value
        at = paper.x.at(column + 0.5)
        paper.parts.append(paper.text(at, HEIGHT - BOTTOM + 30, bar,
                                       size=12))
    for place, name in enumerate(names):
        paper.name(name, place)
    return paper.finish()


def histogram(title, stages):
    """stages: {name: [(from ms, to ms, count)]} on a logarithmic scale, as
    steps over each other."""
    stages = {name: each for name, each in stages.items() if each}
    if not stages:
        return None
    low = min(each[0][0] for each in stages.values())
    high = max(each[-1][1] for each in stages.values())
    most = max(count for each in stages.values() for _, _, count in each)
    paper = Paper(title, "ms", "requests", (low, high, True),
                  (0, most * 1.05))
    for place, (name, buckets) in enumerate(stages.items()):
        points = [(buckets[0][0], 0)]
        for left, right, count in buckets:
            points += [(left, count), (right, count)]
        paper.line(name, [*points, (buckets[-1][1], 0)], place)
    return paper.finish()
