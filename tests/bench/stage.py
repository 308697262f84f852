"""A stack to measure, with what the parts of the suite ask of it."""

import subprocess
import time

import psycopg2

from feed import Feed
from limits import Limits
from offsets import LOG, Topics
from usage import Usage, Watch
from world import STACK, Missing, World, children, until

# Everything on the log is a request of ours: what stands still is a defect.
SECONDS = 900.0
POSITION = ("SELECT extract(epoch FROM max(updated_at))::float8"
            " FROM read_model.log_position WHERE topic = %s")


class Stage:
    """A world with an issuing CA of one kind of key."""

    def __init__(self, ca_key, seed, **options):
        self.ca_key = ca_key
        self.world = World(ca_key=ca_key, **options)
        self.feed = Feed(self.world, seed)
        self.limits = Limits(self.world)
        self.topics = None

    def start(self):
        self.world.start()
        self.world.wait_ready()
        self.topics = Topics(self.world.bootstrap())
        return self

    def close(self):
        if self.topics:
            self.topics.close()
        self.world.close()

    # ---- asked --------------------------------------------------------------

    def certificates(self):
        (count,), = self.world.sql("SELECT count(*)"
                                   " FROM read_model.certificate")
        return count

    def projected(self):
        """How many records of the log the projectors have folded since they
        were started; one that does not answer counts as 0."""
        return sum(map(self._projected_by,
                       self.world.instances("projector")))

    def _projected_by(self, name):
        try:
            return int(self.world.metrics(name)["certflow_events_total"])
        except OSError:
            return 0

    def projected_at(self):
        """Time of the newest rows: when the log was folded last."""
        (moment,), = self.world.sql(POSITION, (LOG,))
        return moment

    def position(self):
        """Sum of the offsets up to which the log is in the read model; 0
        while there is none."""
        try:
            (count,), = self.world.sql(
                "SELECT coalesce(sum(next), 0)::bigint"
                " FROM read_model.log_position WHERE topic = %s", (LOG,))
        except psycopg2.Error:
            return 0
        return count

    def begin(self, *arguments):
        """ops/stack with these arguments, in the background. It waits for
        programs to be ready; what is measured here may take longer."""
        return subprocess.Popen(
            [STACK, "--home", self.world.root, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=self.world.clean_environment(
                CERTFLOW_BUILD=self.world.build))

    def watch(self, counter=None):
        """CPU and a counter, from now on."""
        return Watch(Usage(self.world, children), counter or self.projected)

    def wait(self, what, condition, seconds=SECONDS, pause=0.1):
        until(condition, seconds, lambda: f"{what}; {self.complaints()}",
              pause)

    def complaints(self):
        """What programs that are not ready say."""
        return "; ".join(
            f"{name}: {self.world.health(name)[1].strip()}"
            for name in self.world.programs()
            if not self.world.is_ready(name)) or "all are ready"

    def settle(self, seconds=300.0):
        """Until nobody has anything left to do: orders, rows, checkpoints."""
        def idle():
            before = self.projected()
            time.sleep(1.5)
            return self.projected() == before
        until(idle, seconds, "the projector goes on and on")


__all__ = ("Missing", "Stage")
