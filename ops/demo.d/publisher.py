"""Publishing through the program `publish`, one process for each role, and
learning from it what became of each event."""

import json
import subprocess
import time


class PublisherError(Exception):
    """publish did not answer as documented."""


class Publisher:
    """JSON lines in, JSON lines out, in order."""

    def __init__(self, program, role, patience=30):
        self.role = role
        self.child = subprocess.Popen(
            [program, "--role", role, "--wait", "--json", "--timeout",
             str(patience)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            bufsize=1)

    def send(self, document):
        """Hand an event over without waiting; returns the time."""
        moment = time.time()
        self.child.stdin.write(json.dumps(document, ensure_ascii=False)
                               + "\n")
        self.child.stdin.flush()
        return moment

    def result(self):
        """The answer to the oldest event sent and not yet answered."""
        line = self.child.stdout.readline()
        if not line:
            raise PublisherError(
                f"publish --role {self.role} ended with "
                f"{self.child.wait()}")
        return json.loads(line)

    def publish(self, document):
        self.send(document)
        return self.result()

    def close(self):
        self.child.stdin.close()
        self.child.wait(timeout=15)
