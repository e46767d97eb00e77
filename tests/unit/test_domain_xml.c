/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domain XML: what is read of it, and what must not be believed or expanded. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "collect/domain_xml.h"
#include "vmbpf/model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DOMAIN "tests/fixtures/domain/"

static int parse_fixture(const char *path, struct domain_xml **ret)
{
	char text[16384];
	int err = buf_read(AT_FDCWD, path, text, sizeof(text));

	if (err < 0)
		fail_msg("%s: %s (run from the top folder)", path, strerror(-err));
	return domain_xml_parse(text, ret);
}

static struct domain_xml *must_parse(const char *path)
{
	struct domain_xml *xml = NULL;

	assert_int_equal(parse_fixture(path, &xml), 0);
	assert_non_null(xml);
	return xml;
}

static void assert_text(const char *text, const char *expected)
{
	if (!expected) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void sizes_are_those_of_now_and_at_most(void **state)
{
	struct domain_xml *xml = must_parse(DOMAIN "live.xml");

	(void)state;
	assert_int_equal(xml->n_vcpus, 3);
	assert_int_equal(xml->memory_maximum_bytes, 2048ull << 20);
	assert_int_equal(xml->memory_assigned_bytes, 1024ull << 20);
	domain_xml_free(xml);
}

static void owners_come_from_the_metadata_of_nova(void **state)
{
	struct domain_xml *xml = must_parse(DOMAIN "live.xml");

	(void)state;
	assert_text(xml->title, "Web & mail \"front\"");
	assert_text(xml->owner_name, "web-1");
	assert_text(xml->owner_project, "shop");
	assert_text(xml->owner_flavour, "m1.small");
	assert_text(xml->tags, "os=http://debian.org/debian/12 one_name=web_1 one_user=oneadmin");
	domain_xml_free(xml);
}

static void every_kind_of_disk_has_its_target_and_path(void **state)
{
	static const struct {
		const char *target, *path;
	} expected[] = {
		{ "vda", "/var/lib/images/web.qcow2" },
		{ "vdb", "pool/volume-17" },
		{ "vdc", "fast/scratch" },
		{ "vdd", "/dev/vg0/data" },
		{ "sda", NULL },
	};
	struct domain_xml *xml = must_parse(DOMAIN "live.xml");
	const struct xml_disk *disk = xml->disks;

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++, disk = disk->next) {
		assert_non_null(disk);
		assert_text(disk->target, expected[i].target);
		assert_text(disk->path, expected[i].path);
	}
	assert_null(disk);
	domain_xml_free(xml);
}

static void a_nic_without_a_device_is_called_by_its_alias_or_address(void **state)
{
	static const struct {
		const char *device, *mac, *source;
	} expected[] = {
		{ "tap2a", "52:54:00:aa:00:01", "br0" },
		{ "vnet3", "52:54:00:aa:00:02", "default" },
		{ "hostdev0", "52:54:00:aa:00:03", NULL },
	};
	struct domain_xml *xml = must_parse(DOMAIN "live.xml");
	const struct xml_nic *nic = xml->nics;

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++, nic = nic->next) {
		assert_non_null(nic);
		assert_text(nic->device, expected[i].device);
		assert_text(nic->mac, expected[i].mac);
		assert_text(nic->source, expected[i].source);
	}
	assert_null(nic);
	domain_xml_free(xml);

	xml = must_parse(DOMAIN "off.xml");
	assert_text(xml->nics->device, "52:54:00:bb:00:01");
	domain_xml_free(xml);
}

static void what_is_not_given_is_absent(void **state)
{
	struct domain_xml *xml = must_parse(DOMAIN "off.xml");

	(void)state;
	assert_int_equal(xml->n_vcpus, 2);
	assert_null(xml->title);
	assert_null(xml->owner_name);
	assert_null(xml->tags);
	assert_null(xml->disks);
	domain_xml_free(xml);

	assert_int_equal(domain_xml_parse("<domain/>", &xml), 0);
	assert_true(xml->n_vcpus == NOT_REPORTED);
	assert_true(xml->memory_maximum_bytes == NOT_REPORTED);
	assert_true(xml->memory_assigned_bytes == NOT_REPORTED);
	assert_null(xml->nics);
	domain_xml_free(xml);
}

static void a_tenant_can_only_say_what_is_his_to_say(void **state)
{
	struct domain_xml *xml = must_parse(DOMAIN "hostile.xml");

	(void)state;
	assert_text(xml->title, "<!DOCTYPE x [ <!ENTITY y \"z\"> ]>");
	assert_null(xml->owner_name);
	assert_text(xml->tags, "one_user=eve_one_group_admin__x__y");
	assert_true(xml->memory_maximum_bytes == NOT_REPORTED);
	assert_true(xml->n_vcpus == NOT_REPORTED);
	assert_null(xml->disks);
	assert_text(xml->nics->device, "?");
	domain_xml_free(xml);
}

static void documents_that_define_entities_are_refused(void **state)
{
	struct domain_xml *xml = NULL;

	(void)state;
	assert_int_equal(parse_fixture(DOMAIN "entities.xml", &xml), -EINVAL);
	assert_int_equal(parse_fixture(DOMAIN "external.xml", &xml), -EINVAL);
	assert_null(xml);
}

static void what_is_not_the_xml_of_a_domain_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"no markup",
		"<network/>",
		"<domain>",
		"<domain><title>\xff\xfe</title></domain>",
		"<domain a='1' a='2'/>",
	};
	struct domain_xml *xml = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(domain_xml_parse(texts[i], &xml), -EINVAL);
	assert_null(xml);
}

static void texts_and_lists_without_end_are_refused(void **state)
{
	static const char start[] = "<domain><devices>", disk[] = "<disk/>";
	const size_t size = DOMAIN_XML_MAX + 2, n_disks = DOMAIN_XML_NODES + 1;
	AUTO_FREE char *text = malloc(size);
	struct domain_xml *xml = NULL;
	char *end;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', size - 1);
	text[size - 1] = '\0';
	assert_int_equal(domain_xml_parse(text, &xml), -E2BIG);

	end = stpcpy(text, start);
	for (size_t i = 0; i < n_disks; i++)
		end = stpcpy(end, disk);
	strcpy(end, "</devices></domain>");
	assert_int_equal(domain_xml_parse(text, &xml), -E2BIG);
	assert_null(xml);
}

static void a_long_text_is_cut_between_two_characters(void **state)
{
	static const char start[] = "<domain><title>x";
	AUTO_FREE char *text = malloc(16384);
	struct domain_xml *xml = NULL;
	char *end;

	(void)state;
	assert_non_null(text);
	end = stpcpy(text, start);
	for (int i = 0; i < 3000; i++)
		end = stpcpy(end, "\xc3\xa9");
	strcpy(end, "</title></domain>");
	assert_int_equal(domain_xml_parse(text, &xml), 0);
	/* 4096 bytes would end within the 2048th of those characters. */
	assert_int_equal(strlen(xml->title), 4095);
	domain_xml_free(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_those_of_now_and_at_most),
		cmocka_unit_test(owners_come_from_the_metadata_of_nova),
		cmocka_unit_test(every_kind_of_disk_has_its_target_and_path),
		cmocka_unit_test(a_nic_without_a_device_is_called_by_its_alias_or_address),
		cmocka_unit_test(what_is_not_given_is_absent),
		cmocka_unit_test(a_tenant_can_only_say_what_is_his_to_say),
		cmocka_unit_test(documents_that_define_entities_are_refused),
		cmocka_unit_test(what_is_not_the_xml_of_a_domain_is_refused),
		cmocka_unit_test(texts_and_lists_without_end_are_refused),
		cmocka_unit_test(a_long_text_is_cut_between_two_characters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
