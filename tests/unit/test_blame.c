/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is blamed for a wait: the cells that the kernel side fills, and what people are told. */
#include "sink_fixture.h"

#include "collect/kernel/kernel.h"
#include "model/filter.h"
#include "sink/blame.h"

/* The kernel side of two VMs, without a kernel. */
struct fixture {
	struct kernel_side side;
	struct process waiter, holder;
	unsigned ticks;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->side.loader.events.on = true;
	fixture->side.loader.blames = calloc(VMB_MAX_VMS, sizeof(struct vmb_blame_row));
	assert_non_null(fixture->side.loader.blames);
	fixture->waiter = (struct process){ .pid = 100, .start_ns = SECOND, .is_vm = true };
	fixture->holder = (struct process){ .pid = 200, .start_ns = SECOND, .is_vm = true };
	fixture->waiter.next = &fixture->holder;
	fixture->side.processes = &fixture->waiter;
	number_take(&fixture->side, &fixture->waiter);
	number_take(&fixture->side, &fixture->holder);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->side.loader.blames);
	free(fixture);
	return 0;
}

static struct vmb_blame *cell_at(struct fixture *fixture, unsigned number)
{
	return &fixture->side.loader.blames[fixture->waiter.number].cells[number];
}

/* As the kernel side fills a cell; the name may have all 16 bytes. */
static struct vmb_blame *fill_cell(
	struct fixture *fixture, unsigned number, uint32_t vm, const char *comm, uint64_t ns)
{
	struct vmb_blame *cell = cell_at(fixture, number);

	cell->vm = vm;
	memcpy(cell->comm, comm, strnlen(comm, VMB_COMM_LEN));
	cell->ns = ns;
	cell->state = VMB_BLAME_READY;
	return cell;
}

/* A tick, finished. The processes that are VMs are in it. */
static struct snapshot *take(struct fixture *fixture, const struct snapshot *before)
{
	struct snapshot *snap = fixture_tick(fixture->ticks++);

	for (struct process *at = fixture->side.processes; at; at = at->next)
		at->vm = fixture_vm(snap, at == &fixture->waiter ? "web" : "db", at->pid);
	collect_blames(&fixture->side, snap);
	snapshot_finish(snap, before);
	return snap;
}

static const struct blame *find_blame(
	const struct snapshot *snap, enum holder_kind kind, const char *holder)
{
	const struct vm *vm = snapshot_find_pid(snap, 100);

	for (const struct blame *blame = vm->blames; blame; blame = blame->next)
		if (blame->kind == kind && strcmp(blame->holder, holder) == 0)
			return blame;
	return NULL;
}

static unsigned count_named(const struct snapshot *snap)
{
	const struct vm *vm = snapshot_find_pid(snap, 100);
	unsigned n = 0;

	for (const struct blame *blame = vm->blames; blame; blame = blame->next)
		n += blame->kind == HOLDER_VM || blame->kind == HOLDER_HOST;
	return n;
}

static void a_cell_becomes_a_row_of_the_vm_that_waited(void **state)
{
	struct fixture *fixture = *state;
	const struct blame *by_vm, *by_task;
	struct snapshot *snap;

	fill_cell(fixture, 3, fixture->holder.number, "", 70);
	fill_cell(fixture, 9, 0, "ksmd", 50);
	cell_at(fixture, VMB_BLAME_OTHER)->ns = 20;
	snap = take(fixture, NULL);
	by_vm = find_blame(snap, HOLDER_VM, "db");
	by_task = find_blame(snap, HOLDER_HOST, "ksmd");
	assert_non_null(by_vm);
	assert_int_equal(by_vm->held_ns, 70);
	assert_int_equal(by_vm->holder_pid, 200);
	assert_non_null(by_task);
	assert_int_equal(by_task->held_ns, 50);
	assert_int_equal(by_task->holder_pid, 0);
	assert_int_equal(find_blame(snap, HOLDER_OTHER, "other")->held_ns, 20);
	assert_int_equal(count_named(snap), 2);
	snapshot_free(snap);
}

static void self_and_nobody_are_the_sums_of_the_vcpus_ended_ones_too(void **state)
{
	struct fixture *fixture = *state;
	struct snapshot *snap = fixture_tick(0);

	fixture->holder.vm = NULL;
	fixture->waiter.vm = fixture_vm(snap, "web", 100);
	for (unsigned i = 1; i <= 2; i++) {
		struct vcpu *vcpu = fixture_vcpu(snap, fixture->waiter.vm, i);

		vcpu->sched.stolen_by_self_ns = 10 * i;
		vcpu->sched.uncontended_ns = 100 * i;
	}
	fixture->waiter.ended_held_ns[VMB_BY_SELF] = 4;
	fixture->waiter.ended_held_ns[VMB_BY_NOBODY] = 5;
	collect_blames(&fixture->side, snap);
	snapshot_finish(snap, NULL);
	assert_int_equal(find_blame(snap, HOLDER_SELF, "self")->held_ns, 34);
	assert_int_equal(find_blame(snap, HOLDER_NOBODY, "nobody")->held_ns, 305);
	snapshot_free(snap);
}

static void a_name_of_all_its_bytes_is_read_to_its_end_only(void **state)
{
	struct fixture *fixture = *state;
	struct snapshot *snap;

	fill_cell(fixture, 0, 0, "0123456789abcdef", 1);
	fill_cell(fixture, 1, 0, "a \"b\"\n\033[2J", 2);
	snap = take(fixture, NULL);
	assert_non_null(find_blame(snap, HOLDER_HOST, "0123456789abcdef"));
	assert_non_null(find_blame(snap, HOLDER_HOST, "a \"b\"\n\033[2J"));
	snapshot_free(snap);
}

static void without_the_program_on_switches_there_are_no_rows(void **state)
{
	struct fixture *fixture = *state;
	struct snapshot *snap;

	fixture->side.loader.events.on = false;
	snap = take(fixture, NULL);
	assert_null(snapshot_find_pid(snap, 100)->blames);
	snapshot_free(snap);
}

/* A CPU held for 1 ms of a second since the last tick, by somebody who had not held any before. */
static void a_new_holder_has_a_rate_at_once(void **state)
{
	struct fixture *fixture = *state;
	const struct column held = fixture_column("held_percent", SCOPE_BLAME);
	struct snapshot *before = take(fixture, NULL), *snap;
	struct value value;

	fill_cell(fixture, 5, 0, "rsync", MSEC);
	snap = take(fixture, before);
	value = column_value(&held, snap, &find_blame(snap, HOLDER_HOST, "rsync")->e);
	assert_int_equal(value.kind, VALUE_NUMBER);
	assert_true(value.number > 0.0999 && value.number < 0.1001);
	snapshot_free(snap);
	snapshot_free(before);
}

/* Whoever starts next gets another number, and nothing of what the ended VM held. */
static void a_holder_that_ended_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	uint32_t number = fixture->holder.number;
	struct snapshot *snap;

	fill_cell(fixture, 3, number, "", 70);
	number_give_back(&fixture->side, &fixture->holder);
	number_take(&fixture->side, &fixture->holder);
	assert_int_not_equal(fixture->holder.number, number);
	assert_int_not_equal(fixture->holder.number, 0);
	snap = take(fixture, NULL);
	assert_int_equal(count_named(snap), 0);
	assert_int_equal(cell_at(fixture, 3)->state, VMB_BLAME_FREE);
	snapshot_free(snap);
}

static void a_number_is_taken_with_an_empty_row(void **state)
{
	struct fixture *fixture = *state;

	number_give_back(&fixture->side, &fixture->waiter);
	memset(fixture->side.loader.blames, 0xff, VMB_MAX_VMS * sizeof(struct vmb_blame_row));
	number_take(&fixture->side, &fixture->waiter);
	for (unsigned i = 0; i < VMB_BLAMES; i++) {
		assert_int_equal(cell_at(fixture, i)->state, VMB_BLAME_FREE);
		assert_int_equal(cell_at(fixture, i)->ns, 0);
	}
}

static void a_thread_of_the_kernel_has_the_number_of_its_vm(void **state)
{
	struct fixture *fixture = *state;
	struct process vhost = { .pid = 300, .owner = 100, .is_vm = true };

	table_add(&fixture->side.by_pid, 100, &fixture->waiter);
	number_take(&fixture->side, &vhost);
	assert_int_equal(vhost.number, fixture->waiter.number);
	number_give_back(&fixture->side, &vhost); /* which is not its own */
	assert_ptr_equal(fixture->side.numbered[fixture->waiter.number], &fixture->waiter);
	table_done(&fixture->side.by_pid);
}

static void two_cells_of_one_holder_are_one_row_and_become_one_cell(void **state)
{
	struct fixture *fixture = *state;
	struct snapshot *snap;

	fill_cell(fixture, 3, 0, "ksmd", 50);
	fill_cell(fixture, 6, 0, "ksmd", 7);
	snap = take(fixture, NULL);
	assert_int_equal(cell_at(fixture, 6)->state, VMB_BLAME_FREE);
	assert_int_equal(cell_at(fixture, 3)->ns, 57);
	assert_int_equal(count_named(snap), 1);
	snapshot_free(snap);
	snap = take(fixture, NULL);
	assert_int_equal(find_blame(snap, HOLDER_HOST, "ksmd")->held_ns, 57);
	snapshot_free(snap);
}

/* In how many ticks a holder that holds nothing any more is still there. */
static unsigned ticks_until_forgotten(struct fixture *fixture, unsigned number)
{
	for (unsigned n = 0; n < 1000; n++) {
		snapshot_free(take(fixture, NULL));
		if (cell_at(fixture, number)->state == VMB_BLAME_FREE)
			return n;
	}
	return UINT32_MAX;
}

static void who_holds_nothing_any_more_makes_room(void **state)
{
	struct fixture *fixture = *state;
	unsigned quiet, crowded;

	fill_cell(fixture, 3, 0, "gone", 50);
	quiet = ticks_until_forgotten(fixture, 3);
	assert_in_range(quiet, 60, 600); /* minutes, at a tick a second */
	for (unsigned i = 0; i < 60; i++) {
		char name[VMB_COMM_LEN];

		snprintf(name, sizeof(name), "task-%u", i);
		fill_cell(fixture, i, 0, name, 50);
	}
	crowded = ticks_until_forgotten(fixture, 3);
	assert_in_range(crowded, 5, quiet / 2);
}

/* Two finished ticks a second apart; the second is what is shown. */
struct scene {
	struct snapshot *before, *now;
};

static struct scene scene_new(void)
{
	return (struct scene){ fixture_tick(0), fixture_tick(1) };
}

static void scene_free(struct scene *scene)
{
	snapshot_free(scene->now);
	snapshot_free(scene->before);
}

/* A VM of two vCPUs that waited for so long in the interval. Returns it as of its end. */
static struct vm *scene_waits(struct scene *scene, const char *name, pid_t pid, uint64_t ready_ms)
{
	struct vm *vm = fixture_vm(scene->now, name, pid);

	fixture_vm(scene->before, name, pid)->n_vcpus = 2;
	vm->n_vcpus = 2;
	vm->sched.ready_ns = ready_ms * MSEC;
	return vm;
}

static void scene_throttled(struct scene *scene, struct vm *vm, uint64_t ms)
{
	struct vm *was = scene->before->vms;

	while (was->pid != vm->pid)
		was = was->next;
	was->e.have |= SRC_LIMIT;
	vm->e.have |= SRC_LIMIT;
	vm->throttled_ns = ms * MSEC;
}

/* Who began to hold CPUs after the first tick; `vm` is NULL for what is no VM. */
static void scene_held(struct scene *scene, struct vm *waiter, enum holder_kind kind,
	const char *name, const struct vm *vm, uint64_t ms)
{
	struct blame *blame = snapshot_add_blame(scene->now, waiter);

	blame->e.have |= SRC_EVENTS;
	blame->kind = kind;
	blame->holder = snapshot_text(scene->now, name);
	blame->vm = vm;
	blame->start_ns = scene->before->boot_ns + 1;
	blame->held_ns = ms * MSEC;
}

static char *scene_show(struct scene *scene, struct view_spec spec)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	snapshot_finish(scene->before, NULL);
	snapshot_finish(scene->now, scene->before);
	spec.sort = fixture_column("ready", SCOPE_VM);
	assert_int_equal(blame_sink.tick(out, &spec, scene->now), 0);
	fclose(out);
	return text;
}

static const struct view_spec plain = { .headers = true, .utf8 = true };

#define TITLE "Who had the CPU while VMs waited for it, in % of one CPU, over 1.0 s:\n"
#define LEGEND "[name] is a task of the host.\n"

static void assert_shows(struct scene *scene, struct view_spec spec, const char *expected)
{
	char *text = scene_show(scene, spec);

	assert_string_equal(text, expected);
	free(text);
	scene_free(scene);
}

/* 680 ms: 410 + 140 + 80 + 30 and 20 that are held against nobody. */
static void the_matrix_and_its_sentence_add_up_to_what_was_waited(void **state)
{
	struct scene scene = scene_new();
	struct vm *web = scene_waits(&scene, "web-3", 10, 680);
	struct vm *db = scene_waits(&scene, "db-1", 20, 0);

	(void)state;
	scene_held(&scene, web, HOLDER_HOST, "ksmd", NULL, 140);
	scene_held(&scene, web, HOLDER_VM, NULL, db, 410);
	scene_held(&scene, web, HOLDER_SELF, "self", NULL, 80);
	scene_held(&scene, web, HOLDER_NOBODY, "nobody", NULL, 30);
	assert_shows(&scene, plain,
		TITLE "WAITED  READY%  db-1  [ksmd]  self  nobody  other  unknown\n"
		      "web-3     68.0  41.0    14.0   8.0     3.0      -      2.0\n" LEGEND "\n"
		      "web-3 waited 34.0 % of the time (per vCPU): 60 % of it for db-1, "
		      "21 % for the host's ksmd, 12 % for its own threads, "
		      "4 % with the CPU idle, 3 % unknown\n");
}

/* Longest waits first. Nothing held is 0, nobody who could have is absent. */
static void what_nobody_measured_is_not_zero(void **state)
{
	struct scene scene = scene_new();
	struct vm *a = scene_waits(&scene, "a", 10, 100), *b = scene_waits(&scene, "b", 20, 200);

	(void)state;
	scene_held(&scene, a, HOLDER_VM, NULL, b, 100);
	scene_held(&scene, a, HOLDER_SELF, "self", NULL, 0);
	scene_held(&scene, b, HOLDER_VM, NULL, a, 150);
	assert_shows(&scene, plain,
		TITLE "WAITED  READY%     a     b  self  nobody  other  unknown\n"
		      "b         20.0  15.0     -     -       -      -      5.0\n"
		      "a         10.0     -  10.0   0.0       -      -      0.0\n\n"
		      "b waited 10.0 % of the time (per vCPU): 75 % of it for a, 25 % unknown\n"
		      "a waited 5.0 % of the time (per vCPU): 100 % of it for b\n");
}

static void an_idle_cpu_is_explained_by_a_limit_or_by_a_wakeup(void **state)
{
	static const struct {
		uint64_t nobody_ms, throttled_ms;
		const char *expected;
	} cases[] = {
		{ 200, 0, ": 100 % of it being woken up\n" },
		{ 200, 99, ": 100 % of it being woken up\n" },
		{ 200, 100, ": 100 % of it held back by its CPU limit\n" },
		{ 200, 300, ": 100 % of it held back by its CPU limit\n" },
		/* Somebody else ran while the limit held it back. */
		{ 0, 180,
			": 100 % of it unknown; its CPU limit held it back 9.0 % of the time, "
			"whoever ran meanwhile\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene = scene_new();
		struct vm *vm = scene_waits(&scene, "web", 10, 200);
		char *text, *colon;

		scene_throttled(&scene, vm, cases[i].throttled_ms);
		scene_held(&scene, vm, HOLDER_NOBODY, "nobody", NULL, cases[i].nobody_ms);
		text = scene_show(&scene, plain);
		colon = strstr(text, "(per vCPU)");
		assert_non_null(colon);
		assert_string_equal(colon + strlen("(per vCPU)"), cases[i].expected);
		free(text);
		scene_free(&scene);
	}
}

/* Held for longer than waited: a wait began before the interval. */
static void parts_are_never_more_than_all(void **state)
{
	struct scene scene = scene_new();
	struct vm *vm = scene_waits(&scene, "web", 10, 200);
	char *text;

	(void)state;
	scene_held(&scene, vm, HOLDER_HOST, "a", NULL, 300);
	scene_held(&scene, vm, HOLDER_HOST, "b", NULL, 100);
	text = scene_show(&scene, plain);
	assert_non_null(strstr(text, ": 75 % of it for the host's a, 25 % for the host's b\n"));
	assert_non_null(
		strstr(text, "\nweb       20.0  30.0  10.0     -       -      -      0.0\n"));
	free(text);
	scene_free(&scene);
}

static void names_are_made_safe(void **state)
{
	struct scene scene = scene_new();
	struct vm *vm = scene_waits(&scene, "a\033[2J\n", 10, 200);

	(void)state;
	scene_held(&scene, vm, HOLDER_HOST, "b\033]0;x\n\"gr\xc3\xbcn", NULL, 100);
	scene_held(&scene, vm, HOLDER_HOST, "", NULL, 100);
	assert_shows(&scene, (struct view_spec){ .headers = true },
		TITLE "WAITED  READY%   [?]  [b?]0;x?\"gr??n]  self  nobody  other  unknown\n"
		      "a?[2J?    20.0  10.0             10.0     -       -      -      0.0\n" LEGEND
		      "\na?[2J? waited 10.0 % of the time (per vCPU): 50 % of it for the host's ?, "
		      "50 % for the host's b?]0;x?\"gr??n\n");
}

/* Ten tasks of 10 ms each. Whatever has no column is in "other". */
static void the_matrix_fits_the_terminal(void **state)
{
	(void)state;
	for (int width = 60; width <= 200; width += 5) {
		struct scene scene = scene_new();
		struct vm *vm = scene_waits(&scene, "web", 10, 100);
		struct view_spec spec = { .headers = false, .utf8 = true, .width = width };
		char *text, name[16], *at;
		double sum = 0;

		for (unsigned i = 0; i < 10; i++) {
			snprintf(name, sizeof(name), "longish-name-%u", i);
			scene_held(&scene, vm, HOLDER_HOST, name, NULL, 10);
		}
		text = scene_show(&scene, spec);
		assert_true((int)strcspn(text, "\n") <= width);
		assert_memory_equal(text, "web", 3);
		strtod(text + 3, &at); /* READY% */
		for (char *end; (void)(at += strspn(at, " -")), *at != '\n'; at = end)
			sum += strtod(at, &end);
		assert_true(sum > 9.99 && sum < 10.01);
		free(text);
		scene_free(&scene);
	}
}

static void two_vms_of_one_name_have_a_column_each(void **state)
{
	struct scene scene = scene_new();
	struct vm *web = scene_waits(&scene, "web", 10, 100);
	struct vm *one = scene_waits(&scene, "db", 20, 0), *two = scene_waits(&scene, "db", 30, 0);

	(void)state;
	scene_held(&scene, web, HOLDER_VM, NULL, one, 60);
	scene_held(&scene, web, HOLDER_VM, NULL, two, 40);
	assert_shows(&scene, (struct view_spec){ .headers = false, .utf8 = true },
		"web  10.0  6.0  4.0  -  -  -  0.0\n");
}

static void it_says_so_when_nobody_waited(void **state)
{
	struct view_spec filtered = plain;
	char error[FILTER_ERROR_MAX];
	struct filter *filter;
	struct scene scene = scene_new();

	(void)state;
	scene_waits(&scene, "web", 10, 0);
	assert_shows(&scene, plain, "No VM waited for a CPU over 1.0 s.\n");
	assert_int_equal(filter_parse("web", SCOPE_VM, &filter, error), 0);
	filtered.filter = filter;
	scene = scene_new();
	scene_waits(&scene, "web", 10, 0);
	scene_waits(&scene, "db", 20, 100);
	assert_shows(&scene, filtered, "None of these VMs waited for a CPU over 1.0 s.\n");
	filter_free(filter);
}

static void it_says_so_when_nothing_was_measured(void **state)
{
	struct scene scene = scene_new();

	(void)state;
	scene_waits(&scene, "web", 10, 100);
	snapshot_source(scene.now, "events", false, "not attached with --light");
	assert_shows(&scene, plain,
		TITLE "WAITED  READY%  self  nobody  other  unknown\n"
		      "web       10.0     -       -      -        -\n"
		      "Who had the CPU was not measured: not attached with --light.\n\n"
		      "web waited 5.0 % of the time (per vCPU)\n");
}

static void a_short_wait_is_worth_no_sentence(void **state)
{
	struct scene scene = scene_new();
	struct vm *vm = scene_waits(&scene, "web", 10, 19);

	(void)state;
	scene_held(&scene, vm, HOLDER_SELF, "self", NULL, 19);
	assert_shows(&scene, plain,
		TITLE "WAITED  READY%  self  nobody  other  unknown\n"
		      "web        1.9   1.9       -      -      0.0\n\n"
		      "None waited 1 % of the time or more (per vCPU).\n");
}

#define KERNEL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(a_cell_becomes_a_row_of_the_vm_that_waited),
		KERNEL_TEST(self_and_nobody_are_the_sums_of_the_vcpus_ended_ones_too),
		KERNEL_TEST(a_name_of_all_its_bytes_is_read_to_its_end_only),
		KERNEL_TEST(without_the_program_on_switches_there_are_no_rows),
		KERNEL_TEST(a_new_holder_has_a_rate_at_once),
		KERNEL_TEST(a_holder_that_ended_is_forgotten),
		KERNEL_TEST(a_number_is_taken_with_an_empty_row),
		KERNEL_TEST(a_thread_of_the_kernel_has_the_number_of_its_vm),
		KERNEL_TEST(two_cells_of_one_holder_are_one_row_and_become_one_cell),
		KERNEL_TEST(who_holds_nothing_any_more_makes_room),
		cmocka_unit_test(the_matrix_and_its_sentence_add_up_to_what_was_waited),
		cmocka_unit_test(what_nobody_measured_is_not_zero),
		cmocka_unit_test(an_idle_cpu_is_explained_by_a_limit_or_by_a_wakeup),
		cmocka_unit_test(parts_are_never_more_than_all),
		cmocka_unit_test(names_are_made_safe),
		cmocka_unit_test(the_matrix_fits_the_terminal),
		cmocka_unit_test(two_vms_of_one_name_have_a_column_each),
		cmocka_unit_test(it_says_so_when_nobody_waited),
		cmocka_unit_test(it_says_so_when_nothing_was_measured),
		cmocka_unit_test(a_short_wait_is_worth_no_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
