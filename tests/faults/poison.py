"""Messages that nobody should send: random octets, the fuzz corpus and good
events spoilt, in the wire format of a running stack.

    for message in Poison(seed, wire, ids).messages("officer", 1000):
        message.key, message.value, message.headers, message.partition

What a message is depends on the seed alone, so that a run can be repeated.
"""

import collections
import glob
import os
import random
import re
import struct
import uuid

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
CORPUS = os.path.join(REPO, "tests", "fuzz", "corpus")
INBOXES = ("einvoice", "officer", "manager", "keygen", "issuer", "activator")
# Header by which a misrouted message names its first place; made up, and
# far beyond any real offset, so that each message has a place of its own.
FAR_AWAY = 1 << 40
WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)

Message = collections.namedtuple("Message", "key value headers partition")


def tax_codes(random_, count):
    """Canonical ones that no other part of the tests uses."""
    found = set()
    while len(found) < count:
        digits = f"{random_.randrange(70, 97):02d}{random_.randrange(1, 10**7):07d}"
        check = 10 - sum(int(digit) * weight for digit, weight
                         in zip(digits, WEIGHTS)) % 11
        if check != 10:
            found.add(f"{digits}{check}")
    return sorted(found)


def event_numbers(build):
    """{number: name} of the events, as the fuzz corpus counts them."""
    path = os.path.join(build, "generated", "event", "event_types.h")
    with open(path, encoding="utf-8") as stream:
        block = re.search(r"enum event_type \{(.*?)\}", stream.read(), re.S)
    names = [entry.split("=")[0].strip()
             for entry in block.group(1).split(",") if entry.strip()]
    return {number: "".join(word.capitalize() for word
                            in name.removeprefix("EVENT_").split("_"))
            for number, name in enumerate(names)}


def bodies(build):
    """(event name, Avro body) of every body in the fuzz corpora."""
    names = event_numbers(build)
    found = []
    for path in sorted(glob.glob(os.path.join(CORPUS, "avro", "*"))):
        with open(path, "rb") as stream:
            octets = stream.read()
        if octets and 0 < octets[0] < len(names) - 1:
            found.append((names[octets[0]], octets[1:]))
    return found


class Poison:
    """ids: {event name: schema id}; good: function that makes
    (name, inbox, tax code, wire octets) of an event as it should be."""

    def __init__(self, seed, build, ids, good, partitions):
        self.random = random.Random(seed)
        self.ids, self.good, self.partitions = ids, good, partitions
        self.corpus = [(name, body) for name, body in bodies(build)
                       if name in ids]
        self.codes = tax_codes(self.random, 200)
        self.serial = 0
        self.kinds = ((self.noise, 10), (self.framed_noise, 8),
                      (self.from_corpus, 12), (self.spoilt_corpus, 20),
                      (self.spoilt, 20), (self.other_schema, 5),
                      (self.unknown_schema, 2), (self.null, 2),
                      (self.no_key, 4), (self.strange_key, 4),
                      (self.huge_claims, 5), (self.other_place, 4),
                      (self.strange_headers, 4), (self.large, 0.2),
                      (self.too_large, 0.1))

    def messages(self, inbox, count):
        kinds = [kind for kind, _ in self.kinds]
        weights = [weight for _, weight in self.kinds]
        for kind in self.random.choices(kinds, weights, k=count):
            message = kind(inbox)
            self.serial += 1
            if inbox == "misrouted":
                message = self._place(message)
            yield message

    # ---- kinds ----------------------------------------------------------------

    def noise(self, _):
        return self._with_key(self.random.randbytes(
            self.random.randrange(300)))

    def framed_noise(self, _):
        name = self.random.choice(list(self.ids))
        return self._with_key(self._frame(name) + self.random.randbytes(
            self.random.randrange(300)))

    def from_corpus(self, _):
        name, body = self.random.choice(self.corpus)
        return self._with_key(self._frame(name) + body)

    def spoilt_corpus(self, _):
        name, body = self.random.choice(self.corpus)
        return self._with_key(self._frame(name) + self._spoil(body))

    def spoilt(self, inbox):
        """A good event with a wrong octet, or with none: then it may be
        refused for what it says, or wait."""
        code, value = self._good(inbox)
        if self.random.random() < 0.8:
            value = value[:5] + self._spoil(value[5:])
        return Message(code.encode(), value, None, None)

    def other_schema(self, inbox):
        code, value = self._good(inbox)
        name = self.random.choice(list(self.ids))
        return Message(code.encode(), self._frame(name) + value[5:], None,
                       None)

    def unknown_schema(self, inbox):
        code, value = self._good(inbox)
        number = self.random.choice((0, -1, 1 << 30, 0x7fffffff,
                                     self.random.randrange(10**6, 10**9)))
        return Message(code.encode(),
                       struct.pack(">bi", 0, number) + value[5:], None, None)

    def null(self, _):
        return Message(self._code().encode(), None, None, None)

    def no_key(self, inbox):
        return Message(self.random.choice((None, b"")), self._good(inbox)[1],
                       None, None)

    def strange_key(self, inbox):
        key = self.random.choice((
            self.random.randbytes(self.random.randrange(1, 40)),
            b"\xff\xfe\xfd", b"0199000112\0", b"x" * 20000,
            self._code()[:-1].encode(), "０１９９０００１１２".encode(),
            self._code().encode() + b"-999"))
        return Message(key, self._good(inbox)[1], None, None)

    def huge_claims(self, inbox):
        """Lengths of gigabytes, and arrays of nothing without end."""
        code, value = self._good(inbox)
        claim = self.random.choice((
            b"\xfe\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x80\x80\x80\x80\x40",
            b"\xff" * 9 + b"\x01", b"\xff" * 12))
        place = self.random.randrange(5, len(value) + 1)
        return Message(code.encode(), value[:place] + claim
                       + self.random.choice((b"", value[place:])), None, None)

    def other_place(self, inbox):
        code, value = self._good(inbox)
        return Message(code.encode(), value, None,
                       self.random.randrange(self.partitions))

    def strange_headers(self, inbox):
        code, value = self._good(inbox)
        names = ("certflow-source", "certflow-reason", "ce_type", "ce_id",
                 "traceparent", "certflow-body-sha256", "x")
        headers = [(self.random.choice(names), self.random.choice((
            None, b"", self.random.randbytes(200), b"certflow.events/0/0",
            b"\xc3\x28", b"certflow.v1.CertificateIssued")))
            for _ in range(self.random.randrange(1, 60))]
        return Message(code.encode(), value, headers, None)

    def large(self, inbox):
        code, value = self._good(inbox)
        size = self.random.randrange(60 * 1024, 64 * 1024) - len(value)
        return Message(code.encode(), value + self.random.randbytes(size),
                       None, None)

    def too_large(self, inbox):
        code, value = self._good(inbox)
        size = self.random.randrange(64 * 1024, 256 * 1024)
        return Message(code.encode(), value + bytes(size), None, None)

    # ---- means -----------------------------------------------------------------

    def _code(self):
        return self.random.choice(self.codes)

    def _good(self, inbox):
        code = self._code()
        return code, self.good(inbox, code, self._id())

    def _id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _frame(self, name):
        return struct.pack(">bi", 0, self.ids[name])

    def _with_key(self, value):
        return Message(self._code().encode(), value, None, None)

    def _spoil(self, body):
        octets = bytearray(body)
        for _ in range(self.random.randrange(1, 5)):
            at = self.random.randrange(len(octets) + 1)
            act = self.random.randrange(5)
            if act == 0:
                del octets[at:]
            elif act == 1:
                octets[at:at] = self.random.randbytes(
                    self.random.randrange(1, 9))
            elif act == 2:
                del octets[at:at + self.random.randrange(1, 9)]
            elif octets:
                octets[at % len(octets)] ^= 1 << self.random.randrange(8)
        return bytes(octets)

    def _place(self, message):
        """As the registrar would have sent it on, mostly."""
        if message.headers or self.random.random() < 0.1:
            return message
        source = (f"certflow.inbox.{self.random.choice(INBOXES)}/"
                  f"{self.random.randrange(self.partitions)}/"
                  f"{FAR_AWAY + self.serial}")
        return message._replace(
            headers=[("certflow-source", source.encode())])
