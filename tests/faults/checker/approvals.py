"""APPROVALS: nothing is ordered but what a second person approved."""

from . import der, wire
from .invariant import Invariant


class Approvals(Invariant):
    """An approval is of the revision that was submitted, of its octets, of
    one key, and by somebody who neither created nor edited it; the order
    repeats it."""

    NAME = "APPROVALS"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._approvals = {}  # event_id: (event, actor, at, tax code)

    def log(self, record, subject):
        if record.name in ("RequestApproved", "RequestReturned",
                           "RequestRejected"):
            self._four_eyes(record, subject)
        elif record.name == "OrderVoidRequested":
            self._void(record, subject)
        elif record.name in ("StatusChangeConfirmed",
                             "StatusChangeDeclined"):
            self._status(record, subject)
        elif record.name == "IssuanceOrdered":
            self._order(record, record.event, subject)
        elif record.name == "CertificateIssued":
            if record.event["order_id"] not in subject.orders:
                self.violate("no_order", "a certificate without an order",
                             order_id=record.event["order_id"],
                             **record.where())

    def _four_eyes(self, record, subject):
        event = record.event
        request = subject.requests.get(event["request_id"])
        if request is None:
            self.violate("no_request", f"{record.name} of no request",
                         request_id=event["request_id"], **record.where())
            return
        if record.actor in [request["creator"], *request["editors"]]:
            self.violate("four_eyes", f"{record.actor} created or edited "
                         "what he decides on", request_id=request["id"],
                         **record.where())
        if event["revision"] != request["submission"]["revision"]:
            self.violate("revision", "another revision is current",
                         request_id=request["id"], **record.where())
        if record.name != "RequestApproved":
            return
        if event["submission_sha256"] != request["submission_sha256"]:
            self.violate("content", "the approval is of other octets than "
                         "were submitted", request_id=request["id"],
                         **record.where())
        self._approvals[record.event_id] = (event, record.actor, record.at,
                                            record.tax_code)

    def _void(self, record, subject):
        order = subject.orders.get(record.event["order_id"])
        request = order and subject.requests.get(order["request_id"])
        if request and record.actor == request["creator"]:
            self.violate("four_eyes", "the creator gave up his own order",
                         request_id=request["id"], **record.where())

    def _status(self, record, subject):
        change = subject.status_changes.get(
            record.event["status_change_id"])
        if change is not None and change["requester"] == record.actor:
            self.violate("four_eyes", "the one who asked for a change of "
                         "status decided on it", status_change_id=change[
                             "id"], **record.where())

    def _order(self, record, event, subject):
        request = subject.requests.get(event["request_id"])
        approval, actor, at, tax_code = self._approvals.get(
            event["approval_event_id"], (None, None, None, None))
        where = dict(record.where(), request_id=event["request_id"],
                     approval=at)
        if approval is None or tax_code != record.tax_code:
            self.violate("no_approval", "the approval that the order names "
                         "does not stand before it", **where)
            return
        if request is None:
            self.violate("no_request", "the order is of no request", **where)
            return
        current = request["approval"]
        if current is None or current["event_id"] != event[
                "approval_event_id"]:
            self.violate("approval_ended", "the approval that the order "
                         "names is not in force any more", **where)
        self._same(event, approval, actor, request, where)
        self._key(event, approval, where)

    def _same(self, event, approval, actor, request, where):
        pairs = (
            ("request_id", approval["request_id"], event["request_id"]),
            ("revision", approval["revision"], event["revision"]),
            ("submission_sha256", approval["submission_sha256"],
             event["submission_sha256"]),
            ("submission", approval["submission_sha256"],
             wire.sha256(event["submission"])),
            ("approver_id", actor, event["approver_id"]),
            ("approval_cms", approval["signature_cms"],
             event["approval_cms"]),
            ("creator_id", request["creator"], event["creator_id"]),
            ("editor_ids", request["editors"], event["editor_ids"]),
        )
        for name, approved, ordered in pairs:
            if approved != ordered:
                self.violate("order_differs", f"{name} of the order is not "
                             "what was approved", **where)

    def _key(self, event, approval, where):
        digest = approval["spki_sha256"]
        try:
            keys = {"spki_sha256": event["spki_sha256"],
                    "csr_der": wire.sha256(der.csr(event["csr_der"])[1]),
                    "tbs_certificate": wire.sha256(
                        der.tbs_parts(event["tbs_certificate"])[1])}
        except der.Malformed as error:
            self.violate("order_malformed", str(error), **where)
            return
        for name, key in keys.items():
            if key != digest:
                self.violate("key", f"{name} of the order has another key "
                             "than was approved", key=key.hex(),
                             approved=digest.hex(), **where)

    def finish(self, subjects):
        self.report.figures["approvals"] = len(self._approvals)
