"""What pkilint finds: its RFC 5280 rules on each certificate, and those on
each together with its issuer.

    pkilint_says.py ISSUER CERTIFICATE...

Files are DER; one line of JSON for each certificate: a list of findings of
severity NOTICE and above. Runs in a process of its own because pkilint brings
another version of cryptography than the tests have.

pkilint 0.13.3 takes every RSA signature for one by PKCS #1 v1.5: it does not
pass the algorithm on to where it could verify PSS. So it is not asked about
signatures that say PSS; the others verify those.
"""

import json
import os
import sys

from pkilint import loader, validation
from pkilint.bin import lint_pkix_signer_signee_cert_chain as chain
from pkilint.pkix import certificate, extension, name
from pyasn1_alt_modules import rfc4055

# FATAL is 0: the smaller the worse.
UP_TO = validation.ValidationFindingSeverity.NOTICE


def _rules():
    """As pkilint's own program lint_pkix_cert puts them together."""
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(
            name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [certificate.create_issuer_validator_container([]),
         certificate.create_validity_validator_container(),
         certificate.create_subject_validator_container([]),
         certificate.create_extensions_validator_container([]),
         certificate.create_spki_validator_container([])])


def _findings(results):
    return [f"{each.finding.severity.name} {each.finding.code}"
            for result in results for each in result.finding_descriptions
            if each.finding.severity <= UP_TO]


def _pair(load, issuer, subject):
    """As lint_pkix_signer_signee_cert_chain does it."""
    documents = {}
    documents["issuer"] = load(issuer, "issuer", "issuer", documents)
    documents["subject"] = load(subject, "subject", "subject", documents)
    issuer, subject = documents["issuer"].root, documents["subject"].root
    decoders = chain.create_decoder_validation_container()
    results = [*decoders.validate(issuer), *decoders.validate(subject),
               *chain.create_issuer_validation_container().validate(issuer)]
    algorithm = subject.navigate("tbsCertificate.signature.algorithm").pdu
    if algorithm != rfc4055.id_RSASSA_PSS:
        results += chain.create_subject_validation_container().validate(
            subject)
    return results


def main():
    load = loader.RFC5280CertificateDocumentLoader().load_der_document
    rules = _rules()
    with open(sys.argv[1], "rb") as stream:
        issuer = stream.read()
    for path in sys.argv[2:]:
        with open(path, "rb") as stream:
            der = stream.read()
        try:
            found = _findings(rules.validate(load(der, path).root))
            found += _findings(_pair(load, issuer, der))
        except Exception as error:  # it cannot go on: that is a finding
            found = [f"FATAL {type(error).__name__}: {error}"[:200]]
        print(json.dumps({"file": os.path.basename(path),
                          "findings": found}), flush=True)


if __name__ == "__main__":
    main()
