"""Keys that sign: RSA from its factors, ECDSA on P-256 and P-384.

Written out, with nonces from a hash, so that the same script always makes
the same octets. Nothing here protects anything.
"""

import random

import der
import moduli

CURVES = {  # FIPS 186-4 D.1.2: p, b, order, generator; a = -3
    "p256": (2**256 - 2**224 + 2**192 + 2**96 - 1,
             0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b,
             0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
             (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
              0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)),
    "p384": (2**384 - 2**128 - 2**96 + 2**32 - 1,
             int("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f"
                 "5013875ac656398d8a2ed19d2a85c8edd3ec2aef", 16),
             int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81"
                 "f4372ddf581a0db248b0a77aecec196accc52973", 16),
             (int("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e0"
                  "82542a385502f25dbf55296c3a545e3872760ab7", 16),
              int("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113"
                  "b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f", 16))),
}


class Rsa:
    """From any number of distinct primes, or a square of one."""

    def __init__(self, factors, e=65537):
        self.n, self.e = 1, e
        phi = 1
        for i, p in enumerate(factors):
            self.n *= p
            phi *= p if p in factors[:i] else p - 1
        self.d = pow(e, -1, phi)
        self.size = (self.n.bit_length() + 7) // 8
        self.spki = der.rsa_spki(self.n, e)

    def raw(self, block):
        number = pow(int.from_bytes(block, "big"), self.d, self.n)
        return number.to_bytes(self.size, "big")

    def sign(self, data, size=256):
        """PKCS#1 v1.5."""
        info = der.seq(der.seq(der.oid(f"sha{size}"), der.NULL),
                       der.octets(der.sha(data, size)))
        return self.raw(b"\0\1" + b"\xff" * (self.size - 3 - len(info))
                        + b"\0" + info)

    def sign_pss(self, data, size=256, salt_len=None):
        hash_len = size // 8
        salt = bytes(hash_len if salt_len is None else salt_len)
        em_len = (self.n.bit_length() + 6) // 8
        h = der.sha(bytes(8) + der.sha(data, size) + salt, size)
        block = bytes(em_len - len(salt) - hash_len - 2) + b"\1" + salt
        mask = b"".join(der.sha(h + i.to_bytes(4, "big"), size)
                        for i in range(len(block) // hash_len + 1))
        masked = bytearray(a ^ b for a, b in zip(block, mask))
        masked[0] &= 0xff >> (8 * em_len - self.n.bit_length() + 1)
        return self.raw(bytes(masked) + h + b"\xbc")


class Ec:
    def __init__(self, curve, secret):
        self.curve, self.secret = curve, secret
        self.p, self.b, self.order, self.g = CURVES[curve]
        self.width = (self.p.bit_length() + 7) // 8
        self.point = self.multiply(secret, self.g)
        self.octets = b"\4" + self.fixed(self.point[0]) + self.fixed(
            self.point[1])
        self.spki = der.ec_spki(self.octets, curve)

    def fixed(self, n):
        return n.to_bytes(self.width, "big")

    def add(self, a, b):
        if a is None or b is None:
            return a or b
        if a[0] == b[0] and (a[1] + b[1]) % self.p == 0:
            return None
        slope = ((3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, self.p)
                 if a == b else
                 (b[1] - a[1]) * pow(b[0] - a[0], -1, self.p))
        x = (slope * slope - a[0] - b[0]) % self.p
        return x, (slope * (a[0] - x) - a[1]) % self.p

    def multiply(self, k, point):
        out = None
        while k:
            if k & 1:
                out = self.add(out, point)
            point = self.add(point, point)
            k >>= 1
        return out

    def numbers(self, data, size=256):
        digest = int.from_bytes(der.sha(data, size), "big")
        digest >>= max(0, size - self.order.bit_length())
        seed = der.sha(self.fixed(self.secret) + data, 512)
        k = int.from_bytes(seed, "big") % (self.order - 1) + 1
        r = self.multiply(k, self.g)[0] % self.order
        s = (digest + r * self.secret) * pow(k, -1, self.order) % self.order
        return r, s

    def sign(self, data, size=256):
        return der.seq(*map(der.integer, self.numbers(data, size)))


def rng(*what):
    return random.Random("certflow hostile " + " ".join(map(str, what)))


RSA = Rsa(moduli.sound(rng("good", 2048), 2048))
OTHER_RSA = Rsa(moduli.sound(rng("other", 2048), 2048))
P256 = Ec("p256", 0x1d1cea5eed)
P384 = Ec("p384", 0xc0ffee1234567890)
OTHER_P256 = Ec("p256", 0x07e1)
