/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is beyond a threshold: the worst first, and the selection stays with what is selected. */
#include "sink_fixture.h"

#include "sink/tui/alerts.h"

/* VMs with a vCPU each, that waited so many percent of the second tick; swap in MiB. */
static struct snapshot *make_vms(struct snapshot **before, const unsigned percent[3], unsigned swap)
{
	struct snapshot *snaps[2];

	for (unsigned n = 0; n < 2; n++) {
		snaps[n] = fixture_tick(n);
		for (unsigned i = 0; i < 3; i++) {
			const char name[] = { (char)('a' + i), '\0' };
			struct vm *vm = fixture_vm(snaps[n], name, (pid_t)(10 + i));
			struct vcpu *vcpu = fixture_vcpu(snaps[n], vm, 0);

			vm->e.have |= SRC_PROC | SRC_SCHED;
			vm->memory_swap_bytes = i == 2 ? (uint64_t)swap << 20 : 0;
			vcpu->e.have |= SRC_SCHED;
			vcpu->sched.ready_ns = n * percent[i] * (SECOND / 100);
		}
		snapshot_finish(snaps[n], n ? snaps[0] : NULL);
	}
	*before = snaps[0];
	return snaps[1];
}

static void assert_alerts(const struct alerts *alerts, const char *expected)
{
	char text[256] = "";

	for (size_t i = 0; i < alerts->n; i++) {
		const struct alert *alert = &alerts->alert[i];
		size_t size = strlen(text);

		if (alert->source)
			snprintf(
				text + size, sizeof(text) - size, "%s down; ", alert->source->name);
		else
			snprintf(text + size, sizeof(text) - size, "%s %s.%s %d; ",
				alert->item.vm->name, scopes[alert->scope].name,
				alert->column.metric->name, alert->level);
	}
	assert_string_equal(text, expected);
}

static void the_worst_comes_first(void **state)
{
	struct snapshot *before, *snap = make_vms(&before, (const unsigned[]){ 8, 15, 30 }, 1);
	struct alerts alerts = { 0 };

	(void)state;
	snap->sources[snap->n_sources++] = (struct source_status){ .name = "net" };
	assert_int_equal(alerts_fill(&alerts, snap), 0);
	assert_alerts(&alerts,
		"net down; c vcpu.ready 2; b vcpu.ready 2; a vcpu.ready 1; c vm.memory_swap 1; ");
	alerts_done(&alerts);
	snapshot_free(snap);
	snapshot_free(before);
}

static void nothing_is_listed_within_the_thresholds(void **state)
{
	struct snapshot *before, *snap = make_vms(&before, (const unsigned[]){ 5, 0, 1 }, 0);
	struct alerts alerts = { 0 };

	(void)state;
	assert_int_equal(alerts_fill(&alerts, snap), 0);
	assert_alerts(&alerts, "");
	assert_null(alerts_selected(&alerts));
	alerts_done(&alerts);
	snapshot_free(snap);
	snapshot_free(before);
}

static void the_selection_follows_what_is_selected(void **state)
{
	struct snapshot *before, *snap = make_vms(&before, (const unsigned[]){ 8, 15, 30 }, 0);
	struct snapshot *older, *now = make_vms(&older, (const unsigned[]){ 8, 40, 30 }, 0);
	struct alerts alerts = { 0 };

	(void)state;
	assert_int_equal(alerts_fill(&alerts, snap), 0);
	list_move(&alerts.list, 1);
	assert_string_equal(alerts_selected(&alerts)->item.vm->name, "b");
	assert_int_equal(alerts_fill(&alerts, now), 0);
	assert_int_equal(alerts.list.selected, 0);
	assert_string_equal(alerts_selected(&alerts)->item.vm->name, "b");
	alerts_done(&alerts);
	snapshot_free(now);
	snapshot_free(older);
	snapshot_free(snap);
	snapshot_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_comes_first),
		cmocka_unit_test(nothing_is_listed_within_the_thresholds),
		cmocka_unit_test(the_selection_follows_what_is_selected),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
