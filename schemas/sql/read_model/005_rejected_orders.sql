-- From IssuanceOrdered on a serial number counts as issued: an order whose
-- outcome was rejected has left a signature somewhere, so it is revoked too.

SET LOCAL search_path = read_model, public;

CREATE OR REPLACE VIEW revoked_serial AS
	SELECT h.serial_number, min(h.effective_at) AS revoked_at
	FROM certificate_ca_history h WHERE h.state = 'REVOKED'
	GROUP BY h.serial_number
	UNION
	SELECT o.serial_number, o.decided_at
	FROM issuance_order o
	WHERE o.state IN ('VOIDED', 'EXPIRED', 'REJECTED') AND NOT EXISTS (
		SELECT FROM certificate_ca_history h
		WHERE h.serial_number = o.serial_number AND h.state = 'REVOKED');
COMMENT ON VIEW revoked_serial IS
	'Serial numbers of orders and certificates that count as revoked, also those of orders given up and of orders whose outcome was rejected';
