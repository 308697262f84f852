-- The registrar's memory between two starts. Everything here can be rebuilt
-- from the topic certflow.events: losing it costs time, not data.

CREATE SCHEMA registrar;
COMMENT ON SCHEMA registrar IS
	'Checkpoint of the registrar; rebuilt from certflow.events when lost.';

CREATE TABLE registrar.subject (
	tax_code text PRIMARY KEY,
	partition integer NOT NULL CHECK (partition >= 0),
	sequence bigint NOT NULL CHECK (sequence > 0),
	next_deadline timestamptz,
	state bytea NOT NULL
);
COMMENT ON TABLE registrar.subject IS
	'State of each tax code as of registrar.log_position, encoded.';
COMMENT ON COLUMN registrar.subject.tax_code IS
	'Canonical tax code, the key of every topic.';
COMMENT ON COLUMN registrar.subject.partition IS
	'Partition of certflow.events that holds its events.';
COMMENT ON COLUMN registrar.subject.sequence IS
	'Sequence of the last event folded into state.';
COMMENT ON COLUMN registrar.subject.next_deadline IS
	'When the clock next demands something; null: never.';
COMMENT ON COLUMN registrar.subject.state IS
	'Versioned encoding; an unreadable one is folded again from the log.';
CREATE INDEX subject_due ON registrar.subject (partition, next_deadline)
	WHERE next_deadline IS NOT NULL;

CREATE TABLE registrar.log_position (
	partition integer PRIMARY KEY CHECK (partition >= 0),
	next bigint NOT NULL CHECK (next >= 0),
	owner text NOT NULL
);
COMMENT ON TABLE registrar.log_position IS
	'Up to where registrar.subject holds each partition of the log.';
COMMENT ON COLUMN registrar.log_position.next IS
	'Offset of the first record not yet folded; moved by compare-and-set.';
COMMENT ON COLUMN registrar.log_position.owner IS
	'Slot of the instance that folds it; an earlier owner cannot write any more.';

CREATE TABLE registrar.key (
	spki_sha256 bytea PRIMARY KEY CHECK (octet_length(spki_sha256) = 32),
	tax_code text NOT NULL,
	partition integer NOT NULL,
	cause text NOT NULL,
	admitted boolean NOT NULL DEFAULT false,
	reserved_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE registrar.key IS
	'Every public key known, of all tax codes: a key belongs to one of them.';
COMMENT ON COLUMN registrar.key.partition IS
	'Partition of the tax code: its owner clears reservations left behind.';
COMMENT ON COLUMN registrar.key.cause IS
	'Inbox message (topic/partition/offset) that reserved it, or "log".';
COMMENT ON COLUMN registrar.key.admitted IS
	'false: reserved for an event that is not yet known to be on the log.';
CREATE INDEX key_pending ON registrar.key (partition) WHERE NOT admitted;

CREATE TABLE registrar.heartbeat (
	slot text PRIMARY KEY,
	beat bigint NOT NULL
);
COMMENT ON TABLE registrar.heartbeat IS
	'Counter of each instance, moved every second by compare-and-set: a step back means that the database was lost or restored.';

CREATE TABLE registrar.rebuild (
	partition integer PRIMARY KEY,
	target bigint NOT NULL
);
COMMENT ON TABLE registrar.rebuild IS
	'Keys may only be claimed once registrar.log_position has reached these offsets in every partition.';
