"""Certificates with one defect each. Which verifiers must object is what they
were seen to do: those that do not look at such a thing are not named."""

from dataclasses import dataclass

import leaf
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from leaf import (AIA, AKI, BASIC, CRL, DAY, EKU, NOW, POLICIES, SKI, USAGE,
                  der, explicit, generalized, pss, uri, utc)

O, G, X, Z, P, C, L = ("OpenSSL", "GnuTLS", "Go crypto/x509", "zlint",
                       "pkilint", "Python cryptography", "certflow lint")
DEFECTS = []


@dataclass(frozen=True)
class Defect:
    """What is wrong, how to make it so, and who must say so."""

    text: str
    change: object
    seen_by: tuple


def defect(text, *seen_by):
    def add(function):
        DEFECTS.append(Defect(text, function, seen_by))
        return function
    return add


# ---- signature ------------------------------------------------------

@defect("signature: one bit of it", O, G, X, P, C, L)
def _bit(it):
    it.after = lambda octets: octets[:-1] + bytes([octets[-1] ^ 1])


@defect("signature: by a key that is not the CA's", O, G, X, P, C, L)
def _other_key(it):
    it.signer = it.ca.other_key


@defect("signature: another algorithm outside than inside",
        O, G, X, Z, P, C, L)
def _outside(it):
    it.outside = leaf.RSA_SHA384


@defect("signature: SHA-1", G, X, C, L)
def _sha1(it):
    it.algorithm, it.hash = leaf.RSA_SHA1, hashes.SHA1()


@defect("PSS: a salt of 48 octets inside, of 32 outside", O, G, X, Z, P, C, L)
def _pss_outside(it):
    it.algorithm, it.outside, it.sign = pss(48), pss(32), it.sign_pss


@defect("PSS: parameters say 48 octets of salt, the signature has 32",
        O, X, C, L)
def _pss_salt(it):
    it.algorithm, it.sign = pss(48), it.sign_pss


@defect("PSS: no parameters", O, G, X, P, C, L)
def _pss_bare(it):
    it.algorithm, it.sign = der.seq(der.oid("rsaPss")), it.sign_pss


# ---- fields ---------------------------------------------------------

@defect("version 1, with extensions", O, G, Z, P, C, L)
def _version(it):
    it.version = b""


@defect("serial number 0", Z, P, L)
def _serial_zero(it):
    it.serial = der.integer(0)


@defect("serial number negative", Z, P, C, L)
def _serial_negative(it):
    it.serial = der.integer(-leaf.SERIAL)


@defect("serial number of 21 octets", Z, P, L)
def _serial_long(it):
    it.serial = der.integer(0x40 << 160 | 1)


@defect("serial number with a superfluous zero octet", O, X, Z, P, C, L)
def _serial_padded(it):
    it.serial = der.tlv(2, b"\0" + it.serial[2:])


@defect("issuer: another name than the CA's", O, G, X, P, C, L)
def _issuer(it):
    it.issuer = der.name(der.rdn("C", "VN"), der.rdn("CN", "Other CA"))


@defect("issuer: empty", O, G, X, Z, P, C, L)
def _issuer_empty(it):
    it.issuer = der.seq()


@defect("dates: ended yesterday", O, G, X, C)
def _expired(it):
    it.begin, it.end = utc(NOW - 30 * DAY), utc(NOW - DAY)


@defect("dates: begins tomorrow", O, G, X, C)
def _future(it):
    it.begin = utc(NOW + DAY)


@defect("dates: ends before it begins", O, G, X, Z, P, C, L)
def _reversed(it):
    it.begin, it.end = it.end, it.begin


@defect("dates: GeneralizedTime before 2050", Z, P, C, L)
def _generalized(it):
    it.end = generalized(NOW + 300 * DAY)


@defect("dates: UTCTime without seconds", O, Z, P, C, L)
def _no_seconds(it):
    it.end = der.tlv(23, (NOW + 300 * DAY).strftime("%y%m%d%H%MZ").encode())


@defect("dates: five months longer than 36 months", L)
def _long(it):
    it.end = utc(NOW + 1250 * DAY)


# ---- subject --------------------------------------------------------

@defect("subject: country of three letters", P, L)
def _country(it):
    it.set_attribute("C", "VNM")


@defect("subject: country in small letters", Z, L)
def _country_small(it):
    it.set_attribute("C", "vn")


@defect("subject: country as UTF8String", Z, P, L)
def _country_type(it):
    it.set_attribute("C", der.utf8("VN"))


@defect("subject: organisation of 65 characters", Z, P, L)
def _organisation(it):
    it.set_attribute("O", "M" * 65)


@defect("subject: an empty attribute", G, P, L)
def _empty(it):
    it.set_attribute("ST", "")


@defect("subject: octets that are no UTF-8", O, X, Z, P, C, L)
def _no_utf8(it):
    it.set_attribute("ST", der.utf8(b"H\xc3 N\xe1\xbb"))


@defect("subject: PrintableString with an asterisk", Z, P, C, L)
def _asterisk(it):
    it.set_attribute("ST", der.printable("Ha*Noi"))


@defect("subject: a name that is not in Normalization Form C", L)
def _nfd(it):
    it.set_attribute("ST", "Ha\u0300 No\u0323\u0302i")


@defect("subject: a zero-width space", L)
def _invisible(it):
    it.set_attribute("ST", "H\u200ba Noi")


@defect("subject: CN other than O", L)
def _cn(it):
    it.set_attribute("CN", "CÔNG TY KHÁC")


@defect("subject: a relative name without an attribute", P, C, L)
def _empty_set(it):
    it.subject[2] = ("L", None)


# ---- key ------------------------------------------------------------

@defect("key: RSA of 1024 bits", G, L)
def _rsa_1024(it):
    it.set_key(leaf.spki(rsa.generate_private_key(65537, 1024)))


@defect("key: RSA with exponent 3", L)
def _exponent(it):
    it.set_key(leaf.spki(rsa.generate_private_key(3, 2048)))


@defect("key: RSA with an even modulus", L)
def _even(it):
    it.set_key(der.rsa_spki(1 << 2047 | 2))


@defect("key: a point that is not on the curve", O, X, Z, C, L)
def _off_curve(it):
    it.set_key(der.ec_spki(b"\4" + b"\1" * 64))


@defect("key: a curve without a name (P-256 by its parameters)",
        O, G, X, Z, P, C, L)
def _explicit_curve(it):
    prime = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
    it.set_key(der.ec_spki(it.spki[-65:], der.seq(
        der.integer(1), der.seq(der.oid("primeField"), der.integer(prime)))))


# ---- extensions -----------------------------------------------------

@defect("basicConstraints: a CA, without keyCertSign", P, L)
def _ca(it):
    it.extensions[BASIC] = (True, der.seq(der.tlv(1, b"\xff")))


@defect("basicConstraints: a path length, but no CA", O, Z, P, C, L)
def _path_length(it):
    it.extensions[BASIC] = (True, der.seq(der.integer(0)))


@defect("basicConstraints: the default FALSE written out", P, C, L)
def _false(it):
    it.extensions[BASIC] = (True, der.seq(der.tlv(1, b"\0")))


@defect("keyUsage: keyCertSign without being a CA", O, Z, P, L)
def _cert_sign(it):
    it.extensions[USAGE] = (True, der.bits(b"\xc4", 2))


@defect("keyUsage: no bit", O, Z, P, L)
def _no_usage(it):
    it.extensions[USAGE] = (True, der.bits(b"", 0))


@defect("keyUsage: zero bits at the end", Z, P, L)
def _usage_padded(it):
    it.extensions[USAGE] = (True, der.bits(b"\xc0", 0))


@defect("keyUsage: not critical", Z, P, L)
def _usage_plain(it):
    it.extensions[USAGE] = (False, it.extensions[USAGE][1])


@defect("extendedKeyUsage: empty", P, C, L)
def _no_purpose(it):
    it.extensions[EKU] = (False, der.seq())


@defect("extendedKeyUsage: OCSP signing", L)
def _responder(it):
    it.extensions[EKU] = (False, der.seq(der.oid("1.3.6.1.5.5.7.3.9")))


@defect("certificatePolicies: the same twice", Z, P, L)
def _policy_twice(it):
    one = der.seq(der.oid("1.3.6.1.4.1.32473.1.1"))
    it.extensions[POLICIES] = (False, der.seq(one, one))


@defect("certificatePolicies: empty", P, L)
def _no_policy(it):
    it.extensions[POLICIES] = (False, der.seq())


@defect("subjectKeyIdentifier: missing", Z, P, L)
def _no_ski(it):
    del it.extensions[SKI]


@defect("subjectKeyIdentifier: critical", O, Z, P, L)
def _ski_critical(it):
    it.extensions[SKI] = (True, it.extensions[SKI][1])


@defect("authorityKeyIdentifier: missing", O, Z, P, L)
def _no_aki(it):
    del it.extensions[AKI]


@defect("authorityKeyIdentifier: another key's", O, G, P, L)
def _aki(it):
    it.extensions[AKI] = (False, der.seq(der.tlv(0x80, b"\1" * 20)))


@defect("authorityKeyIdentifier: critical", O, Z, P, L)
def _aki_critical(it):
    it.extensions[AKI] = (True, it.extensions[AKI][1])


@defect("cRLDistributionPoints: no address in it", O, Z, P, C, L)
def _crl_empty(it):
    it.extensions[CRL] = (False, der.seq(der.seq(
        der.tlv(0x81, b"\1\x7e"))))


@defect("cRLDistributionPoints: an address without a scheme", Z, P, L)
def _crl_relative(it):
    it.extensions[CRL] = (False, der.seq(der.seq(explicit(0, explicit(
        0, uri("issuing.crl"))))))


@defect("authorityInfoAccess: empty", P, L)
def _aia_empty(it):
    it.extensions[AIA] = (False, der.seq())


@defect("authorityInfoAccess: critical", O, Z, P, L)
def _aia_critical(it):
    it.extensions[AIA] = (True, it.extensions[AIA][1])


@defect("an extension twice", O, G, X, Z, P, C, L)
def _twice(it):
    it.more = [it.extension(SKI, *it.extensions[SKI])]


@defect("an unknown extension, critical", O, G, X, C, L)
def _unknown(it):
    it.more = [it.extension("1.3.6.1.4.1.32473.9.9", True, der.NULL)]


@defect("no extensions at all", O, Z, P, L)
def _none(it):
    it.extensions = {}


# ---- encoding -------------------------------------------------------

@defect("encoding: octets behind the certificate", G, X, Z, P, C, L)
def _trailing(it):
    it.after = lambda octets: octets + b"\0\0"


@defect("encoding: the last octets missing", O, G, X, Z, P, C, L)
def _cut(it):
    it.after = lambda octets: octets[:-10]


@defect("encoding: a length with more octets than needed", X, Z, P, C, L)
def _long_length(it):
    it.version = der.tlv(0xa0, b"\2\x81\1\2")


@defect("encoding: critical TRUE written as 1", X, Z, P, C, L)
def _true(it):
    it.extensions[BASIC] = (der.tlv(1, b"\1"), der.seq())


@defect("encoding: octets behind an extension's value", P, C, L)
def _behind(it):
    it.extensions[SKI] = (False, it.extensions[SKI][1] + der.NULL)
