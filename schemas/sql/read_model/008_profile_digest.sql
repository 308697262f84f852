-- A profile is named in orders by its digest too. Orders that were there before
-- have none here until the read model is rebuilt.

SET LOCAL search_path = read_model, public;

ALTER TABLE issuance_order ADD profile_sha256 bytea;
COMMENT ON COLUMN issuance_order.profile_sha256 IS 'SHA-256 of the profile''s file';
