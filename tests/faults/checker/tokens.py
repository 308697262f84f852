"""Lists the keys of a PKCS #11 token, as JSON, one a line.

A process of its own, because a module is global to a process and its PIN
should be nowhere else:  tokens.py MODULE PIN-FILE [LABEL]..."""

import ctypes
import hashlib
import json
import sys

CKF_SERIAL_SESSION = 4
CKU_USER = 1
CKA_CLASS, CKA_LABEL, CKA_KEY_TYPE, CKA_ID = 0x0, 0x3, 0x100, 0x102
CKA_MODULUS, CKA_PUBLIC_EXPONENT = 0x120, 0x122
CKA_EC_PARAMS, CKA_EC_POINT = 0x180, 0x181
CKO_PUBLIC_KEY, CKO_PRIVATE_KEY = 2, 3
CKK_RSA, CKK_EC = 0, 3
UNAVAILABLE = ctypes.c_ulong(-1).value
RSA = bytes.fromhex("06092a864886f70d0101010500")
EC = bytes.fromhex("06072a8648ce3d0201")


class Attribute(ctypes.Structure):
    """CK_ATTRIBUTE."""

    _fields_ = [("type", ctypes.c_ulong), ("value", ctypes.c_void_p),
                ("length", ctypes.c_ulong)]


class TokenInfo(ctypes.Structure):
    """CK_TOKEN_INFO, as far as its label, and room for the rest."""

    _fields_ = [("label", ctypes.c_char * 32), ("rest",
                                                ctypes.c_char * 512)]


class Failure(RuntimeError):
    """The token said no."""


class Module:
    """The few calls that are needed."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        self._call("C_Initialize", None)

    def _call(self, name, *arguments):
        answer = getattr(self._library, name)(*arguments)
        if answer != 0:
            raise Failure(f"{name}: {answer & 0xffffffff:#x}")

    def slots(self):
        """(slot, label) of every token."""
        count = ctypes.c_ulong()
        self._call("C_GetSlotList", ctypes.c_ubyte(1), None,
                   ctypes.byref(count))
        slots = (ctypes.c_ulong * max(count.value, 1))()
        self._call("C_GetSlotList", ctypes.c_ubyte(1), slots,
                   ctypes.byref(count))
        for slot in slots[:count.value]:
            info = TokenInfo()
            self._call("C_GetTokenInfo", ctypes.c_ulong(slot),
                       ctypes.byref(info))
            yield slot, bytes(info)[:32].decode().rstrip()

    def open(self, slot, pin):
        session = ctypes.c_ulong()
        self._call("C_OpenSession", ctypes.c_ulong(slot),
                   ctypes.c_ulong(CKF_SERIAL_SESSION), None, None,
                   ctypes.byref(session))
        self._call("C_Login", session, ctypes.c_ulong(CKU_USER), pin,
                   ctypes.c_ulong(len(pin)))
        return session

    def objects(self, session, kind):
        """Handles of all objects of a class."""
        value = ctypes.c_ulong(kind)
        template = Attribute(CKA_CLASS, ctypes.cast(
            ctypes.byref(value), ctypes.c_void_p), ctypes.sizeof(value))
        self._call("C_FindObjectsInit", session, ctypes.byref(template),
                   ctypes.c_ulong(1))
        handles, count = (ctypes.c_ulong * 512)(), ctypes.c_ulong()
        found = []
        while True:
            self._call("C_FindObjects", session, handles,
                       ctypes.c_ulong(len(handles)), ctypes.byref(count))
            if count.value == 0:
                break
            found += handles[:count.value]
        self._call("C_FindObjectsFinal", session)
        return found

    def attribute(self, session, handle, kind):
        """Its octets; empty where there is none."""
        buffer = ctypes.create_string_buffer(2048)
        wanted = Attribute(kind, ctypes.cast(buffer, ctypes.c_void_p),
                           len(buffer))
        self._library.C_GetAttributeValue(session, ctypes.c_ulong(handle),
                                          ctypes.byref(wanted),
                                          ctypes.c_ulong(1))
        if wanted.length in (UNAVAILABLE, 0):
            return b""
        return buffer.raw[:wanted.length]


def _tlv(tag, content):
    size = len(content)
    if size < 0x80:
        head = bytes([tag, size])
    else:
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        head = bytes([tag, 0x80 | len(octets)]) + octets
    return head + content


def _integer(octets):
    octets = octets.lstrip(b"\0") or b"\0"
    return _tlv(2, b"\0" + octets if octets[0] & 0x80 else octets)


def spki(module, session, handle):
    """SubjectPublicKeyInfo of a public key, or of what it cannot be."""
    def get(kind):
        return module.attribute(session, handle, kind)
    kind = int.from_bytes(get(CKA_KEY_TYPE), sys.byteorder)
    if kind == CKK_RSA:
        algorithm = _tlv(0x30, RSA)
        key = _tlv(0x30, _integer(get(CKA_MODULUS))
                   + _integer(get(CKA_PUBLIC_EXPONENT)))
    elif kind == CKK_EC:
        algorithm = _tlv(0x30, EC + get(CKA_EC_PARAMS))
        point = get(CKA_EC_POINT)
        skip = 2 if len(point) < 0x82 else 3  # an OCTET STRING around it
        key = point[skip:] if point[:1] == b"\x04" else point
    else:
        return None
    return _tlv(0x30, algorithm + _tlv(3, b"\0" + key))


def is_empty(module, session, handle):
    """An object that a module began and did not end: SoftHSM puts its file
    down with defaults first, without a name and without a key in it, and a
    process killed amid C_GenerateKeyPair leaves that."""
    return not any(module.attribute(session, handle, kind) for kind in (
        CKA_ID, CKA_LABEL, CKA_MODULUS, CKA_EC_PARAMS, CKA_EC_POINT))


def keys(module, slot, pin):
    """Halves and pairs of one token, put together by id and label."""
    session = module.open(slot, pin)
    def name(handle):
        return (module.attribute(session, handle, CKA_ID),
                module.attribute(session, handle, CKA_LABEL))
    private, pairs = {}, []
    whole = {kind: [] for kind in (CKO_PRIVATE_KEY, CKO_PUBLIC_KEY)}
    for kind, handles in whole.items():
        for handle in module.objects(session, kind):
            if is_empty(module, session, handle):
                pairs.append(((b"", b""), kind == CKO_PRIVATE_KEY,
                              kind == CKO_PUBLIC_KEY, None, True))
            else:
                handles.append(handle)
    for handle in whole[CKO_PRIVATE_KEY]:
        modulus = module.attribute(session, handle, CKA_MODULUS)
        private.setdefault(name(handle), []).append(modulus)
    for handle in whole[CKO_PUBLIC_KEY]:
        identity = name(handle)
        halves = private.get(identity, [])
        modulus = module.attribute(session, handle, CKA_MODULUS)
        if modulus in halves:
            halves.remove(modulus)
            pair = True
        elif modulus == b"" and halves:
            halves.pop()
            pair = True
        else:
            pair = False
        pairs.append((identity, pair, True, hashlib.sha256(
            spki(module, session, handle) or b"").hexdigest(), False))
    for identity, halves in private.items():
        pairs += [(identity, True, False, None, False)] * len(halves)
    return pairs


def main():
    path, pin_file, *labels = sys.argv[1:]
    with open(pin_file, "rb") as stream:
        pin = stream.readline().strip()
    module = Module(path)
    for slot, label in module.slots():
        if not label or (labels and label not in labels):
            continue
        for (key_id, name), private, public, digest, empty in keys(
                module, slot, pin):
            print(json.dumps([label, key_id.hex(), name.decode(
                "utf-8", "replace"), private, public, digest, empty]))


if __name__ == "__main__":
    main()
