/*
 * config_file.h - INI files of any path and value (used by config.c).
 *
 * `key = value` lines, `[section]` lines, empty lines, and comments, which
 * are lines that begin with # or ;.  A value goes to the end of its line.
 * libinih is not used: Debian's build ends a line after 199 octets, less than
 * a list of tokens or a few paths need.
 */
#ifndef CERTFLOW_BASE_CONFIG_FILE_H
#define CERTFLOW_BASE_CONFIG_FILE_H

#include "base/config.h"

/** @param key  "section.key"; texts are borrowed for the call */
typedef bool config_file_take(void *user, const char *key, const char *value,
			      struct err *e);

/**
 * Gives every pair of the file to take, in order; ends at the first refusal.
 * ERR_FATAL names the file and, where there is one, the line.
 */
bool config_file_read(const char *path, config_file_take *take, void *user,
		      struct err *e) MUST_CHECK;

/** Cuts the blanks around a text, in place; @return where it begins. */
char *config_without_blanks(char *text);

#endif
