/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns which keys a rule has in a file, and what each may be. */
#include <errno.h>
#include <string.h>

#include "alert/rules_reader.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/option.h"
#include "model/filter.h"

#define NAME_LENGTH_MAX 64
#define VALUE_LENGTH_MAX 4096 /* of labels and annotations */
#define INHIBITORS_MAX 32

#define HOUR_NS (3600 * NSEC_PER_SEC)
#define DURATION_MAX_DAYS 365

struct key {
	const char *name;
	bool required;
	int (*read)(const struct rules_reader *reader, const struct key *key,
		const struct yaml_node *value, struct rule *rule);
	size_t field; /* of the rule, for what several keys are read by */
	const char *example;
};

static void *field_of(const struct key *key, struct rule *rule)
{
	return (char *)rule + key->field;
}

/* A text that is not empty, without the blanks and line ends behind it. NULL after a complaint. */
static const char *read_text(
	const struct rules_reader *reader, const struct key *key, const struct yaml_node *value)
{
	size_t length = value->kind == YAML_SCALAR ? strlen(value->text) : 0;

	while (length && strchr(" \t\r\n", value->text[length - 1]))
		length--;
	if (length)
		return arena_strndup(reader->arena, value->text, length);
	rules_fail(reader, value, "'%s' must be one text, such as %s: %s", key->name, key->name,
		key->example);
	return NULL;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Letters, digits and _, of which one of `first` comes first. */
static bool is_name(const char *text, const char *first)
{
	size_t length = strspn(text, LETTERS "0123456789_");

	return length > 0 && length <= NAME_LENGTH_MAX && text[length] == '\0' &&
	       strchr(first, *text);
}

static int read_name(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	const char *text = read_text(reader, key, value);

	if (!text)
		return -EINVAL;
	if (!is_name(text, LETTERS))
		return rules_fail(reader, value,
			"'%.80s' cannot be the name of a rule: use a letter, then letters, digits "
			"and _, %d in all, such as %s",
			text, NAME_LENGTH_MAX, key->example);
	rule->name = text;
	return 0;
}

static int read_scope(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	const char *text = read_text(reader, key, value);

	if (!text)
		return -EINVAL;
	if (scope_find(text, &rule->scope) == 0 && rule_may_have_scope(rule->scope))
		return 0;
	return rules_fail(reader, value,
		"'%.40s' is not the scope of a rule: use host, vm, vcpu, nic or disk", text);
}

static int read_severity(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	const char *text = read_text(reader, key, value);

	if (!text)
		return -EINVAL;
	for (enum severity severity = 0; severity < N_SEVERITIES; severity++) {
		if (strcmp(text, severity_names[severity]) == 0) {
			rule->severity = severity;
			return 0;
		}
	}
	return rules_fail(
		reader, value, "'%.40s' is not a severity: use info, warning or critical", text);
}

/* What a filter said is told behind the place of its text. */
static int fail_filter(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, int err, const char *error)
{
	return err == -EINVAL ? rules_fail(reader, value, "%s: %s", key->name, error) : err;
}

static int read_expr(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	char error[FILTER_ERROR_MAX];
	struct filter *filter;
	int err;

	rule->expr = read_text(reader, key, value);
	if (!rule->expr)
		return -EINVAL;
	err = filter_parse_rule(rule->expr, rule->scope, &filter, error);
	if (err)
		return fail_filter(reader, key, value, err, error);
	rule->start = rule->hold = filter;
	return 0;
}

static int read_clear(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	const char *text = read_text(reader, key, value);
	char error[FILTER_ERROR_MAX];
	struct filter *filter;
	int err;

	if (!text)
		return -EINVAL;
	err = filter_parse_clear(text, rule->start, rule->scope, &filter, error);
	if (err)
		return fail_filter(reader, key, value, err, error);
	rule->hold = filter;
	return 0;
}

/*
 * Days, too, and never without a unit: whether 30 is meant in seconds or in minutes is a guess, and
 * a wrong one is noticed when an alert does not come.
 */
static int parse_time(const char *text, uint64_t *ret)
{
	size_t length = strlen(text);
	bool days = length && text[length - 1] == 'd';
	uint64_t factor = days ? 24 : 1;
	char hours[32];

	if (!length || length >= sizeof(hours) || !strchr("smhd", text[length - 1]))
		return -EINVAL;
	memcpy(hours, text, length + 1);
	if (days)
		hours[length - 1] = 'h';
	if (parse_duration(hours, 0, DURATION_MAX_DAYS * 24 * HOUR_NS / factor, ret) != 0)
		return -EINVAL;
	*ret *= factor;
	return 0;
}

static int read_duration(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	const char *text = read_text(reader, key, value);

	if (!text)
		return -EINVAL;
	if (parse_time(text, field_of(key, rule)) == 0)
		return 0;
	return rules_fail(reader, value,
		"%s: '%.40s' is not a duration such as 30s, 5m, 1h or 2d, up to %dd", key->name,
		text, DURATION_MAX_DAYS);
}

/* What alerts have anyway, so that receivers would not know whose it is. */
static const char *const taken_labels[] = {
	"alertname",
	"rule",
	"severity",
	"scope",
	"host",
	"vm",
	"uuid",
	"vcpu",
	"nic",
	"disk",
};

static bool is_taken(const char *label)
{
	for (size_t i = 0; i < sizeof(taken_labels) / sizeof(taken_labels[0]); i++)
		if (strcmp(label, taken_labels[i]) == 0)
			return true;
	return false;
}

static int check_pair(
	const struct rules_reader *reader, const struct key *key, const struct yaml_node *value)
{
	const char *name = value->key->text;

	if (!is_name(name, LETTERS "_"))
		return rules_fail(reader, value->key,
			"%s: '%.80s' is not a name: use a letter or _, then letters, digits and _, "
			"%d in all",
			key->name, name, NAME_LENGTH_MAX);
	if (value->kind != YAML_SCALAR)
		return rules_fail(reader, value, "%s: '%s' must be one text", key->name, name);
	if (strlen(value->text) > VALUE_LENGTH_MAX)
		return rules_fail(reader, value, "%s: '%s' is longer than %d bytes", key->name,
			name, VALUE_LENGTH_MAX);
	return 0;
}

static int read_pairs(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	struct pair *pairs = arena_alloc(reader->arena, (value->n + 1) * sizeof(*pairs));
	size_t n = 0;

	if (value->kind != YAML_MAPPING)
		return rules_fail(reader, value,
			"'%s' must be names with a text each, such as %s: %s", key->name, key->name,
			key->example);
	for (const struct yaml_node *node = value->first; node; node = node->next) {
		int err = check_pair(reader, key, node);

		if (err)
			return err;
		pairs[n++] = (struct pair){ node->key->text, node->text };
	}
	*(struct pairs *)field_of(key, rule) = (struct pairs){ pairs, n };
	return 0;
}

static int read_labels(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	int err = read_pairs(reader, key, value, rule);

	for (const struct yaml_node *node = value->first; !err && node; node = node->next)
		if (is_taken(node->key->text))
			err = rules_fail(reader, node->key,
				"every alert has a label '%s' of its own: use another name",
				node->key->text);
	return err;
}

static int read_inhibitors(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *value, struct rule *rule)
{
	bool is_list = value->kind == YAML_SEQUENCE;
	const char **names = arena_alloc(reader->arena, (value->n + 1) * sizeof(*names));
	size_t n = 0;

	if (value->n > INHIBITORS_MAX)
		return rules_fail(
			reader, value, "%s: more than %d names", key->name, INHIBITORS_MAX);
	for (const struct yaml_node *node = is_list ? value->first : value; node;
		node = is_list ? node->next : NULL) {
		names[n] = read_text(reader, key, node);
		if (!names[n++])
			return -EINVAL;
	}
	rule->inhibit_by = names;
	rule->n_inhibit_by = n;
	return 0;
}

#define FIELD(member) offsetof(struct rule, member)

/*
 * They are read in this order, not in that of the file: what names mean depends on the scope, and
 * the value to clear at on the condition.
 */
static const struct key keys[] = {
	{ "alert", true, read_name, FIELD(name), "VmReadyHigh" },
	{ "scope", false, read_scope, FIELD(scope), "vcpu" },
	{ "expr", true, read_expr, FIELD(start), "ready > 5%" },
	{ "clear", false, read_clear, FIELD(hold), "4%" },
	{ "for", false, read_duration, FIELD(for_ns), "1m" },
	{ "keep_firing_for", false, read_duration, FIELD(keep_ns), "5m" },
	{ "repeat_interval", false, read_duration, FIELD(repeat_ns), "4h" },
	{ "severity", false, read_severity, FIELD(severity), "warning" },
	{ "labels", false, read_labels, FIELD(labels), "{ team: storage }" },
	{ "annotations", false, read_pairs, FIELD(annotations), "{ suggestion: call Ann }" },
	{ "inhibit_by", false, read_inhibitors, FIELD(inhibit_by), "VmReadyCritical" },
};

#undef FIELD

#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static int check_keys(const struct rules_reader *reader, const struct yaml_node *mapping)
{
	const char *names[N_KEYS];

	for (size_t i = 0; i < N_KEYS; i++)
		names[i] = keys[i].name;
	return rules_check_keys(reader, mapping, &(struct rules_keys){ "a rule", names, N_KEYS });
}

static int read_key(const struct rules_reader *reader, const struct key *key,
	const struct yaml_node *mapping, struct rule *rule)
{
	const struct yaml_node *value = yaml_find(mapping, key->name);

	if (value)
		return key->read(reader, key, value, rule);
	if (key->required)
		return rules_fail(reader, mapping, "this rule has no '%s', such as %s: %s",
			key->name, key->name, key->example);
	return 0;
}

int rule_read(const struct rules_reader *reader, const struct yaml_node *mapping, struct rule *rule)
{
	int err;

	*rule = (struct rule){
		.scope = SCOPE_VM,
		.severity = SEVERITY_WARNING,
		.repeat_ns = 4 * HOUR_NS,
	};
	if (mapping->kind != YAML_MAPPING)
		return rules_fail(reader, mapping,
			"a rule begins with '- alert: NAME' and goes on with 'expr: ...' below it");
	err = check_keys(reader, mapping);
	for (size_t i = 0; !err && i < N_KEYS; i++)
		err = read_key(reader, &keys[i], mapping, rule);
	return err;
}
