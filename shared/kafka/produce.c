/* One record into a producer's queue, with its headers. */
#include "kafka/client.h"

DEFINE_AUTO(rd_headers, rd_kafka_headers_t *, rd_kafka_headers_destroy);
DEFINE_AUTO(rd_error, rd_kafka_error_t *, rd_kafka_error_destroy);

static bool
headers_new(const struct kafka_record *r, rd_kafka_headers_t **out,
	    struct err *e)
{
	AUTO(rd_headers)
	rd_kafka_headers_t *h = rd_kafka_headers_new(r->header_count);

	if (h == NULL)
		return ERR_NO_MEMORY(e);
	for (size_t i = 0; i < r->header_count; i++) {
		const struct kafka_header *from = &r->headers[i];
		rd_kafka_resp_err_t code =
			rd_kafka_header_add(h, from->name, -1, from->value.data,
					    (ssize_t)from->value.len);

		if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
			return kafka_failed(e, code, "header %s", from->name);
	}
	*out = TAKE(h);
	return true;
}

static size_t
describe(const struct kafka_record *r, rd_kafka_headers_t *h, void *opaque,
	 rd_kafka_vu_t vus[7])
{
	size_t n = 0;

	vus[n++] = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_TOPIC,
				    .u.cstr = r->topic };
	vus[n++] = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_PARTITION,
				    .u.i32 = r->partition };
	vus[n++] = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_MSGFLAGS,
				    .u.i = RD_KAFKA_MSG_F_COPY };
	vus[n++] = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_OPAQUE,
				    .u.ptr = opaque };
	vus[n].vtype = RD_KAFKA_VTYPE_VALUE;
	vus[n].u.mem.ptr = (void *)(uintptr_t)r->value.data;
	vus[n++].u.mem.size = r->value.len;
	vus[n].vtype = RD_KAFKA_VTYPE_KEY;
	vus[n].u.mem.ptr = (void *)(uintptr_t)r->key.data;
	vus[n++].u.mem.size = r->key.len;
	vus[n++] = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_HEADERS,
				    .u.headers = h };
	return n;
}

bool
kafka_produce(rd_kafka_t *rk, const struct kafka_record *r, void *opaque,
	      struct err *e)
{
	AUTO(rd_headers) rd_kafka_headers_t *h = NULL;
	AUTO(rd_error) rd_kafka_error_t *error = NULL;
	rd_kafka_vu_t vus[7];
	size_t n;

	if (!headers_new(r, &h, e))
		return false;
	n = describe(r, h, opaque, vus);
	error = rd_kafka_produceva(rk, vus, n);
	if (error == NULL) {
		(void)TAKE(h); /* librdkafka owns them now */
		return true;
	}
	if (kafka_is_dead(rk, e))
		return false;
	return kafka_failed(e, rd_kafka_error_code(error), "record for %s",
			    r->topic);
}
