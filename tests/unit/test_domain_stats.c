/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's statistics: names, units, and what was not delivered. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "collect/domain_stats.h"

struct params {
	virTypedParameterPtr all;
	int n, size;
};

static void add(struct params *params, const char *name, unsigned long long value)
{
	assert_int_equal(
		virTypedParamsAddULLong(&params->all, &params->n, &params->size, name, value), 0);
}

static void add_uint(struct params *params, const char *name, unsigned value)
{
	assert_int_equal(
		virTypedParamsAddUInt(&params->all, &params->n, &params->size, name, value), 0);
}

static void add_text(struct params *params, const char *name, const char *value)
{
	assert_int_equal(
		virTypedParamsAddString(&params->all, &params->n, &params->size, name, value), 0);
}

/* What libvirtd tells of any running domain without asking its QEMU. */
static void add_known(struct params *params)
{
	add(params, "balloon.current", 131072);
	add(params, "balloon.maximum", 196608);
	add_uint(params, "block.count", 2);
	add_text(params, "block.0.name", "vda");
	add_text(params, "block.0.path", "/images/a.raw");
	add_text(params, "block.1.name", "sda");
}

/* And what QEMU adds. */
static void add_answer(struct params *params)
{
	add(params, "balloon.rss", 50452);
	add(params, "block.0.rd.reqs", 11);
	add(params, "block.0.rd.bytes", 4608);
	add(params, "block.0.rd.times", 80760);
	add(params, "block.0.wr.reqs", 3);
	add(params, "block.0.wr.bytes", 1536);
	add(params, "block.0.wr.times", 70000);
	add(params, "block.0.fl.reqs", 2);
	add(params, "block.0.fl.times", 900);
	add(params, "block.0.allocation", 0);
	add(params, "block.0.capacity", 67108864);
	add(params, "block.0.physical", 3149824);
	add(params, "block.1.rd.reqs", 3);
}

/* And what the guest adds, in KiB but for the faults. */
static void add_guest(struct params *params)
{
	add(params, "balloon.available", 120000);
	add(params, "balloon.unused", 70000);
	add(params, "balloon.usable", 90000);
	add(params, "balloon.disk_caches", 8000);
	add(params, "balloon.swap_in", 5);
	add(params, "balloon.swap_out", 6);
	add(params, "balloon.major_fault", 7);
	add(params, "balloon.minor_fault", 8);
	add(params, "balloon.last-update", 1700000000);
}

static int parse(struct params *params, struct domain_stats **ret)
{
	int err = domain_stats_parse(params->all, params->n, ret);

	virTypedParamsFree(params->all, params->n);
	return err;
}

static void disks_are_told_apart_by_their_number(void **state)
{
	struct params params = { 0 };
	struct domain_stats *stats;

	(void)state;
	add_known(&params);
	add_answer(&params);
	assert_int_equal(parse(&params, &stats), 0);
	assert_int_equal(stats->n_disks, 2);
	assert_string_equal(stats->disks[0].target, "vda");
	assert_string_equal(stats->disks[0].path, "/images/a.raw");
	assert_int_equal(stats->disks[0].io.read_requests, 11);
	assert_int_equal(stats->disks[0].io.read_bytes, 4608);
	assert_int_equal(stats->disks[0].io.read_ns, 80760);
	assert_int_equal(stats->disks[0].io.write_requests, 3);
	assert_int_equal(stats->disks[0].io.write_bytes, 1536);
	assert_int_equal(stats->disks[0].io.write_ns, 70000);
	assert_int_equal(stats->disks[0].io.flushes, 2);
	assert_int_equal(stats->disks[0].storage.capacity_bytes, 67108864);
	assert_int_equal(stats->disks[0].storage.allocated_bytes, 3149824);
	assert_string_equal(stats->disks[1].target, "sda");
	assert_null(stats->disks[1].path);
	assert_int_equal(stats->disks[1].io.read_requests, 3);
	domain_stats_free(stats);
}

static void what_was_not_delivered_is_absent_and_not_zero(void **state)
{
	struct params params = { 0 };
	struct domain_stats *stats;

	(void)state;
	add_known(&params);
	add_answer(&params);
	assert_int_equal(parse(&params, &stats), 0);
	assert_true(stats->balloon.available_bytes == NOT_REPORTED);
	assert_true(stats->balloon.cached_bytes == NOT_REPORTED);
	assert_true(stats->balloon.last_update_s == NOT_REPORTED);
	assert_true(stats->disks[1].io.write_bytes == NOT_REPORTED);
	assert_true(stats->disks[1].io.flushes == NOT_REPORTED);
	assert_true(stats->disks[1].storage.capacity_bytes == NOT_REPORTED);
	assert_true(stats->disks[1].storage.allocated_bytes == NOT_REPORTED);
	domain_stats_free(stats);
}

static void kib_become_bytes_and_faults_stay_faults(void **state)
{
	struct params params = { 0 };
	struct domain_stats *stats;

	(void)state;
	add_known(&params);
	add_answer(&params);
	add_guest(&params);
	assert_int_equal(parse(&params, &stats), 0);
	assert_int_equal(stats->balloon.assigned_bytes, 128 << 20);
	assert_int_equal(stats->balloon.maximum_bytes, 192 << 20);
	assert_int_equal(stats->balloon.available_bytes, 120000 * 1024);
	assert_int_equal(stats->balloon.unused_bytes, 70000 * 1024);
	assert_int_equal(stats->balloon.usable_bytes, 90000 * 1024);
	assert_int_equal(stats->balloon.cached_bytes, 8000 * 1024);
	assert_int_equal(stats->balloon.swap_in_bytes, 5 * 1024);
	assert_int_equal(stats->balloon.swap_out_bytes, 6 * 1024);
	assert_int_equal(stats->balloon.faults_major, 7);
	assert_int_equal(stats->balloon.faults_minor, 8);
	assert_int_equal(stats->balloon.last_update_s, 1700000000);
	assert_true(domain_stats_has_guest_view(stats));
	domain_stats_free(stats);
}

static void a_qemu_that_was_not_asked_gives_no_statistics(void **state)
{
	struct params params = { 0 };
	struct domain_stats *stats = NULL;

	(void)state;
	add_known(&params);
	assert_int_equal(parse(&params, &stats), -ENODATA);
	assert_int_equal(domain_stats_parse(NULL, 0, &stats), -ENODATA);
	assert_null(stats);
}

static void there_is_a_guest_view_only_once_the_guest_reported(void **state)
{
	static const struct {
		unsigned long long last_update;
		bool available, unused, usable, expected;
	} rows[] = {
		{ 1700000000, true, true, true, true },
		{ 1700000000, true, true, false, true },
		{ 1700000000, true, false, true, true },
		{ 0, true, true, true, false },
		{ 1700000000, false, true, true, false },
		{ 1700000000, true, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct params params = { 0 };
		struct domain_stats *stats;

		add(&params, "balloon.rss", 1);
		add(&params, "balloon.last-update", rows[i].last_update);
		if (rows[i].available)
			add(&params, "balloon.available", 3);
		if (rows[i].unused)
			add(&params, "balloon.unused", 1);
		if (rows[i].usable)
			add(&params, "balloon.usable", 2);
		assert_int_equal(parse(&params, &stats), 0);
		assert_int_equal(domain_stats_has_guest_view(stats), rows[i].expected);
		domain_stats_free(stats);
	}
}

static void absurd_parameters_do_no_harm(void **state)
{
	struct params params = { 0 };
	struct domain_stats *stats;

	(void)state;
	add_uint(&params, "block.count", 4000000000u);
	add(&params, "block.1023.rd.reqs", 1);
	add(&params, "block.1024.rd.reqs", 1);
	add(&params, "block.18446744073709551617.rd.reqs", 1);
	add(&params, "block.-1.rd.reqs", 1);
	add(&params, "block..rd.reqs", 1);
	add(&params, "block.2", 1);
	add(&params, "block.2.", 1);
	add(&params, "block.2.name", 5);
	add_text(&params, "block.3.rd.bytes", "many");
	add(&params, "balloon.", 1);
	add(&params, "balloon.current", 1ull << 60);
	virTypedParamsAddLLong(&params.all, &params.n, &params.size, "balloon.swap_in", -1);
	virTypedParamsAddInt(&params.all, &params.n, &params.size, "balloon.swap_out", 4);
	assert_int_equal(parse(&params, &stats), 0);
	assert_int_equal(stats->n_disks, DOMAIN_STATS_DISKS);
	assert_int_equal(stats->disks[1023].io.read_requests, 1);
	assert_null(stats->disks[2].target);
	assert_true(stats->disks[3].io.read_bytes == NOT_REPORTED);
	assert_true(stats->balloon.assigned_bytes == NOT_REPORTED);
	assert_true(stats->balloon.swap_in_bytes == NOT_REPORTED);
	assert_int_equal(stats->balloon.swap_out_bytes, 4096);
	domain_stats_free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_are_told_apart_by_their_number),
		cmocka_unit_test(what_was_not_delivered_is_absent_and_not_zero),
		cmocka_unit_test(kib_become_bytes_and_faults_stay_faults),
		cmocka_unit_test(a_qemu_that_was_not_asked_gives_no_statistics),
		cmocka_unit_test(there_is_a_guest_view_only_once_the_guest_reported),
		cmocka_unit_test(absurd_parameters_do_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (virInitialize() < 0) /* without it, the library fails on its own errors */
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
