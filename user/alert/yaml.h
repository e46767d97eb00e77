/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of YAML that a file for people needs: texts, sequences and mappings, each with the place
 * where it begins. What makes a reader guess or a parser busy is refused: anchors and aliases,
 * tags, directives, a key given twice, more than one document.
 */
#ifndef ALERT_YAML_H
#define ALERT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#define YAML_SIZE_MAX (1u << 20)
#define YAML_DEPTH_MAX 16
#define YAML_KEYS_MAX 64 /* of one mapping: a key is compared with all before it */
#define YAML_ERROR_MAX 200

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	bool plain; /* a scalar without quotes, and not a block: 5 rather than "5" */
	unsigned line, column; /* from 1, in characters */
	const char *text; /* of a scalar; UTF-8 */
	const struct yaml_node *key; /* of what is in a mapping: a scalar */
	struct yaml_node *first, *next; /* what is in a sequence or mapping, as it was written */
	size_t n;
};

struct arena;

/*
 * Reads the one document in `text`, which need not end with a NUL; an empty one is an empty plain
 * scalar. The nodes live in the arena. -EINVAL with one line in `error`, "LINE:COLUMN: what is
 * wrong", safe to print; -ENOMEM.
 */
int yaml_parse(struct arena *arena, const char *text, size_t size, const struct yaml_node **ret,
	char error[static YAML_ERROR_MAX]);

/* What is under that key of a mapping, or NULL. */
const struct yaml_node *yaml_find(const struct yaml_node *mapping, const char *key);

#endif
