"""INPUTS: every inbox message has exactly one fate, and it is told."""

import collections

from . import wire
from .evidence import (DEAD_LETTERS, INBOX, MISROUTED)
from .facts import parse_source, place_text
from .invariant import Invariant
from .subject import INBOX_OF, REFUSED_KEPT, WRITERS

FINAL = ("ADMITTED", "REFUSED")


class Message:
    """A message of an inbox, reduced to what identifies it."""

    __slots__ = ("place", "time_us", "key", "name", "event_id",
                 "body_sha256", "after_meta", "value_sha256", "schema_id",
                 "logical", "event")

    def __init__(self, schemas, raw):
        self.place = (raw.topic, raw.partition, raw.offset)
        self.time_us = raw.time_us
        self.key = raw.key
        self.name = self.event_id = self.event = None
        self.body_sha256 = self.after_meta = self.schema_id = None
        self.value_sha256 = wire.sha256(raw.value or b"")
        self.logical = self.place
        if raw.topic == MISROUTED:
            source = parse_source(raw.header("certflow-source") or "")
            if source and source[0][len(INBOX):] in WRITERS:
                self.logical = source
        try:
            self._read(schemas, raw.value)
        except wire.Unreadable:
            pass

    def _read(self, schemas, value):
        number, writer, body = schemas.open(value)
        meta, behind = writer.read_meta(body)
        self.schema_id = number
        self.name = writer.document["name"]
        self.event_id = meta["event_id"]
        self.body_sha256 = wire.sha256(body)
        self.after_meta = wire.sha256(body[behind:])[:16]
        if self.name == "CsrGenerated":
            self.event = writer.read(body)

    @property
    def inbox(self):
        return self.logical[0][len(INBOX):]

    @property
    def tax_code(self):
        return self.key.decode("ascii", "replace") if self.key else None

    def where(self):
        return {"at": place_text(self.place), "tax_code": self.tax_code,
                "event": self.name, "event_id": self.event_id}


# What the log says about an input: kind is ADMITTED, REFUSED or DEFERRED.
Entry = collections.namedtuple(
    "Entry", "kind source event_id body_sha256 code at after_meta schema_id "
    "sequence inbox")
Outcome = collections.namedtuple("Outcome", "result code field sequence "
                                 "event_id at key")


class Inputs(Invariant):
    """Exactly one final outcome, equal to what the log says; one source
    for each record; no second effect of a repeat; nothing skipped."""

    NAME = "INPUTS"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._dead = self._dead_letters()
        self._sent_on = {}   # place: Message found in a wrong partition
        self._copies = collections.defaultdict(list)  # logical: [Message]
        self.counts = collections.Counter()
        self._clear()

    def _clear(self):
        self._messages = []
        self._outcomes = collections.defaultdict(list)
        self._entries = {}
        self._final = collections.defaultdict(list)     # source: [Entry]
        self._identity = collections.defaultdict(list)  # id: [Entry]

    def _dead_letters(self):
        found = collections.defaultdict(list)
        for raw in self.evidence.topic(DEAD_LETTERS):
            place = parse_source(raw.header("certflow-source") or "")
            if place is None:
                self.violate("dead_letter_unsigned",
                             "a dead letter does not say where from",
                             at=raw.at)
                continue
            found[place].append((raw.at, raw.key,
                                 wire.sha256(raw.value or b"")))
        return found

    # ---- what comes in --------------------------------------------------

    def inbox(self, message):
        self.counts["messages"] += 1
        self._messages.append(message)

    def outcome(self, raw, event):
        source = event["source"]
        place = source["topic"], source["partition"], source["offset"]
        self.counts["outcomes"] += 1
        self._outcomes[place].append(Outcome(
            event["result"], event["code"], event["field"],
            event["sequence"], event["event_id"], raw.at, raw.key))

    def log(self, record, subject):
        event = record.event
        if record.name in ("EventRefused", "EventDeferred"):
            source = event["source"]
            place = (source["topic"], source["partition"], source["offset"])
            refused = record.name == "EventRefused"
            digest = (event["payload_sha256"] if refused
                      else wire.sha256(event["payload"][5:]))
            entry = Entry("REFUSED" if refused else "DEFERRED", place,
                          record.causation, digest,
                          event["code" if refused else "waiting_for"],
                          record.at, None, None, record.sequence,
                          place[0][len(INBOX):])
        elif record.name in INBOX_OF:
            if not self._has_source(record):
                return
            entry = Entry("ADMITTED", record.source, record.event_id,
                          record.body_sha256, None, record.at,
                          record.after_meta, record.schema_id,
                          record.sequence, record.source_topic[len(INBOX):])
        else:
            if record.source is not None:
                self.violate("own_with_source", "an event of the "
                             "registrar's own names a source",
                             source=place_text(record.source),
                             **record.where())
            return
        self._enter(record, entry)

    def _has_source(self, record):
        if record.source is None or record.body_sha256 is None:
            self.violate("no_source", "nothing says which message this "
                         "record was", **record.where())
            return False
        if record.source_topic != INBOX + INBOX_OF[record.name]:
            self.violate("foreign_inbox", f"{record.name} came from "
                         f"{record.source_topic}", **record.where())
        return True

    def _enter(self, record, entry):
        self._entries[record.tax_code, record.sequence] = entry
        if entry.kind not in FINAL:
            return
        self._final[entry.source].append(entry)
        if entry.event_id is None:
            return
        identity = (record.tax_code, entry.inbox, entry.event_id)
        for other in self._identity[identity]:
            same = other.body_sha256 == entry.body_sha256
            if other.kind == "REFUSED" and (
                    entry.sequence - other.sequence >= REFUSED_KEPT):
                continue  # so many refusals later it may be forgotten
            if same or (other.kind == entry.kind == "ADMITTED"):
                self.violate(
                    "effect_twice", "a message and its repeat both had an "
                    "effect", first=other.at,
                    sources=f"{place_text(other.source)} "
                            f"{place_text(entry.source)}", **record.where())
        self._identity[identity].append(entry)

    # ---- judgement of one partition -------------------------------------

    def _is_passed(self, message):
        """Has the registrar said that it is done with it?"""
        topic, partition, offset = message.place
        return offset < self.evidence.committed.get((topic, partition), 0)

    def _is_misplaced(self, message):
        return (wire.is_tax_code(message.key or b"")
                and wire.partition_of(message.key, self.evidence.partitions)
                != message.place[1])

    def end_partition(self, number, subjects):
        known = set()
        for message in self._messages:
            known.add(message.logical)
            if message.place[0] == MISROUTED:
                self._copies[message.logical].append(message)
            elif self._is_misplaced(message):
                if self._is_passed(message):
                    self._sent_on[message.place] = message
                continue
            self._judge(message, subjects)
        self._unknown(known)
        self._sources_twice()
        self._clear()

    def _judge(self, message, subjects):
        outcomes = self._outcomes.get(message.logical, [])
        if not outcomes:
            if self._is_passed(message):
                self.violate("no_outcome", "the registrar passed this "
                             "message and nobody learns its fate",
                             committed=self.evidence.committed.get(
                                 message.place[:2]), **message.where())
            else:
                self.counts["in flight"] += 1
            return
        finals = [each for each in outcomes if each.result in FINAL]
        if len(finals) > 1:
            self._several(message, finals)
        for outcome in outcomes:
            self._compare(message, outcome)
        if not finals:
            self._still_waits(message, subjects)

    def _several(self, message, finals):
        told = {each[:4] for each in finals}
        unreadable = len({each[:3] for each in finals}) == 1 and all(
            self._is_unreadable(message, each) for each in finals)
        if self.options.rejudged and (len(told) == 1 or unreadable):
            self.counts["judged again"] += 1
            return
        self.violate("two_outcomes", f"{len(finals)} final outcomes",
                     outcomes=" ".join(f"{each.result}/{each.code}@{each.at}"
                                       for each in finals),
                     **message.where())

    def _is_unreadable(self, message, outcome):
        if outcome.result != "REFUSED":
            return False
        entry = self._entries.get((message.tax_code, outcome.sequence))
        return outcome.sequence is None or (entry is not None
                                            and entry.event_id is None)

    def _still_waits(self, message, subjects):
        """Only DEFERRED so far: it waits, or it is a repeat of what does
        or did."""
        identity = (message.inbox, message.event_id, message.body_sha256)
        subject = subjects.get(message.tax_code)
        finals = [each for each in self._identity.get(
            (message.tax_code, message.inbox, message.event_id), [])
            if each.body_sha256 == message.body_sha256]
        if any(each.source == message.logical for each in finals):
            self.violate("no_final_outcome", "it was decided after its "
                         "deferral, and nobody is told",
                         decided=finals[0].at, **message.where())
        elif not finals and (subject is None
                             or identity not in subject.waiting):
            self.violate("deferral_lost", "it was deferred, waits no "
                         "longer, and was never decided", **message.where())

    def _compare(self, message, outcome):
        """What the portal is told is what stands on the log."""
        entry = self._entries.get((message.tax_code, outcome.sequence))
        where = dict(message.where(), outcome=outcome.at,
                     result=outcome.result, code=outcome.code,
                     log=entry and entry.at)
        unreadable = self._is_unreadable(message, outcome)
        if unreadable:
            self._dead_letter(message, where)
        if outcome.sequence is None:
            if outcome.result != "REFUSED":
                self.violate("outcome_unnumbered", "the outcome names no "
                             "record of the log", **where)
            elif wire.is_tax_code(message.key or b""):
                self.violate("refusal_not_logged", "refused, and not on "
                             "the log of its tax code", **where)
            return
        if entry is None or entry.kind != outcome.result:
            self.violate("outcome_differs", "the log has something else at "
                         f"number {outcome.sequence}", **where)
            return
        wrong = self._difference(message, outcome, entry, unreadable)
        if wrong:
            self.violate("outcome_differs", wrong, **where)

    def _difference(self, message, outcome, entry, unreadable):
        if outcome.result != "ADMITTED" and entry.code != outcome.code:
            return f"the log says {entry.code}"
        if unreadable:
            if entry.source != message.logical and not self.options.rejudged:
                return "the refusal on the log is another message's"
            if entry.body_sha256 != message.value_sha256:
                return "payload_sha256 is not the message's"
            return None
        if outcome.event_id != message.event_id:
            return f"the outcome is about {outcome.event_id}"
        if entry.event_id != message.event_id:
            return f"the record is about {entry.event_id}"
        if entry.body_sha256 != message.body_sha256:
            return "the digest of the body is another one"
        if entry.inbox != message.inbox:
            return f"the record came from inbox {entry.inbox}"
        if (entry.kind == "ADMITTED"
                and (entry.after_meta, entry.schema_id)
                != (message.after_meta, message.schema_id)):
            return "the octets behind meta, or their schema, were changed"
        return None

    def _dead_letter(self, message, where):
        letters = self._dead.pop(message.place, [])
        if not letters:
            self.violate("no_dead_letter", "unreadable, and its octets are "
                         "kept nowhere", **where)
        if len(letters) > 1 and not self.options.rejudged:
            self.violate("two_dead_letters", "kept more than once",
                         letters=" ".join(at for at, _, _ in letters),
                         **where)
        for at, key, value in letters:
            if (key or b"", value) != (message.key or b"",
                                       message.value_sha256):
                self.violate("dead_letter_differs", "the dead letter has "
                             "other octets", letter=at, **where)

    def _unknown(self, known):
        for place, outcomes in self._outcomes.items():
            if place not in known and self._kept(place):
                self.violate("outcome_unknown", "an outcome of no message",
                             at=outcomes[0].at, source=place_text(place))
        for place, entries in self._final.items():
            if place not in known and self._kept(place):
                self.violate("source_unknown", "a record of the log whose "
                             "source is no message", at=entries[0].at,
                             source=place_text(place))

    def _kept(self, place):
        topic, partition, offset = place
        if topic[len(INBOX):] not in WRITERS and topic != MISROUTED:
            return True
        return offset >= self.evidence.low(topic, partition)

    def _sources_twice(self):
        for place, entries in self._final.items():
            if len(entries) == 1:
                continue
            if self.options.rejudged and all(
                    each.event_id is None for each in entries):
                continue
            self.violate("source_twice", "one message, several records of "
                         "the log", source=place_text(place),
                         at=" ".join(each.at for each in entries))

    # ---- at the end -----------------------------------------------------

    def finish(self, subjects):
        for place, message in self._sent_on.items():
            copies = self._copies.pop(place, [])
            if not copies:
                self.violate("not_sent_on", "found in a wrong partition, "
                             "passed, and not sent on", **message.where())
            elif len(copies) > 1 and not self.options.rejudged:
                self.violate("sent_on_twice", "sent on more than once",
                             copies=" ".join(place_text(each.place)
                                             for each in copies),
                             **message.where())
            for copy in copies:
                if (copy.key, copy.value_sha256) != (message.key,
                                                     message.value_sha256):
                    self.violate("copy_differs", "sent on with other octets",
                                 copy=place_text(copy.place),
                                 **message.where())
        for place, letters in self._dead.items():
            if place[0].startswith(INBOX) and self._kept(place):
                self.violate("dead_letter_unasked", "a dead letter of a "
                             "message that was not refused as unreadable",
                             at=letters[0][0], source=place_text(place))
        self.report.figures.update(
            (f"inbox {key}", value) for key, value in self.counts.items())
