-- Who may read what.  The roles are made by deployment:
--   projector          writes, and is the only one to do so
--   certflow_reader    reads everything but personal data
--   certflow_personal  reads personal data too

SET LOCAL search_path = read_model, public;

DO $$
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO projector, certflow_reader, certflow_personal', current_schema());
	EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA %I FROM PUBLIC', current_schema());
	EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %I TO projector, certflow_reader, certflow_personal', current_schema());
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA %I TO projector', current_schema());
	EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO certflow_reader, certflow_personal', current_schema());
END;
$$;

REVOKE SELECT ON legal_representative FROM certflow_reader;
GRANT SELECT (personal_ref, commitment, source_partition, source_offset)
	ON legal_representative TO certflow_reader;
REVOKE EXECUTE ON FUNCTION find_representative(text) FROM certflow_reader;
