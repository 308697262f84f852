"""What certificates of Vietnamese public CAs for organisations look like,
point by point, read from a certificate by a library that is not ours."""

import datetime
import hashlib
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)
from cryptography.x509 import name as x509_name
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtensionOID
from leaf import Leaf

ORDER = ("C", "ST", "L", "O", "CN", "UID")
PURPOSES = ["1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.10.3.12"]
DOCUMENTATION_ARC = "1.3.6.1.4.1.32473."
CRITICAL = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE}
EXTENSIONS = CRITICAL | {
    ExtensionOID.EXTENDED_KEY_USAGE, ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS}
SECOND = datetime.timedelta(seconds=1)


def _spki(certificate):
    return certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


def _subject(certificate, enterprise):
    names = [(each.rfc4514_attribute_name, each.value, each._type)
             for each in certificate.subject]
    value = {name: text for name, text, _ in names}
    types = {name: kind for name, _, kind in names}
    yield "subject: order", tuple(name for name, _, _ in names) == ORDER
    yield "subject: C is a PrintableString, the rest UTF8String", all(
        kind == (x509_name._ASN1Type.PrintableString if name == "C"
                 else x509_name._ASN1Type.UTF8String)
        for name, kind in types.items())
    yield "subject: CN = O", value.get("CN") == value.get("O")
    yield "subject: UID", value.get("UID") == f"MST:{enterprise['tax_code']}"
    yield "subject: ST", value.get("ST") == enterprise["province"]


def _fields(certificate):
    serial = certificate.serial_number
    begin = certificate.not_valid_before
    yield "serial number: 16 octets from 0x40 to 0x7f", (
        serial.bit_length() == 127)
    yield "12 calendar months less one second", (
        certificate.not_valid_after + SECOND
        == begin.replace(year=begin.year + 1)
        or (begin.month, begin.day) == (2, 29))


def _extensions(certificate, issuing):
    found = {each.oid: each for each in certificate.extensions}
    yield "extensions: these and no others", set(found) == EXTENSIONS
    yield "extensions: critical are two", CRITICAL == {
        oid for oid, each in found.items() if each.critical}
    usage = found[ExtensionOID.KEY_USAGE].value
    yield "key usage", [
        usage.digital_signature, usage.content_commitment,
        usage.key_encipherment, usage.data_encipherment, usage.key_agreement,
        usage.key_cert_sign, usage.crl_sign] == [True, True] + 5 * [False]
    yield "no CA", not found[ExtensionOID.BASIC_CONSTRAINTS].value.ca
    yield "purposes", PURPOSES == [
        each.dotted_string
        for each in found[ExtensionOID.EXTENDED_KEY_USAGE].value]
    yield "policies", all(
        each.policy_identifier.dotted_string.startswith(DOCUMENTATION_ARC)
        for each in found[ExtensionOID.CERTIFICATE_POLICIES].value)
    yield "subject key identifier (RFC 7093, method 1)", (
        found[ExtensionOID.SUBJECT_KEY_IDENTIFIER].value.digest
        == hashlib.sha256(Leaf.key_bits(_spki(certificate))).digest()[:20])
    yield "authority key identifier", (
        found[ExtensionOID.AUTHORITY_KEY_IDENTIFIER].value.key_identifier
        == issuing.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier).value.digest)


def _addresses(certificate, issuing):
    """Those in the certificate are really served."""
    get = certificate.extensions.get_extension_for_class
    crl = x509.load_der_x509_crl(_fetch(
        get(x509.CRLDistributionPoints).value[0].full_name[0].value))
    yield "CRL: served, and the CA's", (
        crl.issuer == issuing.subject
        and crl.is_signature_valid(issuing.public_key()))
    access = {each.access_method: each.access_location.value
              for each in get(x509.AuthorityInformationAccess).value}
    yield "CA certificate: served", (
        _fetch(access[Access.CA_ISSUERS]) == issuing.public_bytes(
            Encoding.DER))


def points(der, issuing_der, enterprise):
    """(point, holds) of one certificate."""
    certificate = x509.load_der_x509_certificate(der)
    issuing = x509.load_der_x509_certificate(issuing_der)
    yield from _subject(certificate, enterprise)
    yield from _fields(certificate)
    yield from _extensions(certificate, issuing)
    yield from _addresses(certificate, issuing)
