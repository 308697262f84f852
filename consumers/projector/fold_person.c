/*
 * Legal representatives, from certflow.personal.  The last record of a key
 * wins; a null value erases.
 */
#include "projector/fold_internal.h"

static bool
erased(struct fold *f, const struct fold_person_record *r, struct err *e)
{
	struct row *row;

	if (!rows_touch(&f->sets[TABLE_ERASURE], f->arena, r->personal_ref,
			&row, e))
		return false;
	row->complete = true;
	row_put(row, ERASURE_personal_ref, db_uuid(r->personal_ref));
	row_put(row, ERASURE_erased_at, db_time(r->timestamp_us));
	row_put(row, ERASURE_source_partition, db_int4(r->partition));
	row_put(row, ERASURE_source_offset, db_int8(r->offset));
	return true;
}

bool
fold_person(struct fold *f, const struct fold_person_record *r, struct err *e)
{
	const struct ev_personal_record *p = r->person;
	struct row *row;

	if (p == NULL)
		return erased(f, r, e);
	if (!rows_touch(&f->sets[TABLE_PERSON], f->arena, r->personal_ref, &row,
			e))
		return false;
	row->complete = true;
	row_put(row, PERSON_personal_ref, db_uuid(r->personal_ref));
	row_put(row, PERSON_commitment, db_bytea(r->commitment));
	row_put(row, PERSON_full_name, db_text(p->full_name));
	row_put(row, PERSON_position, db_text(p->position));
	row_put(row, PERSON_id_document_type,
		db_text(ev_id_document_type_name(p->id_document_type)));
	row_put(row, PERSON_id_number, db_text(p->id_number));
	row_put(row, PERSON_email, db_text(p->email));
	row_put(row, PERSON_phone, db_text(p->phone));
	row_put(row, PERSON_source_partition, db_int4(r->partition));
	row_put(row, PERSON_source_offset, db_int8(r->offset));
	return true;
}
