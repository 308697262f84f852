"""The proof after the issue: certificates from running systems are given to
verifiers that are not ours, and so are certificates with one defect each.

    matrix.py --small    one stack; what ops/check runs
    matrix.py            five stacks, one for each kind of CA key
    matrix.py --table    only the defects and who sees them, as a table
"""

import argparse
import collections
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import broken  # noqa: E402
import issue  # noqa: E402
import leaf  # noqa: E402
import points  # noqa: E402
import verifiers  # noqa: E402
from leaf import der  # noqa: E402

ALGORITHMS = ("RSA_2048", "RSA_3072", "RSA_4096", "EC_P256", "EC_P384")
LANES = 4  # customers served at the same time
CA_KEYS = ("rsa2048", "rsa3072", "rsa4096", "p256", "p384")
PROFILES = {"ORG_HSM_CA4": "org-hsm-ca4", "ORG_HSM_CA4_PSS": "org-hsm-ca4-pss",
            "ORG_TOKEN_SAMPLE": "org-token-sample"}
SMALL = (("ORG_HSM_CA4", "RSA_2048", "E01"), ("ORG_HSM_CA4", "EC_P256", "E03"),
         ("ORG_HSM_CA4", "EC_P384", "E07"),
         ("ORG_HSM_CA4_PSS", "RSA_2048", "E01"),
         ("ORG_HSM_CA4_PSS", "EC_P256", "E07"),
         ("ORG_TOKEN_SAMPLE", "RSA_3072", "E11"))
ECDSA = {"p256": "sha256Ec", "p384": "sha384Ec"}
KEY = {  # how the AlgorithmIdentifier and the key begin, and its length
    "RSA_2048": der.seq(der.oid("rsa"), der.NULL) + bytes.fromhex("0382010f"),
    "RSA_3072": der.seq(der.oid("rsa"), der.NULL) + bytes.fromhex("0382018f"),
    "RSA_4096": der.seq(der.oid("rsa"), der.NULL) + bytes.fromhex("0382020f"),
    "EC_P256": der.seq(der.oid("ec"), der.oid("p256")),
    "EC_P384": der.seq(der.oid("ec"), der.oid("p384")),
}


JUDGES = (*(each.name for each in verifiers.public()),
          verifiers.CertflowLint.name)


class Tally:
    """What was checked, and what was wrong."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.judged = collections.Counter()
        self.findings = collections.Counter()

    def check(self, good, text):
        if good:
            self.passed += 1
        else:
            self.failures.append(text)
            print(f"FAILED {text}", flush=True)

    def verdicts(self, name, found):
        """{file: findings} of certificates that must have none."""
        self.judged[name] += len(found)
        for file, findings in found.items():
            self.findings[name] += len(findings)
            self.check(not findings, f"{name} on {file}: {findings}")


def expected_signature(ca_key, package):
    """AlgorithmIdentifier, RFC 4055 and RFC 5758, by what was asked for."""
    if ca_key in ECDSA:
        return der.seq(der.oid(ECDSA[ca_key]))
    return leaf.pss(32) if package == "ORG_HSM_CA4_PSS" else leaf.RSA_SHA256


def check_content(tally, certificate):
    """Is it what was asked for? The octets say so themselves."""
    signature = expected_signature(certificate.ca_key, certificate.package)
    tally.check(certificate.profile == PROFILES[certificate.package],
                f"{certificate.name}: profile {certificate.profile}")
    tally.check(certificate.der.count(signature) == 2,
                f"{certificate.name}: signature algorithm inside and outside")
    tally.check(certificate.der.count(KEY[certificate.algorithm]) == 1,
                f"{certificate.name}: kind of key")


def check_points(tally, certificate, ca, samples):
    """Does it have the form that the profiles are made after?"""
    with open(os.path.join(ca, "issuing.cer"), "rb") as stream:
        issuing = stream.read()
    for point, holds in points.points(certificate.der, issuing,
                                      samples[certificate.enterprise]):
        tally.check(holds, f"{certificate.name}: {point}")


def _copy_chain(system, folder, issuing):
    """issuing: whose name the file of the issuing CA has there."""
    for suffix in ("cer", "pem"):
        shutil.copy(os.path.join(system.ca, f"root.{suffix}"), folder)
        shutil.copy(os.path.join(system.ca, f"{issuing}.{suffix}"),
                    os.path.join(folder, f"issuing.{suffix}"))
    shutil.copy(os.path.join(system.ca, f"{issuing}.crl.pem"),
                os.path.join(folder, "issuing.crl.pem"))


def check_authorities(tally, system, chosen):
    """The issuing CA's own certificate, issued by the root."""
    with tempfile.TemporaryDirectory() as folder:
        _copy_chain(system, folder, "root")
        path = os.path.join(folder, f"{system.ca_key}-issuing-ca.der")
        shutil.copy(os.path.join(system.ca, "issuing.cer"), path)
        for each in chosen:
            tally.verdicts(each.name, each.judge(folder, [path]))


def _write_profiles(folder):
    """One for another kind of CA key, and one that is wrong in line 7."""
    with open(os.path.join(verifiers.REPO, "schemas", "profiles",
                           "org-hsm-ca4.ini"), encoding="utf-8") as stream:
        good = stream.read()
    changes = {"other": ("RSA-SHA256, ECDSA-SHA256, ", ""),
               "wrong": ("max_months = 36", "max_months = 3x")}
    for name, change in changes.items():
        with open(os.path.join(folder, f"{name}.ini"), "w",
                  encoding="utf-8") as stream:
            stream.write(good.replace(*change))


def check_refusals(tally, system):
    """Profiles with which nothing may begin, and what is said of them."""
    with tempfile.TemporaryDirectory() as folder:
        _write_profiles(folder)
        other, wrong = (os.path.join(folder, f"{name}.ini")
                        for name in ("other", "wrong"))
        for program, options, said in (
                ("registrar", {"profile__files": wrong},
                 f"{wrong}: line 7: [profile] max_months"),
                ("registrar", {"profile__files": other},
                 f"{other}: profile org-hsm-ca4: [profile] signature: "
                 "nothing that the issuing CA's key, RSA_2048, can sign"),
                ("registrar", {"profile__files": os.path.join(
                    verifiers.REPO, "schemas", "profiles",
                    "org-hsm-ca4.ini")}, "profiles: ORG_HSM_CA4_PSS: no "),
                ("issuer", {"profile__files": other}, "nothing that the"),
                ("issuer", {"profile__sha256": "00" * 32},
                 "profile org-hsm-ca4-pss is not on the list")):
            code, text = system.start(program, **options)
            tally.check(code == 2 and said in text,
                        f"{program} {options}: {code}: {text}")


def check_system(tally, ca_key, cases, chosen):
    """One stack: issue all cases, let everybody judge them."""
    begin = time.monotonic()
    samples = issue.enterprises()
    system = issue.System(ca_key)
    try:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for one in system.issue([(*case[:2], samples[case[2]])
                                     for case in cases], LANES):
                check_content(tally, one)
                check_points(tally, one, system.ca, samples)
                paths.append(os.path.join(folder, f"{one.name}.der"))
                with open(paths[-1], "wb") as stream:
                    stream.write(one.der)
            tally.check(len(set(paths)) == len(cases), "all were issued")
            issued = time.monotonic()
            _copy_chain(system, folder, "issuing")
            for each in chosen:
                tally.verdicts(each.name, each.judge(folder, paths))
        check_authorities(tally, system, chosen)
        if ca_key == "rsa2048":
            check_refusals(tally, system)
        print(f"issuing CA {ca_key}: {len(cases)} certificates issued in "
              f"{issued - begin:.0f} s, judged in "
              f"{time.monotonic() - issued:.0f} s", flush=True)
    finally:
        system.close()


def judge_broken(chosen):
    """[(text, who must object, {verifier: findings})], the good one first."""
    with tempfile.TemporaryDirectory() as folder:
        authorities = leaf.Authorities()
        authorities.write(folder)
        made = [("nothing", ())]
        octets = [leaf.Leaf(authorities).build()]
        for each in broken.DEFECTS:
            it = leaf.Leaf(authorities)
            each.change(it)
            made.append((each.text, each.seen_by))
            octets.append(it.build())
        paths = []
        for number, content in enumerate(octets):
            paths.append(os.path.join(folder, f"{number:02}.der"))
            with open(paths[-1], "wb") as stream:
                stream.write(content)
        found = {each.name: each.judge(folder, paths) for each in chosen}
    return [(text, seen_by, {name: verdicts[f"{number:02}.der"]
                             for name, verdicts in found.items()})
            for number, (text, seen_by) in enumerate(made)]


def everybody(chosen):
    """Those who judge defects: also our own lint."""
    return (*chosen, verifiers.CertflowLint(
        os.path.join(verifiers.REPO, "schemas", "profiles",
                     "org-hsm-ca4.ini"), leaf.URL))


def check_broken(tally, chosen):
    """Each gate fires on what it is known to see, on nothing else."""
    good, *rest = judge_broken(everybody(chosen))
    for name, findings in good[2].items():
        tally.check(not findings, f"{name} on the good one: {findings}")
    fired = collections.Counter()
    for text, seen_by, found in rest:
        tally.check(seen_by != (), f"nobody sees: {text}")
        for name in found:
            fired[name] += bool(found[name])
            if name in seen_by:
                tally.check(bool(found[name]), f"{name} lets pass: {text}")
    print(f"{len(rest)} defects; seen by: " + ", ".join(
        f"{name} {count}" for name, count in fired.items()), flush=True)


def _row(text, seen_by):
    return f"| {text} | " + " | ".join(
        "x" if name in seen_by else "" for name in JUDGES) + " |"


def print_table(chosen):
    """What is seen now, for broken.py and the manual."""
    _, *rest = judge_broken(everybody(chosen))
    print("| defect | " + " | ".join(JUDGES) + " |")
    print("|---" * (len(JUDGES) + 1) + "|")
    for text, _, found in rest:
        print(_row(text, [name for name in found if found[name]]))


def check_manual(tally):
    """The manual's table is the one of broken.py."""
    path = os.path.join(verifiers.REPO, "ops", "docs", "verifiers.md")
    with open(path, encoding="utf-8") as stream:
        manual = stream.read()
    table = manual[manual.index("\n| defect |"):].splitlines()[3:]
    listed = table[:table.index("")]
    wanted = [_row(each.text, each.seen_by) for each in broken.DEFECTS]
    for row in set(listed) ^ set(wanted):
        tally.check(False, f"ops/docs/verifiers.md and broken.py: {row}")
    tally.check(len(listed) == len(wanted), "rows of ops/docs/verifiers.md")


def _in_background(tally, chosen):
    """The broken ones, while a stack starts."""
    def work():
        try:
            check_broken(tally, chosen)
        except BaseException:  # told below, not lost with the thread
            tally.check(False, traceback.format_exc())
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def report(tally):
    print(f"{'verifier':<22}{'certificates':>13}{'findings':>10}")
    for name, count in tally.judged.items():
        print(f"{name:<22}{count:>13}{tally.findings[name]:>10}")
    print(f"{tally.passed} passed, {len(tally.failures)} failed")


def main():
    parser = argparse.ArgumentParser(
        prog="ops/verifiers", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--ca-key", choices=CA_KEYS, action="append",
                        help="only stacks with this kind of CA key")
    arguments = parser.parse_args()
    chosen = verifiers.usable()
    print("verifiers: " + ", ".join(
        f"{each.name} {each.version()}" for each in chosen), flush=True)
    if arguments.table:
        print_table(chosen)
        return 0
    tally = Tally()
    check_manual(tally)
    thread = _in_background(tally, chosen)
    try:
        every = [(package, algorithm, enterprise)
                 for package in PROFILES for algorithm in ALGORITHMS
                 for enterprise in issue.enterprises()]
        keys = CA_KEYS[:1] if arguments.small else CA_KEYS
        for ca_key in arguments.ca_key or keys:
            check_system(tally, ca_key, SMALL if arguments.small else every,
                         chosen)
    finally:
        thread.join()
    report(tally)
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
