/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reaches the loaded kernel side: runs the walk, reads files of processes, writes the shared maps.
 */
#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "bpf/loader.h"
#include "bpf/loader_objects.h"

/* Reads an iterator to its end and gives its records to nobody. */
static int run_iterator(const struct bpf_link *link)
{
	AUTO_FD int fd = bpf_iter_create(bpf_link__fd(link));
	char buffer[64];
	ssize_t got;

	if (fd < 0)
		return -errno;
	do
		got = read(fd, buffer, sizeof(buffer));
	while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : 0;
}

/* So many bytes of slots come into sight at a time. */
#define SLOTS_STEP (512u * 1024)

static int see_slots(struct loader *loader)
{
	const struct bpf_map *map = loader->objects->slots;
	size_t size = (loader->control->highest_slot + 1) * sizeof(*loader->slots);
	size_t all = map_bytes(map);

	if (size <= loader->n_seen * sizeof(*loader->slots))
		return 0;
	size = (size + SLOTS_STEP - 1) / SLOTS_STEP * SLOTS_STEP;
	if (size > all)
		size = all;
	if (mmap(loader->slots, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    bpf_map__fd(map), 0) == MAP_FAILED)
		return -errno;
	loader->n_seen = (unsigned)(size / sizeof(*loader->slots));
	if (loader->n_seen > loader->n_slots)
		loader->n_seen = loader->n_slots;
	return 0;
}

int loader_walk(struct loader *loader)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct timespec unused;
	int err = 0;

	/*
	 * Reading the CPU clock of the calling thread makes the kernel bring the run-queue clock of
	 * this CPU up to date (kernel/sched/core.c, task_sched_runtime): the walk takes that clock
	 * for the time of day.
	 */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &unused);
	if (loader->objects->walk_link)
		err = run_iterator(loader->objects->walk_link);
	else if (bpf_prog_test_run_opts(
			 bpf_program__fd(loader->objects->walk->progs.walk), &options))
		err = -errno;
	return err ? err : see_slots(loader);
}

static void add_statistics(const struct bpf_program *program, __u64 *runs, __u64 *run_ns)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return;
	*runs += info.run_cnt;
	*run_ns += info.run_time_ns;
}

bool loader_statistics(const struct loader *loader, __u64 *runs, __u64 *run_ns)
{
	const struct loader_objects *objects = loader->objects;
	struct bpf_program *program = NULL;

	*runs = *run_ns = 0;
	if (loader->events.on) {
		add_statistics(objects->sched->progs.on_switch, runs, run_ns);
		add_statistics(objects->sched->progs.on_newtask, runs, run_ns);
	}
	if (loader->net.on) {
		add_statistics(objects->net->progs.on_receive, runs, run_ns);
		add_statistics(objects->net->progs.on_xmit, runs, run_ns);
	}
	while (loader->exits.on && (program = bpf_object__next_program(objects->kvm->obj, program)))
		add_statistics(program, runs, run_ns);
	return *runs > 0;
}

int loader_free_slot(struct loader *loader, __u32 number)
{
	return bpf_map_update_elem(bpf_map__fd(loader->objects->free_slots), NULL, &number, BPF_ANY)
		       ? -errno
		       : 0;
}

int loader_free_exits(struct loader *loader, __u32 number)
{
	const struct bpf_map *free_tables = loader->objects->kvm->maps.free_tables;

	return bpf_map_update_elem(bpf_map__fd(free_tables), NULL, &number, BPF_ANY) ? -errno : 0;
}

unsigned loader_slot_of(const struct loader *loader, __u32 tid)
{
	__u32 row = tid / VMB_CELLS;
	struct vmb_cells cells;

	if (bpf_map_lookup_elem(bpf_map__fd(loader->objects->tids), &row, &cells))
		return 0;
	return cells.slot[tid % VMB_CELLS];
}

/*
 * Only the one cell is written, since the kernel side may be writing to its neighbours; and only
 * its page is mapped, since all of the table would count as memory of this process.
 */
void loader_forget_tid(const struct loader *loader, __u32 tid, __u32 number)
{
	const struct bpf_map *tids = loader->objects->tids;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t offset = tid * sizeof(__u16);
	__u16 *cells, *cell;

	if (offset >= map_bytes(tids))
		return;
	cells = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(tids),
		(off_t)(offset & ~(page - 1)));
	if (cells == MAP_FAILED)
		return;
	cell = &cells[(offset & (page - 1)) / sizeof(*cells)];
	if (*cell == number)
		*cell = 0;
	munmap(cells, page);
}

int loader_get_process(struct loader *loader, pid_t pid, struct vmb_process *ret)
{
	return bpf_map_lookup_elem(bpf_map__fd(loader->objects->processes), &pid, ret) ? -errno : 0;
}

int loader_set_process(struct loader *loader, pid_t pid, const struct vmb_process *process)
{
	return bpf_map_update_elem(bpf_map__fd(loader->objects->processes), &pid, process, BPF_ANY)
		       ? -errno
		       : 0;
}

int loader_forget_process(struct loader *loader, pid_t pid)
{
	return bpf_map_delete_elem(bpf_map__fd(loader->objects->processes), &pid) ? -errno : 0;
}

/* Since 6.1 the iterator can be restricted to one process; before, the program skips the others. */
static struct bpf_link *attach_files(struct loader *loader, pid_t pid)
{
	union bpf_iter_link_info info = { .task.pid = (__u32)pid };
	LIBBPF_OPTS(
		bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link =
		bpf_program__attach_iter(loader->objects->files->progs.list_files, &options);

	return link ? link
		    : bpf_program__attach_iter(loader->objects->files->progs.list_files, NULL);
}

int loader_files(struct loader *loader, pid_t pid, struct vmb_file *files, unsigned max)
{
	size_t room = max * sizeof(*files), used = 0;
	struct bpf_link *link;
	ssize_t got = 0;
	int fd;

	loader->objects->files->bss->wanted_tgid = (__u32)pid;
	link = attach_files(loader, pid);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && used < room) {
		got = read(fd, (char *)files + used, room - used);
		if (got <= 0 && !(got < 0 && errno == EINTR))
			break;
		if (got > 0)
			used += (size_t)got;
	}
	if (fd < 0 || got < 0)
		got = -errno;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return got < 0 ? (int)got : (int)(used / sizeof(*files));
}
