/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the decision whom to become, and what is said when that fails. */
#include "cmd/rights.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "cmd/cmd.h"
#include "collect/libvirt_connection.h"

/* How long libvirtd may take to say whether it lets somebody in. */
#define ANSWER_NS (2 * NSEC_PER_SEC)
#define LOOK_NS (5 * NSEC_PER_MSEC)

static int find_target(const struct config *config, struct privilege_target *target)
{
	int err = privilege_find_user(config->user, target);

	if (!err)
		return 0;
	if (config->user && err == -ENOENT) {
		log_error("--user: there is no account '%s'", config->user);
		return EX_USAGE;
	}
	if (err == -ENOENT) {
		log_error("there is no account 'vmbpf' or 'nobody' to become, and vmbpf does not "
			  "stay root unasked (make one, or use --user)");
		return EX_CONFIG;
	}
	log_error("cannot look the account up: %s", strerror(-err));
	return EX_OSERR;
}

/* The exit status of a child, or -1 after it was ended for taking too long. */
static int wait_for(pid_t child)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	uint64_t end_ns = clock_ns(CLOCK_MONOTONIC) + ANSWER_NS;
	int status;

	while (waitpid(child, &status, WNOHANG) == 0) {
		if (clock_ns(CLOCK_MONOTONIC) > end_ns) {
			kill(child, SIGKILL);
			waitpid(child, &status, 0);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Tried in a child, since there is no way back to root. */
static bool libvirt_wants_root(const struct config *config, const struct privilege_target *target)
{
	const char *uri = config->uri ? config->uri : LIBVIRT_DEFAULT_URI;
	pid_t child;

	if (config->replay || !libvirt_uri_is_local(uri))
		return false;
	child = fork();
	if (child == 0)
		_exit(privilege_drop(target) == 0 && libvirt_refuses(uri));
	return child > 0 && wait_for(child) == 1;
}

/*
 * Where libvirtd has no polkit to ask, it lets only root in; then vmbpf stays uid 0, but without
 * what makes root more than others.
 */
static void stay_if_wanted(const struct config *config, struct privilege_target *target)
{
	if (config->user || target->uid == 0 || !libvirt_wants_root(config, target))
		return;
	log_detail("libvirtd refuses user %s: vmbpf stays uid 0, without root's capabilities",
		target->name);
	*target = (struct privilege_target){ .name = "root" };
}

static void enter_sandbox(void)
{
	int err = sandbox_enter();

	if (err)
		log_warning("this kernel cannot refuse vmbpf the system calls it has no use for: "
			    "%s; it goes on, with few rights but without a sandbox",
			strerror(-err));
}

int rights_drop(const struct config *config)
{
	struct privilege_target target = { 0 };
	char text[160];
	int err, status = 0;

	if (geteuid() == 0)
		status = find_target(config, &target);
	else if (config->user)
		log_warning("--user is ignored: only root can become another account");
	if (status)
		return status;
	if (geteuid() == 0)
		stay_if_wanted(config, &target);
	err = privilege_drop(&target);
	if (err) {
		log_error("cannot give up the rights of root: %s; vmbpf does not keep them while "
			  "it reads what VMs control (grant CAP_SETUID, CAP_SETGID and "
			  "CAP_SETPCAP, or run as another user)",
			strerror(-err));
		return err == -EPERM ? EX_NOPERM : EX_OSERR;
	}
	enter_sandbox();
	log_detail("runs as %s", privilege_describe(text, sizeof(text)));
	return 0;
}
