/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a recording of any length, a tick a second: the host and VMs whose loads come and go, so
 * that the rules of twenty_rules.yaml fire for some of them and end again. Lines have the members
 * that these rules are of, no others.
 *
 *	make_recording VMS TICKS
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"

#define GIB (1ull << 30)
#define BEGIN_SECONDS 1769860800 /* 2026-01-31T12:00:00Z */
#define N_CPUS 64

/* What its loads add to in a second, in units of the host's: nanoseconds, bytes, things. */
struct machine {
	unsigned number, vcpus;
	uint64_t vcpu_ns, emulator_ns, ready_ns, stolen_ns, throttled_ns, poll_ns;
	uint64_t rx_bytes, tx_bytes, rx_drops;
	uint64_t reads, read_ns, writes, write_ns, exits;
	uint64_t used_bytes, swap_bytes, allocated_bytes;
};

/* Up and down again between `low` and `high` within so many seconds, each VM in its own phase. */
static uint64_t wave(
	const struct machine *vm, unsigned second, unsigned period, uint64_t low, uint64_t high)
{
	unsigned at = (second + vm->number * 37) % period;
	unsigned rise = at < period / 2 ? at : period - at;

	return low + (high - low) * rise / (period / 2);
}

static void go_on(struct machine *vm, unsigned second)
{
	uint64_t busy = wave(vm, second, 900, 0, 999), ready = wave(vm, second, 700, 0, 150);
	uint64_t reads = wave(vm, second, 300, 0, 400), writes = wave(vm, second, 400, 1, 300);

	vm->vcpu_ns += busy * vm->vcpus * NSEC_PER_MSEC;
	vm->emulator_ns += 20 * NSEC_PER_MSEC + vm->number;
	vm->ready_ns += ready * NSEC_PER_MSEC;
	vm->stolen_ns += ready / 2 * NSEC_PER_MSEC;
	vm->throttled_ns += vm->number % 10 == 3 && busy > 900 ? 100 * NSEC_PER_MSEC : 0;
	vm->poll_ns += (1000 - busy) / 2 * NSEC_PER_MSEC;
	vm->rx_bytes += wave(vm, second, 600, 0, 150000000);
	vm->tx_bytes += wave(vm, second, 500, 0, 120000000);
	vm->rx_drops += wave(vm, second, 800, 0, 14);
	vm->reads += reads;
	vm->read_ns += reads * wave(vm, second, 1000, 1, 40) * NSEC_PER_MSEC;
	vm->writes += writes;
	vm->write_ns += writes * wave(vm, second, 1100, 1, 35) * NSEC_PER_MSEC;
	vm->exits += wave(vm, second, 450, 1000, 60000);
	vm->used_bytes = wave(vm, second, 1200, GIB, 4 * GIB - GIB / 8);
	vm->swap_bytes = vm->number % 20 == 7 ? wave(vm, second, 1000, 0, 1000) / 500 * 4096 : 0;
	vm->allocated_bytes = wave(vm, second, 2000, 10 * GIB, 19 * GIB);
}

static void print_seconds(const char *name, uint64_t ns)
{
	printf(",\"%s\":%" PRIu64 ".%09" PRIu64, name, (uint64_t)(ns / NSEC_PER_SEC),
		(uint64_t)(ns % NSEC_PER_SEC));
}

static void print_number(const char *name, uint64_t number)
{
	printf(",\"%s\":%" PRIu64, name, number);
}

static void print_head(const char *type, unsigned second)
{
	time_t now = BEGIN_SECONDS + (time_t)second;
	struct tm tm;
	char time[32];

	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &tm));
	printf("{\"type\":\"%s\",\"schema\":1,\"time\":\"%s.000000000Z\",\"interval_seconds\":%s,"
	       "\"host\":\"kvm1\"",
		type, time, second ? "1.000000000" : "null");
}

static void print_host(const struct machine *host, unsigned second)
{
	print_head("host", second);
	print_seconds("uptime_seconds", (5000 + second) * NSEC_PER_SEC);
	print_number("cpus", N_CPUS);
	print_seconds("cpu_seconds_total", host->vcpu_ns);
	print_number("memory_total_bytes", 100 * GIB);
	print_number("memory_available_bytes", wave(host, second, 1500, 2 * GIB, 30 * GIB));
	print_number("lost_events_total", 0);
	puts("}");
}

static void print_vm_identity(const struct machine *vm)
{
	printf(",\"vm\":\"web-%03u\",\"uuid\":\"6f1c9b54-0d3e-4b53-8a53-%012u\"", vm->number,
		vm->number);
	print_seconds("start_seconds", (1000 + vm->number) * NSEC_PER_SEC);
	printf(",\"name\":\"web-%03u\",\"state\":\"running\"", vm->number);
	print_number("pid", 1000 + vm->number);
	print_number("vcpus", vm->vcpus);
	print_number("stale", 0);
	print_seconds("age_seconds", 500 * NSEC_PER_MSEC);
}

static void print_vm(const struct machine *vm, unsigned second)
{
	print_head("vm", second);
	print_vm_identity(vm);
	print_seconds("cpu_seconds_total", vm->vcpu_ns + vm->emulator_ns);
	print_seconds("cpu_vcpu_seconds_total", vm->vcpu_ns);
	print_seconds("ready_seconds_total", vm->ready_ns);
	print_seconds("stolen_by_vm_seconds_total", vm->stolen_ns);
	print_seconds("throttled_seconds_total", vm->throttled_ns);
	print_seconds("halt_poll_success_seconds_total", vm->poll_ns / 4);
	print_seconds("halt_poll_seconds_total", vm->poll_ns);
	print_number("exits_total", vm->exits);
	print_number("memory_available_bytes", 4 * GIB);
	print_number("memory_usable_bytes", 4 * GIB - vm->used_bytes);
	print_number("memory_rss_bytes", 4 * GIB);
	print_number("memory_swap_bytes", vm->swap_bytes);
	print_number("net_rx_bytes_total", vm->rx_bytes);
	print_number("net_tx_bytes_total", vm->tx_bytes);
	print_number("net_rx_drops_total", vm->rx_drops);
	print_number("disk_read_requests_total", vm->reads);
	print_number("disk_write_requests_total", vm->writes);
	print_seconds("disk_read_time_seconds_total", vm->read_ns);
	print_seconds("disk_write_time_seconds_total", vm->write_ns);
	print_number("storage_capacity_bytes", 20 * GIB);
	print_number("storage_allocated_bytes", vm->allocated_bytes);
	puts("}");
}

static unsigned read_count(const char *text)
{
	unsigned long count = strtoul(text, NULL, 10);

	if (count == 0 || count > 1000000)
		errx(EX_USAGE, "%s: not a number from 1 to 1000000", text);
	return (unsigned)count;
}

int main(int argc, char **argv)
{
	struct machine host = { 0 }, *vms;
	unsigned n_vms, n_ticks;

	if (argc != 3)
		errx(EX_USAGE, "usage: make_recording VMS TICKS");
	n_vms = read_count(argv[1]);
	n_ticks = read_count(argv[2]);
	vms = calloc(n_vms, sizeof(*vms));
	if (!vms)
		err(EX_OSERR, "VMs");
	for (unsigned second = 0; second < n_ticks && !ferror(stdout); second++) {
		host.vcpu_ns += wave(&host, second, 800, 20, 64) * NSEC_PER_SEC;
		print_host(&host, second);
		for (unsigned i = 0; i < n_vms; i++) {
			vms[i].number = i;
			vms[i].vcpus = 1 + i % 4;
			go_on(&vms[i], second);
			print_vm(&vms[i], second);
		}
	}
	free(vms);
	return fclose(stdout) ? EX_IOERR : 0;
}
