/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns how a file becomes rules: what it consists of, and how its rules refer to each other. */
#include "alert/rules_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/rules_reader.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/option.h"
#include "model/unit.h"

#define RULES_MAX 1000

/* Of a long path, its end: what is wrong must have room, too. */
#define FILE_NAME_MAX 120

/* FILE WHERE WHAT, made safe. */
static void write_error(const struct rules_reader *reader, const char *where, const char *what)
{
	size_t length = strlen(reader->file);
	bool is_long = length > FILE_NAME_MAX;
	char line[FILE_NAME_MAX + 2 * RULES_ERROR_MAX];

	snprintf(line, sizeof(line), "%s%s%s%s", is_long ? "..." : "",
		reader->file + (is_long ? length - FILE_NAME_MAX : 0), where, what);
	unit_safe_text(line, reader->error, RULES_ERROR_MAX);
}

int rules_fail(
	const struct rules_reader *reader, const struct yaml_node *where, const char *format, ...)
{
	char what[RULES_ERROR_MAX], place[32];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(place, sizeof(place), ":%u:%u: ", where->line, where->column);
	write_error(reader, place, what);
	return -EINVAL;
}

static int fail_unknown(const struct rules_reader *reader, const struct yaml_node *key,
	const struct rules_keys *keys)
{
	const char *nearest = option_nearest(key->text, keys->names, keys->n);
	const char *list = keys->names[0];

	for (size_t i = 1; i < keys->n; i++)
		list = arena_printf(reader->arena, "%s, %s", list, keys->names[i]);
	if (nearest)
		return rules_fail(reader, key,
			"unknown key '%.40s', did you mean '%s'? (%s has %s)", key->text, nearest,
			keys->what, list);
	return rules_fail(
		reader, key, "unknown key '%.40s' (%s has %s)", key->text, keys->what, list);
}

int rules_check_keys(const struct rules_reader *reader, const struct yaml_node *mapping,
	const struct rules_keys *keys)
{
	for (const struct yaml_node *node = mapping->first; node; node = node->next) {
		size_t i = 0;

		while (i < keys->n && strcmp(keys->names[i], node->key->text) != 0)
			i++;
		if (i == keys->n)
			return fail_unknown(reader, node->key, keys);
	}
	return 0;
}

/* Its number, or -1. */
static int find_rule(const struct rules_reader *reader, const char *name)
{
	for (size_t i = 0; i < reader->n; i++)
		if (strcmp(reader->rules[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int read_rule(struct rules_reader *reader, const struct yaml_node *node)
{
	struct rule *rule = &reader->rules[reader->n];
	int err = rule_read(reader, node, rule), same;

	same = err ? -1 : find_rule(reader, rule->name);
	reader->nodes[reader->n++] = node; /* counted, so that its filters are freed */
	if (same < 0)
		return err;
	return rules_fail(reader, yaml_find(node, "alert"),
		"the rule on line %u is called '%s', too: give this one another name",
		reader->nodes[same]->line, rule->name);
}

static int fail_inhibitor(const struct rules_reader *reader, const struct yaml_node *where)
{
	const char **names = arena_alloc(reader->arena, reader->n * sizeof(*names));
	const char *nearest;

	for (size_t i = 0; i < reader->n; i++)
		names[i] = reader->rules[i].name;
	nearest = option_nearest(where->text, names, reader->n);
	if (nearest)
		return rules_fail(reader, where,
			"inhibit_by: no rule of this file is called '%.64s', did you mean '%s'?",
			where->text, nearest);
	return rules_fail(
		reader, where, "inhibit_by: no rule of this file is called '%.64s'", where->text);
}

/* How far a rule was followed to those that make it mute. */
enum visit { NOT_SEEN, ON_THE_WAY, DONE };

static int visit(const struct rules_reader *reader, enum visit *visits, size_t rule);

static int visit_inhibitor(
	const struct rules_reader *reader, enum visit *visits, size_t rule, size_t name)
{
	const struct yaml_node *where = yaml_find(reader->nodes[rule], "inhibit_by");
	int by = find_rule(reader, reader->rules[rule].inhibit_by[name]);

	if (where->kind == YAML_SEQUENCE)
		for (where = where->first; name; name--)
			where = where->next;
	if (by < 0)
		return fail_inhibitor(reader, where);
	if (by == (int)rule)
		return rules_fail(reader, where, "inhibit_by: a rule cannot make itself mute");
	if (visits[by] == ON_THE_WAY)
		return rules_fail(reader, where,
			"inhibit_by: '%s' is itself inhibited by '%s', directly or through others",
			reader->rules[by].name, reader->rules[rule].name);
	return visit(reader, visits, (size_t)by);
}

/* No deeper than there are rules. */
static int visit(const struct rules_reader *reader, enum visit *visits, size_t rule)
{
	int err = 0;

	if (visits[rule] == DONE)
		return 0;
	visits[rule] = ON_THE_WAY;
	for (size_t i = 0; !err && i < reader->rules[rule].n_inhibit_by; i++)
		err = visit_inhibitor(reader, visits, rule, i);
	visits[rule] = DONE;
	return err;
}

static int check_inhibitors(const struct rules_reader *reader)
{
	enum visit *visits = arena_alloc(reader->arena, reader->n * sizeof(*visits));
	int err = 0;

	for (size_t i = 0; !err && i < reader->n; i++)
		err = visit(reader, visits, i);
	return err;
}

static bool is_nothing(const struct yaml_node *list)
{
	return list->kind == YAML_SCALAR ? *list->text == '\0' : list->n == 0;
}

static int read_list(struct rules_reader *reader, const struct yaml_node *list)
{
	int err = 0;

	if (is_nothing(list))
		return rules_fail(reader, list, "there is no rule");
	if (list->kind != YAML_SEQUENCE)
		return rules_fail(reader, list,
			"'rules' must be a list: each rule begins with '- alert: NAME'");
	if (list->n > RULES_MAX)
		return rules_fail(reader, list, "%zu rules are more than %d", list->n, RULES_MAX);
	reader->rules = arena_alloc(reader->arena, list->n * sizeof(*reader->rules));
	reader->nodes = arena_alloc(reader->arena, list->n * sizeof(*reader->nodes));
	for (const struct yaml_node *node = list->first; !err && node; node = node->next)
		err = read_rule(reader, node);
	return err ? err : check_inhibitors(reader);
}

static int read_file(struct rules_reader *reader, const struct yaml_node *root)
{
	static const char *const names[] = { "rules" };
	const struct yaml_node *list;
	int err;

	if (root->kind != YAML_MAPPING)
		return rules_fail(reader, root,
			"a file of rules begins with 'rules:', and a list of them below it");
	err = rules_check_keys(reader, root, &(struct rules_keys){ "the file", names, 1 });
	if (err)
		return err;
	list = yaml_find(root, "rules");
	return list ? read_list(reader, list) : rules_fail(reader, root, "there is no rule");
}

static int read_text(struct rules_reader *reader, const char *text, size_t size)
{
	char error[YAML_ERROR_MAX];
	const struct yaml_node *root;
	int err = yaml_parse(reader->arena, text, size, &root, error);

	if (err == -EINVAL)
		write_error(reader, ":", error);
	return err ? err : read_file(reader, root);
}

int rules_parse(const char *name, const char *text, size_t size, struct rules *ret,
	char error[static RULES_ERROR_MAX])
{
	struct rules_reader reader = { .file = name, .arena = arena_new(), .error = error };
	struct rules rules;
	int err;

	err = reader.arena ? read_text(&reader, text, size) : -ENOMEM;
	if (err == -ENOMEM)
		write_error(&reader, ": ", strerror(ENOMEM));
	rules = (struct rules){ reader.arena, reader.rules, reader.n };
	if (err)
		rules_done(&rules);
	else
		*ret = rules;
	return err;
}

/* 0, or -errno; *why then, unless the number says it. */
static int load(const char *path, char **text, size_t *size, const char **why)
{
	/* A pipe of that name must not be waited for. */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		*why = "it is not a file";
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	}
	if (status.st_size > RULES_SIZE_MAX) {
		*why = "it is larger than 1 MiB";
		return -EFBIG;
	}
	/* Zeros, which are no text, where it becomes shorter meanwhile. */
	*text = calloc(1, RULES_SIZE_MAX + 2);
	*size = (size_t)status.st_size;
	return *text ? buf_read_fd(fd, *text, RULES_SIZE_MAX + 2) : -ENOMEM;
}

int rules_read(const char *path, struct rules *ret, char error[static RULES_ERROR_MAX])
{
	const struct rules_reader reader = { .file = path, .error = error };
	AUTO_FREE char *text = NULL;
	const char *why = NULL;
	size_t size = 0;
	int err = load(path, &text, &size, &why);

	if (!err)
		return rules_parse(path, text, size, ret, error);
	write_error(&reader, ": cannot read it: ", why ? why : strerror(-err));
	return err;
}
