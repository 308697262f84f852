#include "kafka/client.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/log.h"

#define PROPERTIES_MAX (64u * 1024)

/* Of every client. */
static const struct kafka_property common[] = {
	{ "socket.keepalive.enable", "true" },
	{ "log.connection.close", "false" },
	{ "reconnect.backoff.ms", "50" },
	{ "reconnect.backoff.max.ms", "1000" },
	{ "message.max.bytes", "9437184" }, /* KAFKA_MESSAGE_MAX */
	{ "allow.auto.create.topics", "false" },
	{ NULL, NULL },
};
_Static_assert(KAFKA_MESSAGE_MAX == 9437184, "as message.max.bytes");

/* librdkafka tells of an absent broker with each attempt of each client: the
 * program says it once, when it needs the broker. */
static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	enum log_level l = level <= 4 ? LOG_WARN : LOG_INFO;

	if (level >= 7 || strcmp(facility, "FAIL") == 0 ||
	    strcmp(facility, "GETPID") == 0)
		l = LOG_DEBUG;
	log_line(l, rk == NULL ? "kafka" : rd_kafka_name(rk), text, "facility",
		 facility, NULL);
}

/* Errors of the whole client; what matters comes back from calls as well. */
void
kafka_client_error(rd_kafka_t *rk, int code, const char *reason, void *self)
{
	bool away = code == RD_KAFKA_RESP_ERR__TRANSPORT ||
		    code == RD_KAFKA_RESP_ERR__RESOLVE ||
		    code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;

	(void)self;
	log_line(away ? LOG_DEBUG : LOG_WARN, rd_kafka_name(rk),
		 "kafka client error", "code",
		 rd_kafka_err2name((rd_kafka_resp_err_t)code), "reason", reason,
		 NULL);
}

static bool
conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
	 const char *from, struct err *e)
{
	char why[256] = "";

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) ==
	    RD_KAFKA_CONF_OK)
		return true;
	/* why quotes the value, which may be a secret if from a file */
	return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0, "%s: property %s%s%s",
		       from, name, *from == '/' ? " is refused" : ": ",
		       *from == '/' ? "" : why);
}

static char *
trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static bool
conf_line(rd_kafka_conf_t *conf, char *line, const char *path, struct err *e)
{
	char *name = trim(line);
	char *equals = strchr(name, '=');

	if (*name == '\0' || *name == '#')
		return true;
	if (equals == NULL)
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, 0,
			       "%s: not a key=value line", path);
	*equals = '\0';
	return conf_set(conf, trim(name), trim(equals + 1), path, e);
}

static bool
conf_file(rd_kafka_conf_t *conf, const char *path, struct err *e)
{
	AUTO(buffer) struct buffer text = { 0 };
	char *rest;
	char *line;

	if (path == NULL || *path == '\0')
		return true;
	if (!file_read(path, PROPERTIES_MAX, &text, e) ||
	    !buffer_add(&text, "", 1, e))
		return false;
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (!conf_line(conf, line, path, e))
			return false;
	return true;
}

static bool
conf_list(rd_kafka_conf_t *conf, const struct kafka_property *p, struct err *e)
{
	for (; p->name != NULL; p++)
		if (p->value != NULL &&
		    !conf_set(conf, p->name, p->value, "kafka", e))
			return false;
	return true;
}

const char *
kafka_queue_backoff(void)
{
	return rd_kafka_version() < 0x02020000 ? NULL : "20";
}

bool
kafka_conf_new(const struct kafka_settings *kafka,
	       const struct kafka_property *list, rd_kafka_conf_t **out,
	       struct err *e)
{
	AUTO(rd_conf) rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const struct kafka_property own[] = {
		{ "bootstrap.servers", kafka->bootstrap },
		{ "client.id", kafka->client_id },
		{ NULL, NULL },
	};

	if (!conf_list(conf, common, e) || !conf_list(conf, own, e) ||
	    !conf_list(conf, list, e) ||
	    !conf_file(conf, kafka->properties_file, e))
		return false;
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, kafka_client_error);
	*out = TAKE(conf);
	return true;
}

bool
kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out,
		 struct err *e)
{
	char why[256] = "";
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));

	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN,
			       (long)rd_kafka_last_error(),
			       "cannot make a client: %s", why);
	}
	if (type == RD_KAFKA_CONSUMER)
		rd_kafka_poll_set_consumer(rk);
	*out = rk;
	return true;
}

/* What is not here is the cluster's trouble: try again. */
enum err_kind
kafka_err_kind(rd_kafka_resp_err_t code)
{
	switch ((int)code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return ERR_NONE;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
		return ERR_REJECT;
	case RD_KAFKA_RESP_ERR__FATAL:
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
	case RD_KAFKA_RESP_ERR__NOT_CONFIGURED:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
	case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
		return ERR_FATAL;
	default:
		return ERR_RETRY;
	}
}

bool
kafka_failed(struct err *e, rd_kafka_resp_err_t code, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return ERR_SET(e, kafka_err_kind(code), KAFKA_ORIGIN, (long)code,
		       "%s: %s (%s)", what, rd_kafka_err2str(code),
		       rd_kafka_err2name(code));
}

bool
kafka_is_dead(rd_kafka_t *rk, struct err *e)
{
	char why[256] = "";
	rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, why, sizeof(why));

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	(void)ERR_SET(e, ERR_FATAL, KAFKA_ORIGIN, (long)code, "%s: %s (%s)",
		      rd_kafka_name(rk), why, rd_kafka_err2name(code));
	return true;
}
