/*
 * config.h - one documented table of options per program.
 *
 * Values come, later ones winning, from the table's defaults, the file given
 * by --config (INI: key "kafka.bootstrap" is `bootstrap` in `[kafka]`), the
 * environment (CERTFLOW_<PROGRAM>_KAFKA_BOOTSTRAP) and --set key=value.  An
 * unknown key, in any of them, is an error that names it.  --help and
 * --print-config are printed from the table; a secret is always the path of
 * a file, and an option marked secret prints as ***.
 */
#ifndef CERTFLOW_BASE_CONFIG_H
#define CERTFLOW_BASE_CONFIG_H

#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

#define CONFIG_VALUE_MAX 1024
#define CONFIG_ITEMS_MAX 32

enum config_type {
	CONFIG_TEXT,
	CONFIG_INT,      /* decimal, within min..max                       */
	CONFIG_BOOL,     /* true or false                                  */
	CONFIG_DURATION, /* 250ms, 30s, 10m, 24h, 180d; min..max in ms     */
	CONFIG_LIST,     /* comma-separated texts, at most CONFIG_ITEMS_MAX;
			    blanks around one do not count, those in it do */
};

struct config_option {
	const char *key; /* "kafka.bootstrap"                        */
	enum config_type type;
	const char *fallback; /* NULL: must be given                      */
	int64_t min;          /* CONFIG_INT, CONFIG_DURATION; both 0: any */
	int64_t max;
	bool secret;
	const char *doc; /* one line, with unit and example          */
};

struct config;

enum config_result {
	CONFIG_RUN,    /* go on                                  */
	CONFIG_EXIT,   /* --help or --print-config: exit with 0  */
	CONFIG_FAILED, /* e is filled: print it, exit with 2     */
};

/**
 * @param program  "registrar"; also the environment's infix
 * @param tables   NULL-terminated list of tables, each ended by key NULL;
 *                 borrowed, must outlive *out
 * @param out      release with config_free(); set only for CONFIG_RUN
 */
enum config_result config_load(const char *program,
			       const struct config_option *const *tables,
			       int argc, char *const *argv, struct config **out,
			       struct err *e) MUST_CHECK;

/* Look-ups never fail: an unknown key is a bug and aborts.  Text is borrowed
 * until config_free(). */
const char *config_text(const struct config *cfg, const char *key);
int64_t config_int(const struct config *cfg, const char *key);
bool config_bool(const struct config *cfg, const char *key);
int64_t config_duration_us(const struct config *cfg, const char *key);

/** Fills items (borrowed texts); @return how many */
size_t config_list(const struct config *cfg, const char *key,
		   const char *items[CONFIG_ITEMS_MAX]);

/** NULL is fine. */
void config_free(struct config *cfg);
DEFINE_AUTO(config, struct config *, config_free);

#endif
