"""The verifiers: what each says of certificates. None is ours but the last.

A chain is a folder with root.cer, root.pem, issuing.cer, issuing.pem and,
where revocation is to be looked at, issuing.crl.pem."""

import functools
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.abspath(os.path.join(HERE, "..", ".."))
BATCH = 200  # certificates given to one process


@functools.lru_cache
def cache():
    """Where ops/setup keeps what it fetched."""
    return subprocess.run([os.path.join(REPO, "ops", "setup"), "path"],
                          check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout.strip()


def _lines(command, environment=None):
    """JSON lines of a program that judges many at once."""
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", check=False,
        env={**os.environ, **(environment or {})})
    if result.returncode != 0:
        raise AssertionError(f"{command[:4]} ended with {result.returncode}:"
                             f" {result.stderr[-2000:]}")
    return [json.loads(line) for line in result.stdout.splitlines()]


def _batches(paths):
    for start in range(0, len(paths), BATCH):
        yield paths[start:start + BATCH]


def _output(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            encoding="utf-8", errors="replace", check=False)
    return result.returncode, result.stdout


class Verifier:
    """judge() gives {file name: [finding, ...]}; [] is no objection."""

    name = ""

    def version(self):
        raise NotImplementedError

    def missing(self):
        """None, or why it cannot be asked."""
        return None

    def judge(self, chain, paths):
        raise NotImplementedError


class OpenSsl(Verifier):
    name = "OpenSSL"

    def version(self):
        return _output(["openssl", "version"])[1].split()[1]

    def judge(self, chain, paths):
        return {os.path.basename(path): self._one(chain, path)
                for path in paths}

    @staticmethod
    def _one(chain, path):
        crl = os.path.join(chain, "issuing.crl.pem")
        revocation = ["-crl_check", "-CRLfile", crl] if os.path.exists(
            crl) else []
        with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
            code, text = _output(["openssl", "x509", "-inform", "DER", "-in",
                                  path, "-out", pem.name])
            if code == 0:
                code, text = _output(
                    ["openssl", "verify", "-x509_strict", *revocation,
                     "-CAfile", os.path.join(chain, "root.pem"),
                     "-untrusted", os.path.join(chain, "issuing.pem"),
                     pem.name])
        return [] if code == 0 else [" ".join(text.split())[-300:]]


class GnuTls(Verifier):
    name = "GnuTLS"

    def version(self):
        return _output(["certtool", "--version"])[1].split()[1]

    def judge(self, chain, paths):
        return {os.path.basename(path): self._one(chain, path)
                for path in paths}

    @staticmethod
    def _one(chain, path):
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:
            code, text = _output(["certtool", "--certificate-info",
                                  "--inder", "--infile", path])
            if code != 0:
                return [" ".join(text.split())[-300:]]
            both.write(text[text.index("-----BEGIN"):])
            with open(os.path.join(chain, "issuing.pem"),
                      encoding="ascii") as stream:
                both.write(stream.read())
            both.flush()
            code, text = _output(
                ["certtool", "--verify", "--verify-profile", "medium",
                 "--load-ca-certificate", os.path.join(chain, "root.pem"),
                 "--infile", both.name])
        return [] if code == 0 else [" ".join(text.split())[-300:]]


class _Go(Verifier):
    """One program asks both Go's own library and zlint."""

    def _program(self):
        return os.path.join(cache(), "verifiers", "verify")

    def missing(self):
        if os.access(self._program(), os.X_OK):
            return None
        return "ops/setup could not build tests/verifiers/go"

    @functools.lru_cache
    def _asked(self, chain, paths):
        return [line for batch in _batches(list(paths))
                for line in _lines([self._program(),
                                    os.path.join(chain, "root.cer"),
                                    os.path.join(chain, "issuing.cer"),
                                    *batch])]


class GoX509(_Go):
    name = "Go crypto/x509"

    def version(self):
        return _output([self._program(), "--version"])[1].split()[0]

    def judge(self, chain, paths):
        return {line["file"]: [line["x509"]] if line["x509"] else []
                for line in self._asked(chain, tuple(paths))}


class Zlint(_Go):
    name = "zlint"

    def version(self):
        return _output([self._program(), "--version"])[1].split()[1]

    def judge(self, chain, paths):
        return {line["file"]: sorted(f"{status} {rule}" for rule, status
                                     in line["zlint"].items())
                for line in self._asked(chain, tuple(paths))}


class _Python(Verifier):
    """A script that runs with the libraries that ops/setup fetched."""

    script = ""
    needs_root = False

    def _command(self, *arguments):
        return ["/usr/bin/python3", "-B", os.path.join(HERE, self.script),
                *arguments]

    def _environment(self):
        return {"PYTHONPATH": os.path.join(cache(), "verifiers", "python")}

    def missing(self):
        if os.path.isdir(self._environment()["PYTHONPATH"]):
            return None
        return "ops/setup could not install ops/setup.d/verifiers.txt"

    def judge(self, chain, paths):
        issuers = [os.path.join(chain, "issuing.cer")]
        if self.needs_root:
            issuers.insert(0, os.path.join(chain, "root.cer"))
        return {line["file"]: line["findings"] for batch in _batches(paths)
                for line in _lines(self._command(*issuers, *batch),
                                   self._environment())}

    def _installed(self, package):
        names = os.listdir(self._environment()["PYTHONPATH"])
        return next(each for each in names if each.startswith(
            f"{package}-") and each.endswith(".dist-info")).split("-")[1][:-5]


class Pkilint(_Python):
    name = "pkilint"
    script = "pkilint_says.py"

    def version(self):
        return self._installed("pkilint")


class Cryptography(_Python):
    name = "Python cryptography"
    script = "cryptography_says.py"
    needs_root = True

    def version(self):
        return self._installed("cryptography")


class CertflowLint(Verifier):
    """Our own rules, as the issuer has them, with the CA's signature."""

    name = "certflow lint"

    def __init__(self, profile=None, url=None):
        build = os.environ.get("CERTFLOW_BUILD",
                               os.path.join(REPO, "build-release"))
        self.program = os.path.join(build, "bin", "certflow")
        self.profile, self.url = profile, url

    def version(self):
        return "-"

    def judge(self, chain, paths):
        return {os.path.basename(path): self._one(chain, path)
                for path in paths}

    def _one(self, chain, path):
        code, text = _output(
            [self.program, "lint", path, "--profile", self.profile,
             "--issuer", os.path.join(chain, "issuing.pem"),
             "--public-url", self.url])
        broken = [line for line in text.splitlines() if " FAILED " in line]
        return broken or ([] if code == 0 else [text.strip()])


def public():
    """Those of others."""
    return (OpenSsl(), GnuTls(), GoX509(), Zlint(), Pkilint(),
            Cryptography())


def usable():
    """Those that can be asked; the others are named, with the reason."""
    found = []
    for each in public():
        reason = each.missing()
        if reason is None:
            found.append(each)
        else:
            print(f"SKIPPED {each.name}: {reason}")
            sys.stdout.flush()
    return found
