-- Tables. Each row carries `sequence`: the tax code's log sequence of the
-- last event folded into it.  Writers compare it, so a replay changes
-- nothing.  Identifiers of persons are pseudonymous account numbers.

SET LOCAL search_path = read_model, public;

CREATE TABLE log_position (
	topic text NOT NULL,
	partition integer NOT NULL,
	next bigint NOT NULL CHECK (next >= 0),
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE log_position IS
	'How far the topics are folded; changed by compare-and-set in the transaction that writes the rows';
COMMENT ON COLUMN log_position.next IS 'First offset not yet folded';

CREATE TABLE customer (
	tax_code text PRIMARY KEY,
	legal_name text NOT NULL,
	certificate_name text NOT NULL,
	province text NOT NULL,
	locality text,
	address text NOT NULL,
	country text NOT NULL,
	personal_ref uuid,
	personal_commitment bytea,
	request_id uuid NOT NULL,
	revision integer NOT NULL,
	approved_at timestamptz NOT NULL,
	sequence bigint NOT NULL
);
COMMENT ON TABLE customer IS
	'Customer record of the last approved submission of a tax code';
COMMENT ON COLUMN customer.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN customer.legal_name IS 'Full registered name';
COMMENT ON COLUMN customer.certificate_name IS 'Name in the certificate (CN and O), at most 64 characters';
COMMENT ON COLUMN customer.personal_ref IS 'Key of the legal representative in legal_representative';
COMMENT ON COLUMN customer.personal_commitment IS 'SHA-256 of the Avro body of the PersonalRecord as approved';
COMMENT ON COLUMN customer.request_id IS 'Request whose approval confirmed this record';
COMMENT ON COLUMN customer.approved_at IS 'recorded_at of that approval';

CREATE TABLE legal_representative (
	personal_ref uuid PRIMARY KEY,
	commitment bytea NOT NULL,
	full_name text NOT NULL,
	position text NOT NULL,
	id_document_type text NOT NULL,
	id_number text NOT NULL,
	email text NOT NULL,
	phone text,
	source_partition integer NOT NULL,
	source_offset bigint NOT NULL
);
COMMENT ON TABLE legal_representative IS
	'Personal data of legal representatives from the topic certflow.personal; a null value there deletes the row. Personal columns are for the role certflow_personal only';
COMMENT ON COLUMN legal_representative.personal_ref IS 'Random key; customer.personal_ref and request.personal_ref point here';
COMMENT ON COLUMN legal_representative.commitment IS 'SHA-256 of the Avro body as read; must equal the commitment in the submission';
COMMENT ON COLUMN legal_representative.source_offset IS 'Offset in certflow.personal; a later one wins';

CREATE TABLE personal_erasure (
	personal_ref uuid PRIMARY KEY,
	erased_at timestamptz NOT NULL,
	source_partition integer NOT NULL,
	source_offset bigint NOT NULL
);
COMMENT ON TABLE personal_erasure IS
	'Which personal records were erased and when; keeps a replay from showing an erased person again';
COMMENT ON COLUMN personal_erasure.erased_at IS 'Timestamp of the null value in certflow.personal';

CREATE TABLE enrolment (
	enrolment_id uuid PRIMARY KEY,
	tax_code text NOT NULL,
	owner_id text NOT NULL,
	certificate_type text NOT NULL,
	unit_kind text NOT NULL,
	key_algorithm text NOT NULL,
	state text NOT NULL,
	state_label text GENERATED ALWAYS AS (state_label('enrolment', state)) STORED,
	token text,
	key_id bytea,
	csr_der bytea,
	spki_sha256 bytea,
	key_sensitive boolean,
	key_extractable boolean,
	key_always_sensitive boolean,
	key_never_extractable boolean,
	key_local boolean,
	detail text,
	requested_at timestamptz NOT NULL,
	generated_at timestamptz,
	saved_at timestamptz,
	ended_at timestamptz,
	sequence bigint NOT NULL
);
CREATE INDEX enrolment_tax_code ON enrolment (tax_code);
COMMENT ON TABLE enrolment IS 'One key pair with its CSR, from Sinh cặp khoá on';
COMMENT ON COLUMN enrolment.owner_id IS 'Account that asked for the key; the only one that may save and activate';
COMMENT ON COLUMN enrolment.state IS 'REQUESTED, CSR_GENERATED, FAILED, SAVED, CERTIFIED, ABANDONED, DESTROYED';
COMMENT ON COLUMN enrolment.state_label IS 'Vietnamese label of state';
COMMENT ON COLUMN enrolment.token IS 'Label of the token that holds the key';
COMMENT ON COLUMN enrolment.key_id IS 'CKA_ID: the 16 octets of enrolment_id';
COMMENT ON COLUMN enrolment.spki_sha256 IS 'SHA-256 of the SubjectPublicKeyInfo (DER); what an approval names';
COMMENT ON COLUMN enrolment.key_sensitive IS 'CKA_SENSITIVE as read back from the token';
COMMENT ON COLUMN enrolment.detail IS 'Code of the failure, or cause of abandonment';
COMMENT ON COLUMN enrolment.ended_at IS 'When it failed, was certified, abandoned or destroyed';

CREATE TABLE request (
	request_id uuid PRIMARY KEY,
	tax_code text NOT NULL,
	revision integer NOT NULL,
	state text NOT NULL,
	state_label text GENERATED ALWAYS AS (state_label('request', state)) STORED,
	request_type text NOT NULL,
	previous_serial_number text,
	customer_source text NOT NULL,
	legal_name text NOT NULL,
	certificate_name text NOT NULL,
	province text NOT NULL,
	locality text,
	address text NOT NULL,
	country text NOT NULL,
	personal_ref uuid,
	personal_commitment bytea,
	device_type text NOT NULL,
	product_package text NOT NULL,
	validity_months integer NOT NULL,
	subscription_scheme_code text NOT NULL,
	contract_number text NOT NULL,
	contract_signed_on date NOT NULL,
	contract_months integer NOT NULL,
	contract_months_free integer NOT NULL,
	dossier jsonb NOT NULL,
	csr_source text NOT NULL,
	enrolment_id uuid,
	csr_der bytea,
	accept_shortened_validity boolean NOT NULL,
	submission_sha256 bytea NOT NULL,
	submission_spki_sha256 bytea,
	creator_id text NOT NULL,
	editor_ids text[] NOT NULL,
	submitted_at timestamptz NOT NULL,
	revised_at timestamptz NOT NULL,
	approver_id text,
	approved_at timestamptz,
	approved_revision integer,
	spki_sha256 bytea,
	issuance_requested_at timestamptz,
	order_id uuid,
	serial_number text,
	validity_capped boolean,
	issued_at timestamptz,
	reason text,
	updated_at timestamptz NOT NULL,
	sequence bigint NOT NULL
);
CREATE INDEX request_tax_code ON request (tax_code);
CREATE INDEX request_pending ON request (submitted_at)
	WHERE state = 'PENDING_APPROVAL';
COMMENT ON TABLE request IS
	'A certificate request as submitted by an officer, with its current revision and state';
COMMENT ON COLUMN request.state IS 'PENDING_APPROVAL, RETURNED, APPROVED, REJECTED, WITHDRAWN, ISSUING, ISSUANCE_FAILED, ISSUED, LAPSED';
COMMENT ON COLUMN request.state_label IS 'Vietnamese label of state, e.g. Chờ phê duyệt';
COMMENT ON COLUMN request.customer_source IS 'EXISTING or NEW, as the officer claimed';
COMMENT ON COLUMN request.dossier IS 'Array of {type, sha256, size, uploaded_at, uploaded_by}; files stay with the portal';
COMMENT ON COLUMN request.enrolment_id IS 'Enrolment named by the submission, or the one whose CSR was ordered';
COMMENT ON COLUMN request.csr_der IS 'CSR uploaded with the submission';
COMMENT ON COLUMN request.submission_sha256 IS 'SHA-256 of the Avro encoding of the submission; an approval must name it';
COMMENT ON COLUMN request.submission_spki_sha256 IS 'SHA-256 of the public key of the uploaded CSR; an approval must name it';
COMMENT ON COLUMN request.creator_id IS 'Creator of record: the only officer who may issue, correct or withdraw';
COMMENT ON COLUMN request.editor_ids IS 'Everyone who submitted a revision; none of them may approve';
COMMENT ON COLUMN request.submitted_at IS 'recorded_at of revision 1';
COMMENT ON COLUMN request.revised_at IS 'recorded_at of the current revision';
COMMENT ON COLUMN request.approved_revision IS 'Revision of the last approval; another revision needs a new approval';
COMMENT ON COLUMN request.spki_sha256 IS 'Public key of the last approval';
COMMENT ON COLUMN request.issuance_requested_at IS 'occurred_at of the last admitted Cấp CTS';
COMMENT ON COLUMN request.order_id IS 'Last order to sign (event_id of IssuanceOrdered)';
COMMENT ON COLUMN request.serial_number IS 'Serial number of the last order';
COMMENT ON COLUMN request.validity_capped IS 'True if the end of the issuing CA shortens the term; NULL before an order';
COMMENT ON COLUMN request.reason IS 'Reason or code given with the last return, rejection, withdrawal, reassignment or failure';

CREATE TABLE issuance_order (
	order_id uuid PRIMARY KEY,
	tax_code text NOT NULL,
	request_id uuid NOT NULL,
	revision integer NOT NULL,
	enrolment_id uuid,
	serial_number text NOT NULL,
	spki_sha256 bytea NOT NULL,
	issuer_certificate_sha256 bytea NOT NULL,
	profile_name text NOT NULL,
	not_before timestamptz NOT NULL,
	not_after timestamptz NOT NULL,
	validity_capped boolean NOT NULL,
	sign_before timestamptz NOT NULL,
	ordered_at timestamptz NOT NULL,
	state text NOT NULL,
	decided_at timestamptz,
	detail text,
	sequence bigint NOT NULL
);
CREATE INDEX issuance_order_request ON issuance_order (request_id);
CREATE UNIQUE INDEX issuance_order_serial ON issuance_order (serial_number);
COMMENT ON TABLE issuance_order IS
	'Every order to sign; its serial number counts as issued from here on, whether or not a signature exists';
COMMENT ON COLUMN issuance_order.enrolment_id IS 'NULL for an uploaded CSR (USB token)';
COMMENT ON COLUMN issuance_order.state IS 'OPEN, ISSUED, FAILED (nothing was signed), EXPIRED or VOIDED (serial is revoked), REJECTED (a signed certificate was refused)';
COMMENT ON COLUMN issuance_order.detail IS 'Failure code and rule, or reason of voiding';

CREATE TABLE certificate (
	serial_number text PRIMARY KEY,
	tax_code text NOT NULL,
	request_id uuid NOT NULL,
	order_id uuid NOT NULL,
	enrolment_id uuid,
	use_state text,
	use_state_label text GENERATED ALWAYS AS (state_label('use', use_state)) STORED,
	ca_state text NOT NULL,
	ca_state_label text GENERATED ALWAYS AS (state_label('ca', ca_state)) STORED,
	not_before timestamptz NOT NULL,
	not_after timestamptz NOT NULL,
	certificate_der bytea NOT NULL,
	sha256 bytea GENERATED ALWAYS AS (sha256(certificate_der)) STORED,
	spki_sha256 bytea NOT NULL,
	issuer_certificate_sha256 bytea NOT NULL,
	signed_at timestamptz NOT NULL,
	issued_at timestamptz NOT NULL,
	issued_sequence bigint NOT NULL,
	activated_at timestamptz,
	revocation_reason text,
	sequence bigint NOT NULL
);
CREATE INDEX certificate_tax_code ON certificate (tax_code);
CREATE INDEX certificate_request ON certificate (request_id);
COMMENT ON TABLE certificate IS 'Issued certificates with both current states';
COMMENT ON COLUMN certificate.serial_number IS 'Lower-case hex of the positive integer, even length';
COMMENT ON COLUMN certificate.use_state IS 'INACTIVE, ACTIVATING, ACTIVE, DEACTIVATED; NULL for a USB token, where it does not apply';
COMMENT ON COLUMN certificate.use_state_label IS 'Vietnamese label, e.g. Hoạt động';
COMMENT ON COLUMN certificate.ca_state IS 'GOOD, ON_HOLD or REVOKED as last recorded; EXPIRED is computed, see certificate_ca_state_at';
COMMENT ON COLUMN certificate.sha256 IS 'Fingerprint of certificate_der';
COMMENT ON COLUMN certificate.issued_at IS 'recorded_at of CertificateIssued';
COMMENT ON COLUMN certificate.issued_sequence IS 'sequence of CertificateIssued; a tie-break of the selection rule';
COMMENT ON COLUMN certificate.activated_at IS 'recorded_at of the last CertificateActivated';

CREATE TABLE certificate_use_history (
	serial_number text NOT NULL,
	sequence bigint NOT NULL,
	effective_at timestamptz NOT NULL,
	state text NOT NULL,
	PRIMARY KEY (serial_number, sequence)
);
COMMENT ON TABLE certificate_use_history IS
	'Use states of a certificate over time: state holds from effective_at until the next row';

CREATE TABLE certificate_ca_history (
	serial_number text NOT NULL,
	sequence bigint NOT NULL,
	effective_at timestamptz NOT NULL,
	state text NOT NULL,
	reason text,
	invalidity_date timestamptz,
	PRIMARY KEY (serial_number, sequence)
);
COMMENT ON TABLE certificate_ca_history IS
	'States at the CA over time: state holds from effective_at until the next row; REVOKED is final';
COMMENT ON COLUMN certificate_ca_history.reason IS 'RFC 5280 reason, e.g. KEY_COMPROMISE';

CREATE TABLE certificate_rejected (
	tax_code text NOT NULL,
	sequence bigint NOT NULL,
	order_id uuid,
	code text NOT NULL,
	certificate_der bytea NOT NULL,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (tax_code, sequence)
);
COMMENT ON TABLE certificate_rejected IS
	'Signed certificates that could not be admitted; each is an alarm';
COMMENT ON COLUMN certificate_rejected.code IS 'EVENT_ID_CONFLICT: a second signature over the same bytes; else the serial number is revoked';

CREATE TABLE request_event (
	tax_code text NOT NULL,
	sequence bigint NOT NULL,
	event_id uuid NOT NULL,
	event_name text NOT NULL,
	recorded_at timestamptz NOT NULL,
	occurred_at timestamptz NOT NULL,
	actor_id text NOT NULL,
	actor_role text NOT NULL,
	causation_id uuid,
	request_id uuid,
	enrolment_id uuid,
	order_id uuid,
	serial_number text,
	revision integer,
	message_vi text NOT NULL,
	message_en text NOT NULL,
	detail text,
	source text,
	log_partition integer NOT NULL,
	log_offset bigint NOT NULL,
	PRIMARY KEY (tax_code, sequence)
);
COMMENT ON TABLE request_event IS
	'Timeline: every event of the log, per tax code from sequence 1 without gaps';
COMMENT ON COLUMN request_event.recorded_at IS 'When the registrar admitted it';
COMMENT ON COLUMN request_event.occurred_at IS 'When the act took place, as the writer says';
COMMENT ON COLUMN request_event.actor_id IS 'Pseudonymous account or staff number';
COMMENT ON COLUMN request_event.message_vi IS 'Literal text for users; of a refusal: its message';
COMMENT ON COLUMN request_event.detail IS 'Reason, code or rule that the event gives';
COMMENT ON COLUMN request_event.source IS 'topic/partition/offset of the inbox message behind it, if any';

CREATE TABLE refusal (
	tax_code text NOT NULL,
	sequence bigint NOT NULL,
	event_id uuid NOT NULL,
	refused_event_id uuid,
	event_name text,
	code text NOT NULL,
	field text,
	message_vi text NOT NULL,
	message_en text NOT NULL,
	params jsonb NOT NULL,
	source_topic text NOT NULL,
	source_partition integer NOT NULL,
	source_offset bigint NOT NULL,
	payload_sha256 bytea NOT NULL,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (tax_code, sequence)
);
CREATE INDEX refusal_refused_event ON refusal (refused_event_id);
COMMENT ON TABLE refusal IS 'Every EventRefused';
COMMENT ON COLUMN refusal.refused_event_id IS 'event_id of the refused event, where it could be read (causation_id)';
COMMENT ON COLUMN refusal.event_name IS 'Record name of the refused event, where it could be read';
COMMENT ON COLUMN refusal.code IS 'Refusal code, e.g. FOUR_EYES';
COMMENT ON COLUMN refusal.field IS 'Path of the field to blame';
COMMENT ON COLUMN refusal.source_topic IS 'Inbox it came from';

CREATE TABLE deferred_event (
	tax_code text NOT NULL,
	sequence bigint NOT NULL,
	event_name text NOT NULL,
	waiting_for text NOT NULL,
	deadline timestamptz NOT NULL,
	source text NOT NULL,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (tax_code, sequence)
);
COMMENT ON TABLE deferred_event IS
	'Every EventDeferred; see the view waiting_event for those not yet decided';
COMMENT ON COLUMN deferred_event.waiting_for IS 'Refusal code that is to stop being true';
COMMENT ON COLUMN deferred_event.source IS 'topic/partition/offset of the inbox message';

CREATE TABLE dead_letter (
	topic text NOT NULL,
	partition integer NOT NULL,
	record_offset bigint NOT NULL,
	reason text NOT NULL,
	found_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (topic, partition, record_offset)
);
COMMENT ON TABLE dead_letter IS
	'Messages of the log or of certflow.personal that the projector could not read; each is an alarm, none should exist';
COMMENT ON COLUMN dead_letter.reason IS 'Why, without content';

-- ---- the remaining columns -------------------------------------------

COMMENT ON COLUMN log_position.topic IS 'certflow.events or certflow.personal';
COMMENT ON COLUMN log_position.partition IS 'Partition of the topic';
COMMENT ON COLUMN log_position.updated_at IS 'When next was last changed; for monitoring';
COMMENT ON COLUMN customer.province IS 'Province or city (ST of the subject)';
COMMENT ON COLUMN customer.locality IS 'Ward or commune (L of the subject)';
COMMENT ON COLUMN customer.address IS 'Registered address';
COMMENT ON COLUMN customer.country IS 'VN';
COMMENT ON COLUMN customer.revision IS 'Revision of that request';
COMMENT ON COLUMN customer.sequence IS 'Log sequence (per tax code) of the last event folded into this row';
COMMENT ON COLUMN legal_representative.full_name IS 'Personal data';
COMMENT ON COLUMN legal_representative.position IS 'Personal data: office held';
COMMENT ON COLUMN legal_representative.id_document_type IS 'Personal data: CCCD, CMND or PASSPORT';
COMMENT ON COLUMN legal_representative.id_number IS 'Personal data';
COMMENT ON COLUMN legal_representative.email IS 'Personal data';
COMMENT ON COLUMN legal_representative.phone IS 'Personal data';
COMMENT ON COLUMN legal_representative.source_partition IS 'Partition of certflow.personal';
COMMENT ON COLUMN personal_erasure.personal_ref IS 'Key that was erased';
COMMENT ON COLUMN personal_erasure.source_partition IS 'Partition of certflow.personal';
COMMENT ON COLUMN personal_erasure.source_offset IS 'Offset of the null value';
COMMENT ON COLUMN enrolment.enrolment_id IS 'Chosen by the portal; its 16 octets are the CKA_ID';
COMMENT ON COLUMN enrolment.certificate_type IS 'SERVER_SIGNATURE (Chữ ký server)';
COMMENT ON COLUMN enrolment.unit_kind IS 'ENTERPRISE or BRANCH (Chi nhánh/Doanh nghiệp)';
COMMENT ON COLUMN enrolment.key_algorithm IS 'RSA_2048, RSA_3072, RSA_4096, EC_P256 or EC_P384';
COMMENT ON COLUMN enrolment.csr_der IS 'The CSR (PKCS#10, DER)';
COMMENT ON COLUMN enrolment.key_extractable IS 'CKA_EXTRACTABLE as read back';
COMMENT ON COLUMN enrolment.key_always_sensitive IS 'CKA_ALWAYS_SENSITIVE as read back';
COMMENT ON COLUMN enrolment.key_never_extractable IS 'CKA_NEVER_EXTRACTABLE as read back';
COMMENT ON COLUMN enrolment.key_local IS 'CKA_LOCAL as read back: generated in the token';
COMMENT ON COLUMN enrolment.requested_at IS 'recorded_at of KeyPairRequested';
COMMENT ON COLUMN enrolment.generated_at IS 'recorded_at of CsrGenerated';
COMMENT ON COLUMN enrolment.saved_at IS 'recorded_at of EnrolmentSaved (Lưu lại)';
COMMENT ON COLUMN enrolment.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN enrolment.sequence IS 'Log sequence (per tax code) of the last event folded into this row';
COMMENT ON COLUMN request.request_id IS 'Chosen by the officer''s portal';
COMMENT ON COLUMN request.revision IS 'Current revision, from 1';
COMMENT ON COLUMN request.request_type IS 'NEW, RENEWAL, REKEY or MODIFICATION';
COMMENT ON COLUMN request.previous_serial_number IS 'Certificate to be replaced, unless NEW';
COMMENT ON COLUMN request.legal_name IS 'Full registered name';
COMMENT ON COLUMN request.certificate_name IS 'Name for the certificate, at most 64 characters';
COMMENT ON COLUMN request.province IS 'Province or city';
COMMENT ON COLUMN request.locality IS 'Ward or commune';
COMMENT ON COLUMN request.address IS 'Registered address';
COMMENT ON COLUMN request.country IS 'VN';
COMMENT ON COLUMN request.personal_ref IS 'Key of the legal representative in legal_representative';
COMMENT ON COLUMN request.personal_commitment IS 'SHA-256 of the PersonalRecord as submitted';
COMMENT ON COLUMN request.device_type IS 'HSM or USB_TOKEN (Loại thiết bị)';
COMMENT ON COLUMN request.product_package IS 'Gói chứng thư, e.g. ORG_HSM_CA4';
COMMENT ON COLUMN request.validity_months IS 'Số tháng sử dụng';
COMMENT ON COLUMN request.subscription_scheme_code IS 'HTHM, e.g. CA4_HD_MP';
COMMENT ON COLUMN request.contract_number IS 'Number of the signed contract';
COMMENT ON COLUMN request.contract_signed_on IS 'Date of the contract';
COMMENT ON COLUMN request.contract_months IS 'Months that the contract grants';
COMMENT ON COLUMN request.contract_months_free IS 'Of those, months free of charge';
COMMENT ON COLUMN request.csr_source IS 'EINVOICE (Sử dụng CSR từ hệ thống HDDT) or UPLOADED';
COMMENT ON COLUMN request.accept_shortened_validity IS 'The officer accepts a term cut by the end of the issuing CA';
COMMENT ON COLUMN request.approver_id IS 'Who approved last';
COMMENT ON COLUMN request.approved_at IS 'recorded_at of the last approval';
COMMENT ON COLUMN request.issued_at IS 'recorded_at of CertificateIssued';
COMMENT ON COLUMN request.updated_at IS 'recorded_at of the last event folded in';
COMMENT ON COLUMN request.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN request.sequence IS 'Log sequence (per tax code) of the last event folded into this row';
COMMENT ON COLUMN issuance_order.order_id IS 'event_id of IssuanceOrdered';
COMMENT ON COLUMN issuance_order.request_id IS 'Request it carries out';
COMMENT ON COLUMN issuance_order.revision IS 'Its approved revision';
COMMENT ON COLUMN issuance_order.serial_number IS 'Lower-case hex, even length';
COMMENT ON COLUMN issuance_order.spki_sha256 IS 'SHA-256 of the public key to be certified';
COMMENT ON COLUMN issuance_order.issuer_certificate_sha256 IS 'Fingerprint of the issuing CA certificate';
COMMENT ON COLUMN issuance_order.profile_name IS 'Certificate profile';
COMMENT ON COLUMN issuance_order.not_before IS 'Start of validity in the TBSCertificate';
COMMENT ON COLUMN issuance_order.not_after IS 'End of validity, inclusive';
COMMENT ON COLUMN issuance_order.validity_capped IS 'True if the end of the issuing CA shortens the term';
COMMENT ON COLUMN issuance_order.sign_before IS 'After this instant the order is no longer signed';
COMMENT ON COLUMN issuance_order.ordered_at IS 'recorded_at of IssuanceOrdered';
COMMENT ON COLUMN issuance_order.decided_at IS 'recorded_at of the event that ended it';
COMMENT ON COLUMN issuance_order.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN issuance_order.sequence IS 'Log sequence (per tax code) of the last event folded into this row';
COMMENT ON COLUMN certificate.request_id IS 'Request it was issued for';
COMMENT ON COLUMN certificate.order_id IS 'Order that it carries out';
COMMENT ON COLUMN certificate.enrolment_id IS 'Enrolment whose key it certifies; NULL for a USB token';
COMMENT ON COLUMN certificate.ca_state_label IS 'Vietnamese label of ca_state';
COMMENT ON COLUMN certificate.not_before IS 'Start of validity, inclusive';
COMMENT ON COLUMN certificate.not_after IS 'End of validity, inclusive';
COMMENT ON COLUMN certificate.certificate_der IS 'The certificate (DER); see certificate_pem()';
COMMENT ON COLUMN certificate.spki_sha256 IS 'SHA-256 of its SubjectPublicKeyInfo';
COMMENT ON COLUMN certificate.issuer_certificate_sha256 IS 'Fingerprint of the issuing CA certificate';
COMMENT ON COLUMN certificate.signed_at IS 'When the token signed, as the issuer says';
COMMENT ON COLUMN certificate.revocation_reason IS 'RFC 5280 reason of the last change of ca_state';
COMMENT ON COLUMN certificate.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN certificate.sequence IS 'Log sequence (per tax code) of the last event folded into this row';
COMMENT ON COLUMN certificate_use_history.serial_number IS 'Certificate';
COMMENT ON COLUMN certificate_use_history.effective_at IS 'From when on';
COMMENT ON COLUMN certificate_use_history.sequence IS 'Log sequence of the event that changed it';
COMMENT ON COLUMN certificate_use_history.state IS 'INACTIVE, ACTIVATING, ACTIVE or DEACTIVATED';
COMMENT ON COLUMN certificate_ca_history.serial_number IS 'Certificate';
COMMENT ON COLUMN certificate_ca_history.effective_at IS 'From when on';
COMMENT ON COLUMN certificate_ca_history.sequence IS 'Log sequence of the event that changed it';
COMMENT ON COLUMN certificate_ca_history.state IS 'GOOD, ON_HOLD or REVOKED';
COMMENT ON COLUMN certificate_ca_history.invalidity_date IS 'When the key is thought to have been lost (RFC 5280, 5.3.2)';
COMMENT ON COLUMN certificate_rejected.sequence IS 'Log sequence of CertificateRejected';
COMMENT ON COLUMN certificate_rejected.order_id IS 'Order that it claims to carry out, if any';
COMMENT ON COLUMN certificate_rejected.certificate_der IS 'The signed certificate (DER)';
COMMENT ON COLUMN certificate_rejected.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN certificate_rejected.recorded_at IS 'When the registrar recorded it';
COMMENT ON COLUMN request_event.sequence IS 'Position in the log of this tax code, gapless from 1';
COMMENT ON COLUMN request_event.event_id IS 'Id given by the writer';
COMMENT ON COLUMN request_event.event_name IS 'Record name, e.g. RequestApproved';
COMMENT ON COLUMN request_event.actor_role IS 'SUBSCRIBER, OFFICER, MANAGER, KEYGEN, ISSUER, ACTIVATOR, REGISTRAR or OPERATOR';
COMMENT ON COLUMN request_event.causation_id IS 'event_id of the event that this one answers';
COMMENT ON COLUMN request_event.request_id IS 'Request that the event names';
COMMENT ON COLUMN request_event.enrolment_id IS 'Enrolment that the event names';
COMMENT ON COLUMN request_event.order_id IS 'Order that the event names or is';
COMMENT ON COLUMN request_event.serial_number IS 'Certificate that the event names';
COMMENT ON COLUMN request_event.revision IS 'Revision that the event names';
COMMENT ON COLUMN request_event.message_en IS 'The same in English';
COMMENT ON COLUMN request_event.log_partition IS 'Partition of certflow.events';
COMMENT ON COLUMN request_event.log_offset IS 'Offset there';
COMMENT ON COLUMN request_event.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN refusal.sequence IS 'Log sequence of EventRefused';
COMMENT ON COLUMN refusal.event_id IS 'Id of EventRefused itself';
COMMENT ON COLUMN refusal.message_vi IS 'Message for users';
COMMENT ON COLUMN refusal.message_en IS 'The same in English';
COMMENT ON COLUMN refusal.params IS 'Parameters of the message, e.g. proposal or missing';
COMMENT ON COLUMN refusal.source_partition IS 'Its partition';
COMMENT ON COLUMN refusal.source_offset IS 'Its offset';
COMMENT ON COLUMN refusal.payload_sha256 IS 'SHA-256 of the refused message';
COMMENT ON COLUMN refusal.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN refusal.recorded_at IS 'When the registrar recorded it';
COMMENT ON COLUMN deferred_event.sequence IS 'Log sequence of EventDeferred';
COMMENT ON COLUMN deferred_event.event_name IS 'Record name of the waiting event';
COMMENT ON COLUMN deferred_event.deadline IS 'Refused after this instant';
COMMENT ON COLUMN deferred_event.tax_code IS 'Canonical tax code (MST)';
COMMENT ON COLUMN deferred_event.recorded_at IS 'When the registrar recorded it';
COMMENT ON COLUMN dead_letter.topic IS 'Topic it stands in';
COMMENT ON COLUMN dead_letter.partition IS 'Partition';
COMMENT ON COLUMN dead_letter.record_offset IS 'Offset';
COMMENT ON COLUMN dead_letter.found_at IS 'When the projector met it';
