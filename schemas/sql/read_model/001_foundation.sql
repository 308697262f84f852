-- The read model: what the log certflow.events says, arranged for questions.
-- Everything here can be rebuilt from the topics certflow.events and
-- certflow.personal by the projector, its only writer.
--
-- Names are unqualified on purpose: function bodies are parsed now
-- (BEGIN ATOMIC), so they survive a rename of the schema; a rebuild beside
-- the serving schema only changes the next two statements.

CREATE SCHEMA IF NOT EXISTS read_model;
SET LOCAL search_path = read_model, public;

COMMENT ON SCHEMA read_model IS
	'State of every subscriber as folded from the log; written by the projector alone, rebuildable from the topics';

-- ---- texts -----------------------------------------------------------

CREATE FUNCTION state_label(machine text, state text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE machine
	WHEN 'request' THEN CASE state
		WHEN 'PENDING_APPROVAL' THEN 'Chờ phê duyệt'
		WHEN 'RETURNED' THEN 'Trả lại bổ sung hồ sơ'
		WHEN 'APPROVED' THEN 'Đã phê duyệt'
		WHEN 'REJECTED' THEN 'Từ chối'
		WHEN 'WITHDRAWN' THEN 'Đã huỷ'
		WHEN 'ISSUING' THEN 'Đang cấp'
		WHEN 'ISSUANCE_FAILED' THEN 'Cấp lỗi'
		WHEN 'ISSUED' THEN 'Đã cấp'
		WHEN 'LAPSED' THEN 'Quá hạn xử lý'
		END
	WHEN 'use' THEN CASE state
		WHEN 'INACTIVE' THEN 'Chưa kích hoạt'
		WHEN 'ACTIVATING' THEN 'Đang kích hoạt'
		WHEN 'ACTIVE' THEN 'Hoạt động'
		WHEN 'DEACTIVATED' THEN 'Ngừng sử dụng'
		END
	WHEN 'ca' THEN CASE state
		WHEN 'GOOD' THEN 'Còn hiệu lực'
		WHEN 'ON_HOLD' THEN 'Tạm dừng'
		WHEN 'REVOKED' THEN 'Đã thu hồi'
		WHEN 'EXPIRED' THEN 'Hết hạn'
		END
	WHEN 'enrolment' THEN CASE state
		WHEN 'REQUESTED' THEN 'Đang sinh cặp khoá'
		WHEN 'CSR_GENERATED' THEN 'Đã sinh cặp khoá'
		WHEN 'FAILED' THEN 'Sinh cặp khoá lỗi'
		WHEN 'SAVED' THEN 'Đã lưu'
		WHEN 'CERTIFIED' THEN 'Đã cấp chứng thư số'
		WHEN 'ABANDONED' THEN 'Đã bỏ'
		WHEN 'DESTROYED' THEN 'Đã huỷ khoá'
		END
	END;
END;
COMMENT ON FUNCTION state_label(text, text) IS
	'Vietnamese label of a state; machine is request, use, ca or enrolment; NULL if there is no such state';

CREATE VIEW state_labels AS
	SELECT machine, state, state_label(machine, state) AS label_vi
	FROM (VALUES
		('request', 'PENDING_APPROVAL'), ('request', 'RETURNED'),
		('request', 'APPROVED'), ('request', 'REJECTED'),
		('request', 'WITHDRAWN'), ('request', 'ISSUING'),
		('request', 'ISSUANCE_FAILED'), ('request', 'ISSUED'),
		('request', 'LAPSED'),
		('use', 'INACTIVE'), ('use', 'ACTIVATING'), ('use', 'ACTIVE'),
		('use', 'DEACTIVATED'),
		('ca', 'GOOD'), ('ca', 'ON_HOLD'), ('ca', 'REVOKED'),
		('ca', 'EXPIRED'),
		('enrolment', 'REQUESTED'), ('enrolment', 'CSR_GENERATED'),
		('enrolment', 'FAILED'), ('enrolment', 'SAVED'),
		('enrolment', 'CERTIFIED'), ('enrolment', 'ABANDONED'),
		('enrolment', 'DESTROYED')
	) AS s(machine, state);
COMMENT ON VIEW state_labels IS
	'Every state of every machine with its Vietnamese label';

CREATE TABLE event_text (
	event_name text PRIMARY KEY,
	message_vi text NOT NULL,
	message_en text NOT NULL
);
COMMENT ON TABLE event_text IS
	'What the timeline says for each event of the log';
COMMENT ON COLUMN event_text.event_name IS 'Record name, e.g. CertificateIssued';
COMMENT ON COLUMN event_text.message_vi IS 'Vietnamese, shown to users';
COMMENT ON COLUMN event_text.message_en IS 'English, for operators';

INSERT INTO event_text (event_name, message_vi, message_en) VALUES
	('KeyPairRequested', 'Yêu cầu sinh cặp khoá', 'Key pair requested'),
	('CsrGenerated', 'Đã sinh cặp khoá và CSR', 'Key pair and CSR generated'),
	('KeyPairFailed', 'Sinh cặp khoá lỗi', 'Key pair could not be generated'),
	('KeyPairDestroyed', 'Đã huỷ cặp khoá', 'Key pair destroyed'),
	('EnrolmentSaved', 'Đã lưu yêu cầu sinh khoá', 'Enrolment saved'),
	('EnrolmentAbandoned', 'Yêu cầu sinh khoá đã bị bỏ', 'Enrolment abandoned'),
	('RequestSubmitted', 'Đã ghi lại và gửi yêu cầu', 'Request submitted'),
	('RequestApproved', 'Đã phê duyệt yêu cầu', 'Request approved'),
	('RequestReturned', 'Trả lại bổ sung hồ sơ', 'Request returned for correction'),
	('RequestRejected', 'Từ chối yêu cầu', 'Request rejected'),
	('RequestWithdrawn', 'Đã huỷ yêu cầu', 'Request withdrawn'),
	('RequestReassigned', 'Đã chuyển yêu cầu cho giao dịch viên khác', 'Request reassigned to another officer'),
	('RequestLapsed', 'Yêu cầu quá hạn xử lý', 'Request lapsed'),
	('IssuanceRequested', 'Yêu cầu cấp CTS', 'Issuance requested'),
	('IssuanceOrdered', 'Đang cấp chứng thư số', 'Issuance ordered'),
	('CertificateIssued', 'Cấp chứng thư số thành công', 'Certificate issued'),
	('IssuanceFailed', 'Cấp chứng thư số thất bại', 'Issuance failed'),
	('CertificateRejected', 'Chứng thư số đã ký không được chấp nhận', 'Signed certificate rejected'),
	('OrderVoidRequested', 'Yêu cầu huỷ lệnh cấp', 'Voiding of the order requested'),
	('OrderVoided', 'Đã huỷ lệnh cấp', 'Order voided'),
	('ActivationRequested', 'Yêu cầu kích hoạt', 'Activation requested'),
	('ActivationOrdered', 'Đang kích hoạt chứng thư số', 'Activation ordered'),
	('CertificateActivated', 'Kích hoạt chứng thư số thành công', 'Certificate activated'),
	('ActivationFailed', 'Kích hoạt chứng thư số thất bại', 'Activation failed'),
	('DeactivationRequested', 'Yêu cầu ngừng sử dụng', 'Deactivation requested'),
	('CertificateDeactivated', 'Đã ngừng sử dụng chứng thư số', 'Certificate deactivated'),
	('SuspensionRequested', 'Yêu cầu tạm dừng chứng thư số', 'Suspension requested'),
	('ResumptionRequested', 'Yêu cầu khôi phục chứng thư số', 'Resumption requested'),
	('RevocationRequested', 'Yêu cầu thu hồi chứng thư số', 'Revocation requested'),
	('StatusChangeConfirmed', 'Đã xác nhận thay đổi trạng thái', 'Status change confirmed'),
	('StatusChangeDeclined', 'Không chấp nhận thay đổi trạng thái', 'Status change declined'),
	('CertificateSuspended', 'Đã tạm dừng chứng thư số', 'Certificate suspended'),
	('CertificateResumed', 'Đã khôi phục chứng thư số', 'Certificate resumed'),
	('CertificateRevoked', 'Đã thu hồi chứng thư số', 'Certificate revoked'),
	('EventDeferred', 'Thao tác đang chờ điều kiện', 'Event deferred'),
	('EventRefused', 'Thao tác bị từ chối', 'Event refused');

-- ---- tax codes -------------------------------------------------------

CREATE FUNCTION normalize_tax_code(input text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH plain AS (
		-- Spaces, dots and the hyphens and dashes of copied documents.
		-- Other digits than ASCII stay, and fail below.
		SELECT translate(input,
			E' .-\t\u00A0\u2007\u2009\u202F\u2010\u2011\u2012\u2013\u2014\u2212',
			'') COLLATE "C" AS code
		WHERE length(input) <= 40
	), parts AS (
		SELECT left(code, 10) AS base, substr(code, 11) AS branch
		FROM plain
		WHERE code ~ '^[0-9]{10}([0-9]{3})?$'
	), checked AS (
		SELECT base, branch, 10 - (
			SELECT sum(substr(base, i, 1)::int
				* (ARRAY[31, 29, 23, 19, 17, 13, 7, 5, 3])[i])
			FROM generate_series(1, 9) AS i) % 11 AS check_digit
		FROM parts
	)
	SELECT base || CASE branch WHEN '' THEN '' ELSE '-' || branch END
	FROM checked
	WHERE check_digit = right(base, 1)::int
		AND left(base, 2) <> '00'            -- no such province
		AND substr(base, 3, 7) <> '0000000'  -- no such serial
		AND branch <> '000';
END;
COMMENT ON FUNCTION normalize_tax_code(text) IS
	'Canonical tax code (NNNNNNNNNN or NNNNNNNNNN-NNN) of a lenient form with spaces, dots or dashes; NULL if form or check digit is wrong';

CREATE FUNCTION fail(message text, sqlstate_code text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = sqlstate_code;
END;
$$;
COMMENT ON FUNCTION fail(text, text) IS
	'Raises an error from within an SQL function; never returns';

CREATE FUNCTION require_tax_code(input text) RETURNS text
	LANGUAGE sql VOLATILE
BEGIN ATOMIC
	SELECT CASE WHEN normalize_tax_code(input) IS NOT NULL
		THEN normalize_tax_code(input)
		ELSE fail('Mã số thuế không hợp lệ', 'P0001')::text END;
END;
COMMENT ON FUNCTION require_tax_code(text) IS
	'normalize_tax_code, but raises "Mã số thuế không hợp lệ" (SQLSTATE P0001) instead of returning NULL';
