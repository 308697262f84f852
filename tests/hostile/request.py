"""A CertificationRequest of parts, each of which can be replaced."""

import der
from der import attribute, bits, name, oid, rdn, seq, tlv

TAX_CODE = "0199000112"
RSA_SHA256 = seq(oid("sha256Rsa"), der.NULL)
EC_SHA256 = seq(oid("sha256Ec"))
C = rdn("C", "VN")
UID = rdn("UID", "MST:" + TAX_CODE)


def subject(*more):
    """What a request must hold, and more."""
    return name(C, UID, *more)


def info(key, **parts):
    return seq(parts.get("version", tlv(2, b"\0")),
               parts.get("subject", subject()),
               parts.get("spki", key.spki),
               parts.get("attributes", tlv(0xa0)),
               *parts.get("more", ()))


def algorithm_of(key):
    return RSA_SHA256 if hasattr(key, "n") else EC_SHA256


def request(key, **parts):
    """sign: signature of the info's octets; spoil: of what was signed."""
    body = parts.get("info") or info(key, **parts)
    signature = parts.get("sign", key.sign)(body)
    body = parts.get("spoil", lambda octets: octets)(body)
    return seq(body, parts.get("algorithm", algorithm_of(key)),
               parts.get("bits", bits)(signature))


def wants(*extensions):
    """An extensionRequest attribute."""
    return tlv(0xa0, seq(oid("extensions"), der.set_of(seq(*extensions))))


def san(*names):
    return seq(oid("san"), der.octets(seq(*names)))


def challenge(value):
    return seq(oid("challenge"), der.set_of(value))


__all__ = ["C", "EC_SHA256", "RSA_SHA256", "TAX_CODE", "UID", "attribute",
           "challenge", "info", "request", "san", "subject", "wants"]
