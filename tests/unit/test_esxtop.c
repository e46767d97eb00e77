/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CSV of esxtop: which columns there are, what they are called, and what becomes of them. */
#include "sink_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "sink/esxtop.h"
#include "sink/esxtop_name.h"

#define RECORDING "tests/golden/recording.jsonl"
#define FIRST "\"(PDH-CSV 4.0) (UTC)(0)\""
#define GROUP ",\"\\\\kvm1\\Group Cpu(10:web)\\"

/* A CSV in the making. */
struct csv {
	struct esxtop *esxtop;
	FILE *out;
	char *text;
	size_t size;
	struct snapshot *before;
};

static void csv_open(struct csv *csv)
{
	memset(csv, 0, sizeof(*csv));
	csv->out = open_memstream(&csv->text, &csv->size);
	csv->esxtop = esxtop_new();
	assert_non_null(csv->out);
	assert_non_null(csv->esxtop);
}

/* Takes the snapshot over. */
static void csv_add(struct csv *csv, struct snapshot *snap)
{
	snapshot_finish(snap, csv->before);
	assert_int_equal(esxtop_tick(csv->esxtop, csv->out, snap), 0);
	snapshot_free(csv->before);
	csv->before = snap;
}

static void csv_close(struct csv *csv)
{
	snapshot_free(csv->before);
	esxtop_free(csv->esxtop);
	fclose(csv->out);
	free(csv->text);
}

/* What the first snapshot has of a VM, and how it grew by the n-th, a second each. */
static struct vm *add_web(struct snapshot *snap, unsigned n)
{
	struct vm *vm = fixture_vm(snap, "web", 10);

	vm->n_threads = 4;
	vm->role_ns[ROLE_VCPU] = n * 500 * MSEC;
	vm->role_ns[ROLE_EMULATOR] = n * 100 * MSEC;
	vm->role_ns[ROLE_VHOST] = n * 50 * MSEC;
	vm->cpu_ns = n * 650 * MSEC;
	vm->sched.ready_ns = n * 200 * MSEC;
	vm->sched.switches = n * 30;
	vm->sched.migrations = n * 2;
	return vm;
}

/* Only the scheduler's counters are there: no run with overlap, no wait, nothing of the host. */
static void columns_are_what_is_measured_and_nothing_else(void **state)
{
	struct csv csv;

	(void)state;
	csv_open(&csv);
	for (unsigned n = 1; n <= 2; n++) {
		struct snapshot *snap = fixture_tick(n);

		add_web(snap, n);
		csv_add(&csv, snap);
	}
	/* System is 10 % of the emulator and 5 % of vhost. A first tick has no rates. */
	assert_string_equal(csv.text,
		FIRST GROUP "Members\"" GROUP "% Used\"" GROUP "% System\"" GROUP "% Ready\"" GROUP
			    "Switches/sec\"" GROUP "Migrates/sec\"\n"
			    "\"01/31/2026 12:00:01\",\"4\",\"\",\"\",\"\",\"\",\"\"\n"
			    "\"01/31/2026 12:00:02\",\"4\",\"65\",\"15\",\"20\",\"30\",\"2\"\n");
	csv_close(&csv);
}

/* The fields of a line, which hold no comma. */
static size_t count_fields(const char *line)
{
	size_t n = 1;

	for (; *line && *line != '\n'; line++)
		n += *line == ',';
	return n;
}

static void every_line_has_as_many_fields_as_the_first(void **state)
{
	struct csv csv;
	size_t expected;

	(void)state;
	csv_open(&csv);
	for (unsigned n = 1; n <= 4; n++) {
		struct snapshot *snap = fixture_tick(n);

		if (n != 3)
			add_web(snap, n);
		for (unsigned i = 0; i < n; i++)
			fixture_vcpu(snap, fixture_vm(snap, "db, \"main\"\n", 20 + (pid_t)i), 0);
		csv_add(&csv, snap);
	}
	expected = count_fields(csv.text);
	assert_true(expected > 10);
	for (const char *line = csv.text; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(count_fields(line), expected);
	csv_close(&csv);
}

static void a_vm_that_has_gone_leaves_empty_fields(void **state)
{
	struct csv csv;

	(void)state;
	csv_open(&csv);
	for (unsigned n = 1; n <= 4; n++) {
		struct snapshot *snap = fixture_tick(n);

		if (n == 3) /* libvirt still knows it */
			snapshot_add_vm(snap)->name = snapshot_text(snap, "web");
		else if (n != 4)
			add_web(snap, n);
		csv_add(&csv, snap);
	}
	assert_non_null(strstr(csv.text, "12:00:02\",\"4\",\"65\""));
	assert_non_null(
		strstr(csv.text, "\"01/31/2026 12:00:03\",\"\",\"\",\"\",\"\",\"\",\"\"\n"
				 "\"01/31/2026 12:00:04\",\"\",\"\",\"\",\"\",\"\",\"\"\n"));
	csv_close(&csv);
}

/* The same process ID, but another process: it has nothing to do with the columns there are. */
static void a_vm_that_was_started_again_is_another_one(void **state)
{
	struct csv csv;

	(void)state;
	csv_open(&csv);
	for (unsigned n = 1; n <= 3; n++) {
		struct snapshot *snap = fixture_tick(n);

		add_web(snap, n)->start_ns += n * SECOND;
		csv_add(&csv, snap);
	}
	assert_non_null(strstr(csv.text, "12:00:03\",\"\",\"\""));
	assert_int_equal(esxtop_late(csv.esxtop)->n_vms, 2);
	csv_close(&csv);
}

static void what_comes_later_is_counted_once_and_named(void **state)
{
	const struct esxtop_late *late;
	struct csv csv;

	(void)state;
	csv_open(&csv);
	late = esxtop_late(csv.esxtop);
	for (unsigned n = 1; n <= 3; n++) {
		struct snapshot *snap = fixture_tick(n);
		struct vm *web = add_web(snap, n);

		fixture_vcpu(snap, web, 0);
		if (n > 1) {
			fixture_vcpu(snap, web, 1);
			snapshot_nic(snap, web, "vnet0");
			snapshot_disk(snap, web, "vdb");
			fixture_vcpu(snap, fixture_vm(snap, "new\x1b", 20), 0);
			fixture_vm(snap, "other", 21);
		}
		csv_add(&csv, snap);
		assert_int_equal(late->n_vms, n > 1 ? 2 : 0);
		/* The vCPU of the new VM is not another thing that is missing. */
		assert_int_equal(late->n_devices, n > 1 ? 3 : 0);
	}
	assert_string_equal(late->names, "new?, other");
	assert_false(late->more);
	assert_null(strstr(csv.text, "vnet0"));
	csv_close(&csv);
}

static void of_many_late_vms_five_are_named(void **state)
{
	struct csv csv;

	(void)state;
	csv_open(&csv);
	csv_add(&csv, fixture_tick(1));
	for (unsigned n = 2; n <= 9; n++) {
		struct snapshot *snap = fixture_tick(n);
		char name[100];

		memset(name, 'a' + (int)n, sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		fixture_vm(snap, name, (pid_t)n);
		csv_add(&csv, snap);
	}
	assert_int_equal(esxtop_late(csv.esxtop)->n_vms, 8);
	assert_non_null(strstr(esxtop_late(csv.esxtop)->names, "ccc"));
	assert_non_null(strstr(esxtop_late(csv.esxtop)->names, "ggg, ..."));
	assert_null(strstr(esxtop_late(csv.esxtop)->names, "hhh"));
	csv_close(&csv);
}

/* Where the field of a column begins in the last line; its text ends at a quote. */
static const char *last_of(const char *text, const char *column)
{
	const char *at = strstr(text, column), *line = strrchr(text, '\n');
	size_t n = 0;

	assert_non_null(at);
	for (; at > text; at--)
		n += *at == ',';
	while (line > text && line[-1] != '\n')
		line--;
	for (; n; n--)
		line = strchr(line, ',') + 1;
	return line + 1;
}

static void assert_last(const struct csv *csv, const char *column, const char *expected)
{
	const char *field = last_of(csv->text, column);
	size_t size = strcspn(field, "\"");

	if (size != strlen(expected) || strncmp(field, expected, size) != 0)
		fail_msg("%s: %.*s instead of %s", column, (int)size, field, expected);
}

static void fill_host(struct host *host, unsigned n)
{
	host->e.have |= SRC_PROC;
	host->n_cpus = 4;
	host->busy_ns = n * SECOND;
	host->memory_total_bytes = 64ull << 30;
	host->memory_available_bytes = 16ull << 30;
}

static void fill_memory(struct vm *vm)
{
	vm->e.have |= SRC_PROC | SRC_LIBVIRT;
	vm->memory_assigned_bytes = 1ull << 30;
	vm->memory_maximum_bytes = 2ull << 30;
	vm->memory_rss_bytes = 768ull << 20;
	vm->memory_swap_bytes = 3ull << 19;
}

static void fill_nic(struct nic *nic, unsigned n)
{
	nic->e.have |= SRC_NET;
	nic->source = "br0";
	nic->net.rx_bytes = n * 1250000;
	nic->net.tx_bytes = n * 125;
	nic->net.rx_packets = n * 1000;
	nic->net.tx_packets = n;
}

static void fill_disk(struct snapshot *snap, struct vm *vm, unsigned n)
{
	struct disk *disk = snapshot_disk(snap, vm, "vda");

	disk->e.have |= SRC_BLOCK;
	disk->e.polled_ns = vm->e.polled_ns = snap->mono_ns;
	disk->io = (struct disk_counters){
		.read_bytes = n * 1048576,
		.write_bytes = n * 524288,
		.read_requests = n * 10,
		.write_requests = n * 4,
		.flushes = n,
		.read_ns = n * 25 * MSEC,
		.write_ns = n * 2 * MSEC,
	};
}

static void units_are_those_of_esxtop(void **state)
{
	struct csv csv;

	(void)state;
	csv_open(&csv);
	for (unsigned n = 1; n <= 2; n++) {
		struct snapshot *snap = fixture_tick(n);
		struct vm *vm = add_web(snap, n);

		fill_host(&snap->host, n);
		fill_memory(vm);
		fill_nic(snapshot_nic(snap, vm, "vnet0"), n);
		fill_disk(snap, vm, n);
		csv_add(&csv, snap);
	}
	assert_last(&csv, "kvm1\\Physical Cpu(_Total)\\% Util Time", "25");
	assert_last(&csv, "kvm1\\Memory\\Machine MBytes", "65536");
	assert_last(&csv, "kvm1\\Memory\\Free MBytes", "16384");
	/* What it was given, not what the balloon leaves it now. */
	assert_last(&csv, "Group Memory(10:web)\\Memory Size MBytes", "2048");
	assert_last(&csv, "Group Memory(10:web)\\Memory Consumed Size MBytes", "768");
	assert_last(&csv, "Group Memory(10:web)\\Swapped MBytes", "1.5");
	assert_last(&csv, "Network Port(br0:vnet0:10:web)\\MBits Received/sec", "10");
	assert_last(&csv, "Network Port(br0:vnet0:10:web)\\MBits Transmitted/sec", "0.001");
	assert_last(&csv, "Network Port(br0:vnet0:10:web)\\Packets Received/sec", "1000");
	assert_last(&csv, "Network Port(br0:vnet0:10:web)\\Packets Transmitted/sec", "1");
	/* 10 reads, 4 writes and a flush. */
	assert_last(&csv, "Virtual Disk(web:vda)\\Commands/sec", "15");
	assert_last(&csv, "Virtual Disk(web:vda)\\MBytes Read/sec", "1");
	assert_last(&csv, "Virtual Disk(web:vda)\\MBytes Written/sec", "0.5");
	/* 25 ms for 10 reads, 2 ms for 4 writes. */
	assert_last(&csv, "Virtual Disk(web:vda)\\Average MilliSec/Read", "2.5");
	assert_last(&csv, "Virtual Disk(web)\\Average MilliSec/Write", "0.5");
	assert_last(&csv, "Virtual Disk(web)\\Reads/sec", "10");
	csv_close(&csv);
}

static void a_vcpu_has_a_world_of_its_own_and_no_co_stop(void **state)
{
	struct csv csv;

	(void)state;
	csv_open(&csv);
	for (unsigned n = 1; n <= 2; n++) {
		struct snapshot *snap = fixture_tick(n);
		struct vcpu *vcpu = fixture_vcpu(snap, fixture_vm(snap, "web", 10), 3);

		vcpu->e.have |= SRC_EVENTS;
		vcpu->sched.run_ns = n * 240 * MSEC;
		vcpu->sched.overlap_ns = n * 10 * MSEC;
		vcpu->sched.ready_ns = n * 125 * MSEC;
		vcpu->sched.wait_ns = n * 625 * MSEC;
		csv_add(&csv, snap);
	}
	/* As in esxtop, what interrupts took is part of it: run, ready and wait are 100 %. */
	assert_last(&csv, "\\\\kvm1\\Vcpu(10:web:14:vmx-vcpu-3)\\% Run", "25");
	assert_last(&csv, "\\\\kvm1\\Vcpu(10:web:14:vmx-vcpu-3)\\% Overlap", "1");
	assert_last(&csv, "\\\\kvm1\\Vcpu(10:web:14:vmx-vcpu-3)\\% Ready", "12.5");
	assert_last(&csv, "\\\\kvm1\\Vcpu(10:web:14:vmx-vcpu-3)\\% Wait", "62.5");
	assert_null(strstr(csv.text, "CoStop"));
	assert_null(strstr(csv.text, "% Idle")); /* it is KVM that knows, and nobody asked it */
	csv_close(&csv);
}

static void names_keep_the_columns_apart_and_the_line_whole(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "web-3", "web-3" },
		{ "Webserver 3", "Webserver 3" },
		{ "SQL (old)", "SQL [old]" },
		{ "a,b", "a_b" },
		{ "say \"hi\"", "say _hi_" },
		{ "a\\b/c", "a_b_c" },
		{ "10:20", "10_20" },
		{ "web#1", "web_1" },
		{ "*", "_" },
		{ "two\nlines\r\xff", "two?lines??" },
		{ "h\xc3\xb6st", "h\xc3\xb6st" },
		{ "", "-" },
		{ NULL, "-" },
	};
	char name[ESXTOP_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(esxtop_name(cases[i].text, name), cases[i].name);
}

static void vms_of_one_name_are_numbered(void **state)
{
	struct snapshot *snap = fixture_tick(1);
	struct csv csv;

	(void)state;
	fixture_vm(snap, "web", 10);
	fixture_vm(snap, "web", 11);
	fixture_vm(snap, "web-2", 12);
	fixture_vm(snap, "we/b", 13); /* another name only before it was cleaned */
	fixture_vm(snap, "we:b", 14);
	csv_open(&csv);
	csv_add(&csv, snap);
	assert_non_null(strstr(csv.text, "(10:web)"));
	assert_non_null(strstr(csv.text, "(11:web#1)"));
	assert_non_null(strstr(csv.text, "(12:web-2)"));
	assert_non_null(strstr(csv.text, "(13:we_b)"));
	assert_non_null(strstr(csv.text, "(14:we_b#1)"));
	csv_close(&csv);
}

static void a_failed_write_is_reported(void **state)
{
	struct snapshot *snap = fixture_tick(1);
	struct esxtop *esxtop = esxtop_new();
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	snapshot_finish(snap, NULL);
	assert_int_equal(esxtop_tick(esxtop, full, snap), -ENOSPC);
	esxtop_free(esxtop);
	snapshot_free(snap);
	fclose(full);
}

/* Runs vmbpf record with these words in a process of its own; its exit status. */
__attribute__((format(printf, 1, 2))) static int record(const char *format, ...)
{
	char words[256] = "--replay " RECORDING " ", *rest = words;
	char *argv[16] = { "vmbpf", "record" };
	size_t used = strlen(words);
	int argc = 2, status;
	va_list list;
	pid_t pid;

	va_start(list, format);
	vsnprintf(words + used, sizeof(words) - used, format, list);
	va_end(list);
	while (argc < 15 && (argv[argc] = strsep(&rest, " ")))
		argc++;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		assert_non_null(freopen("/dev/null", "w", stderr));
		_exit(command_main(argc, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* -1 where there is no such file. */
static int count_lines(const char *path)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	int n = 0;

	if (!file)
		return -1;
	for (int c; (c = getc(file)) != EOF;)
		n += c == '\n';
	return n;
}

static char a_file[64], b_file[64];

static int forget_files(void **state)
{
	(void)state;
	unlink(a_file);
	unlink(b_file);
	return 0;
}

/* The recording has three ticks, of which two have rates. */
static void record_writes_the_names_and_a_line_for_each_tick_with_rates(void **state)
{
	(void)state;
	assert_int_equal(record("--esxtop %s", a_file), 0);
	assert_int_equal(count_lines(a_file), 1 + 2);
	assert_int_equal(record("--force -n 1 --esxtop %s", a_file), 0);
	assert_int_equal(count_lines(a_file), 1 + 1);
}

static void record_writes_both_files_at_once(void **state)
{
	(void)state;
	assert_int_equal(record("-o %s --esxtop %s", a_file, b_file), 0);
	assert_int_equal(count_lines(a_file), count_lines(RECORDING));
	assert_int_equal(count_lines(b_file), 1 + 2);
}

static void record_touches_nothing_when_it_cannot_make_both(void **state)
{
	(void)state;
	assert_int_equal(record("-o %s --esxtop /nonexistent/file", a_file), EX_IOERR);
	assert_int_equal(count_lines(a_file), -1);
	assert_int_equal(record("-o %s", a_file), 0);
	assert_int_equal(record("-o %s --esxtop %s", b_file, a_file), EX_USAGE);
	assert_int_equal(count_lines(b_file), -1);
	assert_int_equal(record("--force -o %s --esxtop /tmp/..%s", a_file, a_file), EX_USAGE);
	assert_int_equal(count_lines(a_file), count_lines(RECORDING));
}

#define file_test(f) cmocka_unit_test_setup_teardown(f, forget_files, forget_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_what_is_measured_and_nothing_else),
		cmocka_unit_test(every_line_has_as_many_fields_as_the_first),
		cmocka_unit_test(a_vm_that_has_gone_leaves_empty_fields),
		cmocka_unit_test(a_vm_that_was_started_again_is_another_one),
		cmocka_unit_test(what_comes_later_is_counted_once_and_named),
		cmocka_unit_test(of_many_late_vms_five_are_named),
		cmocka_unit_test(units_are_those_of_esxtop),
		cmocka_unit_test(a_vcpu_has_a_world_of_its_own_and_no_co_stop),
		cmocka_unit_test(names_keep_the_columns_apart_and_the_line_whole),
		cmocka_unit_test(vms_of_one_name_are_numbered),
		cmocka_unit_test(a_failed_write_is_reported),
		file_test(record_writes_the_names_and_a_line_for_each_tick_with_rates),
		file_test(record_writes_both_files_at_once),
		file_test(record_touches_nothing_when_it_cannot_make_both),
	};

	snprintf(a_file, sizeof(a_file), "/tmp/test_esxtop.%d.a", (int)getpid());
	snprintf(b_file, sizeof(b_file), "/tmp/test_esxtop.%d.b", (int)getpid());
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
