/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns why disks are slow, busy or full. */
#include <math.h>

#include "alert/evidence_ask.h"

/* Of the latency that is asked about, from which on another disk is said to be as slow. */
#define AS_SLOW 0.5

static double of_disk(const struct question *question, const struct disk *disk, const char *name)
{
	return ask_number(question, name, SCOPE_DISK, &disk->e);
}

static const char *text_of_disk(
	const struct question *question, const struct disk *disk, const char *name)
{
	return ask_text(question, name, SCOPE_DISK, &disk->e);
}

/* The one that is meant, else the one with the most in that column. NULL: none is known. */
static const struct disk *choose_disk(const struct question *question, const char *column)
{
	const struct disk *chosen = NULL;
	double most = -1;

	for (const struct disk *disk = question->item->vm->disks; disk; disk = disk->next) {
		double number = of_disk(question, disk, column);

		if (&disk->e == question->item->entity)
			return disk;
		if (number > most) {
			most = number;
			chosen = disk;
		}
	}
	return chosen;
}

static const char *asked_column(const struct question *question)
{
	return question->column->metric->views[question->column->view];
}

/* "vda (/var/lib/images/web.qcow2)" */
static const char *name_disk(const struct question *question, const struct disk *disk)
{
	const char *path = text_of_disk(question, disk, "path");

	return path ? SAY(question, "%s (%s)", disk->target, path) : disk->target;
}

/* "10.0/s reads of 40.0K" */
static const char *describe_requests(const struct question *question, const struct disk *disk,
	const char *requests, const char *bytes, const char *what)
{
	double n = of_disk(question, disk, requests);
	double size = of_disk(question, disk, bytes);

	if (isnan(n) || isnan(size))
		return NULL;
	if (n == 0)
		return SAY(question, "no %ss", what);
	return SAY(question, "%s %ss of %s", text_of_disk(question, disk, requests), what,
		say_bytes(question->arena, size / n));
}

static const char *describe_load(const struct question *question, const struct disk *disk)
{
	const char *reads = describe_requests(question, disk, "disk_read_requests_per_second",
		"disk_read_bytes_per_second", "read");
	const char *writes = describe_requests(question, disk, "disk_write_requests_per_second",
		"disk_write_bytes_per_second", "write");

	return say_join(question, reads, " and ", writes);
}

static const char *describe_latency(const struct question *question, const struct disk *disk)
{
	const char *read = text_of_disk(question, disk, "disk_read_latency_seconds");
	const char *write = text_of_disk(question, disk, "disk_write_latency_seconds");

	if (read)
		read = SAY(question, "reads take %s", read);
	if (write)
		write = SAY(question, "writes take %s", write);
	return say_join(question, read, ", ", write);
}

void find_disk_load(const struct question *question, struct finding *ret)
{
	const struct disk *disk = choose_disk(question, asked_column(question));
	const char *load;

	if (!disk)
		return;
	load = say_join(
		question, describe_load(question, disk), "; ", describe_latency(question, disk));
	if (!load)
		return;
	ret->cause = SAY(question, "at %s: %s", name_disk(question, disk), load);
	ret->suggestion =
		"look inside the guest for what reads and writes; virsh blkdeviotune limits "
		"a disk";
}

/* Of the other VMs that use a disk in that way, how many are as slow. */
static unsigned count_slow(const struct question *question, double latency, unsigned *n)
{
	unsigned slow = 0;

	*n = 0;
	for (const struct vm *vm = question->snap->vms; vm; vm = vm->next) {
		double other = ask_number(question, asked_column(question), SCOPE_VM, &vm->e);

		if (vm == question->item->vm || isnan(other))
			continue;
		++*n;
		slow += other >= latency * AS_SLOW;
	}
	return slow;
}

static const char *describe_others(const struct question *question, unsigned slow, unsigned n)
{
	if (n == 0)
		return NULL;
	if (slow == 0)
		return "no other VM has such latencies";
	return SAY(question, "%u of %u other VMs %s as slow", slow, n, slow == 1 ? "is" : "are");
}

void find_disk_latency(const struct question *question, struct finding *ret)
{
	const struct disk *disk = choose_disk(question, asked_column(question));
	unsigned n, slow;
	const char *text;

	if (!disk)
		return;
	text = describe_latency(question, disk);
	if (!text)
		return;
	slow = count_slow(question, of_disk(question, disk, asked_column(question)), &n);
	text = SAY(question, "at %s %s", name_disk(question, disk), text);
	text = say_join(question, text, "; ", describe_load(question, disk));
	ret->cause = say_join(question, text, "; ", describe_others(question, slow, n));
	ret->suggestion =
		slow ? "look at the storage that these VMs share"
		     : "look at the storage below that disk; a limit (virsh blkdeviotune) makes "
		       "requests slow, too";
}

/* "9.50G of 10.0G of vda (PATH) are occupied on the host" */
static const char *describe_fill(const struct question *question, const struct disk *disk)
{
	double allocated = of_disk(question, disk, "storage_allocated_bytes");
	double capacity = of_disk(question, disk, "storage_capacity_bytes");

	if (isnan(allocated) || isnan(capacity))
		return NULL;
	return SAY(question, "%s of the %s of %s are occupied on the host",
		say_bytes(question->arena, allocated), say_bytes(question->arena, capacity),
		name_disk(question, disk));
}

/* The image of a disk is as full as the guest ever made it, unless the guest gives space back. */
void find_storage(const struct question *question, struct finding *ret)
{
	const struct disk *disk = choose_disk(question, "storage_used_percent");
	const char *fill = disk ? describe_fill(question, disk) : NULL;

	if (!fill)
		return;
	ret->cause = say_join(question, fill, "; ", ask_growth(question, question->item->vm, disk));
	ret->suggestion =
		"enlarge the disk (virsh blockresize), or free space in the guest and give "
		"it back (fstrim, with discard='unmap')";
}
