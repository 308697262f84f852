"""Requests that are not DER, not PKCS #10, or say what they must not."""

import base64

import der
from der import bits, integer, name, oid, octets, rdn, seq, set_of, tlv, utf8
from keys import OTHER_P256, P256, P384, RSA
from request import (C, TAX_CODE, UID, attribute, challenge, info, request,
                     san, subject, wants)

GOOD = request(P256)


def long_form(element):
    """The same element with one octet of length more than is needed."""
    size, body = element[1], element[2:]
    if size >= 0x80:
        count = size & 0x7f
        size, body = int.from_bytes(element[2:2 + count], "big"), \
            element[2 + count:]
    digits = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    if element[1] >= 0x80:
        digits = b"\0" + digits
    return bytes([element[0], 0x80 | len(digits)]) + digits + body


def indefinite(element):
    skip = 2 + (element[1] & 0x7f if element[1] >= 0x80 else 0)
    return element[:1] + b"\x80" + element[skip:] + b"\0\0"


def malformed():
    yield "empty", b""
    yield "one-octet", b"\x30"
    yield "empty-sequence", b"\x30\0"
    yield "text", b"certificate request"
    yield "pem", (b"-----BEGIN CERTIFICATE REQUEST-----\n"
                  + base64.encodebytes(GOOD)
                  + b"-----END CERTIFICATE REQUEST-----\n")
    yield "base64", base64.b64encode(GOOD)
    yield "zeros", bytes(500)
    yield "ones", b"\xff" * 500
    yield "only-a-key", P256.spki
    yield "only-info", info(P256)
    yield "set-for-sequence", b"\x31" + GOOD[1:]
    yield "too-large", request(P256, attributes=tlv(0xa0, challenge(
        utf8("x" * 16384))))
    for part in (3, 10, 50, 100, len(GOOD) - 1):
        yield f"cut-after-{part}", GOOD[:part]
    yield "length-of-4-gigabytes", b"\x30\x84\xff\xff\xff\xff" + GOOD[4:]
    yield "length-of-126-octets", b"\x30\xfe" + GOOD[4:]
    yield "reserved-length", b"\x30\xff" + GOOD[4:]
    yield "high-tag", b"\x3f\x10" + GOOD[1:]
    yield "deep", request(P256, attributes=tlv(0xa0, nested(3000)))


def nested(depth):
    out = b""
    for _ in range(depth):
        out = seq(out)
    return out


def not_der():
    key, good = P256, {"spki": P256.spki, "subject": subject()}
    yield "indefinite", indefinite(GOOD)
    yield "indefinite-info", request(key, info=indefinite(info(key)))
    yield "long-length", long_form(GOOD)
    yield "long-length-info", request(key, info=long_form(info(key)))
    for part, value in good.items():
        yield f"indefinite-{part}", request(key, **{part: indefinite(value)})
        yield f"long-length-{part}", request(key, **{part: long_form(value)})
    yield "long-length-attributes", request(key, attributes=b"\xa0\x81\0")
    yield "long-length-version", request(key, version=b"\2\x81\1\0")
    yield "long-length-uid", request(key, subject=name(C, set_of(seq(
        oid("UID"), long_form(utf8("MST:" + TAX_CODE))))))
    yield "constructed-text", request(key, subject=name(C, set_of(seq(
        oid("UID"), tlv(0x2c, utf8("MST:"), utf8(TAX_CODE))))))
    yield "constructed-bits", request(
        key, bits=lambda s: tlv(0x23, bits(s[:20]), bits(s[20:])))
    yield "unused-bits-of-key", request(key, spki=seq(
        seq(oid("ec"), oid("p256")), bits(key.octets, 1)))
    yield "unused-bits-of-signature", request(
        key, bits=lambda s: bits(s[:-1] + b"\0", 3))
    yield "unused-bits-9", request(key, bits=lambda s: bits(s, 9))
    yield "no-bits-at-all", request(key, bits=lambda s: tlv(3))
    yield "version-padded", request(key, version=b"\2\2\0\0")
    yield "version-empty", request(key, version=tlv(2))
    yield "modulus-padded", request(RSA, spki=seq(
        seq(oid("rsa"), der.NULL),
        bits(seq(tlv(2, b"\0\0" + RSA.n.to_bytes(256, "big")),
                 integer(65537)))))
    yield "exponent-padded", request(RSA, spki=seq(
        seq(oid("rsa"), der.NULL),
        bits(seq(integer(RSA.n), tlv(2, b"\0\1\0\1")))))
    yield "null-with-content", request(RSA, spki=der.rsa_spki(
        RSA.n, parameters=tlv(5, b"\0")))
    yield "boolean-one", request(key, attributes=wants(seq(
        oid("basic"), tlv(1, b"\1"), octets(seq()))))
    yield "oid-padded", request(key, subject=name(C, UID, set_of(seq(
        b"\6\4\x80\x55\4\3", utf8("A")))))
    yield "oid-cut", request(key, subject=name(C, UID, set_of(seq(
        b"\6\2\x55\x84", utf8("A")))))
    yield "oid-empty", request(key, subject=name(C, UID, set_of(seq(
        b"\6\0", utf8("A")))))
    both = sorted([attribute("O", utf8("A")), attribute("CN", utf8("B"))])
    yield "set-not-sorted", request(key, subject=name(
        C, UID, tlv(0x31, both[1], both[0])))
    two = sorted([challenge(utf8("a")), wants()[2:]])
    yield "attributes-not-sorted", request(key, attributes=tlv(
        0xa0, two[1], two[0]))


def structure():
    key = P256
    signed = key.sign(info(key))
    algorithm = seq(oid("sha256Ec"))
    yield "version-1", request(key, version=integer(1))
    yield "version-2", request(key, version=integer(2))
    yield "version-negative", request(key, version=integer(-1))
    yield "version-boolean", request(key, version=tlv(1, b"\0"))
    yield "version-enumerated", request(key, version=tlv(10, b"\0"))
    yield "no-version", request(key, version=b"")
    yield "no-subject", request(key, subject=b"")
    yield "no-key", request(key, spki=b"")
    yield "no-attributes", request(key, attributes=b"")
    yield "attributes-tag-1", request(key, attributes=tlv(0xa1))
    yield "attributes-primitive", request(key, attributes=tlv(0x80))
    yield "attributes-twice", request(key, attributes=tlv(0xa0) * 2)
    yield "more-in-info", request(key, more=(der.NULL,))
    yield "no-algorithm", seq(info(key), bits(signed))
    yield "no-signature", seq(info(key), algorithm)
    yield "signature-first", seq(bits(signed), algorithm, info(key))
    yield "signature-octets", seq(info(key), algorithm, octets(signed))
    yield "more-at-the-end", seq(info(key), algorithm, bits(signed), der.NULL)
    yield "key-is-octets", request(key, spki=octets(key.spki))
    yield "key-twice", request(key, spki=key.spki * 2)
    yield "rsa-no-parameters", request(RSA, spki=der.rsa_spki(
        RSA.n, parameters=b""))
    yield "rsa-key-three-numbers", request(RSA, spki=seq(
        seq(oid("rsa"), der.NULL),
        bits(seq(integer(RSA.n), integer(65537), integer(1)))))
    yield "rsa-key-one-number", request(RSA, spki=seq(
        seq(oid("rsa"), der.NULL), bits(seq(integer(RSA.n)))))
    yield "rsa-key-trailing", request(RSA, spki=seq(
        seq(oid("rsa"), der.NULL),
        bits(seq(integer(RSA.n), integer(65537)) + b"\0")))
    yield "rdn-empty", request(key, subject=name(C, UID, tlv(0x31)))
    yield "rdn-sequence", request(key, subject=name(
        C, UID, seq(attribute("O", utf8("A")))))
    yield "attribute-no-value", request(key, subject=name(
        C, UID, set_of(seq(oid("O")))))
    yield "attribute-two-values", request(key, subject=name(
        C, UID, set_of(seq(oid("O"), utf8("A"), utf8("B")))))
    yield "subject-is-a-set", request(key, subject=set_of(C, UID))
    yield "extensions-no-list", request(key, attributes=tlv(
        0xa0, seq(oid("extensions"), set_of(oid("san")))))
    yield "extension-no-value", request(key, attributes=wants(
        seq(oid("san"))))
    yield "request-attribute-no-set", request(key, attributes=tlv(
        0xa0, seq(oid("challenge"), utf8("a"))))


def texts():
    def other(value):
        return request(P256, subject=subject(rdn("O", value)))

    yield "text-bmp", other(tlv(30, "A".encode("utf-16-be")))
    yield "text-universal", other(tlv(28, "A".encode("utf-32-be")))
    yield "text-teletex", other(tlv(20, b"A"))
    yield "text-numeric", other(tlv(18, b"1"))
    yield "text-octets", other(octets(b"A"))
    yield "text-integer", other(integer(1))
    yield "utf8-overlong", other(utf8(b"\xc0\xaf"))
    yield "utf8-surrogate", other(utf8(b"\xed\xa0\x80"))
    yield "utf8-beyond", other(utf8(b"\xf4\x90\x80\x80"))
    yield "utf8-cut", other(utf8(b"\xe1\xba"))
    yield "utf8-latin-1", other(utf8("CÔNG".encode("latin-1")))
    yield "printable-at", other(tlv(19, b"a@b"))
    yield "printable-8-bit", other(tlv(19, b"C\xd4NG"))
    yield "ia5-8-bit", other(tlv(22, b"\x80"))
    yield "nul-in-text", other(utf8("A\0B"))
    yield "nul-in-uid", request(P256, subject=name(
        C, rdn("UID", "MST:" + TAX_CODE + "\0x")))
    yield "two-serial-numbers", request(P256, subject=subject(
        rdn("serialNumber", "a"), rdn("serialNumber", "b")))
    yield "long-serial-number", request(P256, subject=subject(
        rdn("serialNumber", "a" * 64)))


def trailing():
    yield "zero-behind", GOOD + b"\0"
    yield "newline-behind", GOOD + b"\n"
    yield "another-behind", GOOD + GOOD
    yield "end-of-contents-behind", GOOD + b"\0\0"
    yield "100-octets-behind", GOOD + bytes(100)
    yield "null-behind", GOOD + der.NULL


def tax_codes():
    def only(*rdns):
        return request(P256, subject=name(C, *rdns))

    yield "no-tax-code", only()
    yield "empty-subject", request(P256, subject=name())
    yield "other-tax-code", only(rdn("UID", "MST:0100109106"))
    yield "branch-of-it", only(rdn("UID", f"MST:{TAX_CODE}-001"))
    yield "tax-code-and-blank", only(rdn("UID", f"MST:{TAX_CODE} "))
    yield "tax-code-after-blank", only(rdn("UID", f"MST: {TAX_CODE}"))
    yield "no-prefix", only(rdn("UID", TAX_CODE))
    yield "prefix-alone", only(rdn("UID", "MST:"))
    yield "full-width-digits", only(rdn("UID", "MST:" + "".join(
        chr(0xff10 + int(c)) for c in TAX_CODE)))
    yield "tax-code-in-cn", only(rdn("CN", "MST:" + TAX_CODE))
    yield "tax-code-in-ou", only(rdn("OU", "MST:" + TAX_CODE))
    yield "tax-code-twice", only(UID, UID)
    yield "two-tax-codes", only(UID, rdn("UID", "MST:0100109106"))
    yield "one-digit-less", only(rdn("UID", "MST:" + TAX_CODE[:-1]))
    yield "upper-case-o", only(rdn("UID", "MST:O" + TAX_CODE[1:]))


def personal_data():
    for kind in ("email", "mail", "SN", "GN", "phone", "mobile", "birth"):
        yield f"subject-{kind}", request(P256, subject=subject(
            rdn(kind, "0")))
    for value in ("CCCD:079200001234", "cccd:079200001234", "CMND:012345678",
                  "HC:B1234567", "PASVN-B1234567", "PNOVN-079200001234",
                  "IDCVN-079200001234", "TINVN-8012345678", "012345678",
                  "079200001234"):
        yield f"uid-{value}", request(P256, subject=subject(
            rdn("UID", value)))
        yield f"serial-number-{value}", request(P256, subject=subject(
            rdn("serialNumber", value)))
    mail, dns = tlv(0x81, b"a@example.vn"), tlv(0x82, b"example.vn")
    yield "san-mail", request(P256, attributes=wants(san(mail)))
    yield "san-mail-second", request(P256, attributes=wants(san(dns, mail)))
    yield "san-mail-critical", request(P256, attributes=wants(seq(
        oid("san"), tlv(1, b"\xff"), octets(seq(mail)))))
    yield "same-set-as-tax-code", request(P256, subject=name(C, set_of(
        attribute("UID", utf8("MST:" + TAX_CODE)),
        attribute("email", tlv(22, b"a@example.vn")))))


def accepted():
    yield "good-p256", GOOD
    yield "good-p384", request(P384)
    yield "good-rsa2048", request(RSA)
    yield "good-more-in-subject", request(P256, subject=subject(
        rdn("O", "CÔNG TY MẪU"), rdn("serialNumber", "any")))
    yield "good-dns-name", request(OTHER_P256, attributes=wants(
        san(tlv(0x82, b"example.vn"))))
    yield "good-challenge", request(P256, attributes=tlv(
        0xa0, challenge(utf8("x"))))


CASES = [("ACCEPTED", accepted), ("CSR_MALFORMED", malformed),
         ("CSR_MALFORMED", not_der), ("CSR_MALFORMED", structure),
         ("CSR_MALFORMED", texts), ("CSR_TRAILING_BYTES", trailing),
         ("CSR_TAX_CODE", tax_codes), ("CSR_PERSONAL_DATA", personal_data)]
