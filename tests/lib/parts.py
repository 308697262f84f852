"""What tests make themselves: tax codes, CSRs, events, certificates. Keys
and signatures are openssl's, so that certflow is not its own judge."""

import base64
import datetime
import hashlib
import itertools
import os
import socket
import subprocess
import tempfile
import uuid

WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
ROLES = {"einvoice": "SUBSCRIBER", "officer": "OFFICER",
         "manager": "MANAGER", "keygen": "KEYGEN", "issuer": "ISSUER",
         "activator": "ACTIVATOR"}
DOCUMENTS = ("SERVICE_CONTRACT", "REQUEST_FORM", "BUSINESS_LICENCE",
             "LEGAL_REP_ID")
OFFICER, OTHER_OFFICER, MANAGER = "gdv-017", "gdv-023", "ql-004"
SHA256_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
_serials = itertools.count(9900000)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def new_id():
    return str(uuid.uuid4())


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ")


def new_tax_code():
    """Never used before by this process, with a right check digit."""
    while True:
        digits = f"01{next(_serials):07d}"
        total = sum(int(d) * w for d, w in zip(digits, WEIGHTS))
        check = 10 - total % 11
        if check != 10:
            return f"{digits}{check}"


def partition_of(key, count):
    """Where a record with this key goes: Kafka's own murmur2."""
    octets, mask, mixer = key.encode(), 0xffffffff, 0x5bd1e995
    value = 0x9747b28c ^ len(octets)
    whole = len(octets) // 4 * 4
    for place in range(0, whole, 4):
        k = int.from_bytes(octets[place:place + 4], "little") * mixer & mask
        k = (k ^ k >> 24) * mixer & mask
        value = (value * mixer & mask) ^ k
    if whole < len(octets):
        value ^= int.from_bytes(octets[whole:], "little")
        value = value * mixer & mask
    value = (value ^ value >> 13) * mixer & mask
    return ((value ^ value >> 15) & 0x7fffffff) % count


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def b64(octets):
    return base64.b64encode(octets).decode()


def der(tag, *contents):
    body = b"".join(contents)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


class Key:
    """A key in a file, made by openssl."""

    def __init__(self, *options):
        handle, self.path = tempfile.mkstemp(prefix="certflow-test-key-")
        os.close(handle)
        options = options or ("-algorithm", "RSA", "-pkeyopt",
                              "rsa_keygen_bits:2048")
        openssl("genpkey", *options, "-out", self.path)
        self.spki = openssl("pkey", "-in", self.path, "-pubout", "-outform",
                            "DER")
        self.digest = hashlib.sha256(self.spki).hexdigest()

    def csr(self, tax_code, enrolment_id=None, *options, digest="-sha256"):
        subject = f"/UID=MST:{tax_code}"
        if enrolment_id:
            subject += f"/serialNumber={enrolment_id}"
        return openssl("req", "-new", "-key", self.path, "-outform", "DER",
                       "-subj", subject, digest, *options)

    def sign(self, data):
        with tempfile.NamedTemporaryFile() as stream:
            stream.write(data)
            stream.flush()
            return openssl("dgst", "-sha256", "-sign", self.path, stream.name)

    def __del__(self):
        try:
            os.unlink(self.path)
        except OSError:
            pass


class Authority:
    """An issuing CA whose key the test itself holds."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.key = Key()
        self.certificate = os.path.join(folder, "issuing.pem")
        openssl("req", "-x509", "-key", self.key.path, "-days", "3650",
                "-subj", "/C=VN/O=certflow test/CN=certflow test issuing CA",
                "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-out", self.certificate)

    def issue(self, tbs):
        """What the issuer does with an order."""
        signature = der(0x03, b"\0", self.key.sign(tbs))
        return der(0x30, tbs, SHA256_RSA, signature)


# ---- events ---------------------------------------------------------------

def event(kind, inbox, tax_code, actor=None, cause=None, **fields):
    meta = {"event_id": new_id(), "tax_code": tax_code, "occurred_at": now(),
            "actor": {"id": actor or f"{inbox}-1", "role": ROLES[inbox]},
            "causation_id": cause}
    return {"type": kind, "meta": meta, **fields}


def key_pair_requested(tax_code, enrolment_id, **changes):
    return {**event("KeyPairRequested", "einvoice", tax_code, "kh-1",
                    enrolment_id=enrolment_id,
                    certificate_type="SERVER_SIGNATURE",
                    unit_kind="ENTERPRISE", key_algorithm="RSA_2048"),
            **changes}


def csr_generated(tax_code, enrolment_id, key, csr=None, **changes):
    return {**event("CsrGenerated", "keygen", tax_code,
                    enrolment_id=enrolment_id,
                    key_ref={"token": "customer-1",
                             "key_id": uuid.UUID(enrolment_id).hex},
                    key_algorithm="RSA_2048",
                    csr_der=b64(csr or key.csr(tax_code, enrolment_id)),
                    spki_sha256=key.digest,
                    attributes={"sensitive": True, "extractable": False,
                                "always_sensitive": True,
                                "never_extractable": True, "local": True}),
            **changes}


def saved(tax_code, enrolment_id, account="kh-1"):
    return event("EnrolmentSaved", "einvoice", tax_code, account,
                 enrolment_id=enrolment_id)


def submission(**changes):
    """A complete one; a dotted name changes what is inside."""
    content = {
        "request_id": new_id(), "revision": 1, "request_type": "NEW",
        "previous_serial_number": None,
        "customer": {
            "source": "NEW", "legal_name": "CÔNG TY MẪU",
            "certificate_name": "CÔNG TY MẪU", "province": "Hà Nội",
            "locality": "Phường Mẫu Một", "address": "Số 1 đường Ví Dụ",
            "country": "VN",
            "legal_representative": {"personal_ref": new_id(),
                                     "commitment": "ab" * 32}},
        "device_type": "HSM", "product_package": "ORG_HSM_CA4",
        "validity_months": 12, "subscription_scheme_code": "CA4_HD_MP",
        "contract": {"number": "HD-1", "signed_on": "2026-01-05",
                     "months": 12, "months_free": 12},
        "dossier": [{"type": kind, "sha256": "cd" * 32, "size": 1000,
                     "uploaded_at": now(), "uploaded_by": OFFICER}
                    for kind in DOCUMENTS],
        "csr_source": "EINVOICE", "enrolment_id": None, "csr_der": None,
        "accept_shortened_validity": False,
    }
    for name, value in changes.items():
        place = content
        *path, last = name.split("__")
        for step in path:
            place = place[step]
        place[last] = value
    return content


def submitted(tax_code, content, officer=OFFICER):
    return event("RequestSubmitted", "officer", tax_code, officer,
                 submission=content)


def approved(tax_code, request_id, digest, spki, revision=1, manager=MANAGER):
    return event("RequestApproved", "manager", tax_code, manager,
                 request_id=request_id, revision=revision,
                 submission_sha256=digest, spki_sha256=spki,
                 signature_cms=None)


def issuance_requested(tax_code, request_id, officer=OFFICER, revision=1,
                       csr=None):
    return event("IssuanceRequested", "officer", tax_code, officer,
                 request_id=request_id, revision=revision,
                 csr_source="UPLOADED" if csr else "EINVOICE",
                 csr_der=b64(csr) if csr else None)


def certificate_issued(ordered, der_octets):
    order_id = ordered["meta"]["event_id"]
    outcome = event("CertificateIssued", "issuer", ordered["meta"]["tax_code"],
                    cause=order_id, order_id=order_id,
                    request_id=ordered["request_id"],
                    serial_number=ordered["serial_number"],
                    certificate_der=b64(der_octets), signed_at=now())
    outcome["meta"]["event_id"] = str(uuid.uuid5(uuid.UUID(order_id),
                                                 "CertificateIssued"))
    return outcome
