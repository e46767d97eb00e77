/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of domains: what passes from one poll to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "collect/domain_list.h"

#define SECOND NSEC_PER_SEC
#define NOW (1000 * SECOND)
#define UUID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define UUID_B "bbbbbbbb-0000-4000-8000-000000000002"
#define UUID_C "cccccccc-0000-4000-8000-000000000003"

static struct domain_xml *some_xml(void)
{
	struct domain_xml *xml;

	assert_int_equal(domain_xml_parse("<domain/>", &xml), 0);
	return xml;
}

static struct domain_stats *some_stats(void)
{
	virTypedParameterPtr params = NULL;
	int n = 0, size = 0;
	struct domain_stats *stats;

	virTypedParamsAddULLong(&params, &n, &size, "balloon.rss", 1);
	assert_int_equal(domain_stats_parse(params, n, &stats), 0);
	virTypedParamsFree(params, n);
	return stats;
}

/* One domain that runs under this ID. */
static struct domain_list *list_of_one(int64_t id)
{
	struct domain_list *list = domain_list_new(1);
	struct domain *domain = domain_list_add(list, UUID_A, "a");

	domain->id = id;
	domain->state = id < 0 ? VM_SHUTOFF : VM_RUNNING;
	return list;
}

/* The same, with all that can be known of it. */
static struct domain_list *full_list(int64_t id)
{
	struct domain_list *list = list_of_one(id);
	struct domain *domain = list->domains;

	domain->xml = some_xml();
	domain->xml_ns = NOW;
	domain->persistent = true;
	domain->had_process = true;
	domain->n_vcpus_seen = 4;
	assert_null(domain_put_stats(domain, some_stats(), NOW));
	return list;
}

static void domains_are_found_by_uuid_and_listed_once(void **state)
{
	struct domain_list *list = domain_list_new(4);

	(void)state;
	domain_list_add(list, UUID_C, "c");
	domain_list_add(list, UUID_A, "a");
	domain_list_add(list, UUID_C, "c again");
	domain_list_add(list, UUID_B, "b");
	assert_null(domain_list_add(list, UUID_B, "no room"));
	domain_list_sort(list);
	assert_int_equal(list->n, 3);
	assert_string_equal(domain_list_find(list, UUID_B)->name, "b");
	assert_string_equal(domain_list_find(list, UUID_A)->name, "a");
	assert_null(domain_list_find(list, "bbbbbbbb"));
	assert_null(domain_list_find(list, ""));
	domain_list_free(list);
}

static void a_domain_that_runs_on_keeps_all_that_is_known(void **state)
{
	struct domain_list *before = full_list(7), *list = list_of_one(7);

	(void)state;
	domain_list_inherit(list, before);
	domain_list_free(before);
	assert_non_null(list->domains->xml);
	assert_int_equal(list->domains->xml_ns, NOW);
	assert_true(list->domains->persistent);
	assert_true(list->domains->had_process);
	assert_int_equal(list->domains->n_vcpus_seen, 4);
	assert_non_null(list->domains->stats);
	assert_int_equal(list->domains->stats_ns, NOW);
	domain_list_free(list);
}

static void what_was_true_before_a_restart_is_forgotten(void **state)
{
	static const int64_t ids[] = { 8, -1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct domain_list *before = full_list(7), *list = list_of_one(ids[i]);

		domain_list_inherit(list, before);
		domain_list_free(before);
		assert_non_null(list->domains->xml);
		assert_null(list->domains->stats);
		assert_int_equal(list->domains->stats_ns, 0);
		assert_false(list->domains->had_process);
		domain_list_free(list);
	}
}

static void xml_that_was_read_again_replaces_the_old(void **state)
{
	struct domain_list *before = full_list(7), *list = list_of_one(7);
	struct domain_xml *xml = some_xml();

	(void)state;
	before->domains->changed_ns = NOW + 3;
	list->domains->xml = xml;
	list->domains->xml_ns = NOW + 2;
	domain_list_inherit(list, before);
	domain_list_free(before);
	assert_ptr_equal(list->domains->xml, xml);
	assert_int_equal(list->domains->xml_ns, NOW + 2);
	assert_false(list->domains->persistent);
	/* A change that was announced while the XML was read is not lost. */
	assert_true(domain_needs_xml(list->domains, list->domains, NOW + 4));
	domain_list_free(list);
}

static void xml_is_read_when_new_changed_or_a_minute_old(void **state)
{
	static const struct {
		bool known;
		int64_t id_before;
		enum vm_state state_before;
		uint64_t changed_ns, age_ns;
		bool expected;
	} rows[] = {
		{ true, 7, VM_RUNNING, 0, SECOND, false },
		{ true, 7, VM_RUNNING, NOW - 1, SECOND, false },
		{ true, 7, VM_RUNNING, NOW, SECOND, true },
		{ true, 7, VM_RUNNING, NOW + 1, SECOND, true },
		{ true, 6, VM_RUNNING, 0, SECOND, true },
		{ true, -1, VM_SHUTOFF, 0, SECOND, true },
		{ true, 7, VM_PAUSED, 0, SECOND, true },
		{ false, 7, VM_RUNNING, 0, SECOND, true },
		{ true, 7, VM_RUNNING, 0, 29 * SECOND, false },
		{ true, 7, VM_RUNNING, 0, 61 * SECOND, true },
	};
	struct domain_list *list = list_of_one(7);

	(void)state;
	assert_true(domain_needs_xml(list->domains, NULL, NOW));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct domain_xml xml = { 0 };
		struct domain was = {
			.id = rows[i].id_before,
			.state = rows[i].state_before,
			.changed_ns = rows[i].changed_ns,
			.xml = rows[i].known ? &xml : NULL,
			.xml_ns = NOW,
		};

		assert_int_equal(domain_needs_xml(list->domains, &was, NOW + rows[i].age_ns),
			rows[i].expected);
	}
	domain_list_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_are_found_by_uuid_and_listed_once),
		cmocka_unit_test(a_domain_that_runs_on_keeps_all_that_is_known),
		cmocka_unit_test(what_was_true_before_a_restart_is_forgotten),
		cmocka_unit_test(xml_that_was_read_again_replaces_the_old),
		cmocka_unit_test(xml_is_read_when_new_changed_or_a_minute_old),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (virInitialize() < 0) /* without it, the library fails on its own errors */
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
