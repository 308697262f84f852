#include "base/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/config_file.h"
#include "base/config_value.h"

extern char **environ;

struct entry {
	const struct config_option *option;
	char value[CONFIG_VALUE_MAX];
	char items[CONFIG_VALUE_MAX]; /* value cut at commas, for lists */
	bool given;
};

struct config {
	const char *program;
	size_t count;
	struct entry entries[];
};

static size_t
count_options(const struct config_option *const *tables)
{
	size_t n = 0;

	for (; *tables != NULL; tables++)
		for (const struct config_option *o = *tables; o->key; o++)
			n++;
	return n;
}

static struct config *
config_new(const char *program, const struct config_option *const *tables)
{
	size_t n = count_options(tables);
	struct config *cfg =
		calloc(1, sizeof(*cfg) + n * sizeof(cfg->entries[0]));

	if (cfg == NULL)
		return NULL;
	cfg->program = program;
	for (; *tables != NULL; tables++)
		for (const struct config_option *o = *tables; o->key; o++) {
			struct entry *en = &cfg->entries[cfg->count++];

			en->option = o;
			en->given = o->fallback != NULL;
			snprintf(en->value, sizeof(en->value), "%s",
				 o->fallback == NULL ? "" : o->fallback);
		}
	return cfg;
}

static struct entry *
find(struct config *cfg, const char *key)
{
	for (size_t i = 0; i < cfg->count; i++)
		if (strcmp(cfg->entries[i].option->key, key) == 0)
			return &cfg->entries[i];
	return NULL;
}

static bool
set(struct config *cfg, const char *key, const char *value, const char *from,
    struct err *e)
{
	struct entry *en = find(cfg, key);

	if (en == NULL)
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "%s: unknown key \"%s\"", from, key);
	if (strlen(value) >= sizeof(en->value))
		return ERR_SET(e, ERR_FATAL, "config", 0, "%s: %s is too long",
			       from, key);
	snprintf(en->value, sizeof(en->value), "%s", value);
	en->given = true;
	return true;
}

struct file_reader {
	struct config *cfg;
	const char *path;
};

static bool
take_pair(void *user, const char *key, const char *value, struct err *e)
{
	struct file_reader *r = user;

	return set(r->cfg, key, value, r->path, e);
}

static bool
read_file(struct config *cfg, const char *path, struct err *e)
{
	struct file_reader r = { .cfg = cfg, .path = path };

	return config_file_read(path, take_pair, &r, e);
}

/* CERTFLOW_REGISTRAR_ */
static size_t
env_prefix(const char *program, char out[64])
{
	int n = snprintf(out, 64, "CERTFLOW_%s_", program);

	for (char *p = out; *p != '\0'; p++)
		*p = (char)(*p == '-' ? '_' : toupper((unsigned char)*p));
	return n < 0 || n > 63 ? 63 : (size_t)n;
}

/* "kafka.bootstrap" matches "KAFKA_BOOTSTRAP" */
static bool
env_matches(const char *key, const char *name, size_t len)
{
	if (strlen(key) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int want = key[i] == '.' || key[i] == '-'
				   ? '_'
				   : toupper((unsigned char)key[i]);

		if ((unsigned char)name[i] != want)
			return false;
	}
	return true;
}

static bool
read_environment(struct config *cfg, struct err *e)
{
	char prefix[64];
	size_t n = env_prefix(cfg->program, prefix);

	for (char **v = environ; *v != NULL; v++) {
		const char *name = *v + n;
		const char *eq;
		const char *key = NULL;

		if (strncmp(*v, prefix, n) != 0 ||
		    (eq = strchr(name, '=')) == NULL)
			continue;
		for (size_t i = 0; i < cfg->count; i++)
			if (env_matches(cfg->entries[i].option->key, name,
					(size_t)(eq - name)))
				key = cfg->entries[i].option->key;
		if (key == NULL)
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "environment: unknown key %.*s",
				       (int)(eq - *v), *v);
		if (!set(cfg, key, eq + 1, "environment", e))
			return false;
	}
	return true;
}

static bool
set_pair(struct config *cfg, const char *pair, struct err *e)
{
	const char *eq = strchr(pair, '=');
	char key[128];

	if (eq == NULL)
		return ERR_SET(e, ERR_FATAL, "config", 0,
			       "--set wants key=value, not \"%s\"", pair);
	snprintf(key, sizeof(key), "%.*s", (int)(eq - pair), pair);
	return set(cfg, key, eq + 1, "--set", e);
}

struct arguments {
	const char *file;
	bool help;
	bool print;
};

static bool
scan_arguments(int argc, char *const *argv, struct arguments *a, struct err *e)
{
	for (int i = 1; i < argc && argv[i] != NULL; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--help") == 0)
			a->help = true;
		else if (strcmp(argv[i], "--print-config") == 0)
			a->print = true;
		else if (strcmp(argv[i], "--config") == 0 && more)
			a->file = argv[++i];
		else if (strcmp(argv[i], "--set") == 0 && more)
			i++;
		else
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "unknown argument \"%s\" (try --help)",
				       argv[i]);
	}
	return true;
}

static bool
read_sets(struct config *cfg, int argc, char *const *argv, struct err *e)
{
	for (int i = 1; i + 1 < argc && argv[i + 1] != NULL; i++)
		if (strcmp(argv[i], "--set") == 0 &&
		    !set_pair(cfg, argv[++i], e))
			return false;
	return true;
}

static bool
check(struct config *cfg, struct err *e)
{
	for (size_t i = 0; i < cfg->count; i++) {
		struct entry *en = &cfg->entries[i];

		if (!en->given)
			return ERR_SET(e, ERR_FATAL, "config", 0,
				       "%s must be set", en->option->key);
		if (!config_value_check(en->option, en->value, e))
			return err_context(e, "%s", en->option->key);
	}
	return true;
}

static void
print_help(const struct config *cfg)
{
	char prefix[64];

	(void)env_prefix(cfg->program, prefix);
	printf("usage: %s [--config FILE] [--set KEY=VALUE]... "
	       "[--print-config] [--help]\n\n"
	       "Keys (file: [section] name = value; environment: "
	       "%sSECTION_NAME):\n",
	       cfg->program, prefix);
	for (size_t i = 0; i < cfg->count; i++) {
		const struct config_option *o = cfg->entries[i].option;

		printf("  %-28s %s", o->key, o->doc);
		if (o->fallback == NULL)
			printf(" (required)\n");
		else if (*o->fallback != '\0')
			printf(" (default %s)\n", o->fallback);
		else
			printf("\n");
	}
}

static void
print_config(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->count; i++) {
		const struct entry *en = &cfg->entries[i];

		printf("%s=%s\n", en->option->key,
		       en->option->secret && *en->value != '\0' ? "***"
								: en->value);
	}
}

static bool
read_all(struct config *cfg, const struct arguments *a, int argc,
	 char *const *argv, struct err *e)
{
	return (a->file == NULL || read_file(cfg, a->file, e)) &&
	       read_environment(cfg, e) && read_sets(cfg, argc, argv, e) &&
	       check(cfg, e);
}

enum config_result
config_load(const char *program, const struct config_option *const *tables,
	    int argc, char *const *argv, struct config **out, struct err *e)
{
	AUTO(config) struct config *cfg = config_new(program, tables);
	struct arguments a = { 0 };

	if (cfg == NULL) {
		(void)ERR_NO_MEMORY(e);
		return CONFIG_FAILED;
	}
	if (!scan_arguments(argc, argv, &a, e))
		return CONFIG_FAILED;
	if (a.help) {
		print_help(cfg);
		return CONFIG_EXIT;
	}
	if (!read_all(cfg, &a, argc, argv, e))
		return CONFIG_FAILED;
	if (a.print) {
		print_config(cfg);
		return CONFIG_EXIT;
	}
	*out = TAKE(cfg);
	return CONFIG_RUN;
}

static const struct entry *
must_find(const struct config *cfg, const char *key, enum config_type type)
{
	for (size_t i = 0; i < cfg->count; i++)
		if (strcmp(cfg->entries[i].option->key, key) == 0 &&
		    cfg->entries[i].option->type == type)
			return &cfg->entries[i];
	fprintf(stderr, "bug: no option %s of this type\n", key);
	abort();
}

const char *
config_text(const struct config *cfg, const char *key)
{
	return must_find(cfg, key, CONFIG_TEXT)->value;
}

int64_t
config_int(const struct config *cfg, const char *key)
{
	return strtoll(must_find(cfg, key, CONFIG_INT)->value, NULL, 10);
}

bool
config_bool(const struct config *cfg, const char *key)
{
	return strcmp(must_find(cfg, key, CONFIG_BOOL)->value, "true") == 0;
}

int64_t
config_duration_us(const struct config *cfg, const char *key)
{
	int64_t ms = 0;

	(void)!config_parse_duration(
		must_find(cfg, key, CONFIG_DURATION)->value, &ms);
	return ms * 1000;
}

size_t
config_list(const struct config *cfg, const char *key,
	    const char *items[CONFIG_ITEMS_MAX])
{
	/* The copy is ours alone: cutting it is not visible outside. */
	struct entry *en =
		(struct entry *)(uintptr_t)must_find(cfg, key, CONFIG_LIST);
	size_t n = 0;
	char *state = NULL;

	snprintf(en->items, sizeof(en->items), "%s", en->value);
	for (char *p = strtok_r(en->items, ",", &state);
	     p != NULL && n < CONFIG_ITEMS_MAX;
	     p = strtok_r(NULL, ",", &state)) {
		p = config_without_blanks(p);
		if (*p != '\0')
			items[n++] = p;
	}
	return n;
}

void
config_free(struct config *cfg)
{
	free(cfg);
}
