/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is attached to the kernel while a load is measured. */
#include "lib/variant.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "empty.skel.h"

/* Numbers of the two VMs there may be. */
#define OUR_VM 1
#define OTHER_VM 2

static int attach_empty(struct empty_bpf *empty, enum events events)
{
	bpf_program__set_autoload(empty->progs.empty_switch, events == ON_SWITCH);
	bpf_program__set_autoload(empty->progs.empty_wakeup, events == ON_WAKEUP);
	bpf_program__set_autoload(empty->progs.empty_receive, events == ON_NETWORK);
	bpf_program__set_autoload(empty->progs.empty_xmit, events == ON_NETWORK);
	bpf_program__set_autoload(empty->progs.tell_start, false);
	return empty_bpf__load(empty) || empty_bpf__attach(empty) ? -errno : 0;
}

static int enter_empty(enum events events, struct attached *attached)
{
	attached->empty = empty_bpf__open();
	return attached->empty ? attach_empty(attached->empty, events) : -errno;
}

/* Fills the first place the search looks at: the table has nothing else in it. */
static int tap_becomes_vms(struct loader *loader, int tap)
{
	struct vmb_file files[512];
	int n_files = loader_files(loader, getpid(), files, 512);

	for (int i = 0; i < n_files; i++) {
		__u32 at = vmb_nic_hash(files[i].ifindex, files[i].netns);

		if (files[i].kind != VMB_FILE_TAP || files[i].ifindex != (__u32)tap)
			continue;
		loader->nics[at & (loader->n_nic_places - 1)] = (struct vmb_nic){
			.ifindex = files[i].ifindex,
			.netns = files[i].netns,
			.address = files[i].address,
		};
		return 0;
	}
	return -ENODEV;
}

static int enter_vmbpf(bool light, enum events events, struct loader *loader)
{
	const struct loader_part *part = events == ON_NETWORK ? &loader->net : &loader->events;
	struct config config = { .light = light };
	char why[200] = "";
	int err = loader_open(&config, loader, why, sizeof(why));

	if (err) {
		warnx("%s", why);
		return err;
	}
	if (!light && !part->on) {
		warnx("%s", part->why);
		return -EOPNOTSUPP;
	}
	return loader_walk(loader);
}

int variant_enter(enum variant variant, enum events events, struct attached *attached)
{
	*attached = (struct attached){ 0 };
	if (variant == NOTHING)
		return 0;
	if (variant == EMPTY)
		return enter_empty(events, attached);
	return enter_vmbpf(variant == LIGHT, events, &attached->loader);
}

void variant_leave(struct attached *attached)
{
	empty_bpf__destroy(attached->empty);
	loader_close(&attached->loader);
}

/* The kernel writes its answer back to where the argument came from. */
static int ask_start(struct empty_bpf *empty, __u64 *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = ret, .ctx_size_in = sizeof(*ret));
	struct bpf_program *program;

	bpf_object__for_each_program(program, empty->obj)
		bpf_program__set_autoload(program, program == empty->progs.tell_start);
	if (empty_bpf__load(empty))
		return -errno;
	return bpf_prog_test_run_opts(bpf_program__fd(empty->progs.tell_start), &options) ? -errno
											  : 0;
}

/* Only waits of vCPUs are charged to their holders; which threads these are, user space says. */
static int threads_become_vcpus(struct loader *loader)
{
	unsigned n_vcpus = 0;

	for (unsigned number = 1; number < loader->n_seen; number++) {
		if (loader->slots[number].tgid != (__u32)getpid())
			continue;
		loader->slots[number].victim = OUR_VM;
		n_vcpus++;
	}
	return n_vcpus ? 0 : -ESRCH;
}

int process_becomes_vm(struct loader *loader)
{
	struct vmb_process process = { .verdict = VMB_IS_VM, .vm = OUR_VM };
	struct empty_bpf *empty = empty_bpf__open();
	__u64 start_ns = 0;
	int err;

	if (!empty)
		return -errno;
	err = ask_start(empty, &start_ns);
	empty_bpf__destroy(empty);
	process.start_ns = start_ns;
	if (!err)
		err = loader_set_process(loader, getpid(), &process);
	if (!err)
		err = loader_walk(loader);
	return err ? err : threads_become_vcpus(loader);
}

int variant_become_vm(struct attached *attached, int tap)
{
	int err = process_becomes_vm(&attached->loader);

	return err || tap < 0 ? err : tap_becomes_vms(&attached->loader, tap);
}

int variant_set_apart(struct attached *attached, enum variant variant, pid_t tid)
{
	const struct loader *loader = &attached->loader;
	unsigned number = loader_slot_of(loader, (__u32)tid);

	if (!number)
		return -ESRCH;
	memset(&loader->blames[OUR_VM], 0, sizeof(loader->blames[OUR_VM]));
	loader->slots[number].vm = loader->slots[number].victim = OTHER_VM;
	if (variant == BEHIND_HOST)
		loader_forget_tid(loader, (__u32)tid, number);
	return 0;
}

bool variant_has_blamed(const struct attached *attached)
{
	const struct vmb_blame_row *row = &attached->loader.blames[OUR_VM];
	__u64 ns = 0;

	for (unsigned i = 0; i < VMB_BLAMES; i++)
		ns += row->cells[i].ns;
	return ns > 0;
}

/* Whether that file of ours is a BPF program, and then what is known of it. */
static bool read_program(int fd, struct bpf_prog_info *info)
{
	char path[64], target[64] = "";
	__u32 size = sizeof(*info);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, target, sizeof(target) - 1) < 0 ||
		strcmp(target, "anon_inode:bpf-prog") != 0)
		return false;
	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size) == 0;
}

int program_runs(const char *const *names, uint64_t *run_ns, uint64_t *runs)
{
	struct bpf_prog_info info;
	bool found = false;

	*run_ns = *runs = 0;
	for (int fd = 0; fd < 1024; fd++) {
		if (!read_program(fd, &info))
			continue;
		for (const char *const *name = names; *name; name++) {
			if (strcmp(info.name, *name) != 0)
				continue;
			*run_ns += info.run_time_ns;
			*runs += info.run_cnt;
			found = true;
		}
	}
	return found ? 0 : -ENOENT;
}
