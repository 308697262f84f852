"""The OCSP responder's certificate and address.

The certificate is short-lived. A stack renews it when programs are started
and it would end within a week; in production a timer does
(ops/docs/operations.md)."""

import os
import re
import subprocess

import tokens
from home import Failure, find_program, instance_name, say

RENEW_DAYS = 7


def authorities(home):
    """Names of the issuing CAs: "issuing", "issuing-2" ..."""
    found = [match[1] for match in map(
        re.compile(r"(issuing(?:-\d+)?)\.pem").fullmatch,
        os.listdir(home.path("ca"))) if match]
    return sorted(found, key=lambda name: (len(name), name))


def certificates(home):
    """(the CA's certificate, the responder's by it) of each, or where those
    of the first will be."""
    return [(home.path("ca", f"{name}.pem"),
             home.path("ca", name.replace("issuing", "ocsp") + ".pem"))
            for name in authorities(home) or ["issuing"]]


def http(number=0):
    """Name of the port at which an instance answers."""
    return instance_name("ocsp", number) + "-http"


def url(home):
    return f"http://{home.address(http())}"


def environment(home):
    """What certflow needs to reach the tokens of CA and responder."""
    values = {"CERTFLOW_HOME": home.root,
              "CERTFLOW_CA_DIR": home.path("ca"),
              "CERTFLOW_PKCS11_MODULE": tokens.MODULE}
    for group in ("issuing", "ocsp"):
        values[f"CERTFLOW_SOFTHSM2_CONF_{group.upper()}"] = (
            tokens.configuration(home, group))
        values[f"CERTFLOW_PIN_FILE_{group.upper()}"] = (
            tokens.pin_file(home, group))
    return values


def ensure(home):
    """Certificates that are good for a while, by every CA that there is."""
    for name in authorities(home) if find_program("certflow") else ():
        _ensure(home, name)


def _ensure(home, name):
    result = subprocess.run(
        [find_program("certflow"), "ocsp", "--ca", name,
         "--within", str(RENEW_DAYS)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", check=False,
        env={**os.environ, **environment(home)})
    if result.returncode != 0:
        raise Failure(f"responder's certificate: {result.stdout.strip()}")
    if ": renewed" in result.stdout:
        say(f"OCSP: {result.stdout.strip()}")
