/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules make of tests/golden/recording.jsonl: in each form in which alerts are told, and
 * summed up. With VMBPF_ACCEPT set the present output is taken as the expected one.
 */
#include "golden_fixture.h"

#include "alert/engine.h"
#include "alert/rules_file.h"
#include "alert/text.h"
#include "base/arena.h"

struct telling {
	FILE *lines, *json, *log;
	struct arena *arena;
	struct engine *engine;
};

static void tell(void *context, const struct alert_record *record)
{
	struct telling *telling = context;

	fprintf(telling->lines, "%s\n", alert_line(telling->arena, true, false, record));
	fprintf(telling->json, "%s\n", alert_json(telling->arena, record));
	fprintf(telling->log, "%s\n", alert_logfmt(telling->arena, record));
}

static void look(void *context, const struct snapshot *snap)
{
	struct telling *telling = context;

	engine_tick(telling->engine, snap);
}

static void compare_summary(struct engine *engine)
{
	struct summary summary = { .utf8 = true, .seconds = 2 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	engine_summary(engine, &summary);
	assert_int_equal(summary_print(out, &summary), 0);
	fclose(out);
	golden_compare("alerts-summary.txt", text);
	free(text);
}

static void alerts_are_told_as_when_they_were_reviewed(void **state)
{
	char error[RULES_ERROR_MAX] = "", *lines = NULL, *json = NULL, *log = NULL;
	size_t sizes[3];
	struct rules rules = { 0 };
	struct telling telling = {
		.lines = open_memstream(&lines, &sizes[0]),
		.json = open_memstream(&json, &sizes[1]),
		.log = open_memstream(&log, &sizes[2]),
		.arena = arena_new(),
	};
	const struct engine_setup setup = {
		.rules = &rules, .accounts = true, .emit = tell, .context = &telling
	};

	(void)state;
	if (rules_read(GOLDEN_FOLDER "rules.yaml", &rules, error) != 0)
		fail_msg("%s", error);
	telling.engine = engine_new(&setup);
	golden_replay(look, &telling);
	fclose(telling.lines);
	fclose(telling.json);
	fclose(telling.log);
	golden_compare("alerts.txt", lines);
	golden_compare("alerts.jsonl", json);
	golden_compare("alerts.log", log);
	compare_summary(telling.engine);
	engine_free(telling.engine);
	arena_free(telling.arena);
	rules_done(&rules);
	free(lines);
	free(json);
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alerts_are_told_as_when_they_were_reviewed),
	};

	setenv("TZ", "UTC", 1);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
