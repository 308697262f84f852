"""The events that the three portals publish, as JSON for `publish`."""

import datetime
import hashlib
import uuid

DOCUMENTS = ("SERVICE_CONTRACT", "REQUEST_FORM", "BUSINESS_LICENCE",
             "LEGAL_REP_ID")
ROLES = {"einvoice": "SUBSCRIBER", "officer": "OFFICER",
         "manager": "MANAGER"}


def new_id():
    return str(uuid.uuid4())


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ")


def event(kind, inbox, actor, tax_code, **fields):
    return {"type": kind,
            "meta": {"event_id": new_id(), "tax_code": tax_code,
                     "occurred_at": now(),
                     "actor": {"id": actor, "role": ROLES[inbox]}},
            **fields}


def personal_record(person):
    """The legal representative, for the topic that can be erased."""
    return {"type": "PersonalRecord",
            "salt": hashlib.sha256(new_id().encode()).hexdigest(),
            "full_name": person["full_name"],
            "position": person["position"],
            "id_document_type": person["id_document_type"],
            "id_number": person["id_number"],
            "email": person["email"],
            "phone": person["phone"]}


def dossier(enterprise, officer, missing):
    """Documents by type, digest and size; the files stay in the portal."""
    types = list(DOCUMENTS)
    if enterprise["kind"] == "BRANCH":
        types.append("BRANCH_LICENCE")
    return [{"type": kind,
             "sha256": hashlib.sha256(
                 f"{enterprise['id']}/{kind}".encode()).hexdigest(),
             "size": 100000 + 1000 * number,
             "uploaded_at": now(),
             "uploaded_by": officer}
            for number, kind in enumerate(types) if kind not in missing]


def customer(enterprise, name, source, representative):
    return {"source": source,
            "legal_name": enterprise["legal_name"],
            "certificate_name": name,
            "province": enterprise["province"],
            "locality": enterprise["locality"],
            "address": enterprise["address"],
            "country": enterprise["country"],
            "legal_representative": representative}


def contract(enterprise, product):
    return {"number": f"HD-{enterprise['id']}-{product.scheme}",
            "signed_on": datetime.date.today().isoformat(),
            "months": product.months,
            "months_free": product.months_free}
