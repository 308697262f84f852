"""RSA moduli that are weak in known ways, made from a fixed seed.

Every modulus has its factors, so that a request signed with it proves
possession and only the weakness can be the reason of a refusal.
"""

import random
from math import isqrt

E = 65537
SMALL = [p for p in range(3, 2000, 2)
         if all(p % d for d in range(3, int(p ** 0.5) + 1, 2))]


def is_prime(n, rounds=24):
    """Miller and Rabin, bases from a generator of its own."""
    if n < 4:
        return n in (2, 3)
    if n % 2 == 0 or any(n % p == 0 and n != p for p in SMALL):
        return False
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    bases = random.Random(n)
    for _ in range(rounds):
        x = pow(bases.randrange(2, n - 1), d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def next_prime(n):
    """The next prime whose predecessor is prime to E."""
    n |= 1
    while n % E == 1 or not is_prime(n):
        n += 2
    return n


def prime(rng, bits):
    """A prime with both top bits set: two of them multiply to 2 * bits."""
    top = 3 << (bits - 2)
    return next_prime(rng.getrandbits(bits) | top)


def sound(rng, bits):
    """Two factors of a key that nothing is wrong with."""
    return [prime(rng, bits // 2), prime(rng, bits // 2)]


def close(rng, bits, rounds):
    """Factors that Fermat's method finds in about that many rounds: it needs
    (p - q)^2 / (8 * sqrt(n)) of them."""
    p = prime(rng, bits // 2)
    gap = isqrt(8 * rounds * p) if rounds else 2
    return [p, next_prime(p + gap)]


def with_factor(rng, bits, factor):
    """A small prime and what is left."""
    p = prime(rng, bits // 2)
    low = (1 << (bits - 1)) // (factor * p) + 1
    return [factor, p, next_prime(low + rng.randrange(low // 2))]


def primorial(last):
    product = 2
    for p in SMALL:
        if p <= last:
            product *= p
    return product


def roca(rng, bits):
    """Factors k * M + (65537^a mod M), as RSALib made them (Nemec et al.,
    The Return of Coppersmith's Attack, 2017, section 2)."""
    m = primorial(701 if bits < 3968 else 1427)
    factors = []
    while len(factors) < 2:
        base = pow(E, rng.getrandbits(60), m)
        k = rng.randrange((3 << (bits // 2 - 2)) // m,
                          (1 << (bits // 2)) // m)
        p = k * m + base
        if p.bit_length() == bits // 2 and p % E != 1 and is_prime(p):
            factors.append(p)
    return factors
