-- Suspension, resumption and revocation: who asked and who decided. What the
-- CA says of the certificate since then is in certificate_ca_history.

SET LOCAL search_path = read_model, public;

CREATE TABLE status_change (
	status_change_id uuid PRIMARY KEY,
	tax_code text NOT NULL,
	serial_number text NOT NULL,
	kind text NOT NULL,
	state text NOT NULL,
	reason text,
	reason_text text,
	invalidity_date timestamptz,
	evidence_sha256 bytea NOT NULL,
	requester text,
	requested_by text NOT NULL,
	requested_at timestamptz NOT NULL,
	decided_by text,
	decided_at timestamptz,
	decision_reason text,
	sequence bigint NOT NULL
);
COMMENT ON TABLE status_change IS
	'Requests to suspend, resume or revoke a certificate, and what became of them';
COMMENT ON COLUMN status_change.status_change_id IS 'Id given by the officer''s portal';
COMMENT ON COLUMN status_change.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN status_change.serial_number IS 'Certificate, or order whose certificate is not yet known';
COMMENT ON COLUMN status_change.kind IS 'SUSPENSION, RESUMPTION or REVOCATION';
COMMENT ON COLUMN status_change.state IS 'OPEN (waits for the second person), DONE or DECLINED';
COMMENT ON COLUMN status_change.reason IS 'Of a revocation: RFC 5280 reason, e.g. KEY_COMPROMISE';
COMMENT ON COLUMN status_change.reason_text IS 'Of a suspension or resumption: in words';
COMMENT ON COLUMN status_change.invalidity_date IS 'When the key is thought to have been lost (RFC 5280, 5.3.2)';
COMMENT ON COLUMN status_change.evidence_sha256 IS 'SHA-256 of the evidence, which the portal keeps';
COMMENT ON COLUMN status_change.requester IS 'Of a revocation: SUBSCRIBER, CA or AUTHORITY';
COMMENT ON COLUMN status_change.requested_by IS 'Officer';
COMMENT ON COLUMN status_change.requested_at IS 'When the registrar recorded it';
COMMENT ON COLUMN status_change.decided_by IS 'Manager; NULL: nobody had to decide, or nobody did yet';
COMMENT ON COLUMN status_change.decided_at IS 'When the decision was recorded; of a suspension, when it was asked for';
COMMENT ON COLUMN status_change.decision_reason IS 'What the manager said';
COMMENT ON COLUMN status_change.sequence IS 'Log sequence of the last event that changed the row';
CREATE INDEX status_change_serial ON status_change (serial_number);
CREATE INDEX status_change_open ON status_change (requested_at)
	WHERE state = 'OPEN';

CREATE VIEW pending_status_change AS
	SELECT s.status_change_id, s.tax_code, s.serial_number, s.kind,
		s.reason, s.reason_text, s.invalidity_date, s.evidence_sha256,
		s.requester, s.requested_by, s.requested_at, c.ca_state,
		c.use_state
	FROM status_change s
	LEFT JOIN certificate c ON c.serial_number = s.serial_number
	WHERE s.state = 'OPEN';
COMMENT ON VIEW pending_status_change IS
	'The manager''s queue: changes of status that wait for a second person';
COMMENT ON COLUMN pending_status_change.status_change_id IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.tax_code IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.serial_number IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.kind IS 'RESUMPTION or REVOCATION';
COMMENT ON COLUMN pending_status_change.reason IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.reason_text IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.invalidity_date IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.evidence_sha256 IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.requester IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.requested_by IS 'As in status_change; must not be the one who decides';
COMMENT ON COLUMN pending_status_change.requested_at IS 'As in status_change';
COMMENT ON COLUMN pending_status_change.ca_state IS 'Of the certificate now; NULL: it is ordered, not yet seen';
COMMENT ON COLUMN pending_status_change.use_state IS 'Of the certificate now';

DO $$
BEGIN
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON %I.status_change TO projector', current_schema());
	EXECUTE format('GRANT SELECT ON %I.status_change, %1$I.pending_status_change TO projector, certflow_reader, certflow_personal', current_schema());
END;
$$;
