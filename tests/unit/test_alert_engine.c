/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules held against VMs over time: what is told, when, and how often. */
#include "sink_fixture.h"

#include <errno.h>

#include "alert/engine.h"
#include "alert/rules_file.h"

#define N_VMS 12

/* What happens to the VMs of a test; it is changed between the ticks. */
struct vm_now {
	bool there;
	const char *uuid; /* NULL: libvirt does not know it */
	double used; /* percent of its one vCPU; negative: nobody measures it */
	double ready;
	bool stale; /* libvirt's data is old */
	double memory_used; /* percent, by the balloon; negative: not reported */
	enum vm_state state;
	uint64_t started_ns; /* later than others */
};

struct world {
	struct rules rules;
	struct engine *engine;
	struct vm_now vms[N_VMS];
	bool walk_down;
	uint64_t cpu_ns[N_VMS], ready_ns[N_VMS];
	struct snapshot *snap;
	unsigned tick;
	char told[16384]; /* a line for each record but refreshes */
	unsigned n_refreshes;
	char cause[512]; /* of the last one */
	uint64_t since_ns, fired_ns;
};

static void note(void *context, const struct alert_record *record)
{
	struct world *world = context;
	size_t used = strlen(world->told);

	if (record->occasion == OCCASION_REFRESH) {
		world->n_refreshes++;
		return;
	}
	snprintf(world->told + used, sizeof(world->told) - used, "%s%s %s%s%s %s%s%s%s%s\n",
		record->occasion == OCCASION_REPEAT ? "again " : "",
		alert_state_names[record->state], record->vm ? record->vm : "host",
		record->key ? "/" : "", record->key ? record->key : "", record->alert,
		record->flapping ? " flapping" : "", record->value_text ? " " : "",
		record->value_text ? record->value_text : "", record->reason ? " (reason)" : "");
	snprintf(world->cause, sizeof(world->cause), "%s",
		record->reason	? record->reason
		: record->cause ? record->cause
				: "");
	world->since_ns = record->since_ns;
	world->fired_ns = record->fired_ns;
}

static void make_engine(struct world *world, bool at_once)
{
	const struct engine_setup setup = {
		.rules = &world->rules,
		.at_once = at_once,
		.accounts = true,
		.emit = note,
		.context = world,
	};

	world->engine = engine_new(&setup);
	assert_non_null(world->engine);
}

static struct world *begin_with(const char *yaml, bool at_once)
{
	struct world *world = calloc(1, sizeof(*world));
	char error[RULES_ERROR_MAX] = "";

	if (rules_parse("test", yaml, strlen(yaml), &world->rules, error) != 0)
		fail_msg("%s", error);
	make_engine(world, at_once);
	world->vms[0] = (struct vm_now){ .there = true };
	return world;
}

static struct world *begin(const char *yaml)
{
	return begin_with(yaml, false);
}

static void end(struct world *world)
{
	snapshot_free(world->snap);
	engine_free(world->engine);
	rules_done(&world->rules);
	free(world);
}

static void fill_libvirt(struct snapshot *snap, struct vm *vm, const struct vm_now *now)
{
	vm->uuid = snapshot_text(snap, now->uuid);
	vm->state = now->state;
	vm->stale = now->stale;
	vm->e.have |= SRC_LIBVIRT;
	vm->e.polled_ns = now->stale ? 1 : snap->mono_ns;
	if (now->memory_used < 0)
		return;
	vm->e.have |= SRC_BALLOON;
	vm->memory_available_bytes = 1000000;
	vm->memory_usable_bytes = (uint64_t)(1000000 - now->memory_used * 10000);
}

static void add_vm(struct world *world, struct snapshot *snap, unsigned i)
{
	const struct vm_now *now = &world->vms[i];
	char name[16];
	struct vm *vm;
	struct vcpu *vcpu;

	snprintf(name, sizeof(name), "web-%u", i);
	vm = fixture_vm(snap, name, (pid_t)(100 + i));
	vm->start_ns += now->started_ns;
	if (now->uuid)
		fill_libvirt(snap, vm, now);
	if (now->state == VM_SHUTOFF) {
		vm->pid = 0;
		vm->e.have &= ~(uint32_t)SRC_SCHED;
		return;
	}
	if (now->used < 0) {
		vm->e.have &= ~(uint32_t)SRC_SCHED;
		return;
	}
	world->cpu_ns[i] += (uint64_t)(now->used * 1e7);
	world->ready_ns[i] += (uint64_t)(now->ready * 1e7);
	vm->role_ns[ROLE_VCPU] = vm->cpu_ns = world->cpu_ns[i];
	vcpu = fixture_vcpu(snap, vm, 0);
	vcpu->sched.run_ns = world->cpu_ns[i];
	vcpu->sched.ready_ns = world->ready_ns[i];
}

/* So many seconds of it, one tick each. */
static void pass(struct world *world, unsigned seconds)
{
	for (; seconds; seconds--) {
		struct snapshot *snap = fixture_tick(world->tick++);

		snapshot_source(snap, "walk", !world->walk_down, "it fails");
		snapshot_source(snap, "libvirt", true, NULL);
		for (unsigned i = 0; i < N_VMS; i++)
			if (world->vms[i].there)
				add_vm(world, snap, i);
		snapshot_finish(snap, world->snap);
		engine_tick(world->engine, snap);
		snapshot_free(world->snap);
		world->snap = snap;
	}
}

static void assert_told(struct world *world, const char *expected)
{
	assert_string_equal(world->told, expected);
	*world->told = '\0';
}

#define CPU_RULE "rules:\n- alert: Cpu\n  expr: cpu_used > 90%\n"

static void what_is_at_the_threshold_does_not_fire(void **state)
{
	struct world *world = begin(CPU_RULE);

	(void)state;
	world->vms[0].used = 90;
	pass(world, 5);
	assert_told(world, "");
	world->vms[0].used = 91;
	pass(world, 1);
	assert_told(world, "firing web-0 Cpu 91.0 %\n");
	pass(world, 20);
	assert_told(world, "");
	world->vms[0].used = 90;
	pass(world, 2);
	assert_told(world, "resolved web-0 Cpu 90.0 %\n");
	end(world);
}

/* Whatever the share is, it is no more than itself. */
static void no_round_share_is_above_itself(void **state)
{
	(void)state;
	for (unsigned percent = 1; percent <= 100; percent++) {
		char rule[80];
		struct world *world;

		snprintf(rule, sizeof(rule), "rules:\n- alert: Cpu\n  expr: cpu_used > %u%%\n",
			percent);
		world = begin(rule);
		world->vms[0].used = percent;
		pass(world, 4);
		assert_told(world, "");
		end(world);
	}
}

static void it_fires_within_two_ticks_after_for_and_clears_below_the_threshold(void **state)
{
	struct world *world = begin(CPU_RULE "  for: 10s\n  clear: 80%\n");

	(void)state;
	world->vms[0].used = 20;
	pass(world, 3);
	world->vms[0].used = 95;
	pass(world, 10);
	assert_told(world, "");
	pass(world, 1);
	assert_told(world, "firing web-0 Cpu 95.0 %\n");
	assert_true(world->since_ns == FIXTURE_REAL_NS + 3 * SECOND);
	assert_true(world->fired_ns == FIXTURE_REAL_NS + 13 * SECOND);
	world->vms[0].used = 85;
	pass(world, 30);
	assert_told(world, "");
	world->vms[0].used = 80;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu 80.0 %\n");
	end(world);
}

static void a_vm_that_stops_or_vanishes_ends_its_alerts_with_that_reason(void **state)
{
	struct world *world = begin(CPU_RULE);

	(void)state;
	world->vms[0].used = 95;
	world->vms[1] = (struct vm_now){ .there = true, .used = 95, .uuid = "u1" };
	pass(world, 2);
	assert_told(world, "firing web-0 Cpu 95.0 %\nfiring web-1 Cpu 95.0 %\n");
	world->vms[0].there = false;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu (reason)\n");
	assert_string_equal(world->cause, "it is gone");
	world->vms[1].state = VM_SHUTOFF;
	pass(world, 1);
	assert_told(world, "resolved web-1 Cpu (reason)\n");
	assert_string_equal(world->cause, "the VM is shutoff");
	pass(world, 60);
	assert_told(world, "");
	end(world);
}

/* Kernel numbers vanish because the walk fails: neither is the VM gone nor is it well. */
static void a_vm_that_cannot_be_seen_is_not_gone(void **state)
{
	struct world *world = begin(CPU_RULE);

	(void)state;
	world->vms[0].used = 95;
	pass(world, 2);
	*world->told = '\0';
	world->vms[0].there = false;
	world->walk_down = true;
	pass(world, 10);
	assert_told(world, "");
	pass(world, 1);
	assert_told(world, "nodata web-0 Cpu (reason)\n");
	assert_string_equal(world->cause, "it fails");
	/* When there was data last. */
	assert_true(world->since_ns == FIXTURE_REAL_NS + SECOND);
	assert_true(world->fired_ns == FIXTURE_REAL_NS + SECOND);
	pass(world, 30);
	world->vms[0].there = true;
	world->walk_down = false;
	pass(world, 2);
	assert_told(world, "firing web-0 Cpu 95.0 %\n");
	world->vms[0].used = 5;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu 5.0 %\n");
	end(world);
}

static void what_libvirt_said_long_ago_is_no_data(void **state)
{
	struct world *world =
		begin("rules:\n- alert: Memory\n  expr: memory_used > 90%\n  clear: 85%\n");

	(void)state;
	world->vms[0] = (struct vm_now){ .there = true, .uuid = "u", .memory_used = 50 };
	pass(world, 3);
	world->vms[0].stale = true;
	pass(world, 10);
	assert_told(world, "");
	pass(world, 1);
	assert_told(world, "nodata web-0 Memory (reason)\n");
	assert_string_equal(world->cause, "libvirt does not answer for this VM");
	assert_true(world->fired_ns == 0);
	world->vms[0].stale = false;
	pass(world, 1);
	assert_told(world, "resolved web-0 Memory 50.0 % (reason)\n");
	assert_string_equal(world->cause, "there is data again");
	assert_true(world->since_ns == FIXTURE_REAL_NS + 2 * SECOND);
	end(world);
}

static void what_was_never_measured_is_told_as_such_and_not_as_an_alert(void **state)
{
	struct world *world =
		begin("rules:\n- alert: Memory\n  expr: memory_used > 90%\n- alert: Cpu\n  expr: "
		      "cpu_used > 90%\n");
	struct unmeasured rows[2];

	(void)state;
	world->vms[0] = (struct vm_now){ .there = true, .uuid = "u", .memory_used = -1 };
	world->vms[1] = (struct vm_now){ .there = true, .uuid = "v", .memory_used = 10 };
	pass(world, 60);
	assert_told(world, "");
	assert_int_equal(engine_unmeasured(world->engine, rows), 1);
	assert_string_equal(rows[0].rule->name, "Memory");
	assert_int_equal(rows[0].n, 1);
	assert_int_equal(rows[0].n_known, 1);
	assert_string_equal(rows[0].names[0], "web-0");
	end(world);
}

static void many_that_lose_their_data_at_once_are_told_together(void **state)
{
	struct world *world = begin("rules:\n- alert: Memory\n  expr: memory_used > 90%\n");

	(void)state;
	for (unsigned i = 0; i < N_VMS; i++)
		world->vms[i] =
			(struct vm_now){ .there = true, .uuid = i ? NULL : "u", .memory_used = 5 };
	for (unsigned i = 0; i < N_VMS; i++) {
		static char uuids[N_VMS][8];

		snprintf(uuids[i], sizeof(uuids[i]), "u%u", i);
		world->vms[i].uuid = uuids[i];
	}
	world->vms[3].memory_used = 95;
	pass(world, 3);
	assert_told(world, "firing web-3 Memory 95.0 %\n");
	for (unsigned i = 0; i < N_VMS; i++)
		world->vms[i].stale = true;
	pass(world, 11);
	/* The one that was firing is told of by itself. */
	assert_told(world, "nodata web-3 Memory (reason)\nnodata host Memory (reason)\n");
	assert_string_equal(world->cause, "of 11 VMs");
	for (unsigned i = 0; i < N_VMS; i++)
		world->vms[i].stale = false;
	pass(world, 1);
	assert_told(world, "firing web-3 Memory 95.0 %\nresolved host Memory (reason)\n");
	assert_string_equal(world->cause, "there is data of all of them again");
	end(world);
}

static void the_more_urgent_rule_makes_the_other_one_mute(void **state)
{
	struct world *world = begin("rules:\n"
				    "- alert: Ready\n  scope: vcpu\n  expr: ready > 5%\n"
				    "  inhibit_by: Critical\n"
				    "- alert: Critical\n  scope: vcpu\n  expr: ready > 10%\n"
				    "  severity: critical\n");
	struct engine_status status;

	(void)state;
	world->vms[0].ready = 20;
	world->vms[1] = (struct vm_now){ .there = true, .ready = 7 };
	pass(world, 2);
	assert_told(world, "firing web-0/0 Critical 20.0 %\nfiring web-1/0 Ready 7.0 %\n");
	engine_status(world->engine, &status);
	assert_int_equal(status.n_firing, 3);
	assert_int_equal(status.worst, SEVERITY_CRITICAL);
	world->vms[0].ready = 7;
	pass(world, 1);
	assert_told(world, "firing web-0/0 Ready 7.0 %\nresolved web-0/0 Critical 7.0 %\n");
	end(world);
}

static void it_is_told_again_as_often_as_asked_and_refreshed_each_minute(void **state)
{
	struct world *world = begin(CPU_RULE "  repeat_interval: 5m\n");

	(void)state;
	world->vms[0].used = 95;
	pass(world, 2);
	*world->told = '\0';
	pass(world, 299);
	assert_told(world, "");
	assert_int_equal(world->n_refreshes, 4);
	pass(world, 1);
	assert_told(world, "again firing web-0 Cpu 95.0 %\n");
	/* What is over is told anew for five minutes. */
	world->vms[0].used = 5;
	world->n_refreshes = 0;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu 5.0 %\n");
	pass(world, 600);
	assert_told(world, "");
	assert_int_equal(world->n_refreshes, 5);
	end(world);
}

static void what_comes_and_goes_is_one_alert(void **state)
{
	struct world *world = begin(CPU_RULE);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		world->vms[0].used = 95;
		pass(world, 2);
		world->vms[0].used = 5;
		pass(world, 2);
	}
	/* Five changes are told as they are, the sixth is that it flaps, and then there is quiet.
	 */
	assert_told(world, "firing web-0 Cpu 95.0 %\nresolved web-0 Cpu 5.0 %\n"
			   "firing web-0 Cpu 95.0 %\nresolved web-0 Cpu 5.0 %\n"
			   "firing web-0 Cpu 95.0 %\nfiring web-0 Cpu flapping 5.0 %\n");
	/* An hour after the sixth change from the end it has become steady. */
	pass(world, 3600);
	assert_told(world, "resolved web-0 Cpu 5.0 %\n");
	end(world);
}

static void windows_are_kept_for_each_vm(void **state)
{
	struct world *world = begin("rules:\n- alert: Cpu\n  expr: avg(cpu_used over 10s) > 50%\n");

	(void)state;
	world->vms[0].used = 100;
	world->vms[1] = (struct vm_now){ .there = true, .used = 10 };
	pass(world, 10);
	assert_told(world, ""); /* nine seconds are known */
	pass(world, 1);
	assert_told(world, "firing web-0 Cpu 100.0 % (avg over 10s)\n");
	world->vms[0].used = 0;
	pass(world, 4);
	assert_told(world, "");
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu 50.0 % (avg over 10s)\n");
	end(world);
}

static void looking_once_does_not_wait(void **state)
{
	struct world *world = begin_with(CPU_RULE "  for: 10m\n", true);
	struct engine_status status;

	(void)state;
	world->vms[0].used = 95;
	pass(world, 2);
	assert_told(world, "firing web-0 Cpu 95.0 %\n");
	engine_status(world->engine, &status);
	assert_int_equal(status.n_firing, 1);
	assert_int_equal(status.n_vms, 1);
	end(world);
}

/* What libvirt tells of a VM only later does not make it another VM. */
static void a_vm_keeps_its_alert_when_its_uuid_becomes_known(void **state)
{
	struct world *world = begin(CPU_RULE);

	(void)state;
	world->vms[0].used = 95;
	pass(world, 2);
	*world->told = '\0';
	world->vms[0].uuid = "6f1ed002-0000-4000-8000-000000000001";
	pass(world, 3);
	assert_told(world, "");
	world->vms[0].uuid = NULL; /* and it is forgotten again, as by a libvirt that ended */
	pass(world, 3);
	assert_told(world, "");
	world->vms[0].used = 1;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu 1.0 %\n");
	end(world);
}

static void another_process_with_the_same_pid_is_another_vm(void **state)
{
	struct world *world = begin(CPU_RULE "  for: 2s\n");

	(void)state;
	world->vms[0].used = 95;
	pass(world, 4);
	assert_told(world, "firing web-0 Cpu 95.0 %\n");
	world->vms[0].started_ns = 7 * SECOND;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu (reason)\n");
	pass(world, 2);
	assert_told(world, "");
	pass(world, 1);
	assert_told(world, "firing web-0 Cpu 95.0 %\n");
	end(world);
}

static char *save(struct world *world, size_t *size)
{
	char *text = engine_save(world->engine, size);

	assert_non_null(text);
	return text;
}

/* vmbpf ends and another one goes on from what it kept. */
static void restart(struct world *world)
{
	char error[ENGINE_ERROR_MAX] = "";
	size_t size, n_left;
	char *text = save(world, &size);

	engine_free(world->engine);
	make_engine(world, false);
	assert_int_equal(engine_load(world->engine, text, size, world->snap->mono_ns,
				 world->snap->real_ns, &n_left, error),
		0);
	assert_int_equal(n_left, 0);
	free(text);
	snapshot_free(world->snap);
	world->snap = NULL;
}

static void a_restart_neither_forgets_nor_repeats(void **state)
{
	struct world *world = begin(CPU_RULE);

	(void)state;
	world->vms[0] = (struct vm_now){ .there = true, .used = 95, .uuid = "u" };
	world->vms[1] = (struct vm_now){ .there = true, .used = 95 };
	pass(world, 2);
	assert_told(world, "firing web-0 Cpu 95.0 %\nfiring web-1 Cpu 95.0 %\n");
	restart(world);
	pass(world, 5);
	assert_told(world, "");
	world->vms[0].used = 5;
	pass(world, 1);
	assert_told(world, "resolved web-0 Cpu 5.0 %\n");
	restart(world);
	world->vms[1].there = false;
	/* It may just not have been seen yet. */
	pass(world, 30);
	assert_told(world, "");
	pass(world, 1);
	assert_told(world, "resolved web-1 Cpu (reason)\n");
	end(world);
}

static void what_ended_while_nobody_looked_is_told_afterwards(void **state)
{
	struct world *world = begin(CPU_RULE "  for: 5s\n");

	(void)state;
	world->vms[0] = (struct vm_now){ .there = true, .used = 95, .uuid = "u" };
	pass(world, 10);
	*world->told = '\0';
	world->vms[0].used = 5;
	restart(world);
	pass(world, 2);
	assert_told(world, "resolved web-0 Cpu 5.0 %\n");
	end(world);
}

static void a_saved_state_that_is_none_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"vmbpf_watch_state\":2,\"alerts\":[]}",
		"{\"vmbpf_watch_state\":1}",
		"{\"vmbpf_watch_state\":1,\"alerts\":[1]}",
		"{\"vmbpf_watch_state\":1,\"alerts\":[{\"rule\":\"Cpu\",\"scope\":\"moon\"}]}",
		"{\"vmbpf_watch_state\":1,\"alerts\":[{\"rule\":\"Cpu\",\"scope\":\"vm\","
		"\"state\":\"odd\",\"told\":\"firing\"}]}",
	};
	struct world *world = begin(CPU_RULE);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char error[ENGINE_ERROR_MAX] = "";
		size_t n_left;

		assert_int_equal(engine_load(world->engine, texts[i], strlen(texts[i]), SECOND,
					 SECOND, &n_left, error),
			-EINVAL);
		assert_string_equal(error, "this is no state of vmbpf watch");
	}
	pass(world, 2);
	assert_told(world, "");
	end(world);
}

/* Nobody writes that, but a file can be edited: of the two the last one counts. */
static void an_alert_that_is_saved_twice_is_one(void **state)
{
#define SAVED(suggestion) \
	"{\"rule\":\"Cpu\",\"expr\":\"cpu_used > 90%\",\"scope\":\"vm\",\"uuid\":\"u\"," \
	"\"state\":\"firing\",\"told\":\"firing\",\"changes\":[1,2,3,4,5,6]," \
	"\"suggestion\":\"" suggestion "\"}"
	static const char text[] =
		"{\"vmbpf_watch_state\":1,\"alerts\":[" SAVED("first") "," SAVED("second") "]}";
	struct world *world = begin(CPU_RULE);
	char error[ENGINE_ERROR_MAX] = "", *saved;
	size_t size, n_left;

	(void)state;
	assert_int_equal(engine_load(world->engine, text, strlen(text), 1000 * SECOND,
				 FIXTURE_REAL_NS, &n_left, error),
		0);
	saved = save(world, &size);
	assert_null(strstr(saved, "first"));
	assert_non_null(strstr(saved, "\"changes\":[1,2,3,4,5,6]"));
	assert_non_null(strstr(saved, "\"suggestion\":\"second\"}]}"));
	free(saved);
	end(world);
}

static void alerts_of_a_rule_that_has_changed_are_left_out(void **state)
{
	static const char *const other =
		"rules:\n- alert: Cpu\n  expr: cpu_used > 95%\n- alert: New\n  expr: vcpus > 1\n";
	struct world *world = begin(CPU_RULE);
	char error[RULES_ERROR_MAX] = "", *text;
	size_t size, n_left = 0;

	(void)state;
	world->vms[0].used = 93;
	pass(world, 2);
	*world->told = '\0';
	text = save(world, &size);
	engine_free(world->engine);
	rules_done(&world->rules);
	assert_int_equal(rules_parse("test", other, strlen(other), &world->rules, error), 0);
	make_engine(world, false);
	assert_int_equal(engine_load(world->engine, text, size, world->snap->mono_ns,
				 world->snap->real_ns, &n_left, error),
		0);
	assert_int_equal(n_left, 1);
	free(text);
	pass(world, 3);
	assert_told(world, "");
	end(world);
}

static void the_summary_has_a_row_for_each_vm_and_rule(void **state)
{
	struct world *world = begin(CPU_RULE "- alert: Host\n  scope: host\n  expr: load_1m > 5\n");
	struct summary summary = { 0 };

	(void)state;
	world->vms[1] = (struct vm_now){ .there = true, .used = 40 };
	world->vms[2] = (struct vm_now){ .there = true, .uuid = "off", .state = VM_SHUTOFF };
	world->vms[0].used = 95;
	pass(world, 6);
	world->vms[0].there = false;
	pass(world, 5);
	engine_summary(world->engine, &summary);
	assert_int_equal(summary.n, 3);
	assert_null(summary.rows[0].vm);
	assert_string_equal(summary.rows[1].vm, "web-0");
	assert_string_equal(summary.rows[2].vm, "web-1");
	assert_int_equal(summary.rows[1].n_alerts, 1);
	assert_false(summary.rows[1].firing);
	assert_true(summary.rows[1].tally->max == 95);
	/* The first tick has no rate, the other five were above. */
	assert_true(summary.rows[1].tally->above_ns == 5 * SECOND);
	assert_true(summary.rows[1].threshold == 90);
	assert_int_equal(summary.rows[2].n_alerts, 0);
	assert_true(summary.rows[2].tally->above_ns == 0);
	assert_true(summary.rows[2].tally->measured_ns == 10 * SECOND);
	end(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_at_the_threshold_does_not_fire),
		cmocka_unit_test(no_round_share_is_above_itself),
		cmocka_unit_test(
			it_fires_within_two_ticks_after_for_and_clears_below_the_threshold),
		cmocka_unit_test(a_vm_that_stops_or_vanishes_ends_its_alerts_with_that_reason),
		cmocka_unit_test(a_vm_that_cannot_be_seen_is_not_gone),
		cmocka_unit_test(what_libvirt_said_long_ago_is_no_data),
		cmocka_unit_test(what_was_never_measured_is_told_as_such_and_not_as_an_alert),
		cmocka_unit_test(many_that_lose_their_data_at_once_are_told_together),
		cmocka_unit_test(the_more_urgent_rule_makes_the_other_one_mute),
		cmocka_unit_test(it_is_told_again_as_often_as_asked_and_refreshed_each_minute),
		cmocka_unit_test(what_comes_and_goes_is_one_alert),
		cmocka_unit_test(windows_are_kept_for_each_vm),
		cmocka_unit_test(looking_once_does_not_wait),
		cmocka_unit_test(a_vm_keeps_its_alert_when_its_uuid_becomes_known),
		cmocka_unit_test(another_process_with_the_same_pid_is_another_vm),
		cmocka_unit_test(a_restart_neither_forgets_nor_repeats),
		cmocka_unit_test(what_ended_while_nobody_looked_is_told_afterwards),
		cmocka_unit_test(a_saved_state_that_is_none_is_refused),
		cmocka_unit_test(an_alert_that_is_saved_twice_is_one),
		cmocka_unit_test(alerts_of_a_rule_that_has_changed_are_left_out),
		cmocka_unit_test(the_summary_has_a_row_for_each_vm_and_rule),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
