"""Tests that run beside each other: what waits for sessions and transactions
to time out leaves the processors to the rest."""

import concurrent.futures
import dataclasses
import typing

@dataclasses.dataclass
class Job:
    """One test program."""

    name: str
    run: typing.Callable  # () -> (name, passed, failed, seconds, output)
    seconds: float = 5.0  # about; the longest begin first
    steady: bool = True   # False: what else runs can make it late


def _beside_others(results, job):
    """True if it passed or is judged; what failed beside others is shown."""
    name, passed, failed, seconds, output = job.run()
    if failed == 0 or job.steady:
        results.add(name, passed, failed, seconds, output)
        return True
    print(f"UNSTEADY {name}  ({passed} passed, {failed} failed, "
          f"{seconds:.1f} s); again, by itself", flush=True)
    print("\n".join("    | " + line for line in output.splitlines()[-80:]),
          flush=True)
    return False


def run(results, jobs, at_once):
    """All of them, so many at once. One that is not steady and fails beside
    others runs once more by itself: several stacks on two cores can make
    anything late. It is named UNSTEADY either way, and counts as it ends
    then."""
    jobs = sorted(jobs, key=lambda job: -job.seconds)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        good = list(pool.map(lambda job: _beside_others(results, job), jobs))
    for job, passed in zip(jobs, good):
        if not passed:
            results.add(*job.run())
