"""Questions to the read model, over one psql session that stays open."""

import json
import subprocess
import time

PSQL = "/usr/lib/postgresql/15/bin/psql"
END = "--end--"


class Missing(Exception):
    """What was waited for did not appear."""


class ReadModel:
    """SELECTs as the role that can only read."""

    def __init__(self, uri):
        self.child = subprocess.Popen(
            [PSQL, "-X", "-q", "-A", "-t", "-d", uri],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", bufsize=1)

    def rows(self, query):
        """Rows of a query as dictionaries."""
        self.child.stdin.write(
            f"SELECT row_to_json(q) FROM ({query}) AS q;\n\\echo {END}\n")
        self.child.stdin.flush()
        found = []
        for line in self.child.stdout:
            line = line.rstrip("\n")
            if line == END:
                return found
            if not line.startswith("{"):
                raise Missing(f"read model: {line}")
            found.append(json.loads(line))
        raise Missing("read model: psql ended")

    def row(self, query):
        found = self.rows(query)
        return found[0] if found else None

    def wait(self, query, what, seconds=30.0, pause=0.004):
        """The first row of a query, as soon as there is one."""
        end = time.monotonic() + seconds
        while True:
            row = self.row(query)
            if row:
                return row
            if time.monotonic() > end:
                raise Missing(f"{what}: not in the read model after "
                              f"{seconds:.0f} s")
            time.sleep(pause)

    def close(self):
        self.child.stdin.close()
        self.child.wait(timeout=5)


def quoted(value):
    return "'" + str(value).replace("'", "''") + "'"
