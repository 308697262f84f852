"""Clocks of single programs, set by libfaketime."""

import os

import home as homes

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Clocks:
    """The part of World that sets clocks."""

    def _clock_file(self, name):
        return self.path("clock", name)

    def _prepare_clocks(self):
        """Only the time of day is false: what programs measure by the
        monotonic clock goes on, as it does when a host's clock is set."""
        self.folder("clock")
        for name in self.programs():
            homes.write_file(self._clock_file(name), "+0\n")
            self._environment.setdefault(name, {}).update(
                FAKETIME_TIMESTAMP_FILE=self._clock_file(name),
                FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                FAKETIME_DONT_RESET="1",
                # Else a wait by the monotonic clock returns at once.
                FAKETIME_FORCE_MONOTONIC_FIX="0")
            self.preload(name, os.path.join(self.build, "tests",
                                            "timed_wait.so"))
            self.preload(name, LIBRARY)

    def yesterday(self):
        """Environment in which a CA is made that a clock set back by an
        hour still finds valid."""
        if not self.has_faketime:
            return {}
        return {"LD_PRELOAD": LIBRARY, "FAKETIME": "-1d"}

    def clock_jump(self, names, seconds):
        """Running programs (None: all) see a clock that is so many seconds
        away from the right one from now on."""
        names = [names] if isinstance(names, str) else (
            names or self.programs())
        for name in names:
            homes.write_file(self._clock_file(name), f"{seconds:+d}\n")
