"""Where CPU goes: perf beside a run that is not counted, as a flame graph and
a table for each program.

Needs perf (Debian: linux-perf) and the right to use it. Functions of
libraries without symbols are told by their library.
"""

import collections
import os
import re
import shutil
import signal
import subprocess
from xml.sax.saxutils import escape

HERTZ = 199
STACK_OCTETS = 8192  # of each sample, from which its callers are found
WIDTH, ROW, TEXT = 1200, 17, 7.2
LEAST = 0.002  # share of all samples below which nothing is drawn
SHOWN = 25
FRAME = re.compile(r"^\s+[0-9a-f]+ (.*) \((.*)\)$")
WARM = ("#e4572e", "#e8743b", "#ec9149", "#efa94a", "#f2c14e")


def usable():
    return shutil.which("perf") is not None


class Recorder:
    """perf on some processes, from now until it is stopped."""

    def __init__(self, pids, folder):
        self.paths, self.children = {}, []
        for name, pid in pids.items():
            self.paths[name] = os.path.join(folder, f"perf-{name}.data")
            self.children.append(subprocess.Popen(
                ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(HERTZ),
                 "--call-graph", f"dwarf,{STACK_OCTETS}", "-o",
                 self.paths[name], "-p", str(pid)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))

    def stop(self):
        """{program: Counter of stacks, outermost first}"""
        for child in self.children:
            child.send_signal(signal.SIGINT)
        for child in self.children:
            child.wait(60)
        return {name: stacks(path) for name, path in self.paths.items()
                if os.path.exists(path)}


def stacks(path):
    """Counter of tuples of function names, outermost first."""
    found, frames = collections.Counter(), []
    with subprocess.Popen(
            ["perf", "script", "-i", path, "--no-inline", "-F",
             "comm,ip,sym,dso"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, encoding="utf-8",
            errors="replace") as child:
        for line in child.stdout:
            match = FRAME.match(line)
            if match:
                frames.append(_name(*match.groups()))
            elif frames:
                found[_folded(frames)] += 1
                frames = []
    if frames:
        found[_folded(frames)] += 1
    return found


def _name(symbol, library):
    symbol = symbol.split("+0x")[0]
    if symbol != "[unknown]":
        return symbol
    return f"[{os.path.basename(library).strip('[]')}]"


def _folded(frames):
    """Outermost first; neighbours of one library without names are one."""
    kept = []
    for frame in reversed(frames):
        if not (kept and kept[-1] == frame and frame.startswith("[")):
            kept.append(frame)
    return tuple(kept)


# ---- told -----------------------------------------------------------------

def table(name, found):
    """Functions by their own share, and by that with what they call."""
    total = sum(found.values()) or 1
    own, whole = collections.Counter(), collections.Counter()
    for frames, count in found.items():
        own[frames[-1]] += count
        for frame in set(frames):
            whole[frame] += count
    lines = [f"## {name}, {total} samples", "",
             "| itself | | with what it calls | |", "|---|---|---|---|"]
    for one, other in zip(own.most_common(SHOWN), whole.most_common(SHOWN)):
        lines.append(f"| `{one[0]}` | {100 * one[1] / total:.1f} % | "
                     f"`{other[0]}` | {100 * other[1] / total:.1f} % |")
    return "\n".join(lines) + "\n\n"


class _Node:
    def __init__(self):
        self.count, self.below = 0, {}


def _tree(found):
    root, depth = _Node(), 0
    for frames, count in found.items():
        node = root
        node.count += count
        depth = max(depth, len(frames))
        for frame in frames:
            node = node.below.setdefault(frame, _Node())
            node.count += count
    return root, depth


def flame(title, found):
    """SVG; None without samples."""
    root, depth = _tree(found)
    if not root.count:
        return None
    height = (depth + 2) * ROW
    parts = []
    _draw(parts, root, 0, 0.0, root.count, height)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{height}" viewBox="0 0 {WIDTH} {height}" '
            'font-family="monospace" font-size="11">'
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
            f'<text x="4" y="12">{escape(title)}, {root.count} '
            "samples</text>" + "\n".join(parts) + "</svg>\n")


def _draw(parts, node, level, left, total, height):
    """What is called stands above its caller, as wide as its share."""
    for name, child in sorted(node.below.items()):
        share = child.count / total
        if share >= LEAST:
            width = share * WIDTH
            y = height - (level + 1) * ROW
            room = int((width - 4) / TEXT)
            label = name if len(name) <= room else name[:max(room - 1, 0)]
            parts.append(
                f'<g><title>{escape(name)} {100 * share:.1f} %</title>'
                f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" '
                f'height="{ROW - 1}" fill="{WARM[hash_of(name)]}"/>'
                + (f'<text x="{left + 2:.1f}" y="{y + 12}">{escape(label)}'
                   "</text>" if room >= 3 else "") + "</g>")
            _draw(parts, child, level + 1, left, total, height)
        left += share * WIDTH


def hash_of(name):
    """The same shade in each run."""
    return sum(name.encode()) % len(WARM)
