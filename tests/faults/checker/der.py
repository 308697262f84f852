"""As much DER as the checker needs: to cut certificates and CSRs into the
octets that were signed, the key, and the serial number."""


class Malformed(ValueError):
    """Not the DER that was expected."""


def element(octets, at, end):
    """The element that begins at `at`: (tag, begin of content, its end)."""
    if end - at < 2:
        raise Malformed("ends early")
    tag, length, at = octets[at], octets[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7f
        if not 1 <= count <= 4 or end - at < count:
            raise Malformed("length")
        length = int.from_bytes(octets[at:at + count], "big")
        at += count
    if end - at < length:
        raise Malformed("ends early")
    return tag, at, at + length


def _enter(octets, at, end, tag=0x30):
    found, begin, stop = element(octets, at, end)
    if found != tag:
        raise Malformed(f"tag {found:#x} where {tag:#x} should be")
    return begin, stop


def _serial(octets, begin, end):
    """As the events write it: lower-case hex, even length, no sign."""
    content = octets[begin:end]
    if len(content) > 1 and content[0] == 0:
        content = content[1:]
    return content.hex()


def certificate(octets):
    """(TBSCertificate, serial number, SubjectPublicKeyInfo) of DER."""
    begin, end = _enter(octets, 0, len(octets))
    if end != len(octets):
        raise Malformed("octets behind the certificate")
    _, stop = _enter(octets, begin, end)
    tbs = octets[begin:stop]
    return (tbs, *tbs_parts(tbs))


def signed_part(octets):
    """The first element of any signed SEQUENCE: what was signed."""
    begin, end = _enter(octets, 0, len(octets))
    _, _, stop = element(octets, begin, end)
    return octets[begin:stop]


def tbs_parts(tbs):
    """(serial number, SubjectPublicKeyInfo) of a TBSCertificate."""
    at, end = _enter(tbs, 0, len(tbs))
    tag, begin, stop = element(tbs, at, end)
    if tag == 0xa0:
        at = stop
        tag, begin, stop = element(tbs, at, end)
    if tag != 0x02:
        raise Malformed("no serial number")
    serial = _serial(tbs, begin, stop)
    for _ in range(4):  # signature, issuer, validity, subject
        _, _, stop = element(tbs, stop, end)
    at = stop
    _, _, stop = element(tbs, at, end)
    return serial, tbs[at:stop]


def csr_names(octets):
    """O and CN of the subject of a PKCS #10, or None; of several the
    first."""
    begin, end = _enter(octets, 0, len(octets))
    info, stop = _enter(octets, begin, end)
    _, _, at = element(octets, info, stop)  # version
    at, stop = _enter(octets, at, stop)     # subject
    found = {}
    while at < stop:
        inner, behind = _enter(octets, at, stop, 0x31)  # a set
        while inner < behind:
            attribute, inner = _enter(octets, inner, behind)
            _, kind, text = element(octets, attribute, inner)
            _, value, last = element(octets, text, inner)
            found.setdefault(octets[kind:text], octets[value:last])
        at = behind
    return tuple(found[oid].decode() if oid in found else None
                 for oid in (b"\x55\x04\x0a", b"\x55\x04\x03"))


def csr(octets):
    """(CertificationRequestInfo, SubjectPublicKeyInfo) of a PKCS #10."""
    begin, end = _enter(octets, 0, len(octets))
    info, stop = _enter(octets, begin, end)
    signed = octets[begin:stop]
    _, _, at = element(octets, info, stop)  # version
    _, _, at = element(octets, at, stop)    # subject
    _, _, behind = element(octets, at, stop)
    return signed, octets[at:behind]
