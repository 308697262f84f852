"""Small functions, small files: a function has at most 60 lines between its
braces, a C file at most 400."""

import os

from results import REPO, tracked

FUNCTION_LINES, FILE_LINES = 60, 400


def complaints():
    found = []
    for path in tracked("*.c", "*.h"):
        with open(os.path.join(REPO, path), encoding="utf-8") as stream:
            lines = stream.read().splitlines()
        if len(lines) > FILE_LINES:
            found.append(f"{path}: {len(lines)} lines")
        begin = None
        for number, line in enumerate(lines, 1):
            # House style: only a function's braces stand alone in column 1.
            if line == "{":
                begin = number
            elif line == "}" and begin is not None:
                if number - begin - 1 > FUNCTION_LINES:
                    found.append(f"{path}:{begin}: function of "
                                 f"{number - begin - 1} lines")
                begin = None
    return found
