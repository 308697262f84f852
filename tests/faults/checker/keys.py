"""KEYS: the tokens hold the keys that the log says, and no others."""

import collections

from .invariant import Invariant

HELD = ("CSR_GENERATED", "SAVED", "CERTIFIED")
GONE = ("FAILED", "DESTROYED")


class Keys(Invariant):
    """Each key in the customers' tokens belongs to an enrolment that has
    it; each enrolment that has one finds it there, whole, once."""

    NAME = "KEYS"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._changed = {}  # enrolment: when its last event was recorded

    def log(self, record, subject):
        if record.name in ("KeyPairRequested", "CsrGenerated",
                           "KeyPairFailed", "EnrolmentAbandoned",
                           "KeyPairDestroyed"):
            self._changed[record.event["enrolment_id"]] = (
                record.recorded_at or 0)

    def finish(self, subjects):
        keys = self.evidence.tokens()
        if keys is None:
            self.skip("no tokens at hand")
            return
        held = collections.defaultdict(list)
        empty = [key for key in keys if key.empty]
        if empty:  # nothing that could sign
            self.report.figures["empty objects in the tokens"] = len(empty)
        for key in keys:
            if key.empty:
                continue
            held[key.key_id.hex()].append(key)
        self.report.figures["keys in the tokens"] = len(keys)
        for subject in subjects.values():
            for enrolment in subject.enrolments.values():
                self._enrolment(subject, enrolment, held.pop(
                    enrolment["id"].replace("-", ""), []))
        for found in held.values():
            for key in found:
                self.violate("orphan", "a key of no enrolment",
                             **self._of_key(key))

    @staticmethod
    def _of_key(key):
        return {"token": key.token, "key_id": key.key_id.hex(),
                "label": key.label,
                "spki_sha256": key.spki_sha256 and key.spki_sha256.hex()}

    def _enrolment(self, subject, enrolment, found):
        state = enrolment["state"]
        where = {"tax_code": subject.tax_code, "state": state,
                 "enrolment_id": enrolment["id"]}
        changed = self._changed.get(enrolment["id"], 0)
        if changed >= self.evidence.now_us:
            return  # while the checker was looking
        settled = changed < self.evidence.now_us - self.options.objective_us
        right = [key for key in found if enrolment["has_key"]
                 and key.spki_sha256 == enrolment["spki_sha256"]]
        others = [key for key in found if key not in right]
        if state in HELD:
            self._held(enrolment, right, where, subject)
        elif right and state in GONE:
            self.violate("not_destroyed", "the log says it is gone",
                         **where, **self._of_key(right[0]))
        if others and (settled or self.options.settled) and state not in (
                "REQUESTED", "ABANDONED"):
            for key in others:
                self.violate("second", "another key of this enrolment is "
                             "left behind", **where, **self._of_key(key))

    def _held(self, enrolment, right, where, subject):
        if not right:
            self.violate("missing", "the key is in no token", **where)
            return
        if len(right) > 1:
            self.violate("twice", "the key is there more than once",
                         **where, **self._of_key(right[1]))
        key = right[0]
        if not (key.private and key.public):
            self.violate("half", "a half of the key is missing", **where,
                         **self._of_key(key))
        label = f"{subject.tax_code}/{enrolment['id']}"
        if key.label != label or key.token != enrolment["key_ref.token"]:
            self.violate("label", f"should be {label} in token "
                         f"{enrolment['key_ref.token']}", **where,
                         **self._of_key(key))
