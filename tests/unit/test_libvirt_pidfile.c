/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PID files as proof: which are believed, and what is read of a command line. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "collect/libvirt_pidfile.h"

#define UUID "c075263e-1e87-452a-8bbc-e990cb979ee0"

/* A folder of its own, which is the working directory while a test runs. */
struct fixture {
	char path[32];
	int before;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	strcpy(fixture->path, "/tmp/vmbpf-test-XXXXXX");
	fixture->before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	return mkdtemp(fixture->path) && chdir(fixture->path) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const files[] = { "a.pid", "a.pid.old", "target",
		"web &quot;x&quot;.pid" };
	struct fixture *fixture = *state;
	int err;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	err = fchdir(fixture->before) || rmdir(fixture->path);
	close(fixture->before);
	free(fixture);
	return err;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	fclose(file);
}

static void a_file_that_names_the_process_vouches_for_it(void **state)
{
	(void)state;
	write_file("web &quot;x&quot;.pid", "4242");
	assert_true(pidfile_vouches(".", getuid(), 4242));
	assert_false(pidfile_vouches(".", getuid(), 42));
	assert_false(pidfile_vouches(".", getuid(), 42420));
	assert_false(pidfile_vouches("./none", getuid(), 4242));
}

static void a_file_that_somebody_else_may_write_proves_nothing(void **state)
{
	(void)state;
	write_file("a.pid", "4242\n");
	assert_true(pidfile_vouches(".", getuid(), 4242));
	assert_false(pidfile_vouches(".", getuid() + 1, 4242));
	assert_int_equal(chmod("a.pid", 0666), 0);
	assert_false(pidfile_vouches(".", getuid(), 4242));
	assert_int_equal(chmod("a.pid", 0644), 0);
	assert_int_equal(chmod(".", 0777), 0);
	assert_false(pidfile_vouches(".", getuid(), 4242));
}

static void only_a_plain_file_with_a_number_and_that_suffix_counts(void **state)
{
	static const char *const texts[] = { "", "x4242", "-4242", "4242x", "0", "\n4242",
		"184467440737095516164242" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file("a.pid", texts[i]);
		assert_false(pidfile_vouches(".", getuid(), 4242));
		assert_false(pidfile_vouches(".", getuid(), 0));
	}
	write_file("a.pid.old", "4242");
	assert_false(pidfile_vouches(".", getuid(), 4242));
	write_file("target", "4242");
	unlink("a.pid");
	assert_int_equal(symlink("target", "a.pid"), 0);
	assert_false(pidfile_vouches(".", getuid(), 4242));
}

static void the_uuid_is_the_argument_after_the_option(void **state)
{
	static const char good[] = "qemu\0-name\0-uuidx\0-uuid\0" UUID "\0-S";
	static const char last[] = "-uuid\0" UUID;
	static const char cut[] = "qemu\0-uuid\0" UUID;
	static const char missing[] = "qemu\0-uuid";
	static const char longer[] = "qemu\0-uuid\0" UUID "0";
	static const char other[] = "qemu\0" UUID "\0uuid";
	char uuid[VIR_UUID_STRING_BUFLEN] = "";

	(void)state;
	assert_int_equal(pidfile_uuid(good, sizeof(good), uuid), 0);
	assert_string_equal(uuid, UUID);
	assert_int_equal(pidfile_uuid(last, sizeof(last), uuid), 0);
	assert_int_equal(pidfile_uuid(cut, sizeof(cut) - 2, uuid), -ENOENT);
	assert_int_equal(pidfile_uuid(missing, sizeof(missing), uuid), -ENOENT);
	assert_int_equal(pidfile_uuid(longer, sizeof(longer), uuid), -ENOENT);
	assert_int_equal(pidfile_uuid(other, sizeof(other), uuid), -ENOENT);
	assert_int_equal(pidfile_uuid("", 0, uuid), -ENOENT);
	assert_int_equal(pidfile_uuid("", 1, uuid), -ENOENT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_names_the_process_vouches_for_it),
		TEST(a_file_that_somebody_else_may_write_proves_nothing),
		TEST(only_a_plain_file_with_a_number_and_that_suffix_counts),
		cmocka_unit_test(the_uuid_is_the_argument_after_the_option),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
