"""Plays one scenario: publishes what the portals would, in the order of the
guide, and waits for what the read model says."""

import base64
import os
import subprocess
import time
from dataclasses import dataclass, field

import events
from readmodel import Missing, quoted

OFFICER, OTHER_OFFICER, MANAGER = "gdv-017", "gdv-023", "ql-004"


class Unexpected(Exception):
    """Something came out otherwise than the scenario says."""


@dataclass
class Play:
    """One scenario being played, and what came of it."""

    scenario: object
    enterprise: dict
    request_id: str = field(default_factory=events.new_id)
    revision: int = 1
    enrolment_id: str = None
    csr_der: str = None
    certificate_name: str = ""
    source: str = "NEW"
    representative: dict = None
    refusals: list = field(default_factory=list)
    pressed: float = None
    visible: float = None
    serial: str = None
    outcome: str = ""
    problem: str = ""

    @property
    def tax_code(self):
        return self.enterprise["tax_code"]

    @property
    def account(self):
        return f"kh-{self.tax_code}"


class Stage:
    """The portals' publishers and the read model."""

    def __init__(self, publishers, model, folder):
        self.publishers = publishers
        self.model = model
        self.folder = folder

    def publish(self, play, inbox, actor, kind, **fields):
        """Publish and report what became of it: ADMITTED or the code."""
        answer = self.publishers[inbox].publish(
            events.event(kind, inbox, actor, play.tax_code, **fields))
        if answer["result"] == "ADMITTED":
            return "ADMITTED", answer
        if answer["result"] == "REFUSED":
            play.refusals.append((kind, actor, answer))
            return answer["code"], answer
        raise Unexpected(f"{kind}: {answer}")

    def must(self, play, inbox, actor, kind, **fields):
        code, answer = self.publish(play, inbox, actor, kind, **fields)
        if code != "ADMITTED":
            raise Unexpected(f"{kind} was refused: {code} "
                             f"({answer.get('field')}): "
                             f"{answer.get('message_vi')}")
        return answer

    def must_refuse(self, play, expected, inbox, actor, kind, **fields):
        code, answer = self.publish(play, inbox, actor, kind, **fields)
        if code != expected:
            raise Unexpected(f"{kind} should be refused with {expected}, "
                             f"but the answer is {code}")
        return answer


# ---- the customer's part --------------------------------------------

def make_key(stage, play):
    """Sinh cặp khoá, Lưu lại; the CSR then exists in the HSM."""
    play.enrolment_id = events.new_id()
    stage.must(play, "einvoice", play.account, "KeyPairRequested",
               enrolment_id=play.enrolment_id,
               certificate_type="SERVER_SIGNATURE",
               unit_kind=play.enterprise["kind"],
               key_algorithm=play.scenario.algorithm)
    stage.must(play, "einvoice", play.account, "EnrolmentSaved",
               enrolment_id=play.enrolment_id)
    stage.model.wait(
        "SELECT state FROM read_model.enrolment WHERE state = 'SAVED'"
        f" AND enrolment_id = {quoted(play.enrolment_id)}",
        "the saved key pair", 60)


NEW_KEY = {"RSA": ("rsa:{}",),
           "EC": ("ec", "-pkeyopt", "ec_paramgen_curve:P-{}")}


def upload_csr(stage, play):
    """A key of a USB token: made by its own software, here openssl."""
    key = os.path.join(stage.folder, f"{play.request_id}.key")
    kind, size = play.scenario.algorithm.replace("_P", "_").split("_")
    result = subprocess.run(
        ["openssl", "req", "-new", "-newkey",
         *(part.format(size) for part in NEW_KEY[kind]), "-nodes",
         "-keyout", key, "-outform", "DER", "-subj",
         f"/UID=MST:{play.tax_code}"], check=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.unlink(key)
    play.csr_der = base64.b64encode(result.stdout).decode()


def activate(stage, play):
    stage.must(play, "einvoice", play.account, "ActivationRequested",
               serial_number=play.serial)
    stage.model.wait(
        "SELECT use_state FROM read_model.certificate"
        f" WHERE serial_number = {quoted(play.serial)}"
        " AND use_state = 'ACTIVE'", "the active certificate")


# ---- the officer's and the manager's part ---------------------------

def load_customer(stage, play):
    """What the officer's search by tax code finds."""
    play.certificate_name = play.enterprise["legal_name"]
    known = stage.model.row(
        "SELECT certificate_name, personal_ref,"
        " encode(personal_commitment, 'hex') AS commitment"
        " FROM read_model.customer"
        f" WHERE tax_code = {quoted(play.tax_code)}")
    if known:
        play.source = "EXISTING"
        play.certificate_name = known["certificate_name"]
        play.representative = {"personal_ref": known["personal_ref"],
                               "commitment": known["commitment"]}
        return
    person = play.enterprise["legal_representative"]
    answer = stage.publishers["personal"].publish(
        events.personal_record(person))
    play.representative = {"personal_ref": answer["personal_ref"],
                           "commitment": answer["commitment"]}


def submission(play, source=None, missing=()):
    product = play.scenario.product
    uploaded = product.device == "USB_TOKEN"
    return {
        "request_id": play.request_id,
        "revision": play.revision,
        "request_type": "NEW",
        "previous_serial_number": None,
        "customer": events.customer(
            play.enterprise, play.certificate_name, source or play.source,
            play.representative),
        "device_type": product.device,
        "product_package": product.package,
        "validity_months": product.months,
        "subscription_scheme_code": product.scheme,
        "contract": events.contract(play.enterprise, product),
        "dossier": events.dossier(play.enterprise, OFFICER,
                                  missing or play.scenario.missing_documents),
        "csr_source": "UPLOADED" if uploaded else "EINVOICE",
        "enrolment_id": play.enrolment_id,
        "csr_der": play.csr_der,
        "accept_shortened_validity": False,
    }


def take_proposal(stage, play, answer):
    """Use the abbreviation that the refusal NAME_TOO_LONG proposes."""
    row = stage.model.wait(
        "SELECT params->>'proposal' AS proposal FROM read_model.refusal"
        f" WHERE refused_event_id = {quoted(answer['event_id'])}",
        "the refusal")
    if row["proposal"]:
        play.certificate_name = row["proposal"]


def submit(stage, play):
    """Ghi lại và Gửi, with the detours that concern the submission."""
    detours = play.scenario.detours
    if "CUSTOMER_SOURCE" in detours:
        known = play.source == "EXISTING"
        stage.must_refuse(
            play, "CUSTOMER_EXISTS" if known else "CUSTOMER_NOT_FOUND",
            "officer", OFFICER, "RequestSubmitted",
            submission=submission(play, "NEW" if known else "EXISTING"))
    if "NAME_TOO_LONG" in detours:
        play.certificate_name = play.enterprise["legal_name"]
        answer = stage.must_refuse(
            play, "NAME_TOO_LONG", "officer", OFFICER, "RequestSubmitted",
            submission=submission(play))
        take_proposal(stage, play, answer)
    stage.must(play, "officer", OFFICER, "RequestSubmitted",
               submission=submission(play))
    if play.scenario.returned_once:
        _await_revision(stage, play)
        stage.must(play, "manager", MANAGER, "RequestReturned",
                   request_id=play.request_id, revision=1,
                   reason="Bản chụp giấy phép kinh doanh bị mờ",
                   fields=["dossier"])
        play.revision = 2
        stage.must(play, "officer", OFFICER, "RequestSubmitted",
                   submission=submission(play))
    return _await_revision(stage, play)


def _await_revision(stage, play):
    """The request as the manager sees it: digest and public key."""
    return stage.model.wait(
        "SELECT encode(r.submission_sha256, 'hex') AS digest,"
        " encode(coalesce(r.submission_spki_sha256, e.spki_sha256), 'hex')"
        " AS spki FROM read_model.request r LEFT JOIN read_model.enrolment e"
        f" ON e.enrolment_id = {quoted(play.enrolment_id or play.request_id)}"
        f" WHERE r.request_id = {quoted(play.request_id)}"
        f" AND r.revision = {play.revision}", "the submitted request")


def approve(stage, play, seen):
    """Phê duyệt: names the content and the key that were looked at."""
    approval = {"request_id": play.request_id, "revision": play.revision,
                "submission_sha256": seen["digest"],
                "spki_sha256": seen["spki"], "signature_cms": None}
    if "FOUR_EYES" in play.scenario.detours:
        stage.must_refuse(play, "FOUR_EYES", "manager", OFFICER,
                          "RequestApproved", **approval)
    if "DIGEST_MISMATCH" in play.scenario.detours:
        wrong = {**approval, "submission_sha256": "00" * 32}
        stage.must_refuse(play, "DIGEST_MISMATCH", "manager", MANAGER,
                          "RequestApproved", **wrong)
    stage.must(play, "manager", MANAGER, "RequestApproved", **approval)


def issue(stage, play):
    """Cấp CTS, and the time until the certificate can be read."""
    order = {"request_id": play.request_id, "revision": play.revision,
             "csr_source": "UPLOADED" if play.csr_der else "EINVOICE",
             "csr_der": play.csr_der}
    if "NOT_CREATOR" in play.scenario.detours:
        stage.must_refuse(play, "NOT_CREATOR", "officer", OTHER_OFFICER,
                          "IssuanceRequested", **order)
    officer = stage.publishers["officer"]
    play.pressed = officer.send(events.event(
        "IssuanceRequested", "officer", OFFICER, play.tax_code, **order))
    try:
        row = stage.model.wait(
            "SELECT serial_number FROM read_model.certificate"
            f" WHERE request_id = {quoted(play.request_id)}",
            "the certificate", 20)
        play.visible = time.time()
    except Missing as missing:
        raise Unexpected(f"{missing}; answer: {officer.result()}") from None
    play.serial = row["serial_number"]
    answer = officer.result()
    if answer["result"] != "ADMITTED":
        raise Unexpected(f"IssuanceRequested: {answer}")


# ---- whole journeys -------------------------------------------------

def _play_refused(stage, play):
    """The submission itself is what must be refused."""
    code = play.scenario.refused
    for _ in range(2):
        answer = stage.must_refuse(play, code, "officer", OFFICER,
                                   "RequestSubmitted",
                                   submission=submission(play))
        if code != "NAME_TOO_LONG":
            break
        # Also the proposed abbreviation, where there is one, is too long.
        take_proposal(stage, play, answer)
    play.outcome = code


def _play_issued(stage, play):
    if play.scenario.product.device == "USB_TOKEN":
        upload_csr(stage, play)
    else:
        make_key(stage, play)
    approve(stage, play, submit(stage, play))
    issue(stage, play)
    if play.csr_der:
        stage.model.wait(
            "SELECT ca_state FROM read_model.certificate"
            f" WHERE serial_number = {quoted(play.serial)}"
            " AND ca_state = 'GOOD' AND use_state IS NULL",
            "the good certificate")
        play.outcome = "GOOD"
    else:
        activate(stage, play)
        play.outcome = "ACTIVE"


def play_scenario(stage, scenario, enterprise):
    """Never raises for what the system does wrong: it is in .problem."""
    play = Play(scenario, enterprise)
    try:
        load_customer(stage, play)
        if scenario.refused:
            _play_refused(stage, play)
        else:
            _play_issued(stage, play)
    except (Unexpected, Missing) as problem:
        play.problem = str(problem)
    return play
