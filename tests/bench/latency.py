"""Latencies in HdrHistograms: no average of percentiles, no bucket that we
made up, and values of all repeats added up."""

import bench_path  # noqa: F401  where hdrh is
from hdrh.histogram import HdrHistogram

LOWEST_US, HIGHEST_US, DIGITS = 1, 600_000_000, 3


class Latencies:
    """Of one stage, in microseconds; told in milliseconds."""

    def __init__(self):
        self.histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)

    def record(self, microseconds):
        """Counts also what is out of range: at its end."""
        self.histogram.record_value(
            min(max(int(microseconds), LOWEST_US), HIGHEST_US))

    def add(self, other):
        self.histogram.add(other.histogram)

    @property
    def count(self):
        return self.histogram.get_total_count()

    def percentile(self, percent):
        return self.histogram.get_value_at_percentile(percent) / 1000

    def longest(self):
        return self.histogram.get_max_value() / 1000

    def buckets(self, per_doubling=4):
        """[(from ms, to ms, count)] of a logarithmic scale, none empty at
        either end."""
        found, edge, ratio = [], LOWEST_US, 2 ** (1 / per_doubling)
        counts = [(item.value_iterated_to, item.count_added_in_this_iter_step)
                  for item in self.histogram.get_recorded_iterator()]
        while counts:
            upper = edge * ratio
            inside = [count for value, count in counts if value < upper]
            counts = counts[len(inside):]
            if inside or found:
                found.append((edge / 1000, upper / 1000, sum(inside)))
            edge = upper
        return found


# Columns of the file that tell a stage of a press, in their order.
STAGES = {"press_acked": "published", "press_admitted": "admitted",
          "ordered": "ordered", "signed": "signed", "issued": "issued",
          "visible": "visible"}


def read(path):
    """{stage: Latencies} of a file of `load --latencies`: a line of names,
    then one for each journey with the microseconds since it was due. An
    empty field: not reached."""
    with open(path, encoding="utf-8") as stream:
        names = stream.readline().rstrip("\n").split("\t")
        chosen = [(place, STAGES[name]) for place, name in enumerate(names)
                  if name in STAGES]
        stages = {stage: Latencies() for _, stage in chosen}
        for line in stream:
            fields = line.rstrip("\n").split("\t")
            for place, stage in chosen:
                if fields[place]:
                    stages[stage].record(int(fields[place]))
    return stages
