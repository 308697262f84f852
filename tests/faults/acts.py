"""What the portals of the harness write: people, keys, submissions."""

import datetime
import hashlib
import os
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROLES = {"einvoice": "SUBSCRIBER", "officer": "OFFICER",
         "manager": "MANAGER"}
DOCUMENTS = ("SERVICE_CONTRACT", "REQUEST_FORM", "BUSINESS_LICENCE",
             "LEGAL_REP_ID")
OFFICERS = [f"gdv-{number:03d}" for number in range(1, 9)]
MANAGERS = [f"ql-{number:03d}" for number in range(1, 5)]
HSM_YEAR = ("HSM", "ORG_HSM_CA4", 12, "CA4_HD_12T", 0)
USB_YEAR = ("USB_TOKEN", "ORG_TOKEN_SAMPLE", 12, "TK_12T", 0)
WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
TODAY = (datetime.date.today() - datetime.date(1970, 1, 1)).days


def new_id():
    return str(uuid.uuid4())


def now_us():
    return time.time_ns() // 1000


def tax_codes():
    """Numbers far above those issued, each with its check digit."""
    for province in range(10, 97):
        for serial in range(9900000, 10000000):
            digits = f"{province:02d}{serial:07d}"
            check = 10 - sum(int(digit) * weight for digit, weight
                             in zip(digits, WEIGHTS)) % 11
            if check != 10:
                yield f"{digits}{check}"


class Key:
    """A key pair of a USB token; its software makes the CSRs."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        spki = self._key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)
        self.digest = hashlib.sha256(spki).digest()

    def csr(self, tax_code):
        """Some name the organisation, too, and not as the record does."""
        names = [(NameOID.USER_ID, f"MST:{tax_code}"),
                 (NameOID.ORGANIZATION_NAME, "CÔNG TY CỦA CSR"),
                 (NameOID.COMMON_NAME, "Máy ký số 1")]
        subject = x509.Name([x509.NameAttribute(*name) for name
                             in names[:1 + int(tax_code[-1]) % 3]])
        request = x509.CertificateSigningRequestBuilder().subject_name(
            subject).sign(self._key, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.DER)


class Subscriber:
    """An enterprise and what the CA knows about it."""

    def __init__(self, tax_code):
        self.tax_code = tax_code
        self.account = f"kh-{tax_code}"
        self.known = False
        self.requests = 0
        self.representative = None

    def person(self):
        """(key, PersonalRecord) of the legal representative."""
        return new_id(), {
            "salt": os.urandom(32), "full_name": "Nguyễn Văn Mẫu",
            "position": "Giám đốc", "id_document_type": "CCCD",
            "id_number": "001885000101",
            "email": f"kh{self.tax_code}@example.vn.invalid", "phone": None}

    def customer(self):
        return {"source": "EXISTING" if self.known else "NEW",
                "legal_name": f"CÔNG TY MẪU {self.tax_code}",
                "certificate_name": f"CÔNG TY MẪU {self.tax_code}",
                "province": "Hà Nội", "locality": "Phường Mẫu Một",
                "address": "Số 1 đường Ví Dụ", "country": "VN",
                "legal_representative": self.representative}


def meta(inbox, tax_code, actor):
    return {"event_id": new_id(), "tax_code": tax_code,
            "occurred_at": now_us(),
            "actor": {"id": actor, "role": ROLES[inbox]},
            "causation_id": None, "sequence": None, "recorded_at": None}


def submission(subscriber, request_id, officer, product, **changes):
    """A complete one; with csr_der it is an uploaded CSR."""
    device, package, months, scheme, free = product
    return {"request_id": request_id, "revision": 1, "request_type": "NEW",
            "previous_serial_number": None,
            "customer": subscriber.customer(),
            "device_type": device, "product_package": package,
            "validity_months": months, "subscription_scheme_code": scheme,
            "contract": {"number": f"HD-{subscriber.tax_code}",
                         "signed_on": TODAY, "months": months,
                         "months_free": free},
            "dossier": [{"type": kind, "size": 1000, "uploaded_by": officer,
                         "sha256": hashlib.sha256(
                             f"{request_id}/{kind}".encode()).digest(),
                         "uploaded_at": now_us()} for kind in DOCUMENTS],
            "csr_source": "UPLOADED" if changes.get("csr_der")
                          else "EINVOICE",
            "enrolment_id": None, "csr_der": None,
            "accept_shortened_validity": False, **changes}
