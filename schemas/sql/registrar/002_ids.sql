-- The table of keys also holds the ids of enrolments and requests: they name
-- objects without the tax code in the read model and in the tokens. What the
-- checkpoint holds from before does not list them: fold the log again.

TRUNCATE registrar.subject, registrar.log_position, registrar.key,
	registrar.heartbeat, registrar.rebuild;

COMMENT ON TABLE registrar.key IS
	'Every public key, enrolment id and request id known, of all tax codes: each belongs to one of them.';
COMMENT ON COLUMN registrar.key.spki_sha256 IS
	'SHA-256 of the SubjectPublicKeyInfo; for an id, of the text "certflow enrolment ID" or "certflow request ID".';
