"""The checker's own fold of one tax code's log into its states.

Written from schemas/states.md. A record that these tables do not allow is
reported and folded all the same, as well as it goes."""

import copy
import hashlib
import uuid

from . import der
from .evidence import INBOX
from .wire import sha256

REFUSED_KEPT = 1024  # refusals that are remembered, at least

# Of each machine, for each event: {from: to}.
ENROLMENT = {
    "KeyPairRequested": {"NONE": "REQUESTED"},
    "CsrGenerated": {"REQUESTED": "CSR_GENERATED"},
    "KeyPairFailed": {"REQUESTED": "FAILED"},
    "EnrolmentSaved": {"CSR_GENERATED": "SAVED"},
    "EnrolmentAbandoned": {"REQUESTED": "ABANDONED",
                           "CSR_GENERATED": "ABANDONED",
                           "SAVED": "ABANDONED"},
    "KeyPairDestroyed": {"ABANDONED": "DESTROYED"},
    "CertificateIssued": {"SAVED": "CERTIFIED"},
}
_OPEN = ("PENDING_APPROVAL", "RETURNED", "APPROVED", "ISSUANCE_FAILED")
REQUEST = {
    "RequestSubmitted": {"NONE": "PENDING_APPROVAL",
                         "RETURNED": "PENDING_APPROVAL"},
    "RequestApproved": {"PENDING_APPROVAL": "APPROVED"},
    "RequestReturned": {"PENDING_APPROVAL": "RETURNED",
                        "APPROVED": "RETURNED",
                        "ISSUANCE_FAILED": "RETURNED"},
    "RequestRejected": {"PENDING_APPROVAL": "REJECTED"},
    "RequestWithdrawn": {state: "WITHDRAWN" for state in _OPEN},
    "RequestReassigned": {state: state for state in _OPEN},
    "RequestLapsed": {state: "LAPSED" for state in _OPEN},
    "IssuanceRequested": {"APPROVED": "ISSUING",
                          "ISSUANCE_FAILED": "ISSUING"},
    "CertificateIssued": {"ISSUING": "ISSUED"},
    "CertificateRejected": {"ISSUING": "ISSUANCE_FAILED"},
    "IssuanceFailed": {"ISSUING": "ISSUANCE_FAILED"},
    "OrderVoidRequested": {"ISSUING": "ISSUANCE_FAILED"},
}
USE = {
    "CertificateIssued": {"NONE": "INACTIVE"},
    "ActivationRequested": {"INACTIVE": "ACTIVATING",
                            "DEACTIVATED": "ACTIVATING"},
    "CertificateActivated": {"ACTIVATING": "ACTIVE"},
    "ActivationFailed": {"ACTIVATING": "INACTIVE"},
    "EventRefused": {"ACTIVATING": "INACTIVE"},
    "CertificateSuspended": {"ACTIVATING": "INACTIVE"},
    "CertificateRevoked": {"ACTIVATING": "INACTIVE"},
    "DeactivationRequested": {"ACTIVE": "DEACTIVATED"},
    "CertificateDeactivated": {"ACTIVE": "DEACTIVATED"},
}
CA = {
    "CertificateSuspended": {"GOOD": "ON_HOLD"},
    "CertificateResumed": {"ON_HOLD": "GOOD"},
    "CertificateRevoked": {"GOOD": "REVOKED", "ON_HOLD": "REVOKED"},
}
STATUS = {
    "SuspensionRequested": {"NONE": "DONE"},
    "ResumptionRequested": {"NONE": "OPEN"},
    "RevocationRequested": {"NONE": "OPEN"},
    "StatusChangeConfirmed": {"OPEN": "DONE"},
    "StatusChangeDeclined": {"OPEN": "DECLINED"},
}
# Who writes what: the inbox that an admitted event must have come from.
WRITERS = {
    "einvoice": ("KeyPairRequested EnrolmentSaved ActivationRequested "
                 "DeactivationRequested"),
    "officer": ("RequestSubmitted RequestWithdrawn IssuanceRequested "
                "SuspensionRequested ResumptionRequested "
                "RevocationRequested"),
    "manager": ("RequestApproved RequestReturned RequestRejected "
                "RequestReassigned StatusChangeConfirmed "
                "StatusChangeDeclined OrderVoidRequested"),
    "keygen": "CsrGenerated KeyPairFailed KeyPairDestroyed",
    "issuer": "CertificateIssued IssuanceFailed",
    "activator": "CertificateActivated ActivationFailed",
}
INBOX_OF = {name: inbox for inbox, names in WRITERS.items()
            for name in names.split()}
NO_DIGEST = bytes(32)


def digest(octets):
    """Long octets are kept as their digest; none stays none."""
    return None if not octets else hashlib.sha256(octets).digest()


def inbox_of(topic, event_name):
    """The inbox that a message belongs to, by its topic, else by its kind."""
    inbox = topic[len(INBOX):] if topic.startswith(INBOX) else None
    if inbox in WRITERS:
        return inbox
    return INBOX_OF.get(event_name)


class Subject:
    """States of one tax code. Lists are dicts in order of appearance."""

    def __init__(self, tax_code, partition, complain):
        self.tax_code = tax_code
        self.partition = partition
        self.sequence = 0
        self.customer = None
        self.customer_request = None
        self.enrolments = {}
        self.requests = {}
        self.orders = {}
        self.certificates = {}
        self.seen = {}
        self.refused = 0
        self.waiting = {}
        self.revoked = {}
        self.status_changes = {}
        self.destroyed = {}  # enrolment: digests of destroyed keys
        self._complain = complain

    def copy(self):
        """As it is now; what is folded later does not change it."""
        other = Subject(self.tax_code, self.partition, self._complain)
        for name, value in vars(self).items():
            if name != "_complain":
                setattr(other, name, copy.deepcopy(value))
        return other

    # ---- states ---------------------------------------------------------

    def _step(self, table, thing, record, field="state"):
        """The next state of a thing; complains where there is none."""
        state = thing[field]
        rows = table.get(record.name, {})
        if state not in rows:
            self._complain(record, f"{record.name} is not possible in the "
                                   f"state {state}")
        thing[field] = rows.get(state, next(iter(rows.values()), state))

    def _find(self, things, key, record):
        thing = things.get(key)
        if thing is None:
            self._complain(record, f"{record.name} of {key}: no such object")
        return thing

    # ---- folding --------------------------------------------------------

    def fold(self, record):
        """record: a facts.Record of this tax code."""
        handler = getattr(self, "_on_" + record.name, None)
        if handler is not None:
            handler(record, record.event)
        self._input(record)
        self.sequence = record.sequence

    def _on_KeyPairRequested(self, record, event):
        enrolment = {
            "id": event["enrolment_id"], "owner": record.actor,
            "state": "NONE", "key_algorithm": event["key_algorithm"],
            "since": record.recorded_at, "has_key": False,
            "spki_sha256": NO_DIGEST, "key_ref.token": None,
            "key_ref.key_id": bytes(16), "csr_der": None}
        self._step(ENROLMENT, enrolment, record)
        self.enrolments[enrolment["id"]] = enrolment

    def _enrolment(self, record, event):
        enrolment = self._find(self.enrolments, event["enrolment_id"], record)
        if enrolment is not None:
            self._step(ENROLMENT, enrolment, record)
        return enrolment

    def _on_CsrGenerated(self, record, event):
        enrolment = self._enrolment(record, event)
        if enrolment is not None:
            enrolment.update({
                "has_key": True, "spki_sha256": event["spki_sha256"],
                "key_ref.token": event["key_ref"]["token"],
                "key_ref.key_id": event["key_ref"]["key_id"],
                "csr_der": digest(event["csr_der"])})

    def _on_KeyPairFailed(self, record, event):
        self._enrolment(record, event)

    def _on_EnrolmentSaved(self, record, event):
        enrolment = self._enrolment(record, event)
        if enrolment is not None:
            enrolment["since"] = record.recorded_at

    def _on_EnrolmentAbandoned(self, record, event):
        self._enrolment(record, event)

    def _on_KeyPairDestroyed(self, record, event):
        self.destroyed.setdefault(event["enrolment_id"], []).append(
            event["spki_sha256"])
        if event["cause"] == "ABANDONED":
            self._enrolment(record, event)
        else:
            self._find(self.enrolments, event["enrolment_id"], record)

    def _on_RequestSubmitted(self, record, event):
        submission = event["submission"]
        request = self.requests.get(submission["request_id"])
        if request is None:
            request = {"id": submission["request_id"], "state": "NONE",
                       "creator": record.actor, "editors": [],
                       "approval": None, "order_id": None}
            self.requests[request["id"]] = request
        self._step(REQUEST, request, record)
        if record.actor not in request["editors"]:
            request["editors"].append(record.actor)
        uploaded = NO_DIGEST
        if submission["csr_source"] == "UPLOADED":
            uploaded = sha256(der.csr(submission["csr_der"])[1])
        kept = dict(submission, csr_der=digest(submission["csr_der"]))
        request.update({
            "progressed_at": record.recorded_at,
            "submission": kept,
            "submission_bytes": digest(record.submission),
            "submission_schema_id": record.schema_id,
            "submission_sha256": sha256(record.submission),
            "uploaded_spki": uploaded})

    def _request(self, record, event):
        request = self._find(self.requests, event["request_id"], record)
        if request is not None:
            self._step(REQUEST, request, record)
            request["progressed_at"] = record.recorded_at
        return request

    def _on_RequestApproved(self, record, event):
        request = self._request(record, event)
        if request is None:
            return
        submission = request["submission"]
        enrolment_id = None
        if submission["csr_source"] == "EINVOICE":
            enrolment_id = next(
                (each["id"] for each in self.enrolments.values()
                 if each["has_key"]
                 and each["spki_sha256"] == event["spki_sha256"]), None)
            if enrolment_id is None:
                self._complain(record, "no enrolment has the approved key")
        request["approval"] = {
            "event_id": record.event_id, "approver_id": record.actor,
            "spki_sha256": event["spki_sha256"],
            "cms": digest(event["signature_cms"]),
            "enrolment_id": enrolment_id}
        self.customer = submission["customer"]
        self.customer_request = request["id"]

    def _on_RequestReturned(self, record, event):
        request = self._request(record, event)
        if request is not None:
            request["approval"] = None

    def _on_RequestRejected(self, record, event):
        self._request(record, event)

    def _on_RequestWithdrawn(self, record, event):
        self._request(record, event)

    def _on_RequestLapsed(self, record, event):
        self._request(record, event)

    def _on_IssuanceRequested(self, record, event):
        self._request(record, event)

    def _on_RequestReassigned(self, record, event):
        request = self._request(record, event)
        if request is not None:
            request["creator"] = event["new_officer_id"]

    # ---- orders ---------------------------------------------------------

    def _on_IssuanceOrdered(self, record, event):
        request = self._find(self.requests, event["request_id"], record)
        self.orders[record.event_id] = {
            "id": record.event_id, "request_id": event["request_id"],
            "enrolment_id": event["enrolment_id"],
            "serial_number": event["serial_number"], "state": "OPEN",
            "tbs_sha256": sha256(event["tbs_certificate"]),
            "spki_sha256": event["spki_sha256"],
            "not_before": event["not_before"],
            "not_after": event["not_after"]}
        if request is not None:
            request["order_id"] = record.event_id

    def _end_of_request(self, record, order):
        request = self._find(self.requests, order["request_id"], record)
        if request is None:
            return
        before = request["state"]
        self._step(REQUEST, request, record)
        if request["state"] != before:
            request["progressed_at"] = record.recorded_at

    def _on_CertificateIssued(self, record, event):
        order = self._find(self.orders, event["order_id"], record)
        if order is None:
            return
        given_up = order["state"] != "OPEN"
        enrolment_id = order["enrolment_id"]
        if given_up and order["state"] != "GIVEN_UP":
            self._complain(record, "CertificateIssued of an order that is "
                                   f"{order['state']}")
        if not given_up:
            self._end_of_request(record, order)
            order["state"] = "ISSUED"
            enrolment = self.enrolments.get(enrolment_id)
            if enrolment is not None:
                self._step(ENROLMENT, enrolment, record)
        revoked = given_up or order["serial_number"] in self.revoked
        self.certificates[order["serial_number"]] = {
            "serial_number": order["serial_number"], "order_id": order["id"],
            "enrolment_id": enrolment_id,
            "ca": "REVOKED" if revoked else "GOOD",
            "use": "NONE" if enrolment_id is None else "INACTIVE",
            "given_up": given_up, "spki_sha256": order["spki_sha256"],
            "not_before": order["not_before"],
            "not_after": order["not_after"],
            "certificate_der": digest(event["certificate_der"])}

    def _on_CertificateRejected(self, record, event):
        if event["code"] == "EVENT_ID_CONFLICT":
            return
        try:
            self.revoked[der.certificate(event["certificate_der"])[1]] = True
        except der.Malformed:
            pass
        order = self.orders.get(event["order_id"])
        if order is None or order["state"] != "OPEN":
            return
        order["state"] = "REJECTED"
        self.revoked[order["serial_number"]] = True
        self._end_of_request(record, order)

    def _on_IssuanceFailed(self, record, event):
        order = self._find(self.orders, event["order_id"], record)
        if order is None:
            return
        order["state"] = "FAILED"
        if event["code"] == "ORDER_EXPIRED":
            order["state"] = "GIVEN_UP"
            self.revoked[order["serial_number"]] = True
        self._end_of_request(record, order)

    def _on_OrderVoidRequested(self, record, event):
        order = self._find(self.orders, event["order_id"], record)
        if order is not None:
            self._end_of_request(record, order)

    def _on_OrderVoided(self, record, event):
        order = self._find(self.orders, event["order_id"], record)
        if order is not None:
            order["state"] = "GIVEN_UP"
            self.revoked[order["serial_number"]] = True

    # ---- certificates ---------------------------------------------------

    def _certificate(self, record, event):
        certificate = self._find(self.certificates, event["serial_number"],
                                 record)
        if certificate is not None:
            self._step(USE, certificate, record, "use")
        return certificate

    def _on_ActivationRequested(self, record, event):
        self._certificate(record, event)

    def _on_CertificateActivated(self, record, event):
        self._certificate(record, event)

    def _on_ActivationFailed(self, record, event):
        self._certificate(record, event)

    def _on_DeactivationRequested(self, record, event):
        self._certificate(record, event)

    def _on_CertificateDeactivated(self, record, event):
        certificate = self.certificates.get(event["serial_number"])
        if certificate is None or certificate["use"] != "DEACTIVATED":
            self._certificate(record, event)

    def _status(self, record, event):
        serial = event["serial_number"]
        if record.name == "CertificateRevoked":
            self.revoked[serial] = True
        certificate = self.certificates.get(serial)
        if certificate is None:
            return
        self._step(CA, certificate, record, "ca")
        if certificate["use"] in USE.get(record.name, {}):
            self._step(USE, certificate, record, "use")

    _on_CertificateRevoked = _status
    _on_CertificateSuspended = _status
    _on_CertificateResumed = _status

    def _status_asked(self, record, event):
        invalid = event.get("invalidity_date")
        change = {"id": event["status_change_id"],
                  "serial_number": event["serial_number"],
                  "requester": record.actor, "state": "NONE",
                  "resumes": record.name == "ResumptionRequested",
                  "reason": event.get("reason", "UNKNOWN"),
                  "has_invalidity_date": invalid is not None,
                  "invalidity_date": invalid or 0}
        self._step(STATUS, change, record)
        self.status_changes[change["id"]] = change

    _on_SuspensionRequested = _status_asked
    _on_ResumptionRequested = _status_asked
    _on_RevocationRequested = _status_asked

    def _status_decided(self, record, event):
        change = self._find(self.status_changes, event["status_change_id"],
                            record)
        if change is not None:
            self._step(STATUS, change, record)

    _on_StatusChangeConfirmed = _status_decided
    _on_StatusChangeDeclined = _status_decided

    def _on_EventRefused(self, record, event):
        """An activation that came too late ends in INACTIVE."""
        if (event["code"] != "CERTIFICATE_NOT_GOOD"
                or event["event_name"] != "CertificateActivated"):
            return
        certificate = self.certificates.get(
            event["params"].get("serial_number"))
        if certificate is not None and certificate["use"] == "ACTIVATING":
            self._step(USE, certificate, record, "use")

    # ---- inputs ---------------------------------------------------------

    def _input(self, record):
        event = record.event
        if record.name == "EventRefused":
            identity = self._identity(event["source"]["topic"],
                                      event["event_name"], record.causation,
                                      event["payload_sha256"])
            if identity is not None:
                self.waiting.pop(identity, None)
                self._remember(identity, "REFUSED", event["code"],
                               event["field"], record.sequence)
        elif record.name == "EventDeferred":
            self._deferred(record, event)
        elif record.source is not None:
            identity = self._identity(record.source_topic, record.name,
                                      record.event_id, record.body_sha256)
            if identity is not None:
                self.waiting.pop(identity, None)
                self._remember(identity, "ADMITTED", "UNKNOWN", None,
                               record.sequence)

    def _deferred(self, record, event):
        identity = self._identity(event["source"]["topic"],
                                  event["event_name"], record.causation,
                                  sha256(event["payload"][5:]))
        if identity is None:
            self._complain(record, "EventDeferred does not say what waits")
            return
        waiting = self.waiting.get(identity)
        if waiting is None:
            headers = dict(event["headers"])
            about = headers.pop("certflow-object", None)
            waiting = {"event_id": uuid.UUID(identity[1]).bytes,
                       "body_sha256": identity[2],
                       "object": about and about.decode(),
                       "inbox": identity[0],
                       "event_name": event["event_name"],
                       "source": event["source"],
                       "recorded_at": record.recorded_at,
                       "payload": digest(event["payload"]),
                       "headers": headers}
            self.waiting[identity] = waiting
        waiting["waiting_for"] = event["waiting_for"]
        waiting["deadline"] = event["deadline"]
        self._remember(identity, "DEFERRED", event["waiting_for"], None,
                       record.sequence)

    @staticmethod
    def _identity(topic, event_name, event_id, body_sha256):
        """(inbox, event id, digest), or None: it has no identity."""
        inbox = inbox_of(topic, event_name)
        if inbox is None or event_id is None or body_sha256 is None:
            return None
        return inbox, event_id, body_sha256

    def _remember(self, identity, result, code, field, sequence):
        seen = self.seen.get(identity)
        if seen is not None and seen[0] != "DEFERRED":
            return
        if result == "REFUSED":  # it counts from now on
            self.seen.pop(identity, None)
            self.refused += 1
        self.seen[identity] = (result, code, field, sequence)
        if self.refused == 2 * REFUSED_KEPT:
            self._forget_refused()

    def _forget_refused(self):
        """The older half of the refusals goes."""
        refused = [identity for identity, seen in self.seen.items()
                   if seen[0] == "REFUSED"]
        for identity in refused[:REFUSED_KEPT]:
            del self.seen[identity]
        self.refused -= REFUSED_KEPT
