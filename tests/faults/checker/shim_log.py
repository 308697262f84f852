"""The list of signatures that the PKCS #11 shim of the tests keeps.

A line: time_us pid token_label cka_id_hex mechanism_hex DATA, where DATA is
the SHA-256 of what the token hashed, or raw:HEX of what was given to a
mechanism that does not hash."""

import os

from .evidence import Signature

# DigestInfo of PKCS #1 in front of a SHA-256, SHA-384 or SHA-512.
DIGEST_INFO = tuple(bytes.fromhex(text) for text in (
    "3031300d060960864801650304020105000420",
    "3041300d060960864801650304020205000430",
    "3051300d060960864801650304020305000440"))


def digest(text):
    """The digest in the last field of a line."""
    if not text.startswith("raw:"):
        return bytes.fromhex(text)
    octets = bytes.fromhex(text[4:])
    for head in DIGEST_INFO:
        if octets.startswith(head):
            return octets[len(head):]
    return octets


def parse(line, number):
    """One line; ValueError where it is none."""
    time_us, pid, token, key_id, mechanism, data = line.rstrip("\n").split(" ")
    try:
        key = bytes.fromhex(key_id)
    except ValueError:
        key = b""  # the key has none
    return Signature(number, int(time_us), int(pid),
                     token.replace("%20", " "), key, int(mechanism, 16),
                     digest(data))


def read(folder):
    """All signatures of a shim's directory."""
    path = os.path.join(folder, "signatures.log")
    if not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as stream:
        return [parse(line, number)
                for number, line in enumerate(stream, 1)]
