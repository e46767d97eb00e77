/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the change from root to an account that can do little else than read BPF maps. */
#include "base/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What reading the maps, running the walk and looking at a VM's files takes. Everything else is
 * done before, or needs no privilege.
 */
static const unsigned kept[] = { CAP_BPF, CAP_PERFMON };

#define N_KEPT (sizeof(kept) / sizeof(kept[0]))

static const char *const default_users[] = { "vmbpf", "nobody" };

#define N_DEFAULT_USERS (sizeof(default_users) / sizeof(default_users[0]))

/* The socket of libvirt may be open to members of this group only. */
#define LIBVIRT_GROUP "libvirt"

static int find_account(const char *name, struct privilege_target *ret)
{
	const struct passwd *account;

	errno = 0;
	account = getpwnam(name);
	if (!account)
		return errno ? -errno : -ENOENT;
	ret->uid = account->pw_uid;
	ret->gid = account->pw_gid;
	snprintf(ret->name, sizeof(ret->name), "%s", account->pw_name);
	return 0;
}

int privilege_find_user(const char *name, struct privilege_target *ret)
{
	int err = -ENOENT;

	if (name)
		return find_account(name, ret);
	for (size_t i = 0; i < N_DEFAULT_USERS && err; i++)
		err = find_account(default_users[i], ret);
	return err;
}

static int leave_groups(void)
{
	const struct group *libvirt = getgrnam(LIBVIRT_GROUP);
	gid_t gid = libvirt ? libvirt->gr_gid : 0;

	return setgroups(libvirt ? 1 : 0, &gid) ? -errno : 0;
}

/* Makes the kept capabilities, as far as they are held, those that libcap-ng will apply. */
static void choose_capabilities(void)
{
	bool held[N_KEPT];

	capng_get_caps_process();
	for (size_t i = 0; i < N_KEPT; i++)
		held[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < N_KEPT; i++)
		if (held[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
}

/* What a call of libcap-ng that failed without errno is reported as. */
static int capability_error(void)
{
	return errno ? -errno : -EPERM;
}

static int change_user(const struct privilege_target *target)
{
	int err = leave_groups();

	if (err)
		return err;
	choose_capabilities();
	errno = 0;
	/* capng_change_id() gives the bounding set up as well, and must be told so for uid 0. */
	if (target->uid == 0)
		return capng_apply(CAPNG_SELECT_BOTH) ? capability_error() : 0;
	if (capng_change_id((int)target->uid, (int)target->gid, CAPNG_CLEAR_BOUNDING))
		return capability_error();
	return 0;
}

int privilege_drop(const struct privilege_target *target)
{
	int err;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (geteuid() == 0) {
		err = change_user(target);
	} else {
		choose_capabilities();
		errno = 0;
		err = capng_apply(CAPNG_SELECT_CAPS) ? capability_error() : 0;
	}
	return err;
}

int privilege_drop_to_owner(const char *path)
{
	char folder[PATH_MAX];
	struct stat status;
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	do {
		slash = strrchr(folder, '/');
		if (!slash)
			break;
		slash[slash == folder] = '\0'; /* the first one is the name of the root */
		if (stat(folder, &status) == 0)
			return privilege_drop(&(struct privilege_target){
				.uid = status.st_uid, .gid = status.st_gid });
	} while (slash != folder);
	return -ENOENT;
}

/* What libcap-ng knows is of each thread, and what it applies is of the calling one. */
int privilege_drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	errno = 0;
	return capng_apply(CAPNG_SELECT_CAPS) ? capability_error() : 0;
}

bool privilege_has_bpf(void)
{
	capng_get_caps_process();
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		return true;
	for (size_t i = 0; i < N_KEPT; i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, kept[i]))
			return false;
	return true;
}

static const char *describe_capabilities(char *text, size_t size)
{
	int used = 0;

	capng_get_caps_process();
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_FULL)
		return "all";
	for (size_t i = 0; i < N_KEPT; i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, kept[i]))
			used += snprintf(text + used, size - (size_t)used, "%s%s", used ? ", " : "",
				capng_capability_to_name(kept[i]));
	return used ? text : "none";
}

char *privilege_describe(char *text, size_t size)
{
	const struct passwd *account = getpwuid(geteuid());
	char capabilities[64];

	snprintf(text, size, "user %s (uid %u), capabilities %s", account ? account->pw_name : "?",
		(unsigned)geteuid(), describe_capabilities(capabilities, sizeof(capabilities)));
	return text;
}

void privilege_raise_limits(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}
