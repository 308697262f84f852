"""An independent checker of what certflow did.

It reads Kafka, PostgreSQL, the customers' tokens and the list of signatures
that the PKCS #11 shim of the tests keeps. It shares no code with the
programs that it judges. See "The checker" in ops/docs/faults.md."""

import os
import subprocess
import sys

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))


def find_fastavro():
    """The one package that is not Debian's."""
    try:
        import fastavro  # noqa: F401
    except ImportError:
        cache = subprocess.run([os.path.join(REPO, "ops", "setup"), "path"],
                               stdout=subprocess.PIPE, check=True,
                               encoding="utf-8").stdout.strip()
        sys.path.insert(0, os.path.join(cache, "python"))


find_fastavro()


def check(env, *, shim_dir=None, objective_s=60, **options):
    """Judge a stack; returns a report.Report.

    env          the values of `ops/stack env`
    shim_dir     directory of the PKCS #11 shim (P11_SHIM_DIR)
    objective_s  what is under way for longer is a violation
    options      the fields of judge.Options
    """
    from .judge import Judge, Options
    from .live import Live
    evidence = Live(env, shim_dir)
    try:
        return Judge(evidence, Options(
            objective_us=int(objective_s * 1e6), **options)).run()
    finally:
        evidence.close()


def wait_until_still(env, *, still_s=5, patience_s=120):
    """True once no offset and no position has moved for still_s seconds.

    Call it before check() when faults and traffic have just stopped."""
    from .live import Still
    still = Still(env)
    try:
        return still.wait(still_s, patience_s)
    finally:
        still.close()
