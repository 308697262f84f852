"""Requests whose algorithm, signature or key must be refused."""

import os

from cryptography.hazmat.primitives import serialization

import der
import moduli
from der import integer, oid, seq, tlv
from keys import OTHER_P256, OTHER_RSA, P256, P384, RSA, Ec, Rsa, rng
from request import EC_SHA256, RSA_SHA256, info, request

KEYS = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir,
                    "data", "keys")

# A key that Debian's OpenSSL made (CVE-2008-0166), from the tests of Boulder
# (goodkey/weak_test.go); its private key is not known here.
DEBIAN = int(
    "D673252AF6723C3F72529403EAB7C30DEF3C52F97E799825F4A70191C616ADCF1ECE1113"
    "F1625971074C492C592025FDEADBDB146A081826BDF0D77C3C913DCF1B6F0B3B78F5108D"
    "2E493AD0EEE8CA5C021711ADC13D358E61133870FCD19C8E5C22403959782AA82E72AEE5"
    "3A3D491E3912CE27B27E1A85EA69C19A527D28F7934C9823B7E56FDD657DAC83FDC65BB2"
    "2A98D843DF73238919781B714C81A5E2AFEC71F5C54AA2A27C590AD94C03C1062D50EFCF"
    "FAC743E3C8A3AE056846A1D756EB862BF4224169D467C35215ADE0AFCC11E85FE629AFB8"
    "02C4786FF2E9C929BCCF502B3D3B8876C6A11785CC398B389F1D86BDD9CB0BD4EC13956E"
    "C3FA270D", 16)
DEBIAN_DIGEST = "8df20e6961a16398b85a"

# Made by an affected card: roca/tests/data/mod03.txt of crocs-muni/roca.
CARD = int(
    "9dcd7420e420c270a68060eb8b5aa7457a9f6648f86fafed2775cc1f79ae962f1e63f1b9"
    "e51c55f9ea6fdc7332e9b0058c9ff2eb1fc89855029cf6aafe21e689feb38ac9ffb12f1c"
    "e371bb5d0e9aae64161abce74b4244bf68f1edb4411f756a097c8929c14740245ea355f8"
    "332d1aa36bb50c7dcb4505da8de02e4e53d38f8df06097da7524df0df93db48eac8cc4af"
    "2d3a16257eb2b2adca6ba464e5974fa92550d31b1babf161e7692d00b86e3dd886ecab4a"
    "bfbe1a8f8cc263ff4af55cdb45f4249a5193925f5e983d762f0b6800943eb0267b08f42e"
    "d311ce1f5c86eacbc8ce4d3cb7a2fee1ef5641423a1cf4114e5ecf50034a60a412523af9"
    "e6f4aa11", 16)

LISTED_RSA = Rsa(moduli.sound(rng("listed"), 3072))
LISTED_EC = Ec("p384", 0xbadb100d)


def pss(hash_name="sha256", mgf_hash=None, salt=32, more=b""):
    def hash_of(name):
        return seq(oid(name), der.NULL)

    return seq(oid("rsaPss"), seq(
        tlv(0xa0, hash_of(hash_name)),
        tlv(0xa1, seq(oid("mgf1"), hash_of(mgf_hash or hash_name))),
        tlv(0xa2, integer(salt)), more))


def no_sign(size):
    return lambda data: b"\x5a" * size


def algorithms():
    for name in ("md2Rsa", "md4Rsa", "md5Rsa", "sha1Rsa", "sha224Rsa",
                 "sha512_256Rsa", "sha3Rsa", "ripemdRsa", "sha1RsaOiw",
                 "rsa", "oaep"):
        yield f"rsa-{name}", request(RSA, algorithm=seq(oid(name), der.NULL))
    for name in ("sha1Ec", "sha224Ec", "sha3Ec", "sm2Sm3", "gost", "ec",
                 "sha256Dsa", "ed25519", "1.2.3.4"):
        yield f"ec-{name}", request(P256, algorithm=seq(oid(name)))
    yield "rsa-says-ecdsa", request(RSA, algorithm=EC_SHA256)
    yield "ec-says-rsa", request(P256, algorithm=RSA_SHA256)
    yield "ec-says-pss", request(P256, algorithm=pss())
    yield "ecdsa-with-null", request(P256, algorithm=seq(
        oid("sha256Ec"), der.NULL))
    yield "rsa-with-sequence", request(RSA, algorithm=seq(
        oid("sha256Rsa"), seq()))
    yield "pss-defaults-are-sha1", request(RSA, algorithm=seq(
        oid("rsaPss"), seq()))
    yield "pss-no-parameters", request(RSA, algorithm=seq(oid("rsaPss")))
    yield "pss-null", request(RSA, algorithm=seq(oid("rsaPss"), der.NULL))
    yield "pss-sha1", request(RSA, algorithm=pss("sha1", salt=20))
    yield "pss-mgf1-sha1", request(RSA, algorithm=pss("sha256", "sha1"))
    yield "pss-mgf1-sha512", request(RSA, algorithm=pss("sha256", "sha512"))
    yield "pss-salt-20", request(RSA, algorithm=pss(salt=20))
    yield "pss-salt-0", request(RSA, algorithm=pss(salt=0))
    yield "pss-salt-64", request(RSA, algorithm=pss(salt=64))
    yield "pss-salt-negative", request(RSA, algorithm=pss(salt=-1))
    yield "pss-trailer-2", request(RSA, algorithm=pss(
        more=tlv(0xa3, integer(2))))
    for name in ("ed25519", "ed448", "x25519", "gostKey", "mlDsa44", "dh",
                 "dsa", "rsaPss", "oaep", "ecdh"):
        yield f"key-{name}", request(P256, spki=seq(
            seq(oid(name)), der.bits(b"\1" * 32)))
    yield "key-rsa-pss", request(RSA, spki=der.rsa_spki(
        RSA.n, parameters=b"", algorithm="rsaPss"))


def signatures():
    ec, rsa = P256, RSA
    r, s = ec.numbers(info(ec))

    def ec_says(*numbers):
        return request(ec, sign=lambda _: seq(*map(integer, numbers)))

    def flip(at):
        def sign(data):
            out = bytearray(rsa.sign(data))
            out[at] ^= 1
            return bytes(out)
        return request(rsa, sign=sign)

    yield "rsa-by-another", request(rsa, sign=OTHER_RSA.sign)
    yield "ec-by-another", request(ec, sign=OTHER_P256.sign)
    yield "ec-by-p384", request(ec, sign=P384.sign)
    for at in (0, 128, 255):
        yield f"rsa-flipped-{at}", flip(at)
    yield "rsa-zero", request(rsa, sign=lambda _: bytes(256))
    yield "rsa-one", request(rsa, sign=lambda _: bytes(255) + b"\1")
    yield "rsa-modulus", request(
        rsa, sign=lambda _: rsa.n.to_bytes(256, "big"))
    yield "rsa-empty", request(rsa, sign=lambda _: b"")
    yield "rsa-short", request(rsa, sign=lambda d: rsa.sign(d)[1:])
    yield "rsa-long", request(rsa, sign=lambda d: b"\0" + rsa.sign(d))
    yield "rsa-other-hash", request(rsa, sign=lambda d: rsa.sign(d, 512))
    yield "rsa-little-padding", request(rsa, sign=little_padding)
    yield "rsa-no-digest-info", request(rsa, sign=lambda d: rsa.raw(
        b"\0\1" + b"\xff" * 221 + b"\0" + der.sha(d)))
    yield "rsa-padding-type-2", request(rsa, sign=lambda d: rsa.raw(
        b"\0\2" + b"\x55" * 202 + b"\0" + seq(
            seq(oid("sha256"), der.NULL), der.octets(der.sha(d)))))
    yield "rsa-is-pss", request(rsa, sign=rsa.sign_pss)
    yield "pss-is-rsa", request(rsa, algorithm=pss())
    yield "pss-other-salt", request(
        rsa, algorithm=pss(), sign=lambda d: rsa.sign_pss(d, salt_len=20))
    yield "pss-other-hash", request(
        rsa, algorithm=pss(), sign=lambda d: rsa.sign_pss(d, 512))
    yield "ec-zero-zero", ec_says(0, 0)
    yield "ec-r-zero", ec_says(0, s)
    yield "ec-s-zero", ec_says(r, 0)
    yield "ec-r-order", ec_says(ec.order, s)
    yield "ec-s-more-order", ec_says(r, s + ec.order)
    yield "ec-r-negative", ec_says(r - ec.order, s)
    yield "ec-swapped", ec_says(s, r)
    yield "ec-three-numbers", ec_says(r, s, 1)
    yield "ec-one-number", ec_says(r)
    yield "ec-empty", request(ec, sign=lambda _: b"")
    yield "ec-raw", request(
        ec, sign=lambda _: ec.fixed(r) + ec.fixed(s))
    yield "ec-trailing", request(ec, sign=lambda d: ec.sign(d) + b"\0")
    yield "ec-padded", request(ec, sign=lambda _: seq(
        tlv(2, b"\0\0" + ec.fixed(r)), integer(s)))
    yield "ec-other-hash", request(ec, sign=lambda d: ec.sign(d, 384))
    yield "country-changed-after", request(
        ec, spoil=lambda d: d.replace(b"\x13\2VN", b"\x13\2LA"))
    yield "key-changed-after", request(
        ec, spoil=lambda d: d.replace(ec.spki, OTHER_P256.spki))
    yield "attributes-added-after", request(
        ec, spoil=lambda d: info(ec, attributes=tlv(0xa0, seq(
            oid("challenge"), der.set_of(der.utf8("x"))))))


def little_padding(data):
    """Bleichenbacher's forgery: eight 0xff, the rest behind the digest."""
    digest = seq(seq(oid("sha256"), der.NULL), der.octets(der.sha(data)))
    block = b"\0\1" + b"\xff" * 8 + b"\0" + digest
    return RSA.raw(block + bytes(256 - len(block)))


def unsigned(spki, size=256):
    """A key whose owner is not at hand; nobody gets as far as proof."""
    algorithm = EC_SHA256 if size == 64 else RSA_SHA256
    return request(RSA, spki=spki, sign=no_sign(size), algorithm=algorithm)


def sizes():
    for bits in (512, 768, 1024, 1536, 2046, 2047, 2049, 2050, 2056, 3071,
                 3073, 4095):
        p = moduli.prime(rng("size", bits), bits // 2)
        low = (1 << (bits - 1)) // p + 1
        q = moduli.next_prime(low + low // 2)
        key = Rsa([p, q])
        if key.n.bit_length() != bits:
            raise ValueError(f"{key.n.bit_length()} bits, not {bits}")
        yield f"rsa-{bits}", (request(key) if bits >= 768
                              else unsigned(key.spki))
    for bits in (16, 128, 4097, 8192, 16384):
        yield f"rsa-{bits}", unsigned(der.rsa_spki((1 << (bits - 1)) | 1))
    yield "modulus-one", unsigned(der.rsa_spki(1))


def exponents():
    p, q = moduli.sound(rng("exponent"), 2048)
    for e in (3, 5, 17, 257, 65539, (1 << 32) + 15, (1 << 64) + 13):
        while (p - 1) % e == 0 or (q - 1) % e == 0:
            p, q = moduli.next_prime(p + 2), moduli.next_prime(q + 2)
        try:
            yield f"e-{e}", request(Rsa([p, q], e))
        except ValueError:
            yield f"e-{e}", unsigned(der.rsa_spki(p * q, e))
    for e in (0, 1, 2, 65535, 65536, -65537, p * q - 1, p * q + 2):
        text = e if abs(e) < 100000 else f"{e.bit_length()}-bits-{e % 10}"
        yield f"e-{text}", unsigned(der.rsa_spki(p * q, e))


def moduli_of():
    good = RSA.n
    yield "even", unsigned(der.rsa_spki(good - 1))
    yield "negative", unsigned(der.rsa_spki(-good))
    yield "zero", unsigned(der.rsa_spki(0))
    yield "top-bit-without-zero", unsigned(seq(
        seq(oid("rsa"), der.NULL),
        der.bits(seq(tlv(2, good.to_bytes(256, "big")), integer(65537)))))
    for factor in (3, 5, 7, 11, 13, 101, 167, 173, 691, 701, 751, 757, 1009,
                   1021, 2003, 2039):
        yield f"factor-{factor}", request(Rsa(moduli.with_factor(
            rng("factor", factor), 2048, factor)))
    yield "factor-3-in-3072", request(Rsa(moduli.with_factor(
        rng("factor", 3072), 3072, 3)))
    yield "factor-1999-in-4096", request(Rsa(moduli.with_factor(
        rng("factor", 4096), 4096, 1999)))
    for rounds in (0, 1, 2, 10, 50, 90):
        yield f"close-{rounds}", request(Rsa(moduli.close(
            rng("close", rounds), 2048, rounds)))
    yield "close-in-3072", request(Rsa(moduli.close(rng("c", 3), 3072, 30)))
    yield "close-in-4096", request(Rsa(moduli.close(rng("c", 4), 4096, 60)))
    p = moduli.prime(rng("square"), 1024)
    yield "square", request(Rsa([p, p]))


def roca():
    for bits, count in ((2048, 4), (3072, 2), (4096, 1)):
        for i in range(count):
            yield f"roca-{bits}-{i}", request(Rsa(moduli.roca(
                rng("roca", bits, i), bits)))
    yield "roca-of-a-card", unsigned(der.rsa_spki(CARD))


def listed():
    yield "listed-rsa", request(LISTED_RSA)
    yield "listed-ec", request(LISTED_EC)
    yield "listed-debian", unsigned(der.rsa_spki(DEBIAN))


def ca_keys():
    """The keys of the tests' CAs."""
    for name in ("ca-p256", "ca-rsa2048"):
        with open(os.path.join(KEYS, name + ".pem"), "rb") as stream:
            key = serialization.load_pem_private_key(stream.read(), None)
        yield name, unsigned(key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo),
            64 if name == "ca-p256" else 256)


def curves():
    for name in ("p521", "p224", "p192", "k256", "bp256", "bp384", "b233",
                 "sm2", "x25519", "1.2.3.4"):
        yield f"curve-{name}", unsigned(der.ec_spki(P256.octets, name), 64)
    yield "curve-null", unsigned(der.ec_spki(P256.octets, der.NULL), 64)
    yield "curve-absent", unsigned(der.ec_spki(P256.octets, b""), 64)
    yield "curve-twice", unsigned(der.ec_spki(
        P256.octets, oid("p256") + oid("p256")), 64)
    yield "curve-explicit", request(P256, spki=der.ec_spki(
        P256.octets, explicit(P256, P256.g)))
    # CVE-2020-0601: the victim's point as the generator, private key 1.
    yield "curve-explicit-generator", unsigned(der.ec_spki(
        P256.octets, explicit(P256, P256.point)), 64)
    yield "curve-empty-sequence", unsigned(der.ec_spki(P256.octets, seq()),
                                           64)


def explicit(key, generator):
    """ECParameters (RFC 3279 2.3.5)."""
    return seq(integer(1), seq(oid("primeField"), integer(key.p)),
               seq(der.octets(key.fixed(key.p - 3)),
                   der.octets(key.fixed(key.b))),
               der.octets(b"\4" + key.fixed(generator[0])
                          + key.fixed(generator[1])),
               integer(key.order), integer(1))


def points():
    key = P256
    x, y = key.fixed(key.point[0]), key.fixed(key.point[1])
    odd = key.point[1] & 1
    field = key.fixed(key.p)
    root_b = key.fixed(pow(key.b, (key.p + 1) // 4, key.p))

    def point(octets, curve="p256"):
        return unsigned(der.ec_spki(octets, curve), 64)

    yield "infinity", point(b"\0")
    yield "infinity-padded", point(b"\0" * 65)
    yield "no-octets", point(b"")
    yield "compressed", request(key, spki=der.ec_spki(
        bytes([2 | odd]) + x))
    yield "compressed-no-such-x", point(b"\2" + bytes(31) + b"\5")
    yield "hybrid", request(key, spki=der.ec_spki(bytes([6 | odd]) + x + y))
    yield "hybrid-wrong-sign", point(bytes([7 - odd]) + x + y)
    yield "form-5", point(b"\5" + x + y)
    yield "off-the-curve", point(b"\4" + x + key.fixed(key.point[1] ^ 1))
    yield "swapped", point(b"\4" + y + x)
    yield "zero-zero", point(b"\4" + bytes(64))
    yield "x-is-p", point(b"\4" + field + root_b)
    yield "y-is-p", point(b"\4" + x + field)
    yield "all-ones", point(b"\4" + b"\xff" * 64)
    yield "one-octet-less", point(b"\4" + x + y[:-1])
    yield "one-octet-more", point(b"\4" + x + y + b"\0")
    yield "p384-under-p256", point(P384.octets)
    yield "p256-under-p384", point(key.octets, "p384")
    yield "p384-off-the-curve", point(P384.octets[:-1] + bytes(
        [P384.octets[-1] ^ 1]), "p384")
    yield "p384-infinity", point(b"\0", "p384")


CASES = [("CSR_ALGORITHM", algorithms), ("CSR_SIGNATURE", signatures),
         ("KEY_SIZE", sizes), ("KEY_EXPONENT", exponents),
         ("KEY_MODULUS", moduli_of), ("KEY_ROCA", roca),
         ("KEY_BLOCKLISTED", listed), ("KEY_IS_CA_KEY", ca_keys),
         ("KEY_CURVE", curves),
         ("KEY_POINT", points)]
