/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the list of system calls that vmbpf has no use for once it runs, as a seccomp filter. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

/*
 * A list of what is refused, since what the libraries need differs by version. A name that this
 * machine does not have is passed over. unlink stays: a recording that got no tick is removed.
 */
/* clang-format off */
static const char *const refused[] = {
	/* other programs, and ways around this filter */
	"execve", "execveat", "io_uring_setup", "userfaultfd",
	/* other processes */
	"kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
	"pidfd_getfd", "ptrace", "process_vm_writev", "process_madvise", "process_mrelease",
	"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
	"setpriority", "ioprio_set", "move_pages", "migrate_pages", "setrlimit",
	/* files */
	"creat", "openat2", "open_by_handle_at", "truncate", "link", "linkat", "symlink",
	"symlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "mknod",
	"mknodat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown",
	"fchownat", "utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr",
	"fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
	/* the host */
	"mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
	"mount_setattr", "pivot_root", "chroot", "setns", "unshare", "swapon", "swapoff", "acct",
	"quotactl", "quotactl_fd", "init_module", "finit_module", "delete_module", "kexec_load",
	"kexec_file_load", "reboot", "syslog", "sethostname", "setdomainname", "settimeofday",
	"clock_settime", "clock_adjtime", "adjtimex", "iopl", "ioperm", "add_key", "request_key",
	"keyctl",
};
/* clang-format on */

#define N_REFUSED (sizeof(refused) / sizeof(refused[0]))

static const struct {
	const char *call;
	struct scmp_arg_cmp when;
} refused_when[] = {
	{ "prlimit64", SCMP_A2_64(SCMP_CMP_NE, 0) }, /* 0: it is only asked for */
	{ "open", SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY) },
	{ "open", SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR) },
	{ "open", SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT) },
	{ "openat", SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY) },
	{ "openat", SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR) },
	{ "openat", SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT) },
};

#define N_REFUSED_WHEN (sizeof(refused_when) / sizeof(refused_when[0]))

static int add(scmp_filter_ctx filter, const char *call, unsigned n_conditions,
	const struct scmp_arg_cmp *when)
{
	int number = seccomp_syscall_resolve_name(call);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, n_conditions, when);
}

/* abort() and raise() signal a thread of their own process by tgkill(). */
static int add_signals_to_others(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp other = SCMP_A0_64(SCMP_CMP_NE, (scmp_datum_t)getpid());

	return add(filter, "tgkill", 1, &other);
}

static int add_rules(scmp_filter_ctx filter)
{
	int err = add_signals_to_others(filter);

	for (size_t i = 0; i < N_REFUSED && !err; i++)
		err = add(filter, refused[i], 0, NULL);
	for (size_t i = 0; i < N_REFUSED_WHEN && !err; i++)
		err = add(filter, refused_when[i].call, 1, &refused_when[i].when);
	return err;
}

int sandbox_enter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err;

	if (!filter)
		return -ENOMEM;
	err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = add_rules(filter);
	/* A tree: a call that is allowed, as nearly all are, passes few comparisons. */
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
