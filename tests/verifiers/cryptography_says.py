"""What Python's cryptography says of certificates: every extension decoded,
and the path to the root verified.

    cryptography_says.py ROOT ISSUING CERTIFICATE...

Files are DER; one line of JSON for each certificate. It runs in a process of
its own because Debian's version of the library verifies no paths. That
verifier is made for TLS: of the customer's certificate it is told to judge
nothing but the path; the CAs are judged by its own rules.
"""

import json
import os
import sys

import cryptography
from cryptography import x509
from cryptography.x509 import verification


def _read(path):
    with open(path, "rb") as stream:
        return stream.read()


def _problem(der, issuing, verifier):
    try:
        certificate = x509.load_der_x509_certificate(der)
        for extension in certificate.extensions:
            repr(extension.value)
        certificate.subject.rfc4514_string()
        certificate.public_key()
        verifier.verify(certificate, [issuing])
        certificate.verify_directly_issued_by(issuing)
    except Exception as error:  # its parser raises many kinds
        return f"{type(error).__name__}: {error}"[:200]
    return None


def main():
    if sys.argv[1:] == ["--version"]:
        print(cryptography.__version__)
        return
    root, issuing = (x509.load_der_x509_certificate(_read(path))
                     for path in sys.argv[1:3])
    verifier = (verification.PolicyBuilder()
                .store(verification.Store([root]))
                .extension_policies(
                    ca_policy=verification.ExtensionPolicy
                    .webpki_defaults_ca(),
                    ee_policy=verification.ExtensionPolicy.permit_all())
                .build_client_verifier())
    for path in sys.argv[3:]:
        problem = _problem(_read(path), issuing, verifier)
        print(json.dumps({"file": os.path.basename(path),
                          "findings": [problem] if problem else []}),
              flush=True)


if __name__ == "__main__":
    main()
