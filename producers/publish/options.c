#include "options.h"

#include <getopt.h>
#include <string.h>

#define TIMEOUT_DEFAULT_S 30
#define TIMEOUT_MAX_S 86400

enum {
	OPT_ROLE = 256,
	OPT_WAIT,
	OPT_TIMEOUT,
	OPT_FILE,
	OPT_TEMPLATE,
	OPT_LIST,
	OPT_ERASE,
	OPT_ACTOR,
	OPT_KEY,
	OPT_JSON,
	OPT_KAFKA,
	OPT_PROPERTIES,
	OPT_REGISTRY,
	OPT_CACHE,
	OPT_HELP,
};

static const struct option table[] = {
	{ "role", required_argument, NULL, OPT_ROLE },
	{ "wait", no_argument, NULL, OPT_WAIT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "file", required_argument, NULL, OPT_FILE },
	{ "template", required_argument, NULL, OPT_TEMPLATE },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "erase", required_argument, NULL, OPT_ERASE },
	{ "actor", required_argument, NULL, OPT_ACTOR },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "kafka", required_argument, NULL, OPT_KAFKA },
	{ "kafka-properties", required_argument, NULL, OPT_PROPERTIES },
	{ "registry", required_argument, NULL, OPT_REGISTRY },
	{ "cache", required_argument, NULL, OPT_CACHE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

void
options_usage(void)
{
	fputs("usage: publish --role ROLE [option ...]   events as JSON on "
	      "standard input\n"
	      "       publish --template EVENT           print an example\n"
	      "       publish --list                     events by role\n"
	      "\n"
	      "  --role ROLE       einvoice, officer, manager, keygen, issuer "
	      "or activator:\n"
	      "                    publish to that inbox; personal: "
	      "PersonalRecords\n"
	      "  --file FILE       read FILE instead of standard input\n"
	      "  --wait            follow each event until it is admitted or "
	      "refused\n"
	      "  --timeout SECONDS how long to wait for each answer (30)\n"
	      "  --actor ID        meta.actor.id where the event has none\n"
	      "  --key KEY         Kafka key other than the tax code (will be "
	      "refused)\n"
	      "  --erase REF       with --role personal: erase that record\n"
	      "  --json            one line of JSON for each event\n"
	      "  --kafka HOSTS     default: CERTFLOW_KAFKA\n"
	      "  --kafka-properties FILE  further settings of the client\n"
	      "  --registry URL    default: CERTFLOW_REGISTRY\n"
	      "  --cache DIR       keep schemas there\n"
	      "\n"
	      "Missing members of meta are filled in: event_id, occurred_at, "
	      "actor.role.\n"
	      "Several documents are published in their order.\n"
	      "\n"
	      "exit: 0 admitted (or sent, without --wait), 3 refused, 4 no "
	      "outcome in time,\n"
	      "      2 usage or a document that does not fit its schema, 1 "
	      "fault;\n"
	      "      of several documents, the first that is not 0 counts\n",
	      stdout);
}

static bool
usage(struct err *e, const char *what, const char *value)
{
	return ERR_SET(e, ERR_REJECT, "publish", 0, "%s%.80s", what, value);
}

static bool
set_role(struct options *o, const char *value, bool *has_role, struct err *e)
{
	*has_role = true;
	if (strcmp(value, "personal") == 0)
		o->publisher.inbox = INBOX_NONE;
	else if (!event_inbox_parse(value, &o->publisher.inbox))
		return usage(e, "--role: there is no role ", value);
	return true;
}

static bool
set_timeout(struct options *o, const char *value, struct err *e)
{
	char *end;
	long seconds = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || seconds < 1 ||
	    seconds > TIMEOUT_MAX_S)
		return usage(e, "--timeout: not a number of seconds: ", value);
	o->publisher.timeout_ms = (int)seconds * 1000;
	return true;
}

static bool
set_template(struct options *o, const char *value, struct err *e)
{
	o->mode = MODE_TEMPLATE;
	if (!event_type_parse(value, &o->template))
		return usage(e, "--template: there is no event ", value);
	return true;
}

static bool
set_flag(struct options *o, int option)
{
	switch (option) {
	case OPT_WAIT:
		o->publisher.wait = true;
		return true;
	case OPT_LIST:
		o->mode = MODE_LIST;
		return true;
	case OPT_HELP:
		o->mode = MODE_HELP;
		return true;
	case OPT_JSON:
		o->json = true;
		return true;
	default:
		return false;
	}
}

static const char **
text_option(struct options *o, int option)
{
	switch (option) {
	case OPT_FILE:
		return &o->file;
	case OPT_ERASE:
		o->mode = MODE_ERASE;
		return &o->personal_ref;
	case OPT_ACTOR:
		return &o->publisher.actor;
	case OPT_KEY:
		return &o->publisher.key;
	case OPT_KAFKA:
		return &o->publisher.kafka.bootstrap;
	case OPT_PROPERTIES:
		return &o->publisher.kafka.properties_file;
	case OPT_REGISTRY:
		return &o->publisher.registry;
	case OPT_CACHE:
		return &o->publisher.cache_dir;
	default:
		return NULL;
	}
}

static bool
set_option(struct options *o, int option, bool *has_role, struct err *e)
{
	const char **text;

	switch (option) {
	case OPT_ROLE:
		return set_role(o, optarg, has_role, e);
	case OPT_TIMEOUT:
		return set_timeout(o, optarg, e);
	case OPT_TEMPLATE:
		return set_template(o, optarg, e);
	default:
		break;
	}
	if (set_flag(o, option))
		return true;
	text = text_option(o, option);
	if (text == NULL)
		return usage(e, "unknown or incomplete option", "");
	*text = optarg;
	return true;
}

static bool
check_complete(const struct options *o, bool has_role, struct err *e)
{
	if (o->mode != MODE_PUBLISH && o->mode != MODE_ERASE)
		return true;
	if (!has_role)
		return usage(e, "--role is missing", "");
	if (o->mode == MODE_ERASE && o->publisher.inbox != INBOX_NONE)
		return usage(e, "--erase needs --role personal", "");
	if (o->publisher.kafka.bootstrap == NULL)
		return usage(e, "--kafka or CERTFLOW_KAFKA is missing", "");
	if (o->publisher.registry == NULL)
		return usage(e, "--registry or CERTFLOW_REGISTRY is missing",
			     "");
	return true;
}

bool
options_parse(int argc, char **argv, struct options *out, struct err *e)
{
	bool has_role = false;
	int option;

	*out = (struct options){ .mode = MODE_PUBLISH };
	out->publisher.timeout_ms = TIMEOUT_DEFAULT_S * 1000;
	out->publisher.kafka.client_id = "publish";
	out->publisher.kafka.bootstrap = getenv("CERTFLOW_KAFKA");
	out->publisher.registry = getenv("CERTFLOW_REGISTRY");
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == '?')
			return usage(e, "unknown or incomplete option ",
				     argv[optind - 1]);
		if (!set_option(out, option, &has_role, e))
			return false;
	}
	if (optind < argc)
		return usage(e, "what is ", argv[optind]);
	return check_complete(out, has_role, e);
}
