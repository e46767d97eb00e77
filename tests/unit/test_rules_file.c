/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read of a file of rules, what is said of one that is wrong, and the rules there are. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alert/rules_file.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "model/filter_tree.h"
#include "sink/threshold.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE_NS (60 * NSEC_PER_SEC)

static struct rules read_text(const char *text)
{
	char error[RULES_ERROR_MAX] = "";
	struct rules rules = { 0 };

	if (rules_parse("r.yaml", text, strlen(text), &rules, error) != 0)
		fail_msg("%s", error);
	return rules;
}

static void assert_refused_n(const char *text, size_t size, const char *expected)
{
	char error[RULES_ERROR_MAX] = "";
	struct rules rules = { 0 };

	assert_int_equal(rules_parse("r.yaml", text, size, &rules, error), -EINVAL);
	assert_string_equal(error, expected);
	assert_null(rules.rule);
}

static void assert_refused(const char *text, const char *expected)
{
	assert_refused_n(text, strlen(text), expected);
}

static void assert_pair(const struct pairs *pairs, size_t i, const char *name, const char *value)
{
	assert_true(i < pairs->n);
	assert_string_equal(pairs->pair[i].name, name);
	assert_string_equal(pairs->pair[i].value, value);
}

/* The first comparison of numbers, depth first. */
static const struct node *first_number(const struct node *node)
{
	const struct node *found = node->kind == NODE_NUMBER ? node : NULL;

	for (const struct node *child = node->first; !found && child; child = child->next)
		found = first_number(child);
	return found;
}

static void a_rule_has_all_that_the_file_says(void **state)
{
	struct rules rules =
		read_text("# ours\n"
			  "rules:\n"
			  "  - clear: 4%\n"
			  "    expr: |\n"
			  "      ready > 5%\n"
			  "    scope: vcpu\n"
			  "    for: 90s\n"
			  "    keep_firing_for: 1.5m\n"
			  "    repeat_interval: 2d\n"
			  "    severity: critical\n"
			  "    labels: { team: compute, tier: 1 }\n"
			  "    annotations:\n"
			  "      suggestion: \"call: Ann\"\n"
			  "    inhibit_by: [Late, Other_2]\n"
			  "    alert: VmReady\n"
			  "  - { alert: Late, expr: cpu_used > 90% }\n"
			  "  - { alert: Other_2, expr: cpu_used > 90%, inhibit_by: Late }\n");
	const struct rule *rule = &rules.rule[0];

	(void)state;
	assert_int_equal(rules.n, 3);
	assert_string_equal(rule->name, "VmReady");
	assert_int_equal(rule->scope, SCOPE_VCPU);
	assert_string_equal(rule->expr, "ready > 5%");
	assert_true(first_number(rule->start->root)->number == 5);
	assert_true(first_number(rule->hold->root)->number == 4);
	assert_true(rule->for_ns == 90 * NSEC_PER_SEC);
	assert_true(rule->keep_ns == 90 * NSEC_PER_SEC);
	assert_true(rule->repeat_ns == 48 * 60 * MINUTE_NS);
	assert_int_equal(rule->severity, SEVERITY_CRITICAL);
	assert_int_equal(rule->labels.n, 2);
	assert_pair(&rule->labels, 0, "team", "compute");
	assert_pair(&rule->labels, 1, "tier", "1");
	assert_int_equal(rule->annotations.n, 1);
	assert_pair(&rule->annotations, 0, "suggestion", "call: Ann");
	assert_int_equal(rule->n_inhibit_by, 2);
	assert_string_equal(rule->inhibit_by[0], "Late");
	assert_string_equal(rule->inhibit_by[1], "Other_2");
	assert_string_equal(rules.rule[2].inhibit_by[0], "Late");
	rules_done(&rules);
}

static void what_is_not_said_has_a_default(void **state)
{
	struct rules rules = read_text("rules: [{alert: A, expr: cpu_used > 90%}]");
	const struct rule *rule = &rules.rule[0];

	(void)state;
	assert_int_equal(rule->scope, SCOPE_VM);
	assert_ptr_equal(rule->hold, rule->start);
	assert_true(rule->for_ns == 0);
	assert_true(rule->keep_ns == 0);
	assert_true(rule->repeat_ns == 240 * MINUTE_NS);
	assert_int_equal(rule->severity, SEVERITY_WARNING);
	assert_int_equal(rule->labels.n + rule->annotations.n + rule->n_inhibit_by, 0);
	rules_done(&rules);
}

static void a_repeat_interval_of_nothing_is_never(void **state)
{
	struct rules rules =
		read_text("rules: [{alert: A, expr: cpu_used > 90%, repeat_interval: 0s}]");

	(void)state;
	assert_true(rules.rule[0].repeat_ns == 0);
	rules_done(&rules);
}

static void a_file_that_is_no_list_of_rules_is_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "", "r.yaml:1:1: a file of rules begins with 'rules:', and a list of them below "
		      "it" },
		{ "- alert: A\n", "r.yaml:1:1: a file of rules begins with 'rules:', and a list of "
				  "them below it" },
		{ "{}", "r.yaml:1:1: there is no rule" },
		{ "rules: []", "r.yaml:1:8: there is no rule" },
		{ "rules: {}", "r.yaml:1:8: there is no rule" },
		{ "rules:\n", "r.yaml:1:7: there is no rule" },
		{ "rules:\n  alert: A\n",
			"r.yaml:2:3: 'rules' must be a list: each rule begins with "
			"'- alert: NAME'" },
		{ "rules: all",
			"r.yaml:1:8: 'rules' must be a list: each rule begins with '- alert: "
			"NAME'" },
		{ "rules:\n- A\n",
			"r.yaml:2:3: a rule begins with '- alert: NAME' and goes on with "
			"'expr: ...' below it" },
		{ "groups:\n- a\n", "r.yaml:1:1: unknown key 'groups' (the file has rules)" },
		{ "rule:\n- a\n",
			"r.yaml:1:1: unknown key 'rule', did you mean 'rules'? (the file has rules)" },
		{ "rules: [a\n", "r.yaml:2:1: a ',' or ']' is expected here" },
		{ "rules:\n- alert: &A B\n", "r.yaml:2:10: anchors are not understood; a text that "
					     "begins with '&' must be in quotes" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].text, cases[i].error);
}

/* What follows a rule that is right but for that; its lines are the third and later ones. */
static void assert_rest_refused(const char *rest, const char *expected)
{
	AUTO_FREE char *text = NULL;

	assert_true(asprintf(&text, "rules:\n- alert: A\n  %s\n", rest) > 0);
	assert_refused(text, expected);
}

static void a_key_that_no_rule_has_is_told_with_the_one_that_was_meant(void **state)
{
	(void)state;
	assert_rest_refused("serverity: info\n  expr: ready > 5%",
		"r.yaml:3:3: unknown key 'serverity', did you mean 'severity'? (a rule has alert, "
		"scope, expr, clear, for, keep_firing_for, repeat_interval, severity, labels, "
		"annotations, inhibit_by)");
	assert_rest_refused("expr: ready > 5%\n  <<: x",
		"r.yaml:4:3: unknown key '<<' (a rule has alert, scope, expr, clear, for, "
		"keep_firing_for, repeat_interval, severity, labels, annotations, inhibit_by)");
}

static void a_value_that_is_wrong_is_told_with_one_that_is_right(void **state)
{
	static const struct {
		const char *rest, *error;
	} cases[] = {
		{ "for: 1m", "r.yaml:2:3: this rule has no 'expr', such as expr: ready > 5%" },
		{ "expr:", "r.yaml:3:8: 'expr' must be one text, such as expr: ready > 5%" },
		{ "expr: [a]", "r.yaml:3:9: 'expr' must be one text, such as expr: ready > 5%" },
		{ "expr: rady > 5%", "r.yaml:3:9: expr: at character 1: no metric is called "
				     "\"rady\" (did you mean ready?)" },
		{ "expr: ready > 5%\n  scope: thread",
			"r.yaml:4:10: 'thread' is not the scope of a rule: use host, vm, vcpu, nic "
			"or disk" },
		{ "expr: ready > 5%\n  scope: guest",
			"r.yaml:4:10: 'guest' is not the scope of a rule: use host, vm, vcpu, nic "
			"or disk" },
		/* The scope says what names mean, though it comes later. */
		{ "expr: host_cpu > 5\n  scope: vcpu\n  for: 1",
			"r.yaml:5:8: for: '1' is not a duration such as 30s, 5m, 1h or 2d, up to "
			"365d" },
		{ "expr: xyzzy > 90%\n  scope: host",
			"r.yaml:3:9: expr: at character 1: no metric is called \"xyzzy\" "
			"(vmbpf metrics lists all)" },
		{ "expr: ready > 5%\n  clear: 6%",
			"r.yaml:4:10: clear: at character 1: this is above the threshold, so that "
			"what fires would clear at once: use a value below it" },
		{ "expr: ready > 5%\n  severity: warn",
			"r.yaml:4:13: 'warn' is not a severity: use info, warning or critical" },
		{ "expr: ready > 5%\n  labels: team",
			"r.yaml:4:11: 'labels' must be names with a "
			"text each, such as labels: { team: storage }" },
		{ "expr: ready > 5%\n  labels: { a-b: c }",
			"r.yaml:4:13: labels: 'a-b' is not a name: use a letter or _, then "
			"letters, digits and _, 64 in all" },
		{ "expr: ready > 5%\n  labels: { 1: c }",
			"r.yaml:4:13: labels: '1' is not a name: use a letter or _, then letters, "
			"digits and _, 64 in all" },
		{ "expr: ready > 5%\n  labels: { a: [c] }",
			"r.yaml:4:16: labels: 'a' must be one text" },
		{ "expr: ready > 5%\n  labels:\n    a: b\n    severity: high",
			"r.yaml:6:5: every alert has a label 'severity' of its own: use another "
			"name" },
		{ "expr: ready > 5%\n  annotations: [a]",
			"r.yaml:4:16: 'annotations' must be names with a text each, such as "
			"annotations: { suggestion: call Ann }" },
		{ "expr: ready > 5%\n  inhibit_by: { B: C }",
			"r.yaml:4:15: 'inhibit_by' must be one text, such as inhibit_by: "
			"VmReadyCritical" },
		{ "expr: ready > 5%\n  inhibit_by: [A, [B]]",
			"r.yaml:4:19: 'inhibit_by' must be one text, such as inhibit_by: "
			"VmReadyCritical" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_rest_refused(cases[i].rest, cases[i].error);
}

static void a_duration_needs_its_unit(void **state)
{
	static const char *const wrong[] = { "30", "0", "5 m", "m", "-1s", "1w", "1e3s", "366d",
		"8761h", "99999999999999999999s", "1.s", "1h30m", "s" };

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO_FREE char *rest = NULL, *error = NULL;

		assert_true(asprintf(&rest, "expr: ready > 5%%\n  for: %s", wrong[i]) > 0);
		assert_true(asprintf(&error,
				    "r.yaml:4:8: for: '%s' is not a duration such as 30s, 5m, 1h "
				    "or 2d, up to 365d",
				    wrong[i]) > 0);
		assert_rest_refused(rest, error);
	}
}

static void durations_are_read_in_their_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} cases[] = {
		{ "0s", 0 },
		{ "\"30s\"", 30 },
		{ "5m", 300 },
		{ "1h", 3600 },
		{ "1.5d", 129600 },
		{ "365d", 31536000 },
		{ "8760h", 31536000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *text = NULL;
		struct rules rules;

		assert_true(asprintf(&text, "rules: [{alert: A, expr: cpu_used > 9, for: %s}]",
				    cases[i].text) > 0);
		rules = read_text(text);
		assert_true(rules.rule[0].for_ns == cases[i].seconds * NSEC_PER_SEC);
		rules_done(&rules);
	}
}

static void a_name_is_a_word_and_the_only_one_of_its_kind(void **state)
{
#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define USE \
	"' cannot be the name of a rule: use a letter, then letters, digits and _, 64 in all, such " \
	"as VmReadyHigh"
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "rules:\n- expr: ready > 5%",
			"r.yaml:2:3: this rule has no 'alert', such as alert: VmReadyHigh" },
		{ "rules:\n- alert: 5xx\n", "r.yaml:2:10: '5xx" USE },
		{ "rules:\n- alert: _a\n", "r.yaml:2:10: '_a" USE },
		{ "rules:\n- alert: a b\n", "r.yaml:2:10: 'a b" USE },
		{ "rules:\n- alert: \"a\\nb\"\n", "r.yaml:2:10: 'a?b" USE },
		{ "rules:\n- alert: \xc3\xa4\n", "r.yaml:2:10: '\xc3\xa4" USE },
		{ "rules:\n- alert: " SIXTY "abcde\n", "r.yaml:2:10: '" SIXTY "abcde" USE },
		{ "rules:\n- alert: A\n  expr: ready > 5%\n- expr: ready > 5%\n  alert: A\n",
			"r.yaml:5:10: the rule on line 2 is called 'A', too: give this one another "
			"name" },
		{ "rules:\n- alert: A\n  alert: B\n",
			"r.yaml:3:3: the key 'alert' is also on line 2" },
	};
	struct rules rules = read_text("rules: [{alert: " SIXTY "abcd, expr: cpu_used > 9}]");

	(void)state;
	assert_int_equal(strlen(rules.rule[0].name), 64);
	rules_done(&rules);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(cases[i].text, cases[i].error);
}

/* Rules A, B and C; what each is inhibited by stands in column 43. */
static void assert_inhibitors_refused(
	const char *a, const char *b, const char *c, const char *expected)
{
	AUTO_FREE char *text = NULL;

	assert_true(asprintf(&text,
			    "rules:\n"
			    "- { alert: Aa, expr: cpu > 5, inhibit_by: %s }\n"
			    "- { alert: Bb, expr: cpu > 5, inhibit_by: %s }\n"
			    "- { alert: Cc, expr: cpu > 5, inhibit_by: %s }\n",
			    a, b, c) > 0);
	assert_refused(text, expected);
}

static void rules_may_not_make_themselves_mute(void **state)
{
	(void)state;
	assert_inhibitors_refused(
		"Aa", "[]", "[]", "r.yaml:2:43: inhibit_by: a rule cannot make itself mute");
	assert_inhibitors_refused("[Cc, Bb]", "Cc", "[Bb]",
		"r.yaml:3:43: inhibit_by: 'Cc' is itself inhibited by 'Bb', directly or through "
		"others");
	assert_inhibitors_refused("Bb", "Cc", "Aa",
		"r.yaml:4:43: inhibit_by: 'Aa' is itself inhibited by 'Cc', directly or through "
		"others");
	assert_inhibitors_refused("[]", "[Cc, Zzzz]", "[]",
		"r.yaml:3:48: inhibit_by: no rule of this file is called 'Zzzz'");
	assert_inhibitors_refused("[]", "[]", "[Aa, Bbb]",
		"r.yaml:4:48: inhibit_by: no rule of this file is called 'Bbb', did you mean 'Bb'?");
}

static void two_ways_to_the_same_rule_are_no_circle(void **state)
{
	struct rules rules = read_text("rules:\n"
				       "- { alert: A, expr: cpu > 5, inhibit_by: [B, C, D] }\n"
				       "- { alert: B, expr: cpu > 5, inhibit_by: [D] }\n"
				       "- { alert: C, expr: cpu > 5, inhibit_by: [D, B] }\n"
				       "- { alert: D, expr: cpu > 5 }\n");

	(void)state;
	assert_int_equal(rules.rule[0].n_inhibit_by, 3);
	rules_done(&rules);
}

/* Rules that each are inhibited by the next one. */
static char *make_rules(unsigned n)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs("rules:\n", out);
	for (unsigned i = 0; i < n; i++)
		fprintf(out,
			i + 1 < n ? "- { alert: R%u, expr: cpu > 5, inhibit_by: R%u }\n"
				  : "- { alert: R%u, expr: cpu > 5 }\n",
			i, i + 1);
	fclose(out);
	return text;
}

static void a_thousand_rules_are_read_and_one_more_is_refused(void **state)
{
	AUTO_FREE char *good = make_rules(1000), *bad = make_rules(1001);
	struct rules rules = read_text(good);

	(void)state;
	assert_int_equal(rules.n, 1000);
	rules_done(&rules);
	assert_refused(bad, "r.yaml:2:1: 1001 rules are more than 1000");
}

static void what_is_quoted_from_a_file_is_safe_to_print(void **state)
{
	(void)state;
	assert_rest_refused("expr: ready > 5%\n  severity: \"\\e]0;x\\a\\u202e\"",
		"r.yaml:4:13: '?]0;x?"
		"?' is not a severity: use info, warning or critical");
	assert_rest_refused("expr: ready > 5%\n  \"\\r\\n\": 1",
		"r.yaml:4:3: unknown key '?"
		"?' (a rule has alert, scope, expr, clear, for, "
		"keep_firing_for, repeat_interval, severity, labels, annotations, inhibit_by)");
}

static void a_file_is_called_by_its_name_made_safe(void **state)
{
	char error[RULES_ERROR_MAX], path[4096], expected[RULES_ERROR_MAX];
	struct rules rules;

	(void)state;
	assert_int_equal(rules_parse("a\x1b[2J\nb", "{}", 2, &rules, error), -EINVAL);
	assert_string_equal(error, "a?[2J?b:1:1: there is no rule");
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(rules_parse(path, "{}", 2, &rules, error), -EINVAL);
	snprintf(expected, sizeof(expected), "...%.120s:1:1: there is no rule", path);
	assert_string_equal(error, expected);
}

static void a_file_that_cannot_be_read_is_told_with_the_reason(void **state)
{
	char error[RULES_ERROR_MAX], path[] = "/tmp/test_rules_file.XXXXXX";
	struct rules rules = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(rules_read("/nonexistent/r.yaml", &rules, error), -ENOENT);
	assert_string_equal(
		error, "/nonexistent/r.yaml: cannot read it: No such file or directory");
	assert_int_equal(rules_read("/tmp", &rules, error), -EISDIR);
	assert_string_equal(error, "/tmp: cannot read it: it is not a file");
	assert_int_equal(ftruncate(fd, RULES_SIZE_MAX + 1), 0);
	assert_int_equal(rules_read(path, &rules, error), -EFBIG);
	assert_non_null(strstr(error, ": cannot read it: it is larger than 1 MiB"));
	assert_int_equal(ftruncate(fd, RULES_SIZE_MAX), 0);
	assert_int_equal(rules_read(path, &rules, error), -EINVAL);
	assert_non_null(strstr(error, ":1:1: a control character; this is no text"));
	assert_null(rules.rule);
	close(fd);
	unlink(path);
}

static void a_pipe_is_not_waited_for(void **state)
{
	char error[RULES_ERROR_MAX], folder[] = "/tmp/test_rules_file.XXXXXX", path[64];
	struct rules rules;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/r.yaml", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rules_read(path, &rules, error), -EINVAL);
	assert_non_null(strstr(error, ": cannot read it: it is not a file"));
	unlink(path);
	rmdir(folder);
}

static struct rules default_rules(void)
{
	char error[RULES_ERROR_MAX] = "";
	struct rules rules = { 0 };
	size_t size;
	const char *text = rules_default_text(&size);

	if (rules_parse("default_rules.yaml", text, size, &rules, error) != 0)
		fail_msg("%s", error);
	return rules;
}

static void the_rules_of_the_program_are_those_of_its_file(void **state)
{
	char error[RULES_ERROR_MAX] = "";
	struct rules built_in = default_rules(), read = { 0 };

	(void)state;
	if (rules_read("user/alert/default_rules.yaml", &read, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(built_in.n, read.n);
	for (size_t i = 0; i < read.n; i++) {
		assert_string_equal(built_in.rule[i].name, read.rule[i].name);
		assert_string_equal(built_in.rule[i].expr, read.rule[i].expr);
	}
	rules_done(&built_in);
	rules_done(&read);
}

/* The text with the comment at its end taken out of the comment. */
static char *uncomment_example(void)
{
	static const char head[] = "# A rule with all there is:\n#\n";
	char *text = NULL;
	size_t size = 0, rules_size;
	FILE *out = open_memstream(&text, &size);
	const char *rules = rules_default_text(&rules_size), *example = strstr(rules, head);

	assert_non_null(out);
	assert_non_null(example);
	fwrite(rules, 1, (size_t)(example - rules), out);
	for (const char *line = example + strlen(head); *line; line = strchr(line, '\n') + 1)
		fprintf(out, "%.*s", (int)strcspn(line, "\n"), line + 1);
	fclose(out);
	return text;
}

static void the_example_of_the_file_is_a_rule(void **state)
{
	AUTO_FREE char *text = uncomment_example();
	struct rules rules = read_text(text), built_in = default_rules();

	(void)state;
	assert_int_equal(rules.n, built_in.n + 1);
	assert_string_equal(rules.rule[rules.n - 1].name, "DatabaseSlow");
	assert_int_equal(rules.rule[rules.n - 1].n_inhibit_by, 2);
	rules_done(&rules);
	rules_done(&built_in);
}

/* Whether a tree has "column > number". */
static bool compares(const struct node *node, const struct column *column, double number)
{
	bool found = node->kind == NODE_NUMBER && node->op == OP_GREATER &&
		     node->column.metric == column->metric && node->column.view == column->view &&
		     node->number == number;

	for (const struct node *child = node->first; !found && child; child = child->next)
		found = compares(child, column, number);
	return found;
}

static bool has_rule(const struct rules *rules, const struct column *column, double number,
	enum severity severity)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->rule[i].severity == severity &&
			rules->rule[i].scope == column->metric->scope &&
			compares(rules->rule[i].start->root, column, number))
			return true;
	return false;
}

/* A VM's disks are watched each on its own, its vCPUs as well. */
static struct column watched_column(const struct column *column, const struct threshold *threshold)
{
	const char *name = column->metric->views[column->view];
	struct column of_disks;

	if (threshold->of_vcpus.metric)
		return threshold->of_vcpus;
	if (column->metric->scope == SCOPE_VM && column_find(name, SCOPE_DISK, &of_disks) == 0)
		return of_disks;
	return *column;
}

static void assert_rules_agree(
	const struct rules *rules, const struct column *column, const struct threshold *threshold)
{
	const struct column watched = watched_column(column, threshold);
	const char *name = column->metric->views[column->view];

	if (!has_rule(rules, &watched, threshold->warning, SEVERITY_WARNING))
		fail_msg("no rule warns of %s above %g", name, threshold->warning);
	if (isfinite(threshold->critical) &&
		!has_rule(rules, &watched, threshold->critical, SEVERITY_CRITICAL))
		fail_msg("no rule calls %s above %g critical", name, threshold->critical);
}

static void every_number_that_tables_mark_has_a_rule_that_says_the_same(void **state)
{
	struct rules rules = default_rules();
	unsigned n = 0;

	(void)state;
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		struct threshold threshold;
		struct column column;
		enum view view = 0;
		size_t i = 0;

		while (column_next(scope, &i, &view, &column)) {
			if (!threshold_find(&column, &threshold))
				continue;
			assert_rules_agree(&rules, &column, &threshold);
			n++;
		}
	}
	assert_true(n >= 11); /* those that there were when this was written */
	rules_done(&rules);
}

static void assert_marked_alike(const struct rule *rule, const struct node *node)
{
	struct threshold threshold;

	if (node->kind == NODE_NUMBER && node->op == OP_GREATER &&
		threshold_find(&node->column, &threshold) && node->number != threshold.warning &&
		node->number != threshold.critical)
		fail_msg("tables mark %s otherwise than above %g", rule->name, node->number);
	for (const struct node *child = node->first; child; child = child->next)
		assert_marked_alike(rule, child);
}

static void every_rule_about_a_number_that_tables_mark_says_the_same(void **state)
{
	struct rules rules = default_rules();

	(void)state;
	for (size_t i = 0; i < rules.n; i++)
		assert_marked_alike(&rules.rule[i], rules.rule[i].start->root);
	rules_done(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_all_that_the_file_says),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(a_repeat_interval_of_nothing_is_never),
		cmocka_unit_test(a_file_that_is_no_list_of_rules_is_refused),
		cmocka_unit_test(a_key_that_no_rule_has_is_told_with_the_one_that_was_meant),
		cmocka_unit_test(a_value_that_is_wrong_is_told_with_one_that_is_right),
		cmocka_unit_test(a_duration_needs_its_unit),
		cmocka_unit_test(durations_are_read_in_their_units),
		cmocka_unit_test(a_name_is_a_word_and_the_only_one_of_its_kind),
		cmocka_unit_test(rules_may_not_make_themselves_mute),
		cmocka_unit_test(two_ways_to_the_same_rule_are_no_circle),
		cmocka_unit_test(a_thousand_rules_are_read_and_one_more_is_refused),
		cmocka_unit_test(what_is_quoted_from_a_file_is_safe_to_print),
		cmocka_unit_test(a_file_is_called_by_its_name_made_safe),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told_with_the_reason),
		cmocka_unit_test(a_pipe_is_not_waited_for),
		cmocka_unit_test(the_rules_of_the_program_are_those_of_its_file),
		cmocka_unit_test(the_example_of_the_file_is_a_rule),
		cmocka_unit_test(every_number_that_tables_mark_has_a_rule_that_says_the_same),
		cmocka_unit_test(every_rule_about_a_number_that_tables_mark_says_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
