/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as they are written in a file: YAML, checked against what a rule may have. */
#ifndef ALERT_RULES_FILE_H
#define ALERT_RULES_FILE_H

#include "alert/rule.h"

#define RULES_ERROR_MAX 400
#define RULES_SIZE_MAX (1u << 20)

/*
 * Reads the rules in `text`, which `name` is the name of in messages. -EINVAL with one line in
 * `error`, "FILE:LINE:COLUMN: what is wrong and what would be right", safe to print; -ENOMEM
 * with a line, too.
 */
int rules_parse(const char *name, const char *text, size_t size, struct rules *ret,
	char error[static RULES_ERROR_MAX]);

/* The same of a file; -errno with a line where it cannot be read. */
int rules_read(const char *path, struct rules *ret, char error[static RULES_ERROR_MAX]);

/* The rules that are used unless others are given: the thresholds that operators use. */
const char *rules_default_text(size_t *size);

#endif
