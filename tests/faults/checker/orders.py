"""ORDERS: what is ordered is answered once, and nothing unasked is done."""

import uuid

from .invariant import Invariant

# What the registrar adds to an admitted event, in the same transaction.
FOLLOWED = {
    "IssuanceRequested": ("IssuanceOrdered",),
    "ActivationRequested": ("ActivationOrdered",),
    "OrderVoidRequested": ("OrderVoided",),
    "DeactivationRequested": ("CertificateDeactivated",),
    "SuspensionRequested": ("CertificateSuspended",),
    "StatusChangeConfirmed": ("CertificateResumed", "CertificateRevoked"),
}
# What can stand behind these alone (behind CertificateRevoked, too, there
# may be a CertificateDeactivated).
CAUSES = {
    "IssuanceOrdered": ("IssuanceRequested",),
    "ActivationOrdered": ("ActivationRequested",),
    "OrderVoided": ("OrderVoidRequested",),
    "CertificateSuspended": ("SuspensionRequested", "RevocationRequested",
                             "CertificateIssued"),
    "CertificateResumed": ("StatusChangeConfirmed",),
    "CertificateRevoked": ("StatusChangeConfirmed",),
}
# Orders to workers, and the events that answer them.
ANSWERS = {
    "KeyPairRequested": ("CsrGenerated", "KeyPairFailed"),
    "EnrolmentAbandoned": ("KeyPairDestroyed",),
    "ActivationOrdered": ("CertificateActivated", "ActivationFailed"),
    "IssuanceOrdered": ("CertificateIssued", "IssuanceFailed"),
}


def answer_id(order_id, name):
    """The event_id that a worker's answer to an order has."""
    return str(uuid.uuid5(uuid.UUID(order_id), name))


class Order:
    """One order to a worker, and what came of it."""

    __slots__ = ("record", "answers", "refused", "closed")

    def __init__(self, record):
        self.record = (record.name, record.at, record.tax_code,
                       record.event_id, record.recorded_at)
        self.answers = []
        self.refused = []
        self.closed = False  # another way: given up, abandoned

    @property
    def open(self):
        return not (self.answers or self.refused or self.closed)

    def where(self):
        name, at, tax_code, event_id, _ = self.record
        return {"at": at, "tax_code": tax_code, "event": name,
                "event_id": event_id}


class Orders(Invariant):
    """Every order has exactly one outcome or is in flight; the outcome
    comes after the order; each state follows from the one before."""

    NAME = "ORDERS"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.orders = {}     # event_id of the order: Order
        self._answers = {}   # event_id that an answer has: Order
        self._issuance = {}  # order_id: [names of what closed it]
        self._enrolments = {}  # enrolment_id: Order of the key pair
        self._last = {}      # tax code: Record before

    def complain(self, record, text):
        """For the fold: a record that the states do not allow."""
        self.violate("transition", text, **record.where())

    def log(self, record, subject):
        self._follows(record)
        if record.name in ANSWERS:
            self._open(record)
        handler = getattr(self, "_on_" + record.name, None)
        if handler is not None:
            handler(record, record.event, subject)

    # ---- the registrar's own, right after what caused it ----------------

    def _follows(self, record):
        before = self._last.get(record.tax_code)
        wanted = before and FOLLOWED.get(before[0])
        if wanted is not None and record.name not in wanted:
            self._not_followed(before, wanted)
        causes = CAUSES.get(record.name)
        if causes is not None and (
                before is None or before[0] not in causes
                or record.causation != before[2]):
            self.violate("unasked", f"{record.name} without its "
                         f"{' or '.join(causes)}",
                         causation=record.causation, **record.where())
        self._last[record.tax_code] = (record.name, record.at,
                                       record.event_id, record.tax_code)

    def _not_followed(self, before, wanted):
        self.violate("not_followed", f"{before[0]} was admitted, and no "
                     f"{' or '.join(wanted)} stands behind it", at=before[1],
                     event_id=before[2], tax_code=before[3])

    # ---- orders and answers ---------------------------------------------

    def _open(self, record):
        order = Order(record)
        self.orders[record.event_id] = order
        for name in ANSWERS[record.name]:
            self._answers[answer_id(record.event_id, name)] = order
        if record.name == "KeyPairRequested":
            self._enrolments[record.event["enrolment_id"]] = order

    def _answer(self, record, order_id=None):
        order = (self._answers.get(record.event_id) if order_id is None
                 else self.orders.get(order_id))
        if order is None:
            self.violate("answer_unasked", f"{record.name} answers no order "
                         "that stands before it", order_id=order_id,
                         causation=record.causation, **record.where())
            return None
        if order.answers:
            self.violate("two_answers", f"{order.record[0]} has a second "
                         "answer", order=order.record[1],
                         first=order.answers[0], **record.where())
        order.answers.append(record.at)
        return order

    def _on_CsrGenerated(self, record, event, subject):
        self._answer(record)

    def _on_KeyPairFailed(self, record, event, subject):
        self._answer(record)

    def _on_CertificateActivated(self, record, event, subject):
        order = self._answer(record)
        if order is not None and record.causation != order.record[3]:
            self.violate("answer_unasked", "causation_id is not the order",
                         order=order.record[1], **record.where())

    _on_ActivationFailed = _on_CertificateActivated

    def _on_KeyPairDestroyed(self, record, event, subject):
        if event["cause"] == "ABANDONED":
            self._answer(record)

    def _on_EnrolmentAbandoned(self, record, event, subject):
        order = self._enrolments.get(event["enrolment_id"])
        if order is not None:
            order.closed = True

    def _on_CertificateIssued(self, record, event, subject):
        """Also of an order that was given up: then in addition."""
        order = self.orders.get(event["order_id"])
        state = subject.orders.get(event["order_id"], {}).get("state")
        if state == "GIVEN_UP" and order is not None:
            ends = self._issuance.setdefault(event["order_id"], [])
            if "CertificateIssued" in ends:
                self.violate("two_answers", "a second certificate of an "
                             "order that was given up",
                             order=order.record[1], **record.where())
            ends.append("CertificateIssued")
        else:
            order = self._answer(record, event["order_id"])
        self._fits(record, event, subject)

    def _on_IssuanceFailed(self, record, event, subject):
        self._answer(record, event["order_id"])
        self._fits(record, event, subject)

    def _fits(self, record, event, subject):
        order = subject.orders.get(event["order_id"])
        if order is not None and any(
                order[name] != event[name]
                for name in ("request_id", "serial_number")):
            self.violate("answer_differs", "request or serial number is not "
                         "the order's", **record.where())

    def _on_CertificateRejected(self, record, event, subject):
        order = subject.orders.get(event["order_id"])
        if event["code"] == "EVENT_ID_CONFLICT" or order is None:
            return
        if order["state"] == "OPEN":
            self._answer(record, event["order_id"])

    def _on_OrderVoided(self, record, event, subject):
        self._answer(record, event["order_id"])

    def _on_EventRefused(self, record, event, subject):
        """A worker whose answer is refused does not ask again."""
        order = self._answers.get(record.causation)
        if order is not None and event["source"]["topic"].endswith(
                (".keygen", ".issuer", ".activator")):
            order.refused.append(record.at)

    def finish(self, subjects):
        for name, at, event_id, tax_code in self._last.values():
            if name in FOLLOWED:
                self._not_followed((name, at, event_id, tax_code),
                                   FOLLOWED[name])
        self.report.figures["orders"] = len(self.orders)
        self.report.figures["orders in flight"] = sum(
            order.open for order in self.orders.values())
