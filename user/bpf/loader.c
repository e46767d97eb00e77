/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, sizes, shares, loads and attaches the kernel side. */
#include "bpf/loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "bpf/loader_objects.h"

#define DEFAULT_THREADS 16384
#define DEFAULT_NICS 1024
/* Places per interface in the open-addressed table, so that a search rarely goes beyond its first.
 */
#define NIC_PLACES 8
#define MAX_PROCESSES 16384

static int discard_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static int print_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

/* The sentence for a failure of the kernel side as a whole. */
static void explain(int err, char *why, size_t size)
{
	if (err == -EPERM || err == -EACCES)
		snprintf(why, size,
			"no permission to load BPF programs (run as root, or with CAP_BPF and CAP_PERFMON)");
	else if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		snprintf(why, size,
			"this kernel has no type information at /sys/kernel/btf/vmlinux (use a kernel with CONFIG_DEBUG_INFO_BTF)");
	else
		snprintf(why, size, "the kernel refused the BPF programs: %s (see vmbpf doctor)",
			strerror(-err));
}

static unsigned read_pid_max(void)
{
	AUTO_FILE FILE *file = fopen("/proc/sys/kernel/pid_max", "re");
	unsigned max;

	if (!file || fscanf(file, "%u", &max) != 1)
		return 4194304; /* the most there can be (include/linux/threads.h) */
	return max;
}

static unsigned next_power_of_two(unsigned value)
{
	unsigned power = 1;

	while (power < value)
		power <<= 1;
	return power;
}

static void choose_sizes(const struct config *config, struct loader *loader)
{
	unsigned threads = config->max_threads ? config->max_threads : DEFAULT_THREADS;
	int cpus = libbpf_num_possible_cpus();

	loader->n_slots = threads < VMB_MAX_SLOTS ? threads + 1 : VMB_MAX_SLOTS;
	loader->n_tids = read_pid_max();
	loader->n_nics = config->max_nics ? config->max_nics : DEFAULT_NICS;
	loader->n_nic_places = next_power_of_two(loader->n_nics * NIC_PLACES);
	loader->n_cpus = cpus > 0 ? (unsigned)cpus : 0;
}

/* Whether this kernel has what the form of the walk in one call asks of it. */
static bool can_walk_in_one_call(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool can = btf && btf__find_by_name_kind(btf, "bpf_iter_task_new", BTF_KIND_FUNC) > 0 &&
		   btf__find_by_name_kind(btf, "bpf_task_acquire", BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return can;
}

/*
 * Maps have the same names in every object. The first object to be loaded creates them with the
 * chosen sizes, later ones use those.
 */
#define share_map(objects, name, map, entries) \
	((objects)->name ? bpf_map__reuse_fd((map), bpf_map__fd((objects)->name)) \
			 : bpf_map__set_max_entries((map), (entries)))

int loader_share_maps(const struct loader *loader, struct bpf_map *slots, struct bpf_map *tids,
	struct bpf_map *control)
{
	const struct loader_objects *objects = loader->objects;
	int err = share_map(objects, slots, slots, loader->n_slots);

	if (!err)
		err = share_map(objects, tids, tids, loader->n_tids / VMB_CELLS + 1);
	return err ? err : share_map(objects, control, control, 1);
}

static int share_process_maps(
	const struct loader *loader, struct bpf_map *free_slots, struct bpf_map *processes)
{
	int err = share_map(loader->objects, free_slots, free_slots, loader->n_slots);

	return err ? err : share_map(loader->objects, processes, processes, MAX_PROCESSES);
}

#define adopt_maps(objects, skeleton) \
	do { \
		(objects)->slots = (skeleton)->maps.slots; \
		(objects)->tids = (skeleton)->maps.tids; \
		(objects)->control = (skeleton)->maps.control; \
		(objects)->free_slots = (skeleton)->maps.free_slots; \
		(objects)->processes = (skeleton)->maps.processes; \
	} while (0)

static int load_sched(struct loader *loader)
{
	struct sched_bpf *sched;
	int err;

	if (!loader->n_cpus)
		return -ENODEV; /* how many there can be is not known, and each has its slices */
	sched = sched_bpf__open();
	if (!sched)
		return -errno;
	err = loader_share_maps(loader, sched->maps.slots, sched->maps.tids, sched->maps.control);
	if (!err)
		err = share_process_maps(loader, sched->maps.free_slots, sched->maps.processes);
	if (!err)
		err = bpf_map__set_max_entries(sched->maps.rings, loader->n_cpus);
	if (!err)
		err = sched_bpf__load(sched);
	if (err) {
		sched_bpf__destroy(sched);
		return err;
	}
	loader->objects->sched = sched;
	adopt_maps(loader->objects, sched);
	return 0;
}

static int load_walk(struct loader *loader)
{
	struct walk_bpf *walk = walk_bpf__open();
	bool one_call = can_walk_in_one_call();
	int err;

	if (!walk)
		return -errno;
	walk->rodata->with_events = loader->objects->sched;
	bpf_program__set_autoload(walk->progs.walk, one_call);
	bpf_program__set_autoload(walk->progs.walk_tasks, !one_call);
	err = loader_share_maps(loader, walk->maps.slots, walk->maps.tids, walk->maps.control);
	if (!err)
		err = share_process_maps(loader, walk->maps.free_slots, walk->maps.processes);
	if (!err)
		err = walk_bpf__load(walk);
	if (!err && !one_call) {
		loader->objects->walk_link = bpf_program__attach_iter(walk->progs.walk_tasks, NULL);
		if (!loader->objects->walk_link)
			err = -errno;
	}
	if (err) {
		walk_bpf__destroy(walk);
		return err;
	}
	loader->objects->walk = walk;
	if (!loader->objects->slots)
		adopt_maps(loader->objects, walk);
	return 0;
}

static int load_net(struct loader *loader)
{
	struct net_bpf *net;
	int err;

	if (!loader->n_cpus)
		return -ENODEV; /* how many there can be is not known, and each has its counters */
	net = net_bpf__open();
	if (!net)
		return -errno;
	net->rodata->nic_mask = loader->n_nic_places - 1;
	net->rodata->n_cpus = loader->n_cpus;
	err = loader_share_maps(loader, net->maps.slots, net->maps.tids, net->maps.control);
	if (!err)
		err = bpf_map__set_max_entries(net->maps.nics, loader->n_nic_places);
	if (!err)
		err = bpf_map__set_max_entries(net->maps.traffic, loader->n_nics * loader->n_cpus);
	if (!err)
		err = net_bpf__load(net);
	if (err) {
		net_bpf__destroy(net);
		return err;
	}
	loader->objects->net = net;
	return 0;
}

static int load_files(struct loader *loader)
{
	struct files_bpf *files = files_bpf__open();
	int err;

	if (!files)
		return -errno;
	err = loader_share_maps(loader, files->maps.slots, files->maps.tids, files->maps.control);
	if (!err)
		err = files_bpf__load(files);
	if (err) {
		files_bpf__destroy(files);
		return err;
	}
	loader->objects->files = files;
	return 0;
}

int loader_view_map(const struct bpf_map *map, void *ret)
{
	void *memory =
		mmap(NULL, map_bytes(map), PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*(void **)ret = memory;
	return 0;
}

void loader_unview_map(const struct bpf_map *map, void *memory)
{
	if (memory)
		munmap(memory, map_bytes(map));
}

/*
 * Address space for all slots. They are mapped as they come into use (loader_walk()), since all
 * that is mapped counts as memory of this process.
 */
static int reserve_slots(struct loader *loader)
{
	void *memory = mmap(NULL, map_bytes(loader->objects->slots), PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	loader->slots = memory;
	return 0;
}

/* Lowest numbers on top, so that the slots in use stay close together. */
static int fill_free_slots(struct loader *loader)
{
	int err = 0;

	for (__u32 number = loader->n_slots - 1; number >= 1 && !err; number--)
		err = loader_free_slot(loader, number);
	return err;
}

static int load_required(struct loader *loader)
{
	int err = load_walk(loader);

	if (!err)
		err = load_files(loader);
	if (!err)
		err = reserve_slots(loader);
	if (!err)
		err = loader_view_map(loader->objects->control, &loader->control);
	return err ? err : fill_free_slots(loader);
}

void loader_switch_off(struct loader_part *part, const char *lost, int err)
{
	part->on = false;
	snprintf(part->why, sizeof(part->why), "%s: %s", lost, strerror(-err));
}

static void attach_events(struct loader *loader)
{
	int err;

	if (!loader->objects->sched)
		return;
	err = loader_view_map(loader->objects->sched->maps.blames, &loader->blames);
	if (!err)
		err = sched_bpf__attach(loader->objects->sched);
	if (err) {
		loader_switch_off(
			&loader->events, "cannot attach to sched_switch and task_newtask", err);
		return;
	}
	loader->events.on = true;
	loader->n_attached += 2;
}

static void attach_net(struct loader *loader)
{
	struct loader_objects *objects = loader->objects;
	int err = load_net(loader);

	if (!err)
		err = loader_view_map(objects->net->maps.nics, &loader->nics);
	if (!err)
		err = loader_view_map(objects->net->maps.traffic, &loader->traffic);
	if (!err)
		err = net_bpf__attach(objects->net);
	if (err) {
		loader_switch_off(
			&loader->net, "cannot attach to netif_receive_skb and net_dev_xmit", err);
		return;
	}
	loader->net.on = true;
	loader->n_attached += 2;
}

int loader_open(const struct config *config, struct loader *loader, char *why, size_t size)
{
	int err;

	*loader = (struct loader){ .objects = calloc(1, sizeof(*loader->objects)) };
	if (!loader->objects)
		return -ENOMEM;
	libbpf_set_print(config->verbose ? print_message : discard_message);
	choose_sizes(config, loader);
	if (config->light) {
		snprintf(loader->events.why, sizeof(loader->events.why),
			"not attached with --light");
		snprintf(loader->net.why, sizeof(loader->net.why), "not attached with --light");
		snprintf(loader->exits.why, sizeof(loader->exits.why), "not attached with --light");
	} else {
		err = load_sched(loader);
		if (err)
			loader_switch_off(
				&loader->events, "cannot load the program on sched_switch", err);
	}
	err = load_required(loader);
	if (err) {
		explain(err, why, size);
		loader_close(loader);
		return err;
	}
	if (!config->light) {
		attach_events(loader);
		attach_net(loader);
	}
	if (config->exits && !config->light)
		loader_attach_exits(loader);
	return 0;
}

void loader_close(struct loader *loader)
{
	struct loader_objects *objects = loader->objects;

	if (!objects)
		return;
	if (objects->net) {
		loader_unview_map(objects->net->maps.nics, loader->nics);
		loader_unview_map(objects->net->maps.traffic, loader->traffic);
	}
	if (objects->sched)
		loader_unview_map(objects->sched->maps.blames, loader->blames);
	loader_close_exits(loader);
	if (objects->slots) {
		loader_unview_map(objects->slots, loader->slots);
		loader_unview_map(objects->control, loader->control);
	}
	bpf_link__destroy(objects->walk_link);
	files_bpf__destroy(objects->files);
	net_bpf__destroy(objects->net);
	walk_bpf__destroy(objects->walk);
	sched_bpf__destroy(objects->sched);
	free(objects);
	*loader = (struct loader){ 0 };
}
