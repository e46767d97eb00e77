/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a file of rules: either rules that are whole, or one safe line that names the file.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/rules_file.h"
#include "model/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rule(const struct rule *rule)
{
	if (!rule->name || !rule->expr || !rule->start || !rule->hold ||
		!rule_may_have_scope(rule->scope) || rule->severity >= N_SEVERITIES)
		abort();
	for (size_t i = 0; i < rule->labels.n; i++)
		if (!rule->labels.pair[i].name || !rule->labels.pair[i].value)
			abort();
	for (size_t i = 0; i < rule->n_inhibit_by; i++)
		if (!rule->inhibit_by[i])
			abort();
}

static void check_error(const char *error)
{
	char safe[RULES_ERROR_MAX];

	if (strncmp(error, "r.yaml:", 7) != 0 ||
		strcmp(unit_safe_text(error, safe, sizeof(safe)), error) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[RULES_ERROR_MAX] = "", *text = malloc(size ? size : 1);
	struct rules rules = { 0 };

	memcpy(text, data, size);
	if (rules_parse("r.yaml", text, size, &rules, error) != 0)
		check_error(error);
	for (size_t i = 0; i < rules.n; i++)
		check_rule(&rules.rule[i]);
	rules_done(&rules);
	free(text);
	return 0;
}
