"""A certificate by the profile org-hsm-ca4 in parts, so that one of them can
be wrong, and the software CAs that sign it."""

import datetime
import hashlib
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "hostile"))

import der  # noqa: E402

URL = "http://127.0.0.1:8080"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
NAME = "CÔNG TY CỔ PHẦN CÔNG NGHỆ SAO MAI MẪU"
SERIAL = 0x5b0123456789abcdef0123456789abcd

RSA_SHA256 = der.seq(der.oid("sha256Rsa"), der.NULL)
RSA_SHA384 = der.seq(der.oid("sha384Rsa"), der.NULL)
RSA_SHA1 = der.seq(der.oid("sha1Rsa"), der.NULL)
BASIC, USAGE, EKU, POLICIES, SKI, AKI, CRL, AIA = (
    "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.32", "2.5.29.14",
    "2.5.29.35", "2.5.29.31", "1.3.6.1.5.5.7.1.1")


def explicit(number, *parts):
    return der.tlv(0xa0 | number, *parts)


def utc(moment):
    return der.tlv(23, moment.strftime("%y%m%d%H%M%SZ").encode())


def generalized(moment):
    return der.tlv(24, moment.strftime("%Y%m%d%H%M%SZ").encode())


def uri(text):
    return der.tlv(0x86, text.encode())


def pss(salt):
    sha256 = der.seq(der.oid("sha256"), der.NULL)
    return der.seq(der.oid("rsaPss"), der.seq(
        explicit(0, sha256), explicit(1, der.seq(der.oid("mgf1"), sha256)),
        explicit(2, der.integer(salt))))


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo)


class Authorities:
    """A root and an issuing CA, and a second key that is not theirs."""

    def __init__(self):
        self.root_key, self.key, self.other_key = (
            rsa.generate_private_key(65537, 2048) for _ in range(3))
        self.root = self._certificate("Root CA", self.root_key, None)
        self.issuing = self._certificate("Issuing CA", self.key, self.root)
        self.name = self.issuing.subject.public_bytes()
        self.key_id = self.issuing.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier).value.digest

    def _certificate(self, name, key, issuer):
        subject = x509.Name([
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Certflow"),
            x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False,
            key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True,
            encipher_only=False, decipher_only=False)
        key_id = x509.SubjectKeyIdentifier.from_public_key(
            self.root_key.public_key())
        builder = (
            x509.CertificateBuilder().subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key()).serial_number(SERIAL + len(name))
            .not_valid_before((NOW - 400 * DAY).replace(tzinfo=None))
            .not_valid_after((NOW + 4000 * DAY).replace(tzinfo=None))
            .add_extension(x509.BasicConstraints(True, 0 if issuer else None),
                           critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(
                key.public_key()), critical=False))
        if issuer:
            any_policy = x509.PolicyInformation(
                x509.ObjectIdentifier("2.5.29.32.0"), None)
            builder = builder.add_extension(
                x509.CertificatePolicies([any_policy]), critical=False)
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier
                .from_issuer_subject_key_identifier(key_id), critical=False)
        return builder.sign(self.root_key, hashes.SHA256())

    def write(self, folder):
        for name, certificate in (("root", self.root),
                                  ("issuing", self.issuing)):
            for suffix, form in (("cer", serialization.Encoding.DER),
                                 ("pem", serialization.Encoding.PEM)):
                path = os.path.join(folder, f"{name}.{suffix}")
                with open(path, "wb") as stream:
                    stream.write(certificate.public_bytes(form))


class Leaf:
    """Parts of a TBSCertificate as DER; change any, then build()."""

    def __init__(self, authorities):
        self.ca = authorities
        self.version = explicit(0, der.integer(2))
        self.serial = der.integer(SERIAL)
        self.algorithm = RSA_SHA256
        self.outside = None  # as inside
        self.issuer = authorities.name
        self.begin, self.end = utc(NOW - DAY), utc(NOW + 300 * DAY)
        self.subject = [("C", "VN"), ("ST", "Hà Nội"),
                        ("L", "Phường Mẫu Một"), ("O", NAME), ("CN", NAME),
                        ("UID", "MST:0199000112")]
        self.set_key(spki(ec.generate_private_key(ec.SECP256R1())))
        self.sign = self.sign_v15
        self.signer = authorities.key
        self.hash = hashes.SHA256()
        self.after = lambda octets: octets

    def set_key(self, info):
        """The extensions go with it."""
        self.spki = info
        content = self.key_bits(info)
        self.extensions = {
            BASIC: (True, der.seq()),
            USAGE: (True, der.bits(b"\xc0", 6)),
            EKU: (False, der.seq(der.oid("1.3.6.1.5.5.7.3.36"),
                                 der.oid("1.3.6.1.4.1.311.10.3.12"))),
            POLICIES: (False, der.seq(der.seq(
                der.oid("1.3.6.1.4.1.32473.1.1")))),
            SKI: (False, der.octets(hashlib.sha256(content).digest()[:20])),
            AKI: (False, der.seq(der.tlv(0x80, self.ca.key_id))),
            CRL: (False, der.seq(der.seq(explicit(0, explicit(
                0, uri(f"{URL}/issuing.crl")))))),
            AIA: (False, der.seq(der.seq(der.oid("1.3.6.1.5.5.7.48.2"),
                                         uri(f"{URL}/issuing.cer")))),
        }
        self.more = []  # whole extensions behind those

    @staticmethod
    def key_bits(info):
        """Content of the BIT STRING that ends a SubjectPublicKeyInfo."""
        at = 2 + (info[1] & 0x7f if info[1] & 0x80 else 0)
        at += 2 + info[at + 1]  # the algorithm is short
        at += 2 + (info[at + 1] & 0x7f if info[at + 1] & 0x80 else 0)
        return info[at + 1:]

    def set_attribute(self, name, value):
        self.subject = [(each, value if each == name else old)
                        for each, old in self.subject]

    def sign_v15(self, octets):
        return self.signer.sign(octets, padding.PKCS1v15(), self.hash)

    def sign_pss(self, octets):
        return self.signer.sign(octets, padding.PSS(
            padding.MGF1(self.hash), 32), self.hash)

    @staticmethod
    def extension(name, critical, value):
        flag = critical if isinstance(critical, bytes) else (
            der.tlv(1, b"\xff") if critical else b"")
        return der.seq(der.oid(name), flag, der.octets(value))

    def build(self):
        extensions = [self.extension(name, *each)
                      for name, each in self.extensions.items()] + self.more
        tbs = der.seq(
            self.version, self.serial, self.algorithm, self.issuer,
            der.seq(self.begin, self.end),
            der.name(*(der.tlv(der.SET) if value is None
                       else der.rdn(name, value)
                       for name, value in self.subject)), self.spki,
            explicit(3, der.seq(*extensions)) if extensions else b"")
        return self.after(der.seq(tbs, self.outside or self.algorithm,
                                  der.bits(self.sign(tbs))))
