"""DER by hand: it must be possible to write what is wrong."""

import hashlib

SEQUENCE, SET = 0x30, 0x31
OIDS = {
    "rsa": "1.2.840.113549.1.1.1", "rsaPss": "1.2.840.113549.1.1.10",
    "oaep": "1.2.840.113549.1.1.7", "mgf1": "1.2.840.113549.1.1.8",
    "md2Rsa": "1.2.840.113549.1.1.2", "md4Rsa": "1.2.840.113549.1.1.3",
    "md5Rsa": "1.2.840.113549.1.1.4", "sha1Rsa": "1.2.840.113549.1.1.5",
    "sha256Rsa": "1.2.840.113549.1.1.11",
    "sha384Rsa": "1.2.840.113549.1.1.12",
    "sha512Rsa": "1.2.840.113549.1.1.13",
    "sha224Rsa": "1.2.840.113549.1.1.14",
    "sha512_256Rsa": "1.2.840.113549.1.1.16",
    "sha3Rsa": "2.16.840.1.101.3.4.3.14",
    "ripemdRsa": "1.3.36.3.3.1.2", "sha1RsaOiw": "1.3.14.3.2.29",
    "ec": "1.2.840.10045.2.1", "ecdh": "1.3.132.1.12",
    "sha1Ec": "1.2.840.10045.4.1", "sha224Ec": "1.2.840.10045.4.3.1",
    "sha256Ec": "1.2.840.10045.4.3.2", "sha384Ec": "1.2.840.10045.4.3.3",
    "sha512Ec": "1.2.840.10045.4.3.4",
    "sha3Ec": "2.16.840.1.101.3.4.3.10", "sm2Sm3": "1.2.156.10197.1.501",
    "gost": "1.2.643.7.1.1.3.2", "dsa": "1.2.840.10040.4.1",
    "sha256Dsa": "2.16.840.1.101.3.4.3.2", "dh": "1.2.840.10046.2.1",
    "ed25519": "1.3.101.112", "ed448": "1.3.101.113",
    "x25519": "1.3.101.110", "gostKey": "1.2.643.7.1.1.1.1",
    "mlDsa44": "2.16.840.1.101.3.4.3.17",
    "sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3",
    "p256": "1.2.840.10045.3.1.7", "p384": "1.3.132.0.34",
    "p521": "1.3.132.0.35", "p224": "1.3.132.0.33",
    "p192": "1.2.840.10045.3.1.1", "k256": "1.3.132.0.10",
    "bp256": "1.3.36.3.3.2.8.1.1.7", "bp384": "1.3.36.3.3.2.8.1.1.11",
    "b233": "1.3.132.0.27", "sm2": "1.2.156.10197.1.301",
    "primeField": "1.2.840.10045.1.1",
    "CN": "2.5.4.3", "SN": "2.5.4.4", "serialNumber": "2.5.4.5",
    "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10",
    "OU": "2.5.4.11", "phone": "2.5.4.20", "GN": "2.5.4.42",
    "UID": "0.9.2342.19200300.100.1.1", "mail": "0.9.2342.19200300.100.1.3",
    "mobile": "0.9.2342.19200300.100.1.41",
    "email": "1.2.840.113549.1.9.1", "birth": "1.3.6.1.5.5.7.9.1",
    "challenge": "1.2.840.113549.1.9.7",
    "extensions": "1.2.840.113549.1.9.14", "san": "2.5.29.17",
    "basic": "2.5.29.19",
}


def length(n):
    if n < 128:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def seq(*parts):
    return tlv(SEQUENCE, *parts)


def set_of(*parts):
    return tlv(SET, *sorted(parts))


def integer(n):
    """Any sign; a caller that wants a wrong form writes tlv(2, ...)."""
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def base128(n):
    out = [n & 0x7f]
    while n > 0x7f:
        n >>= 7
        out.append(0x80 | n & 0x7f)
    return bytes(reversed(out))


def oid(name):
    numbers = [int(x) for x in OIDS.get(name, name).split(".")]
    return tlv(6, base128(40 * numbers[0] + numbers[1]),
               *map(base128, numbers[2:]))


def bits(octets, unused=0):
    return tlv(3, bytes([unused]), octets)


def octets(content):
    return tlv(4, content)


NULL = tlv(5)


def utf8(text):
    return tlv(12, text if isinstance(text, bytes) else text.encode())


def printable(text):
    return tlv(19, text.encode())


def attribute(name, value):
    return seq(oid(name), value)


def rdn(name, value):
    if isinstance(value, str):
        value = printable(value) if name == "C" else utf8(value)
    return set_of(attribute(name, value))


def name(*rdns):
    return seq(*rdns)


def rsa_spki(n, e=65537, parameters=NULL, algorithm="rsa"):
    return seq(seq(oid(algorithm), parameters),
               bits(seq(integer(n), integer(e))))


def ec_spki(point, curve="p256"):
    parameters = oid(curve) if isinstance(curve, str) else curve
    return seq(seq(oid("ec"), parameters), bits(point))


def sha(data, size=256):
    return hashlib.new(f"sha{size}", data).digest()
