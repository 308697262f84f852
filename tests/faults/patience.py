"""Waiting for a condition."""

import time


class Missing(AssertionError):
    """Something that should have come did not."""


def until(condition, seconds, complaint, pause=0.05):
    """What condition() returns once it is true. complaint: text, or a
    function that makes it when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = complaint() if callable(complaint) else complaint
            raise Missing(f"after {seconds} s: {text}")
        time.sleep(pause)
