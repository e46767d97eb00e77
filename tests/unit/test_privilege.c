/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of the rights of a process after it gave them up. Each case has its own process. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/privilege.h"

/* include/uapi/linux/capability.h */
#define BPF_AND_PERFMON (1ull << 39 | 1ull << 38)

/* A set of capabilities from /proc/self/status; all of them where it cannot be read. */
static uint64_t capabilities(const char *which)
{
	AUTO_FILE FILE *file = fopen("/proc/self/status", "re");
	char line[256], name[16];
	unsigned long long set;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%15[^:]: %llx", name, &set) == 2 && strcmp(name, which) == 0)
			return set;
	return UINT64_MAX;
}

/* Runs a check in a child process, which gives its rights up first. */
static bool holds_after_drop(const char *user, bool (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct privilege_target target = { 0 };

		if (privilege_find_user(user, &target) || privilege_drop(&target))
			_exit(2);
		_exit(check() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 0;
}

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("# needs root\n");
		skip();
	}
}

static bool has_bpf_capabilities_at_most(void)
{
	return !(capabilities("CapEff") & ~BPF_AND_PERFMON) &&
	       !(capabilities("CapPrm") & ~BPF_AND_PERFMON) && capabilities("CapInh") == 0;
}

static bool can_never_gain_any(void)
{
	return capabilities("CapBnd") == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool is_not_root_for_good(void)
{
	return getuid() != 0 && geteuid() != 0 && getgid() != 0 && setuid(0) < 0 && setgid(0) < 0;
}

static bool is_root(void)
{
	return geteuid() == 0;
}

static bool is_in_no_group_but_libvirt(void)
{
	const struct group *libvirt = getgrnam("libvirt");
	gid_t groups[64];
	int n = getgroups(64, groups);

	return n == 0 || (n == 1 && libvirt && groups[0] == libvirt->gr_gid);
}

/* /proc/self/mem, as an example: it must not be open to others of the same user. */
static bool cannot_be_traced_by_its_user(void)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1;
}

static void capabilities_are_those_for_bpf_at_most(void **state)
{
	(void)state;
	need_root();
	assert_true(holds_after_drop(NULL, has_bpf_capabilities_at_most));
}

static void rights_cannot_be_gained_again(void **state)
{
	(void)state;
	need_root();
	assert_true(holds_after_drop(NULL, can_never_gain_any));
}

static void root_becomes_somebody_else_for_good(void **state)
{
	(void)state;
	need_root();
	assert_true(holds_after_drop(NULL, is_not_root_for_good));
}

static void groups_of_root_are_left(void **state)
{
	(void)state;
	need_root();
	assert_true(holds_after_drop(NULL, is_in_no_group_but_libvirt));
}

static void memory_is_closed_to_other_processes_of_that_user(void **state)
{
	(void)state;
	need_root();
	assert_true(holds_after_drop(NULL, cannot_be_traced_by_its_user));
}

static void root_by_request_loses_its_capabilities_all_the_same(void **state)
{
	(void)state;
	need_root();
	assert_true(holds_after_drop("root", is_root));
	assert_true(holds_after_drop("root", has_bpf_capabilities_at_most));
	assert_true(holds_after_drop("root", can_never_gain_any));
}

static void without_root_rights_can_be_dropped_too(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct privilege_target nobody = { 0 };

		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		_exit(privilege_drop(&nobody) == 0 && has_bpf_capabilities_at_most() &&
					geteuid() != 0
				? 0
				: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void account_is_found_by_name(void **state)
{
	struct privilege_target target = { .uid = 77 };

	(void)state;
	assert_int_equal(privilege_find_user("root", &target), 0);
	assert_int_equal(target.uid, 0);
	assert_string_equal(target.name, "root");
	assert_int_equal(privilege_find_user("no such account", &target), -ENOENT);
	assert_string_equal(target.name, "root");
}

static void default_account_is_not_root(void **state)
{
	struct privilege_target target = { 0 };

	(void)state;
	assert_int_equal(privilege_find_user(NULL, &target), 0);
	assert_int_not_equal(target.uid, 0);
}

static void as_many_files_as_allowed_can_be_open(void **state)
{
	struct rlimit limit;

	(void)state;
	privilege_raise_limits();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_those_for_bpf_at_most),
		cmocka_unit_test(rights_cannot_be_gained_again),
		cmocka_unit_test(root_becomes_somebody_else_for_good),
		cmocka_unit_test(groups_of_root_are_left),
		cmocka_unit_test(memory_is_closed_to_other_processes_of_that_user),
		cmocka_unit_test(root_by_request_loses_its_capabilities_all_the_same),
		cmocka_unit_test(without_root_rights_can_be_dropped_too),
		cmocka_unit_test(account_is_found_by_name),
		cmocka_unit_test(default_account_is_not_root),
		cmocka_unit_test(as_many_files_as_allowed_can_be_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
