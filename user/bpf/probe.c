/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the table of what vmbpf can use of a host, and how each is found out without waiting. */
#include "bpf/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/privilege.h"

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* Read once: it takes 50 ms. The findings say what is wrong, so libbpf need not. */
static const struct btf *kernel_types(void)
{
	static struct btf *types;
	static bool asked;

	if (!asked) {
		libbpf_set_print(NULL);
		types = btf__load_vmlinux_btf();
	}
	asked = true;
	return types;
}

static enum probe_result found(
	bool is_there, char *detail, size_t size, const char *there, const char *missing)
{
	snprintf(detail, size, "%s", is_there ? there : missing);
	return is_there ? PROBE_OK : PROBE_MISSING;
}

static enum probe_result without_types(char *detail, size_t size)
{
	snprintf(detail, size, "cannot be told without the kernel's type information");
	return PROBE_UNKNOWN;
}

static enum probe_result check_file(const char *path, int mode, char *detail, size_t size)
{
	if (access(path, mode) == 0) {
		snprintf(detail, size, "%s", path);
		return PROBE_OK;
	}
	snprintf(detail, size, "%s: %s", path, strerror(errno));
	return errno == EACCES ? PROBE_UNKNOWN : PROBE_MISSING;
}

static enum probe_result check_btf(const struct probe *probe, char *detail, size_t size)
{
	enum probe_result result = check_file(VMLINUX_BTF, R_OK, detail, size);

	(void)probe;
	if (result != PROBE_OK || kernel_types())
		return result;
	snprintf(detail, size, "%s is there but cannot be understood", VMLINUX_BTF);
	return PROBE_MISSING;
}

/* Asks the kernel itself: security modules and container runtimes have their own opinion. */
static enum probe_result check_bpf(const struct probe *probe, char *detail, size_t size)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	AUTO_FD int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "vmbpf_probe", "Dual BSD/GPL",
		nothing, sizeof(nothing) / sizeof(nothing[0]), NULL);
	int err = fd < 0 ? errno : 0;

	(void)probe;
	if (!err)
		return found(true, detail, size, "tracing programs can be loaded", NULL);
	if (err != EPERM)
		snprintf(detail, size, "the kernel refuses tracing programs: %s", strerror(err));
	else if (privilege_has_bpf())
		snprintf(detail, size,
			"refused although the capabilities are there: by a "
			"security module, a container or kernel lockdown");
	else
		snprintf(detail, size, "CAP_BPF and CAP_PERFMON are not held");
	return PROBE_MISSING;
}

static enum probe_result check_jit(const struct probe *probe, char *detail, size_t size)
{
	AUTO_FILE FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	int enabled;

	(void)probe;
	if (!file || fscanf(file, "%d", &enabled) != 1) {
		snprintf(detail, size, "only root can see net.core.bpf_jit_enable");
		return PROBE_UNKNOWN;
	}
	return found(enabled, detail, size, "net.core.bpf_jit_enable is on",
		"net.core.bpf_jit_enable is 0");
}

/* What the name of a probe has after its first '/'. */
static const char *subject(const struct probe *probe)
{
	const char *slash = strchr(probe->name, '/');

	return slash ? slash + 1 : probe->name;
}

static bool has_type(const struct btf *types, const char *name, __u32 kind)
{
	return btf__find_by_name_kind(types, name, kind) > 0;
}

/* A tracepoint that BTF programs can attach to has a type called btf_trace_NAME. */
static bool has_tracepoint(const struct btf *types, const char *name)
{
	char type[64];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return has_type(types, type, BTF_KIND_TYPEDEF);
}

static enum probe_result check_tracepoint(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();

	if (!types)
		return without_types(detail, size);
	return found(has_tracepoint(types, subject(probe)), detail, size, "there",
		"this kernel has no such tracepoint");
}

/* The types of a module are its own. */
static enum probe_result check_kvm_tracepoint(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();
	struct btf *module;
	bool there;

	if (!types)
		return without_types(detail, size);
	if (has_tracepoint(types, subject(probe)))
		return found(true, detail, size, "there, built into the kernel", NULL);
	module = btf__load_module_btf("kvm", (struct btf *)types);
	there = module && has_tracepoint(module, subject(probe));
	btf__free(module);
	return found(there, detail, size, "there, in the module kvm",
		"neither in the kernel nor in a loaded module kvm");
}

static enum probe_result check_kfunc(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();

	if (!types)
		return without_types(detail, size);
	return found(has_type(types, subject(probe), BTF_KIND_FUNC), detail, size, "there",
		"this kernel has no such function for BPF; the iterator 'task' is used");
}

static enum probe_result check_iterator(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();
	char type[64];

	if (!types)
		return without_types(detail, size);
	snprintf(type, sizeof(type), "bpf_iter__%s", subject(probe));
	return found(has_type(types, type, BTF_KIND_STRUCT), detail, size, "there",
		"this kernel has no such iterator");
}

static bool has_member(const struct btf *types, const char *structure, const char *member)
{
	int id = btf__find_by_name_kind(types, structure, BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(types, (__u32)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(types, btf_members(type)[i].name_off), member) == 0)
			return true;
	return false;
}

/* Without CONFIG_SCHED_INFO the structure is there, but empty (include/linux/sched.h). */
static enum probe_result check_sched_info(const struct probe *probe, char *detail, size_t size)
{
	const struct btf *types = kernel_types();

	(void)probe;
	if (!types)
		return without_types(detail, size);
	return found(has_member(types, "sched_info", "run_delay"), detail, size,
		"the scheduler measures run-queue delay", "built without CONFIG_SCHED_INFO");
}

static enum probe_result check_kvm(const struct probe *probe, char *detail, size_t size)
{
	(void)probe;
	return check_file("/dev/kvm", F_OK, detail, size);
}

/* Does not wait: connecting to a local socket succeeds or fails at once. */
static int try_socket(const char *path)
{
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	return errno == EAGAIN ? 0 : errno; /* its queue is full: somebody listens */
}

static enum probe_result check_libvirt(const struct probe *probe, char *detail, size_t size)
{
	/* The one daemon for all, then the one for QEMU alone. */
	static const char *const sockets[] = {
		"/run/libvirt/libvirt-sock-ro",
		"/run/libvirt/virtqemud-sock-ro",
	};
	int err = ENOENT;

	(void)probe;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]) && err; i++) {
		int this_err = try_socket(sockets[i]);

		if (this_err == 0)
			snprintf(detail, size, "%s answers", sockets[i]);
		else if (this_err != ENOENT)
			snprintf(detail, size, "%s: %s", sockets[i], strerror(this_err));
		err = this_err == ENOENT ? err : this_err;
	}
	if (err == ENOENT)
		snprintf(detail, size, "there is no libvirt socket in /run/libvirt");
	return err ? PROBE_MISSING : PROBE_OK;
}

static bool is_filesystem(const char *path, long magic)
{
	struct statfs info;

	return statfs(path, &info) == 0 && (long)info.f_type == magic;
}

static enum probe_result check_cgroup(const struct probe *probe, char *detail, size_t size)
{
	(void)probe;
	if (is_filesystem("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC))
		return found(true, detail, size, "version 2", NULL);
	if (is_filesystem("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC))
		return found(true, detail, size, "version 1, with version 2 beside it", NULL);
	return found(is_filesystem("/sys/fs/cgroup", TMPFS_MAGIC), detail, size, "version 1",
		"nothing is mounted at /sys/fs/cgroup");
}

static enum probe_result check_tracefs(const struct probe *probe, char *detail, size_t size)
{
	(void)probe;
	return found(is_filesystem("/sys/kernel/tracing", TRACEFS_MAGIC) ||
			     is_filesystem("/sys/kernel/debug/tracing", TRACEFS_MAGIC),
		detail, size, "mounted", "not mounted");
}

static enum probe_result check_memlock(const struct probe *probe, char *detail, size_t size)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit = { 0 };

	(void)probe;
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0)
		return found(true, detail, size, "can be raised as far as needed", NULL);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	snprintf(detail, size, "%llu KiB, which only root can raise",
		(unsigned long long)limit.rlim_max / 1024);
	return PROBE_UNKNOWN;
}

static enum probe_result check_pressure(const struct probe *probe, char *detail, size_t size)
{
	/* The file is there even where opening it fails, because PSI was switched off. */
	AUTO_FILE FILE *file = fopen("/proc/pressure/cpu", "re");

	(void)probe;
	return found(file, detail, size, "/proc/pressure", "no /proc/pressure that can be read");
}

#define NEWER_KERNEL "use a newer kernel"

const struct probe probes[] = {
	{
		.name = "btf",
		.what = "kernel type information (BTF)",
		.lost = "everything that is counted in the kernel",
		.remedy = "use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions ship",
		.required = true,
		.check = check_btf,
	},
	{
		.name = "bpf",
		.what = "permission to load BPF programs",
		.lost = "everything that is counted in the kernel",
		.remedy =
			"run as root, or with CAP_BPF and CAP_PERFMON; in a container, allow bpf()",
		.required = true,
		.check = check_bpf,
	},
	{
		.name = "jit",
		.what = "BPF compiled to machine code",
		.lost = "speed: each event costs several times as much",
		.remedy = "sysctl net.core.bpf_jit_enable=1",
		.check = check_jit,
	},
	{
		.name = "iter/task",
		.what = "BPF iterator over tasks",
		.lost = "everything that is counted in the kernel",
		.remedy = NEWER_KERNEL " (5.8 has it)",
		.required = true,
		.check = check_iterator,
	},
	{
		.name = "iter/task_file",
		.what = "BPF iterator over open files",
		.lost = "telling which processes are VMs",
		.remedy = NEWER_KERNEL " (5.8 has it)",
		.required = true,
		.check = check_iterator,
	},
	{
		.name = "kfunc/bpf_iter_task_new",
		.what = "walk over tasks in one call",
		.lost = "nothing: another way is used, which costs a little more",
		.remedy = NEWER_KERNEL " (6.7 has it)",
		.check = check_kfunc,
	},
	{
		.name = "sched_info",
		.what = "run-queue delay of each task",
		.lost = "ready time",
		.remedy = "use a kernel built with CONFIG_SCHED_INFO, as distributions ship",
		.check = check_sched_info,
	},
	{
		.name = "tp_btf/sched_switch",
		.what = "tracepoint: a CPU changes its task",
		.lost = "wait, wake-ups, run latency",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS",
		.check = check_tracepoint,
	},
	{
		.name = "tp_btf/task_newtask",
		.what = "tracepoint: a task begins",
		.lost = "the first moments of a new thread's wait and run latency",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS",
		.check = check_tracepoint,
	},
	{
		.name = "tp_btf/netif_receive_skb",
		.what = "tracepoint: a packet arrives",
		.lost = "bytes and packets of the VMs' interfaces",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS and CONFIG_NET",
		.check = check_tracepoint,
	},
	{
		.name = "tp_btf/net_dev_xmit",
		.what = "tracepoint: a packet leaves",
		.lost = "bytes and packets of the VMs' interfaces",
		.remedy = "use a kernel built with CONFIG_TRACEPOINTS and CONFIG_NET",
		.check = check_tracepoint,
	},
	{
		.name = "kvm",
		.what = "hardware virtualization",
		.lost = "VMs run by KVM; those that QEMU emulates are shown all the same",
		.remedy = "load kvm_intel or kvm_amd; enable virtualization in the firmware",
		.check = check_kvm,
	},
	{
		.name = "tp_btf/kvm_exit",
		.what = "tracepoint: a vCPU leaves the guest",
		.lost = "nothing that vmbpf shows now",
		.remedy = "load kvm, on a kernel that has BTF for modules",
		.check = check_kvm_tracepoint,
	},
	{
		.name = "tp_btf/kvm_entry",
		.what = "tracepoint: a vCPU enters the guest",
		.lost = "nothing that vmbpf shows now",
		.remedy = "load kvm, on a kernel that has BTF for modules",
		.check = check_kvm_tracepoint,
	},
	{
		.name = "libvirt",
		.what = "libvirt of this host",
		.lost = "names, UUIDs, states, memory, disks and metadata of VMs",
		.remedy = "start libvirtd or virtqemud, or name another one with --connect",
		.check = check_libvirt,
	},
	{
		.name = "cgroup",
		.what = "control groups",
		.lost = "one proof of which VM of libvirt a process is",
		.remedy = "mount them at /sys/fs/cgroup",
		.check = check_cgroup,
	},
	{
		.name = "pressure",
		.what = "pressure stall information",
		.lost = "pressure of the host",
		.remedy = "boot with psi=1, on a kernel built with CONFIG_PSI",
		.check = check_pressure,
	},
	{
		.name = "tracefs",
		.what = "tracing file system",
		.lost = "nothing: vmbpf does not need it",
		.remedy = "mount -t tracefs tracefs /sys/kernel/tracing",
		.check = check_tracefs,
	},
	{
		.name = "memlock",
		.what = "limit of locked memory",
		.lost = "nothing on kernels that charge BPF maps to control groups (5.11 has that)",
		.remedy = "ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit",
		.check = check_memlock,
	},
};

const size_t n_probes = sizeof(probes) / sizeof(probes[0]);

enum probe_result probe_has(const char *name)
{
	char detail[PROBE_DETAIL_MAX];

	for (size_t i = 0; i < n_probes; i++)
		if (strcmp(probes[i].name, name) == 0)
			return probes[i].check(&probes[i], detail, sizeof(detail));
	return PROBE_UNKNOWN;
}
