-- What an uploaded CSR says of its organisation.  A certificate's subject comes
-- from the customer's record, never from the CSR; where the two differ, the
-- manager sees it before he approves.  Requests that were there before have no
-- names until the read model is rebuilt.

SET LOCAL search_path = read_model, public;

ALTER TABLE request ADD csr_organization text, ADD csr_common_name text;
ALTER TABLE request ADD csr_subject_differs boolean NOT NULL
	GENERATED ALWAYS AS (
		coalesce(csr_organization <> certificate_name, false)
		OR coalesce(csr_common_name <> certificate_name, false)) STORED;
COMMENT ON COLUMN request.csr_organization IS 'O in the subject of the uploaded CSR; not used in the certificate';
COMMENT ON COLUMN request.csr_common_name IS 'CN in the subject of the uploaded CSR; not used in the certificate';
COMMENT ON COLUMN request.csr_subject_differs IS 'The uploaded CSR names another O or CN than the certificate will';

CREATE OR REPLACE VIEW pending_approval AS
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
			WHEN free.count = 1 THEN free.spki[1] END AS spki_sha256,
		r.csr_organization, r.csr_common_name, r.csr_subject_differs
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
COMMENT ON COLUMN pending_approval.csr_organization IS 'As in request';
COMMENT ON COLUMN pending_approval.csr_common_name IS 'As in request';
COMMENT ON COLUMN pending_approval.csr_subject_differs IS 'As in request';
