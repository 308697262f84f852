-- Questions: views and functions for portals, operators and the CLI.
-- Functions that take a tax code accept its lenient forms.

SET LOCAL search_path = read_model, public;

-- ---- customers and requests ------------------------------------------

CREATE FUNCTION find_customer(tax_code text)
	RETURNS TABLE (tax_code text, legal_name text, certificate_name text,
		province text, locality text, address text, country text,
		personal_ref uuid, has_legal_representative boolean,
		request_id uuid, revision integer, approved_at timestamptz)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT c.tax_code, c.legal_name, c.certificate_name, c.province,
		c.locality, c.address, c.country, c.personal_ref,
		EXISTS (SELECT FROM legal_representative l
			WHERE l.personal_ref = c.personal_ref),
		c.request_id, c.revision, c.approved_at
	FROM (SELECT require_tax_code(find_customer.tax_code) AS code) AS wanted
	LEFT JOIN customer c ON c.tax_code = wanted.code
	WHERE CASE WHEN c.tax_code IS NOT NULL THEN true
		ELSE fail('Không tìm thấy thông tin khách hàng', 'P0002') END;
END;
COMMENT ON FUNCTION find_customer(text) IS
	'The customer record; raises "Không tìm thấy thông tin khách hàng" (SQLSTATE P0002) when unknown';

CREATE FUNCTION find_representative(tax_code text)
	RETURNS TABLE (personal_ref uuid, full_name text, "position" text,
		id_document_type text, id_number text, email text, phone text,
		commitment_holds boolean)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT l.personal_ref, l.full_name, l."position", l.id_document_type,
		l.id_number, l.email, l.phone,
		l.commitment = c.personal_commitment
	FROM customer c
	JOIN legal_representative l ON l.personal_ref = c.personal_ref
	WHERE c.tax_code = require_tax_code(find_representative.tax_code);
END;
COMMENT ON FUNCTION find_representative(text) IS
	'Legal representative of a customer; only the role certflow_personal may see it. commitment_holds: the record is the one that was approved';

CREATE FUNCTION find_requests(tax_code text)
	RETURNS TABLE (request_id uuid, tax_code text, revision integer,
		state text, state_label text, creator_id text,
		editor_ids text[], approver_id text, device_type text,
		product_package text, validity_months integer,
		subscription_scheme_code text, certificate_name text,
		serial_number text, reason text, submitted_at timestamptz,
		updated_at timestamptz)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT r.request_id, r.tax_code, r.revision, r.state, r.state_label,
		r.creator_id, r.editor_ids, r.approver_id, r.device_type,
		r.product_package, r.validity_months,
		r.subscription_scheme_code, r.certificate_name,
		r.serial_number, r.reason, r.submitted_at, r.updated_at
	FROM request r
	WHERE r.tax_code = (SELECT require_tax_code(find_requests.tax_code))
	ORDER BY r.submitted_at DESC, r.request_id;
END;
COMMENT ON FUNCTION find_requests(text) IS
	'Requests of a tax code, newest first, with creator, revision and label (Tìm kiếm yêu cầu theo MST)';

CREATE FUNCTION request_timeline(request_id uuid)
	RETURNS SETOF request_event
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT ev.*
	FROM request r
	JOIN request_event ev ON ev.tax_code = r.tax_code
	WHERE r.request_id = request_timeline.request_id
		AND (ev.request_id = r.request_id
		OR ev.enrolment_id = r.enrolment_id
		OR EXISTS (SELECT FROM issuance_order o
			WHERE o.request_id = r.request_id
			AND (o.order_id = ev.order_id
				OR o.serial_number = ev.serial_number
				OR o.enrolment_id = ev.enrolment_id)))
	ORDER BY ev.sequence;
END;
COMMENT ON FUNCTION request_timeline(uuid) IS
	'The story of one request: its own events and those of its enrolment, orders and certificate';

CREATE VIEW pending_approval AS
	SELECT r.request_id, r.tax_code, r.revision, r.state, r.state_label,
		r.legal_name, r.certificate_name, r.request_type,
		r.customer_source, r.device_type, r.product_package,
		r.validity_months, r.subscription_scheme_code,
		r.contract_number, r.dossier, r.creator_id, r.editor_ids,
		r.submitted_at, r.revised_at, r.submission_sha256,
		CASE WHEN r.csr_source = 'UPLOADED' THEN
			(r.submission_spki_sha256 IS NOT NULL)::int
			ELSE free.count::int END AS csr_count,
		CASE WHEN r.csr_source = 'UPLOADED' THEN r.submission_spki_sha256
			WHEN free.count = 1 THEN free.spki[1] END AS spki_sha256
	FROM request r
	CROSS JOIN LATERAL (
		SELECT count(*) AS count, array_agg(n.spki_sha256) AS spki
		FROM enrolment n
		WHERE n.tax_code = r.tax_code AND n.state = 'SAVED'
			AND (r.enrolment_id IS NULL
				OR n.enrolment_id = r.enrolment_id)
			AND (r.enrolment_id IS NOT NULL OR NOT EXISTS (
				SELECT FROM request other
				WHERE other.enrolment_id = n.enrolment_id
				AND other.request_id <> r.request_id
				AND other.state IN ('PENDING_APPROVAL',
					'RETURNED', 'APPROVED', 'ISSUING',
					'ISSUANCE_FAILED')))
	) AS free
	WHERE r.state = 'PENDING_APPROVAL';
COMMENT ON VIEW pending_approval IS
	'The manager''s queue (Chờ phê duyệt): what to look at, and the two digests that an approval must name';
COMMENT ON COLUMN pending_approval.csr_count IS
	'Free CSRs that fit: approval needs exactly one';
COMMENT ON COLUMN pending_approval.spki_sha256 IS
	'Key to be approved; NULL unless csr_count is 1';

CREATE VIEW waiting_event AS
	SELECT d.tax_code, d.sequence, d.event_name, d.waiting_for, d.deadline,
		d.source, d.recorded_at
	FROM deferred_event d
	WHERE NOT EXISTS (SELECT FROM request_event ev
		WHERE ev.tax_code = d.tax_code AND ev.sequence > d.sequence
		AND ev.source = d.source);
COMMENT ON VIEW waiting_event IS 'Deferred events not yet decided';

-- ---- certificates ----------------------------------------------------

CREATE FUNCTION certificate_pem(certificate_der bytea) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT E'-----BEGIN CERTIFICATE-----\n'
		|| regexp_replace(translate(encode(certificate_der, 'base64'),
			E'\n', ''), '(.{1,64})', E'\\1\n', 'g')
		|| E'-----END CERTIFICATE-----\n';
END;
COMMENT ON FUNCTION certificate_pem(bytea) IS 'PEM (RFC 7468) of a DER certificate';

CREATE FUNCTION certificate_ca_state_at(serial_number text, at timestamptz)
	RETURNS text
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT h.state FROM certificate_ca_history h
	WHERE h.serial_number = certificate_ca_state_at.serial_number
		AND h.effective_at <= certificate_ca_state_at.at
	ORDER BY h.state = 'REVOKED' DESC, h.effective_at DESC, h.sequence DESC
	LIMIT 1;
END;
COMMENT ON FUNCTION certificate_ca_state_at(text, timestamptz) IS
	'State at the CA at an instant: GOOD, ON_HOLD, REVOKED (final); NULL before it was issued';

CREATE FUNCTION certificate_use_state_at(serial_number text, at timestamptz)
	RETURNS text
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT h.state FROM certificate_use_history h
	WHERE h.serial_number = certificate_use_state_at.serial_number
		AND h.effective_at <= certificate_use_state_at.at
	ORDER BY h.effective_at DESC, h.sequence DESC
	LIMIT 1;
END;
COMMENT ON FUNCTION certificate_use_state_at(text, timestamptz) IS
	'Use state at an instant; NULL before it was issued, and for USB tokens';

CREATE FUNCTION find_certificates(tax_code text, at timestamptz DEFAULT now())
	RETURNS TABLE (serial_number text, tax_code text, request_id uuid,
		enrolment_id uuid, use_state text, use_state_label text,
		ca_state text, ca_state_label text, not_before timestamptz,
		not_after timestamptz, issued_at timestamptz,
		activated_at timestamptz, sha256 bytea)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT c.serial_number, c.tax_code, c.request_id, c.enrolment_id,
		s.use_state, state_label('use', s.use_state),
		s.ca_state, state_label('ca', s.ca_state),
		c.not_before, c.not_after, c.issued_at, c.activated_at, c.sha256
	FROM certificate c
	CROSS JOIN LATERAL (
		SELECT certificate_use_state_at(c.serial_number,
				find_certificates.at) AS use_state,
			CASE WHEN x.state IN ('GOOD', 'ON_HOLD')
				AND find_certificates.at > c.not_after
				THEN 'EXPIRED' ELSE x.state END AS ca_state
		FROM (SELECT certificate_ca_state_at(c.serial_number,
			find_certificates.at) AS state) AS x
	) AS s
	WHERE c.tax_code = (SELECT require_tax_code(find_certificates.tax_code))
	ORDER BY c.not_before DESC, c.issued_sequence DESC;
END;
COMMENT ON FUNCTION find_certificates(text, timestamptz) IS
	'Certificates of a tax code with both states at an instant (default now); EXPIRED is computed here';

CREATE FUNCTION certificate_candidates(tax_code text, at timestamptz)
	RETURNS TABLE (serial_number text, not_before timestamptz,
		not_after timestamptz, issued_sequence bigint,
		certificate_der bytea, reason text)
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT c.serial_number, c.not_before, c.not_after, c.issued_sequence,
		c.certificate_der,
		CASE
		WHEN s.ca_state IS NULL THEN 'NOT_YET_ISSUED'
		WHEN s.ca_state = 'REVOKED' THEN 'REVOKED'
		WHEN q.at > c.not_after THEN 'EXPIRED'
		WHEN q.at < c.not_before THEN 'NOT_YET_VALID'
		WHEN s.ca_state = 'ON_HOLD' THEN 'ON_HOLD'
		WHEN s.use_state IS NULL THEN 'NOT_IN_HSM'
		WHEN s.use_state <> 'ACTIVE' THEN s.use_state
		END
	FROM (SELECT certificate_candidates.tax_code AS tax_code,
		certificate_candidates.at AS at) AS q
	JOIN certificate c ON c.tax_code = q.tax_code
	CROSS JOIN LATERAL (
		SELECT certificate_ca_state_at(c.serial_number, q.at)
				AS ca_state,
			certificate_use_state_at(c.serial_number, q.at)
				AS use_state
	) AS s;
END;
COMMENT ON FUNCTION certificate_candidates(text, timestamptz) IS
	'Every certificate of exactly this canonical tax code; reason is NULL if it may sign at this instant';

CREATE FUNCTION signing_certificate(tax_code text, at timestamptz DEFAULT now())
	RETURNS TABLE (rule text, serial_number text, not_before timestamptz,
		not_after timestamptz, certificate_der bytea,
		certificate_pem text)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT 'LATEST_NOT_BEFORE_V1', c.serial_number, c.not_before,
		c.not_after, c.certificate_der,
		certificate_pem(c.certificate_der)
	FROM (SELECT require_tax_code(signing_certificate.tax_code) AS code)
		AS wanted,
	LATERAL certificate_candidates(wanted.code, signing_certificate.at) AS c
	WHERE c.reason IS NULL
	-- Serial numbers compare as unsigned integers.
	ORDER BY c.not_before DESC, c.issued_sequence DESC,
		length(ltrim(c.serial_number, '0')) DESC,
		ltrim(c.serial_number, '0') COLLATE "C" DESC
	LIMIT 1;
END;
COMMENT ON FUNCTION signing_certificate(text, timestamptz) IS
	'The certificate that signs at an instant, by rule LATEST_NOT_BEFORE_V1: active, good, within both ends of validity, same tax code; latest not_before, then later issued, then higher serial. No row: see why_not';

CREATE FUNCTION why_not(tax_code text, at timestamptz DEFAULT now())
	RETURNS TABLE (serial_number text, reason text, reason_vi text,
		reason_en text, not_before timestamptz, not_after timestamptz)
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	WITH judged AS (
		SELECT c.serial_number, coalesce(c.reason, 'NOT_LATEST')
			AS reason, c.not_before, c.not_after
		FROM (SELECT require_tax_code(why_not.tax_code) AS code)
			AS wanted,
		LATERAL certificate_candidates(wanted.code, why_not.at) AS c
		WHERE c.serial_number NOT IN (
			SELECT chosen.serial_number FROM signing_certificate(
				why_not.tax_code, why_not.at) AS chosen)
	)
	SELECT j.serial_number, j.reason, t.vi, t.en, j.not_before, j.not_after
	FROM judged j
	JOIN (VALUES
		('NOT_YET_ISSUED', 'Chưa cấp tại thời điểm này', 'not yet issued at this instant'),
		('REVOKED', 'Đã thu hồi', 'revoked'),
		('EXPIRED', 'Hết hạn', 'expired'),
		('NOT_YET_VALID', 'Chưa đến ngày bắt đầu hiệu lực', 'start of validity not reached'),
		('ON_HOLD', 'Tạm dừng', 'suspended'),
		('NOT_IN_HSM', 'Khoá không nằm trong HSM', 'key is in a USB token'),
		('INACTIVE', 'Chưa kích hoạt', 'not activated'),
		('ACTIVATING', 'Đang kích hoạt', 'being activated'),
		('DEACTIVATED', 'Ngừng sử dụng', 'use stopped'),
		('NOT_LATEST', 'Có chứng thư số mới hơn', 'a later certificate is chosen')
	) AS t(reason, vi, en) USING (reason)
	ORDER BY j.not_before DESC, j.serial_number;
END;
COMMENT ON FUNCTION why_not(text, timestamptz) IS
	'For each certificate of a tax code that does not sign at an instant: the reason';

CREATE VIEW revoked_serial AS
	SELECT h.serial_number, min(h.effective_at) AS revoked_at
	FROM certificate_ca_history h WHERE h.state = 'REVOKED'
	GROUP BY h.serial_number
	UNION
	SELECT o.serial_number, o.decided_at
	FROM issuance_order o
	WHERE o.state IN ('VOIDED', 'EXPIRED') AND NOT EXISTS (
		SELECT FROM certificate_ca_history h
		WHERE h.serial_number = o.serial_number AND h.state = 'REVOKED');
COMMENT ON VIEW revoked_serial IS
	'Serial numbers of orders and certificates that count as revoked, also those of orders given up';

-- ---- columns of the views --------------------------------------------

COMMENT ON COLUMN state_labels.machine IS 'request, use, ca or enrolment';
COMMENT ON COLUMN state_labels.state IS 'Symbol as stored';
COMMENT ON COLUMN state_labels.label_vi IS 'Text for users';
COMMENT ON COLUMN pending_approval.request_id IS 'As in request';
COMMENT ON COLUMN pending_approval.tax_code IS 'As in request';
COMMENT ON COLUMN pending_approval.revision IS 'As in request';
COMMENT ON COLUMN pending_approval.state IS 'As in request';
COMMENT ON COLUMN pending_approval.state_label IS 'As in request';
COMMENT ON COLUMN pending_approval.legal_name IS 'As in request';
COMMENT ON COLUMN pending_approval.certificate_name IS 'As in request';
COMMENT ON COLUMN pending_approval.request_type IS 'As in request';
COMMENT ON COLUMN pending_approval.customer_source IS 'As in request';
COMMENT ON COLUMN pending_approval.device_type IS 'As in request';
COMMENT ON COLUMN pending_approval.product_package IS 'As in request';
COMMENT ON COLUMN pending_approval.validity_months IS 'As in request';
COMMENT ON COLUMN pending_approval.subscription_scheme_code IS 'As in request';
COMMENT ON COLUMN pending_approval.contract_number IS 'As in request';
COMMENT ON COLUMN pending_approval.dossier IS 'As in request';
COMMENT ON COLUMN pending_approval.creator_id IS 'As in request';
COMMENT ON COLUMN pending_approval.editor_ids IS 'As in request';
COMMENT ON COLUMN pending_approval.submitted_at IS 'As in request';
COMMENT ON COLUMN pending_approval.revised_at IS 'As in request';
COMMENT ON COLUMN pending_approval.submission_sha256 IS 'Digest of the submission, to be named by the approval';
COMMENT ON COLUMN waiting_event.tax_code IS 'As in deferred_event';
COMMENT ON COLUMN waiting_event.sequence IS 'As in deferred_event';
COMMENT ON COLUMN waiting_event.event_name IS 'As in deferred_event';
COMMENT ON COLUMN waiting_event.waiting_for IS 'As in deferred_event';
COMMENT ON COLUMN waiting_event.deadline IS 'As in deferred_event';
COMMENT ON COLUMN waiting_event.source IS 'As in deferred_event';
COMMENT ON COLUMN waiting_event.recorded_at IS 'As in deferred_event';
COMMENT ON COLUMN revoked_serial.serial_number IS 'Lower-case hex, even length';
COMMENT ON COLUMN revoked_serial.revoked_at IS 'From when on';
