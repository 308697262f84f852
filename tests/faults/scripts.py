"""The journeys: what the portals of one request do, one after the other, and
what must come of it. Each script is a generator that yields what it waits
for; the driver sends it what came."""

import os
import time
import uuid

import acts


class Unexpected(Exception):
    """Something came out otherwise than the journey says."""

    def __init__(self, text, code=None):
        super().__init__(text)
        self.code = code


class Sent:
    """An event that was published."""

    def __init__(self, inbox, kind, octets, meta):
        self.inbox, self.kind, self.octets = inbox, kind, octets
        self.meta = meta
        self.key = ("outcome", meta["event_id"])
        self.at = time.monotonic()


class Acts:
    """What a journey's script can do."""

    def __init__(self, journey):
        self.journey, self.driver = journey, journey.driver
        self.subscriber = journey.subscriber
        self.tax_code = journey.tax_code
        self.random = self.driver.random
        self.officer = self.random.choice(acts.OFFICERS)
        self.manager = self.random.choice(acts.MANAGERS)

    # ---- publishing ----

    def make(self, inbox, kind, actor, **fields):
        """An event, encoded but not published."""
        meta = acts.meta(inbox, self.tax_code, actor)
        octets = self.driver.wire.encode(kind, {"meta": meta, **fields})
        sent = Sent(inbox, kind, octets, meta)
        self.journey.expect(sent.key)
        return sent

    def send(self, sent, partition=None):
        sent.at = self.journey.asked_at = time.monotonic()
        self.journey.step = sent.kind
        self.driver.produce(f"certflow.inbox.{sent.inbox}", self.tax_code,
                            sent.octets, partition)
        return sent

    # ---- waiting ----

    def outcome(self, sent, also_deferred=False):
        """The fate of an event: its outcome record."""
        while True:
            _, record = yield (sent.key,)
            if record["result"] != "DEFERRED" or also_deferred:
                return record

    def admitted(self, sent):
        record = yield from self.outcome(sent)
        if record["result"] != "ADMITTED":
            raise Unexpected(f"{sent.kind} is {record['result']} "
                             f"{record['code']} ({record['field']})",
                             record["code"])
        self.driver.times["admitted"].append(time.monotonic() - sent.at)
        return record

    def refused(self, sent, code):
        record = yield from self.outcome(sent)
        if record["code"] != code or record["result"] != "REFUSED":
            raise Unexpected(f"{sent.kind} is {record['result']} "
                             f"{record['code']}, not refused with {code}",
                             record["code"])

    def deferred(self, sent):
        record = yield from self.outcome(sent, also_deferred=True)
        if record["result"] != "DEFERRED":
            raise Unexpected(f"{sent.kind} is {record['result']} "
                             f"{record['code']}, not deferred",
                             record["code"])

    def must(self, inbox, kind, actor, **fields):
        sent = self.send(self.make(inbox, kind, actor, **fields))
        yield from self.admitted(sent)
        return sent

    def must_refuse(self, code, inbox, kind, actor, **fields):
        sent = self.send(self.make(inbox, kind, actor, **fields))
        yield from self.refused(sent, code)
        return sent

    # ---- the customer's part ----

    def enrol(self, algorithm="EC_P256"):
        """A saved key in the HSM: (enrolment id, SHA-256 of the key)."""
        for _ in range(20):
            enrolment = acts.new_id()
            waited = [(kind, enrolment) for kind in (
                "CsrGenerated", "EnrolmentAbandoned", "KeyPairFailed")]
            self.journey.expect(*waited)
            asked = yield from self.must(
                "einvoice", "KeyPairRequested", self.subscriber.account,
                enrolment_id=enrolment, unit_kind="ENTERPRISE",
                certificate_type="SERVER_SIGNATURE", key_algorithm=algorithm)
            saved = self.send(self.make(
                "einvoice", "EnrolmentSaved", self.subscriber.account,
                enrolment_id=enrolment))
            key, record = yield tuple(waited)
            if key[0] == "CsrGenerated":
                self.driver.times["key made"].append(
                    time.monotonic() - asked.at)
                outcome = yield from self.outcome(saved)
                if outcome["result"] == "ADMITTED":
                    return enrolment, record["spki_sha256"]
                key, record = yield (waited[1],)
            if key[0] != "EnrolmentAbandoned":
                raise Unexpected(f"no key: {key[0]} {record.get('code')}")
            # Not saved in time, in an outage or by a clock that jumped.
            self.driver.counts["enrolments not saved in time"] += 1
        raise Unexpected("20 enrolments were not saved in time")

    def activate(self, serial):
        ordered = ("ActivationOrdered", serial)
        outcomes = [("CertificateActivated", serial),
                    ("ActivationFailed", serial)]
        self.journey.expect(ordered, *outcomes)
        asked = yield from self.must(
            "einvoice", "ActivationRequested", self.subscriber.account,
            serial_number=serial)
        _, order = yield (ordered,)
        # The activator's outcome itself may be refused.
        outcomes.append(("EventRefused", str(uuid.uuid5(
            uuid.UUID(order["meta"]["event_id"]), "CertificateActivated"))))
        key, record = yield tuple(outcomes)
        if key[0] != "CertificateActivated":
            raise Unexpected(f"activation: {key[0]} {record['code']}",
                             record["code"])
        self.driver.times["activated"].append(time.monotonic() - asked.at)

    def change_status(self, kind, serial, becomes, confirmed=True, **fields):
        """What one officer asks for and a manager confirms."""
        change, end = acts.new_id(), (becomes, serial)
        self.journey.expect(end)
        yield from self.must("officer", kind, self.officer,
                             status_change_id=change, serial_number=serial,
                             evidence_sha256=os.urandom(32), **fields)
        if confirmed:
            yield from self.must("manager", "StatusChangeConfirmed",
                                 self.manager, status_change_id=change,
                                 reason=None)
        yield (end,)

    # ---- the officer's and the manager's part ----

    def write_person(self):
        """The legal representative, before the first submission."""
        if self.subscriber.representative is not None:
            return
        reference, person = self.subscriber.person()
        octets = self.driver.wire.encode("PersonalRecord", person)
        if self.driver.personal:
            self.driver.produce("certflow.personal", reference, octets)
        self.subscriber.representative = {
            "personal_ref": reference,
            "commitment": acts.hashlib.sha256(octets[5:]).digest()}

    def request(self, product, **content):
        """A request of this officer, not yet published."""
        self.write_person()
        return Request(self, product, content)

    def uploaded(self, key=None):
        key = key or acts.Key()
        request = self.request(acts.USB_YEAR,
                               csr_der=key.csr(self.tax_code))
        request.spki, request.key = key.digest, key
        return request


class Request:
    """One request for a certificate, and its steps."""

    def __init__(self, owner, product, content):
        self.acts, self.product = owner, product
        self.content = dict(content)
        self.id, self.revision = acts.new_id(), 1
        self.officer = owner.officer
        self.spki, self.key = None, None
        self.digest = None
        self.wait = [("CertificateIssued", self.id),
                     ("IssuanceFailed", self.id)]

    def submission(self):
        """RequestSubmitted with the present revision, not yet published."""
        content = acts.submission(self.acts.subscriber, self.id,
                                  self.officer, self.product, **self.content)
        content["revision"] = self.revision
        made = self.acts.make("officer", "RequestSubmitted", self.officer,
                              submission=content)
        self.digest = self.acts.driver.wire.digest(made.octets, made.meta)
        return made

    def submit(self, partition=None):
        sent = self.acts.send(self.submission(), partition)
        yield from self.acts.admitted(sent)
        self.acts.subscriber.requests += 1
        return sent

    def approval(self, **changes):
        fields = {"request_id": self.id, "revision": self.revision,
                  "submission_sha256": self.digest, "spki_sha256": self.spki,
                  "signature_cms": None}
        return self.acts.make("manager", "RequestApproved",
                              changes.pop("actor", self.acts.manager),
                              **{**fields, **changes})

    def approve(self):
        yield from self.acts.admitted(self.acts.send(self.approval()))
        self.acts.subscriber.known = True

    def order(self, actor=None):
        """IssuanceRequested, not yet published."""
        self.acts.journey.expect(*self.wait)
        uploaded = self.content.get("csr_der")
        return self.acts.make(
            "officer", "IssuanceRequested", actor or self.officer,
            request_id=self.id, revision=self.revision,
            csr_source="UPLOADED" if uploaded else "EINVOICE",
            csr_der=uploaded)

    def certificate(self, asked):
        """Wait for the certificate; its serial number."""
        while True:
            key, record = yield tuple(self.wait)
            if key[0] == "CertificateIssued":
                break
            if record["code"] == "ORDER_EXPIRED":
                raise Unexpected("the order expired", "DEFERRED_TOO_LONG")
            raise Unexpected(f"issuance failed: {record['code']} "
                             f"{record.get('rule')} {record['detail']}")
        driver = self.acts.driver
        driver.times["issued"].append(time.monotonic() - asked.at)
        if self.key is not None:
            driver.keys.append((self.key, self.acts.tax_code))
        return record["serial_number"]

    def issue(self):
        asked = self.acts.send(self.order())
        yield from self.acts.admitted(asked)
        return (yield from self.certificate(asked))

    def all(self):
        """Submitted, approved, issued; the serial number."""
        yield from self.submit()
        yield from self.approve()
        return (yield from self.issue())

    def manager_says(self, kind, **fields):
        return self.acts.must("manager", kind, self.acts.manager,
                              request_id=self.id, **fields)


# ---- the scripts ----

def usb(a):
    """A USB token: the CSR is uploaded; ends GOOD."""
    yield from a.uploaded().all()


def hsm(a):
    """A key in the HSM; ends ACTIVE."""
    yield from _hsm(a, "EC_P256")


def hsm_rsa(a):
    yield from _hsm(a, "RSA_2048")


def _hsm(a, algorithm):
    enrolment, spki = yield from a.enrol(algorithm)
    request = a.request(acts.HSM_YEAR, enrolment_id=enrolment)
    request.spki = spki
    serial = yield from request.all()
    yield from a.activate(serial)
    return serial


def again_active(a):
    """Activated, put out of use, activated again."""
    serial = yield from _hsm(a, "EC_P256")
    gone = ("CertificateDeactivated", serial)
    a.journey.expect(gone)
    yield from a.must("einvoice", "DeactivationRequested",
                      a.subscriber.account, serial_number=serial,
                      reason=None)
    yield (gone,)
    yield from a.activate(serial)


def revoked(a):
    """Issued, on hold, good again, and revoked for ever."""
    serial = yield from a.uploaded().all()
    yield from a.change_status(
        "SuspensionRequested", serial, "CertificateSuspended",
        confirmed=False, reason_text="mất thiết bị")
    if a.random.random() < 0.5:
        yield from a.change_status(
            "ResumptionRequested", serial, "CertificateResumed",
            reason_text="đã tìm thấy")
    yield from a.change_status(
        "RevocationRequested", serial, "CertificateRevoked",
        reason=a.random.choice(("SUPERSEDED", "AFFILIATION_CHANGED",
                                "CESSATION_OF_OPERATION")),
        invalidity_date=None, requester="SUBSCRIBER")


def returned(a):
    """Returned, resubmitted; the stale approval is refused."""
    request = a.uploaded()
    yield from request.submit()
    stale = request.approval()
    yield from request.manager_says("RequestReturned", revision=1,
                                    reason="bản chụp mờ", fields=["dossier"])
    request.revision = 2
    yield from request.submit()
    yield from a.refused(a.send(stale), "REVISION_STALE")
    yield from request.approve()
    yield from request.issue()


def rejected(a):
    """Rejected for good: it cannot be issued any more."""
    request = a.uploaded()
    yield from request.submit()
    yield from request.manager_says("RequestRejected", revision=1,
                                    reason="hồ sơ giả")
    yield from a.refused(a.send(request.order()), "STATE")


def withdrawn(a):
    """Approved, then given up by the officer."""
    request = a.uploaded()
    yield from request.submit()
    yield from request.approve()
    yield from a.must("officer", "RequestWithdrawn", request.officer,
                      request_id=request.id, reason="khách đổi ý")
    yield from a.refused(a.send(request.order()), "STATE")


def reassigned(a):
    """Another officer becomes the creator of record."""
    request = a.uploaded()
    yield from request.submit()
    other = next(each for each in acts.OFFICERS if each != request.officer)
    yield from request.manager_says("RequestReassigned", reason="nghỉ phép",
                                    new_officer_id=other)
    yield from request.approve()
    yield from a.refused(a.send(request.order()), "NOT_CREATOR")
    request.officer = other
    yield from request.issue()


def wrong_steps(a):
    """What must be refused on the way changes nothing."""
    request = a.uploaded()
    yield from request.submit()
    yield from a.refused(a.send(request.approval(actor=request.officer)),
                         "FOUR_EYES")
    yield from a.refused(a.send(request.approval(
        submission_sha256=os.urandom(32))), "DIGEST_MISMATCH")
    yield from a.refused(a.send(request.approval(
        spki_sha256=os.urandom(32))), "KEY_NOT_APPROVED")
    misplaced = request.approval()
    misplaced.inbox = "officer"
    yield from a.refused(a.send(misplaced), "ROLE")
    yield from request.approve()
    other = next(each for each in acts.OFFICERS if each != request.officer)
    yield from a.refused(a.send(request.order(other)), "NOT_CREATOR")
    yield from request.issue()
    yield from a.refused(a.send(request.order()), "STATE")


def key_used(a):
    """A key that another tax code has certified; then one of its own."""
    found = [each for each in a.driver.keys if each[1] != a.tax_code]
    if found:
        key, _ = a.random.choice(found)
        yield from a.refused(a.send(a.uploaded(key).submission()),
                             "KEY_USED")
    yield from a.uploaded().all()


def overtaking(a):
    """The approval before the submission, the order before the approval."""
    request = a.uploaded()
    submission, approval = request.submission(), None
    approval = a.send(request.approval())
    yield from a.deferred(approval)
    asked = a.send(request.order())
    yield from a.deferred(asked)
    yield from a.admitted(a.send(submission))
    yield from a.admitted(approval)
    a.subscriber.known = True
    a.subscriber.requests += 1
    yield from a.admitted(asked)
    yield from request.certificate(asked)


def repeats(a):
    """Every event three times: one effect, one fate."""
    request = a.uploaded()
    for make in (request.submission, request.approval, request.order):
        sent = make()
        for _ in range(3):
            a.send(sent)
        for _ in range(3):
            yield from a.admitted(sent)
        if make == request.approval:
            a.subscriber.known = True
    yield from request.certificate(sent)


def conflict(a):
    """An event id used again for another content."""
    request = a.uploaded()
    sent = yield from request.submit()
    other = a.driver.wire.encode("RequestWithdrawn", {
        "meta": sent.meta, "request_id": request.id, "reason": "khác"})
    forged = Sent("officer", "RequestWithdrawn", other, sent.meta)
    a.send(forged)
    yield from a.refused(forged, "EVENT_ID_CONFLICT")
    yield from request.approve()
    yield from request.issue()


def misrouted(a):
    """A submission in the wrong partition is sent on once."""
    request = a.uploaded()
    yield from request.submit(partition=a.random.randrange(12))
    yield from request.approve()
    yield from request.issue()


def several(a):
    """Three requests of one tax code at a time."""
    first = a.uploaded()
    yield from first.all()
    others = [a.uploaded() for _ in range(3)]
    for step in (lambda each: each.submission(),
                 lambda each: each.approval(), lambda each: each.order()):
        sent = [a.send(step(each)) for each in others]
        for each in sent:
            yield from a.admitted(each)
    for request, asked in zip(others, sent):
        yield from request.certificate(asked)
    a.subscriber.requests += 3


def abandoned(a):
    """A key that nobody saves is destroyed when its time is over."""
    if a.driver.unsaved_ttl > 600:
        yield from usb(a)
        return
    enrolment = acts.new_id()
    left = [("EnrolmentAbandoned", enrolment),
            ("KeyPairDestroyed", enrolment)]
    a.journey.expect(*left)
    asked = a.send(a.make(
        "einvoice", "KeyPairRequested", a.subscriber.account,
        enrolment_id=enrolment, unit_kind="ENTERPRISE",
        certificate_type="SERVER_SIGNATURE", key_algorithm="EC_P256"))
    record = yield from a.admitted(asked)
    if record["recorded_at"] > acts.now_us() + 600 * 1000000:
        raise Unexpected("recorded by a clock that is ahead: its time is "
                         "over in an hour", "DEFERRED_TOO_LONG")
    yield (left[0],)
    yield (left[1],)


def poison(a):
    """Octets that nobody can read: a dead letter, and the portal is told."""
    body = os.urandom(a.random.choice((0, 1, 4, 5, 40, 400, 4000)))
    if a.random.random() < 0.5:  # a schema that does not exist
        body = b"\0" + os.urandom(4) + body
    inbox = a.random.choice(("einvoice", "officer", "manager", "keygen",
                             "issuer", "activator"))
    key = a.random.choice((a.tax_code, None, os.urandom(8)))
    found = []

    def placed(place):
        found.append(place)
        a.journey.expect(("place", place))
        early = a.driver.places.pop(place, None)
        if early is not None:
            a.journey.mail[("place", place)].append(early)

    a.driver.produce(f"certflow.inbox.{inbox}", key, body,
                     a.random.randrange(12), placed)
    while not found:
        yield 0.2
    _, record = yield (("place", found[0]),)
    if record["result"] != "REFUSED":
        raise Unexpected(f"poison is {record['result']}", record["code"])


# name: (script, weight, may be of a subscriber who is known)
KINDS = {
    "usb": (usb, 50, True), "hsm": (hsm, 6, True),
    "hsm-rsa": (hsm_rsa, 0.5, True), "again-active": (again_active, 1, True),
    "revoked": (revoked, 3, True),
    "returned": (returned, 5, True), "rejected": (rejected, 3, True),
    "withdrawn": (withdrawn, 3, True), "reassigned": (reassigned, 2, True),
    "wrong-steps": (wrong_steps, 4, True), "key-used": (key_used, 5, True),
    "overtaking": (overtaking, 5, True), "repeats": (repeats, 5, True),
    "conflict": (conflict, 3, True), "misrouted": (misrouted, 2, True),
    "several": (several, 2, True), "abandoned": (abandoned, 1.5, False),
    "poison": (poison, 3, False),
}


def kinds(weights=None):
    """([(name, script, reuse)], cumulative weights)"""
    chosen, total, sums = [], 0.0, []
    for name, (script, weight, reuse) in KINDS.items():
        weight = (weights or {}).get(name, weight)
        if weight > 0:
            total += weight
            chosen.append((name, script, reuse))
            sums.append(total)
    return chosen, sums
