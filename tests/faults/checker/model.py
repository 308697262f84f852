"""READ_MODEL: the read model is what the log says, column by column.

Written from schemas/sql/read_model and schemas/states.md."""

import calendar
import json
import time

from . import der, wire
from .evidence import EVENTS, PERSONAL
from .facts import place_text
from .invariant import Invariant
from .registrar_state import shown

LABELS = {
    "request": {
        "PENDING_APPROVAL": "Chờ phê duyệt",
        "RETURNED": "Trả lại bổ sung hồ sơ", "APPROVED": "Đã phê duyệt",
        "REJECTED": "Từ chối", "WITHDRAWN": "Đã huỷ",
        "ISSUING": "Đang cấp", "ISSUANCE_FAILED": "Cấp lỗi",
        "ISSUED": "Đã cấp", "LAPSED": "Quá hạn xử lý"},
    "use": {
        "INACTIVE": "Chưa kích hoạt", "ACTIVATING": "Đang kích hoạt",
        "ACTIVE": "Hoạt động", "DEACTIVATED": "Ngừng sử dụng"},
    "ca": {"GOOD": "Còn hiệu lực", "ON_HOLD": "Tạm dừng",
           "REVOKED": "Đã thu hồi"},
    "enrolment": {
        "REQUESTED": "Đang sinh cặp khoá",
        "CSR_GENERATED": "Đã sinh cặp khoá", "FAILED": "Sinh cặp khoá lỗi",
        "SAVED": "Đã lưu", "CERTIFIED": "Đã cấp chứng thư số",
        "ABANDONED": "Đã bỏ", "DESTROYED": "Đã huỷ khoá"},
}
# Written by the guide for certificates: literal.
GUIDE = {"CertificateIssued": "Cấp chứng thư số thành công",
         "CertificateActivated": "Kích hoạt chứng thư số thành công"}
KEYS = {
    "customer": ("tax_code",),
    "legal_representative": ("personal_ref",),
    "personal_erasure": ("personal_ref",),
    "enrolment": ("enrolment_id",),
    "request": ("request_id",),
    "issuance_order": ("order_id",),
    "certificate": ("serial_number",),
    "certificate_use_history": ("serial_number", "sequence"),
    "certificate_ca_history": ("serial_number", "sequence"),
    "status_change": ("status_change_id",),
    "certificate_rejected": ("tax_code", "sequence"),
    "request_event": ("tax_code", "sequence"),
    "refusal": ("tax_code", "sequence"),
    "deferred_event": ("tax_code", "sequence"),
}
DETAILS = ("reason", "reason_text", "rule", "code", "cause", "last_state",
           "waiting_for")
# What a timeline row may be about, by the field's name.
ABOUT = ("request_id", "order_id", "enrolment_id", "serial_number")
TIMELINE = ("event_id", "event_name", "recorded_at", "occurred_at",
            "actor_id", "actor_role", "causation_id", "request_id",
            "enrolment_id", "order_id", "serial_number", "revision",
            "message_vi", "message_en", "detail", "source", "log_partition",
            "log_offset")


def micros(text):
    """RFC 3339 in UTC to microseconds."""
    whole, _, part = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 1_000_000 + int((part + "000000")[:6] or 0)


def dossier_of(value):
    """The dossier of a row, comparable."""
    documents = json.loads(value) if isinstance(value, str) else value
    return [dict(each, uploaded_at=micros(each["uploaded_at"]))
            for each in documents]


def comparable(table, column, value):
    """Long octets as their digest; JSON as what it says."""
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, bytes) and len(value) > 64:
        return wire.sha256(value)
    if column == "dossier" and value is not None:
        return dossier_of(value)
    if column == "params" and isinstance(value, str):
        return json.loads(value)
    return value


class Rows:
    """Tables as the fold makes them; the timeline only as fingerprints."""

    def __init__(self, event_texts):
        self.tables = {name: {} for name in KEYS}
        self.timeline = self.tables["request_event"]
        self._texts = event_texts
        self._revocations = {}  # serial number: since when, why

    def fold(self, record):
        event = record.event
        self._timeline(record, event)
        handler = getattr(self, "_on_" + record.name, None)
        if handler is not None:
            handler(record, event)

    def _put(self, table, key, values):
        self.tables[table].setdefault(key, {}).update(values)

    # ---- timeline, refusals, deferrals ----------------------------------

    def timeline_row(self, record):
        """The whole row of the timeline, in the order of TIMELINE."""
        event, meta = record.event, record.event["meta"]
        about = {name: event.get(name) for name in ABOUT}
        revision = event.get("revision")
        source = record.source
        if record.name == "RequestSubmitted":
            about.update({name: event["submission"][name]
                          for name in ("request_id", "enrolment_id")})
            revision = event["submission"]["revision"]
        elif record.name == "IssuanceOrdered":
            about["order_id"] = record.event_id
        elif record.name in ("EventRefused", "EventDeferred"):
            source = tuple(event["source"][name] for name in
                           ("topic", "partition", "offset"))
        detail = next((event[name] for name in DETAILS
                       if event.get(name) is not None), None)
        vi, english = self._message(record, event)
        return (record.event_id, record.name, record.recorded_at,
                meta["occurred_at"], record.actor, meta["actor"]["role"],
                record.causation, about["request_id"],
                about["enrolment_id"], about["order_id"],
                about["serial_number"],
                revision if revision and revision > 0 else None, vi, english,
                detail, place_text(source) if source else None,
                record.partition, record.offset)

    def _message(self, record, event):
        if record.name == "EventRefused":
            return event["message_vi"], event["message_en"]
        vi, english = self._texts.get(record.name,
                                      (record.name, record.name))
        return GUIDE.get(record.name, vi), english

    def _timeline(self, record, event):
        self.timeline[record.tax_code, record.sequence] = (
            record.partition, record.offset,
            fingerprint(self.timeline_row(record)))

    def _on_EventRefused(self, record, event):
        source = event["source"]
        self._put("refusal", (record.tax_code, record.sequence), {
            "event_id": record.event_id,
            "refused_event_id": record.causation,
            "event_name": event["event_name"], "code": event["code"],
            "field": event["field"], "message_vi": event["message_vi"],
            "message_en": event["message_en"], "params": event["params"],
            "source_topic": source["topic"],
            "source_partition": source["partition"],
            "source_offset": source["offset"],
            "payload_sha256": event["payload_sha256"],
            "recorded_at": record.recorded_at})
        if (event["code"] == "CERTIFICATE_NOT_GOOD"
                and event["event_name"] == "CertificateActivated"):
            serial = event["params"].get("serial_number")
            use = self.tables["certificate"].get((serial,), {}).get(
                "use_state")
            if use == "ACTIVATING":
                self._use(record, serial, "INACTIVE")

    def _on_EventDeferred(self, record, event):
        self._put("deferred_event", (record.tax_code, record.sequence), {
            "event_name": event["event_name"],
            "waiting_for": event["waiting_for"],
            "deadline": event["deadline"],
            "source": place_text(event["source"].values()),
            "recorded_at": record.recorded_at})

    # ---- enrolments -----------------------------------------------------

    def _enrolment(self, record, event, state, **values):
        self._put("enrolment", (event["enrolment_id"],), {
            "state": state, "state_label": LABELS["enrolment"][state],
            "sequence": record.sequence, **values})

    def _on_KeyPairRequested(self, record, event):
        self._enrolment(
            record, event, "REQUESTED", tax_code=record.tax_code,
            owner_id=record.actor,
            certificate_type=event["certificate_type"],
            unit_kind=event["unit_kind"],
            key_algorithm=event["key_algorithm"],
            requested_at=record.recorded_at)

    def _on_CsrGenerated(self, record, event):
        self._enrolment(
            record, event, "CSR_GENERATED",
            key_algorithm=event["key_algorithm"],
            token=event["key_ref"]["token"],
            key_id=event["key_ref"]["key_id"],
            csr_der=comparable("enrolment", "csr_der", event["csr_der"]),
            spki_sha256=event["spki_sha256"],
            generated_at=record.recorded_at,
            **{f"key_{name}": value
               for name, value in event["attributes"].items()})

    def _on_EnrolmentSaved(self, record, event):
        self._enrolment(record, event, "SAVED", saved_at=record.recorded_at)

    def _on_KeyPairFailed(self, record, event):
        self._enrolment(record, event, "FAILED", detail=event["code"],
                        ended_at=record.recorded_at)

    def _on_EnrolmentAbandoned(self, record, event):
        self._enrolment(record, event, "ABANDONED", detail=event["cause"],
                        ended_at=record.recorded_at)

    def _on_KeyPairDestroyed(self, record, event):
        if event["cause"] == "ABANDONED":
            self._enrolment(record, event, "DESTROYED",
                            detail=event["cause"],
                            ended_at=record.recorded_at)

    # ---- requests -------------------------------------------------------

    def _request(self, record, request_id, state=None, **values):
        if state is not None:
            values.update(state=state,
                          state_label=LABELS["request"][state])
        self._put("request", (request_id,), {
            "updated_at": record.recorded_at, "sequence": record.sequence,
            **values})

    @staticmethod
    def _customer(customer):
        person = customer["legal_representative"] or {}
        return {"personal_ref": person.get("personal_ref"),
                "personal_commitment": person.get("commitment"),
                **{name: customer[name] for name in (
                    "legal_name", "certificate_name", "province",
                    "locality", "address", "country")}}

    def _on_RequestSubmitted(self, record, event):
        submission = event["submission"]
        contract = submission["contract"]
        before = self.tables["request"].get((submission["request_id"],))
        values = {name: submission[name] for name in (
            "revision", "request_type", "previous_serial_number",
            "device_type", "product_package", "validity_months",
            "subscription_scheme_code", "csr_source", "enrolment_id",
            "accept_shortened_validity")}
        values.update(self._customer(submission["customer"]))
        values.update({f"contract_{name}": contract[name] for name in (
            "number", "signed_on", "months", "months_free")})
        editors = list(before["editor_ids"]) if before else []
        if record.actor not in editors:
            editors.append(record.actor)
        csr = submission["csr_der"]
        names = der.csr_names(csr) if csr else (None, None)
        values.update(
            csr_organization=names[0], csr_common_name=names[1],
            csr_subject_differs=any(
                name not in (None, values["certificate_name"])
                for name in names))
        values.update(
            customer_source=submission["customer"]["source"],
            dossier=[dict(each, sha256=each["sha256"].hex())
                     for each in submission["dossier"]],
            csr_der=comparable("request", "csr_der", csr),
            submission_sha256=wire.sha256(record.submission),
            submission_spki_sha256=(wire.sha256(der.csr(csr)[1])
                                    if csr else None),
            editor_ids=editors, revised_at=record.recorded_at)
        if before is None:
            values.update(tax_code=record.tax_code, creator_id=record.actor,
                          submitted_at=record.recorded_at)
        self._request(record, submission["request_id"], "PENDING_APPROVAL",
                      **values)

    def _on_RequestApproved(self, record, event):
        self._request(record, event["request_id"], "APPROVED",
                      approver_id=record.actor,
                      approved_at=record.recorded_at,
                      approved_revision=event["revision"],
                      spki_sha256=event["spki_sha256"])
        request = self.tables["request"][event["request_id"],]
        self._put("customer", (record.tax_code,), {
            "request_id": event["request_id"],
            "revision": event["revision"],
            "approved_at": record.recorded_at, "sequence": record.sequence,
            **{name: request.get(name) for name in (
                "legal_name", "certificate_name", "province", "locality",
                "address", "country", "personal_ref",
                "personal_commitment")}})

    def _on_RequestReturned(self, record, event):
        self._request(record, event["request_id"], "RETURNED",
                      reason=event["reason"])

    def _on_RequestRejected(self, record, event):
        self._request(record, event["request_id"], "REJECTED",
                      reason=event["reason"])

    def _on_RequestWithdrawn(self, record, event):
        self._request(record, event["request_id"], "WITHDRAWN",
                      reason=event["reason"])

    def _on_RequestReassigned(self, record, event):
        self._request(record, event["request_id"], reason=event["reason"],
                      creator_id=event["new_officer_id"])

    def _on_RequestLapsed(self, record, event):
        self._request(record, event["request_id"], "LAPSED")

    def _on_IssuanceRequested(self, record, event):
        self._request(record, event["request_id"], "ISSUING",
                      issuance_requested_at=event["meta"]["occurred_at"])

    # ---- orders ---------------------------------------------------------

    def _on_IssuanceOrdered(self, record, event):
        self._put("issuance_order", (record.event_id,), {
            "tax_code": record.tax_code, "state": "OPEN",
            "validity_capped": event["validity_shortened"],
            "ordered_at": record.recorded_at, "sequence": record.sequence,
            **{name: event[name] for name in (
                "request_id", "revision", "enrolment_id", "serial_number",
                "spki_sha256", "issuer_certificate_sha256", "profile_name",
                "profile_sha256",
                "not_before", "not_after", "sign_before")}})
        values = {"order_id": record.event_id,
                  "serial_number": event["serial_number"],
                  "validity_capped": event["validity_shortened"]}
        if event["enrolment_id"] is not None:
            values["enrolment_id"] = event["enrolment_id"]
        self._request(record, event["request_id"], "ISSUING", **values)

    def _decide(self, record, order_id, state, detail=None):
        """Ends an open order; None if it was none."""
        order = self.tables["issuance_order"].get((order_id,))
        if order is None or order["state"] != "OPEN":
            return None
        order.update(state=state, decided_at=record.recorded_at,
                     sequence=record.sequence, detail=detail)
        return order

    def _fail(self, record, order_id, state, detail):
        order = self._decide(record, order_id, state, detail)
        if order is not None:
            self._request(record, order["request_id"], "ISSUANCE_FAILED",
                          reason=detail)

    def _on_IssuanceFailed(self, record, event):
        expired = event["code"] == "ORDER_EXPIRED"
        self._fail(record, event["order_id"],
                   "EXPIRED" if expired else "FAILED", event["code"])

    def _on_OrderVoided(self, record, event):
        self._fail(record, event["order_id"], "VOIDED", event["reason"])

    def _on_CertificateRejected(self, record, event):
        self._put("certificate_rejected",
                  (record.tax_code, record.sequence), {
                      "order_id": event["order_id"], "code": event["code"],
                      "certificate_der": comparable(
                          "", "", event["certificate_der"]),
                      "recorded_at": record.recorded_at})
        if event["code"] != "EVENT_ID_CONFLICT":
            self._fail(record, event["order_id"], "REJECTED", event["code"])

    def _on_CertificateIssued(self, record, event):
        order = self.tables["issuance_order"].get((event["order_id"],))
        if order is None:
            return
        serial = event["serial_number"]
        revoked_at, reason = self._revoked(serial, order)
        ca = "GOOD" if revoked_at is None else "REVOKED"
        self._put("certificate", (serial,), {
            "tax_code": record.tax_code, "ca_state": ca,
            "ca_state_label": LABELS["ca"][ca],
            "certificate_der": comparable("", "", event["certificate_der"]),
            "sha256": wire.sha256(event["certificate_der"]),
            "issued_at": record.recorded_at,
            "issued_sequence": record.sequence,
            "sequence": record.sequence, "revocation_reason": reason,
            **{name: event[name] for name in ("request_id", "order_id",
                                              "signed_at")},
            **{name: order[name] for name in (
                "enrolment_id", "not_before", "not_after", "spki_sha256",
                "issuer_certificate_sha256")}})
        self._ca_history(record, serial, ca,
                         record.recorded_at if revoked_at is None
                         else revoked_at, reason, None)
        if order["enrolment_id"] is not None:
            self._use(record, serial, "INACTIVE")
        if self._decide(record, event["order_id"], "ISSUED") is None:
            return
        self._request(record, order["request_id"], "ISSUED",
                      issued_at=record.recorded_at)
        if order["enrolment_id"] is not None:
            self._enrolment(record, order, "CERTIFIED",
                            ended_at=record.recorded_at)

    def _revoked(self, serial, order):
        """(since when, why) a serial counts as revoked already."""
        if serial in self._revocations:
            return self._revocations[serial]
        if order["state"] in ("VOIDED", "EXPIRED"):
            return order["decided_at"], "UNSPECIFIED"
        return None, None

    # ---- certificates ---------------------------------------------------

    def _ca_history(self, record, serial, state, effective_at, reason,
                    invalidity_date):
        self._put("certificate_ca_history", (serial, record.sequence), {
            "effective_at": effective_at, "state": state, "reason": reason,
            "invalidity_date": invalidity_date})

    def _use(self, record, serial, state, **values):
        self._put("certificate_use_history", (serial, record.sequence), {
            "effective_at": record.recorded_at, "state": state})
        self._put("certificate", (serial,), {
            "use_state": state, "use_state_label": LABELS["use"][state],
            "sequence": record.sequence, **values})

    def _on_ActivationRequested(self, record, event):
        self._use(record, event["serial_number"], "ACTIVATING")

    def _on_ActivationFailed(self, record, event):
        self._use(record, event["serial_number"], "INACTIVE")

    def _on_CertificateActivated(self, record, event):
        self._use(record, event["serial_number"], "ACTIVE",
                  activated_at=record.recorded_at)

    def _on_CertificateDeactivated(self, record, event):
        self._use(record, event["serial_number"], "DEACTIVATED")

    def _status(self, record, event):
        serial = event["serial_number"]
        state = {"CertificateSuspended": "ON_HOLD",
                 "CertificateResumed": "GOOD",
                 "CertificateRevoked": "REVOKED"}[record.name]
        if state == "REVOKED":
            self._revocations.setdefault(
                serial, (event["effective_at"], event["reason"]))
        self._ca_history(record, serial, state, event["effective_at"],
                         event["reason"], event["invalidity_date"])
        certificate = self.tables["certificate"].get((serial,))
        if certificate is None:
            return
        certificate.update(ca_state=state, sequence=record.sequence,
                           ca_state_label=LABELS["ca"][state],
                           revocation_reason=event["reason"])
        if state != "GOOD" and certificate.get("use_state") == "ACTIVATING":
            self._use(record, serial, "INACTIVE")

    _on_CertificateSuspended = _status
    _on_CertificateResumed = _status
    _on_CertificateRevoked = _status

    def _asked(self, record, event):
        at_once = record.name == "SuspensionRequested"
        self._put("status_change", (event["status_change_id"],), {
            "tax_code": record.tax_code, "sequence": record.sequence,
            "serial_number": event["serial_number"],
            "kind": record.name.removesuffix("Requested").upper(),
            "state": "DONE" if at_once else "OPEN",
            "requested_by": record.actor,
            "requested_at": record.recorded_at,
            "decided_at": record.recorded_at if at_once else None,
            "evidence_sha256": event["evidence_sha256"],
            **{name: event.get(name) for name in (
                "reason", "reason_text", "invalidity_date", "requester")}})

    _on_SuspensionRequested = _asked
    _on_ResumptionRequested = _asked
    _on_RevocationRequested = _asked

    def _answered(self, record, event):
        confirmed = record.name == "StatusChangeConfirmed"
        self._put("status_change", (event["status_change_id"],), {
            "state": "DONE" if confirmed else "DECLINED",
            "decided_by": record.actor, "decided_at": record.recorded_at,
            "decision_reason": event["reason"],
            "sequence": record.sequence})

    _on_StatusChangeConfirmed = _answered
    _on_StatusChangeDeclined = _answered


def fingerprint(values):
    """Few octets for each column, equal within one run of the checker."""
    return b"".join(hash(value).to_bytes(8, "big", signed=True)
                    for value in values)


class ReadModel(Invariant):
    """Each row of each table of the schema read_model."""

    NAME = "READ_MODEL"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        rows = self.evidence.rows("read_model.event_text")
        self._readable = rows is not None
        texts = {row["event_name"]: (row["message_vi"], row["message_en"])
                 for row in rows or ()}
        self.model = Rows(texts)
        self.compared = 0

    def log(self, record, subject):
        if not self._readable:
            return
        position = self.evidence.position("read_model.log_position", EVENTS,
                                          record.partition)
        if record.offset < position:
            try:
                self.model.fold(record)
            except (KeyError, der.Malformed):
                pass  # refers to nothing: the other invariants say so

    def finish(self, subjects):
        if not self._readable:
            self.skip("the read model may not be read")
            return
        self._persons()
        for table, key in KEYS.items():
            rows = self.evidence.rows("read_model." + table)
            if rows is None:
                self.skip(f"table {table} may not be read")
            elif table == "request_event":
                self._timeline(rows)
            else:
                self._table(table, key, rows)
        for row in self.evidence.rows("read_model.dead_letter"):
            self.violate("dead_letter", "the projector could not read a "
                         f"record that can be read: {row['reason']}",
                         at=place_text((row["topic"], row["partition"],
                                        row["record_offset"])))
        self.report.figures["rows compared"] = self.compared

    def _table(self, table, key, rows):
        expected = dict(self.model.tables[table])
        for row in rows:
            self.compared += 1
            name = tuple(row[column] for column in key)
            values = expected.pop(name, None)
            where = {"table": table, "key": "/".join(map(str, name)),
                     "tax_code": row.get("tax_code")}
            if values is None:
                if table != "personal_erasure":
                    self.violate("row_extra", "the log knows no such row",
                                 **where)
                continue
            for column, found in row.items():
                if column in key:
                    continue
                found = comparable(table, column, found)
                if found != values.get(column):
                    self.violate("column", f"{column} is {shown(found)}, "
                                 f"the log says "
                                 f"{shown(values.get(column))}", **where)
        for name, values in expected.items():
            self.violate("row_missing", "the log has it", table=table,
                         key="/".join(map(str, name)),
                         tax_code=values.get("tax_code"))

    def _timeline(self, rows):
        expected = dict(self.model.timeline)
        for row in rows:
            self.compared += 1
            name = row["tax_code"], row["sequence"]
            partition, offset, print_ = expected.pop(name,
                                                     (None, None, None))
            where = {"table": "request_event", "tax_code": name[0],
                     "sequence": name[1], "event": row["event_name"]}
            if print_ is None:
                self.violate("row_extra", "the log knows no such row",
                             **where)
                continue
            found = tuple(row[column] for column in TIMELINE)
            if fingerprint(found) != print_:
                self._timeline_row(found, print_, dict(
                    where, at=place_text((EVENTS, partition, offset))))
        for (tax_code, sequence), (partition, offset, _) in expected.items():
            self.violate("row_missing", "the log has it",
                         table="request_event", tax_code=tax_code,
                         sequence=sequence,
                         at=place_text((EVENTS, partition, offset)))

    def _timeline_row(self, found, print_, where):
        for i, (column, value) in enumerate(zip(TIMELINE, found)):
            if fingerprint((value,)) != print_[8 * i:8 * i + 8]:
                self.violate("column", f"{column} is {shown(value)}, the "
                             "log says otherwise", **where)

    def _persons(self):
        """The last record of each key in certflow.personal counts."""
        persons = self.model.tables["legal_representative"]
        erased = self.model.tables["personal_erasure"]
        for raw in self.evidence.topic(PERSONAL):
            position = self.evidence.position("read_model.log_position",
                                              PERSONAL, raw.partition)
            if raw.offset >= position or raw.key is None:
                continue
            name = (raw.key.decode("ascii", "replace"),)
            place = {"source_partition": raw.partition,
                     "source_offset": raw.offset}
            if raw.value is None:
                persons.pop(name, None)
                erased[name] = {"erased_at": raw.time_us, **place}
                continue
            _, writer, body = self.schemas.open(raw.value)
            person = writer.read(body)
            person.pop("salt")
            persons[name] = {"commitment": wire.sha256(body), **place,
                             **person}
