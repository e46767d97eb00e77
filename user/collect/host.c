/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host as a whole, and what vmbpf itself costs, from /proc.
 *
 * /proc/stat counts CPU time in units of 10 ms a CPU, and on most kernels by looking, a hundred to
 * a thousand times a second, at what runs: over one second on one CPU it is good to about 1 %.
 * What VMs are charged (vm_ns) is exact, so that it may exceed busy_ns by that much.
 */
#include "collect/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "collect/registry.h"

/* Of /proc/stat, which may be far longer, only the first line is of use. */
#define FILE_MAX 4096

/* Columns of the "cpu" line, see proc(5). Guest time is within user and nice already. */
enum {
	CPU_USER,
	CPU_NICE,
	CPU_SYSTEM,
	CPU_IDLE,
	CPU_IOWAIT,
	CPU_IRQ,
	CPU_SOFTIRQ,
	CPU_STEAL,
	N_CPU
};

struct state {
	int proc_fd;
};

/*
 * Busy is everything but idle and waiting for disks. Steal counts: a CPU that a hypervisor below us
 * took away was wanted. The sum wraps after 584 years of CPU time, which big hosts reach: readers
 * see a counter that restarts.
 */
static int parse_stat(const char *text, struct host *ret)
{
	uint64_t ticks[N_CPU], busy = 0;
	const char *line = buf_line(text, "cpu");

	if (!line)
		return -EBADMSG;
	for (unsigned i = 0; i < N_CPU; i++) {
		if (buf_u64(&line, &ticks[i]) < 0)
			return -EBADMSG;
		if (i != CPU_IDLE && i != CPU_IOWAIT)
			busy += ticks[i];
	}
	ret->busy_ns = busy * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}

static int parse_meminfo(const char *text, struct host *ret)
{
	uint64_t total, available, swap_total, swap_free;

	if (buf_value_kb(text, "MemTotal:", &total) < 0 ||
		buf_value_kb(text, "MemAvailable:", &available) < 0 ||
		buf_value_kb(text, "SwapTotal:", &swap_total) < 0 ||
		buf_value_kb(text, "SwapFree:", &swap_free) < 0 || swap_free > swap_total)
		return -EBADMSG;
	ret->memory_total_bytes = total;
	ret->memory_available_bytes = available;
	ret->swap_used_bytes = swap_total - swap_free;
	return 0;
}

/* "0.52 0.58 ...". strtod() is no help: its decimal point depends on the user's language. */
static int parse_loadavg(const char *text, struct host *ret)
{
	unsigned long whole;
	char *point;

	if (!isdigit((unsigned char)*text))
		return -EBADMSG;
	errno = 0;
	whole = strtoul(text, &point, 10);
	if (errno || *point != '.' || !isdigit((unsigned char)point[1]) ||
		!isdigit((unsigned char)point[2]) || point[3] != ' ')
		return -EBADMSG;
	ret->load_1m = (double)whole + (point[1] - '0') / 10.0 + (point[2] - '0') / 100.0;
	return 0;
}

/* The line "some avg10=... total=MICROSECONDS": how long at least one task had to wait. */
static int parse_pressure(const char *text, uint64_t *ret)
{
	static const char key[] = " total=";
	const char *line = buf_line(text, "some");
	const char *total = line ? strstr(line, key) : NULL;
	uint64_t us;

	if (!total || memchr(line, '\n', (size_t)(total - line)))
		return -EBADMSG;
	total += strlen(key);
	if (buf_u64(&total, &us) < 0 || __builtin_mul_overflow(us, (uint64_t)1000, &us))
		return -EBADMSG;
	*ret = us;
	return 0;
}

static int parse_cpu_pressure(const char *text, struct host *ret)
{
	return parse_pressure(text, &ret->pressure_cpu_ns);
}

static int parse_memory_pressure(const char *text, struct host *ret)
{
	return parse_pressure(text, &ret->pressure_memory_ns);
}

static int parse_io_pressure(const char *text, struct host *ret)
{
	return parse_pressure(text, &ret->pressure_io_ns);
}

static int parse_statm(const char *text, struct host *ret)
{
	uint64_t pages, bytes;

	if (buf_skip(&text, 1) < 0 || buf_u64(&text, &pages) < 0 ||
		__builtin_mul_overflow(pages, (uint64_t)sysconf(_SC_PAGESIZE), &bytes))
		return -EBADMSG;
	ret->self_memory_bytes = bytes;
	return 0;
}

const struct host_file host_files[] = {
	{ "stat", SRC_PROC, parse_stat },
	{ "meminfo", SRC_PROC, parse_meminfo },
	{ "loadavg", SRC_PROC, parse_loadavg },
	{ "pressure/cpu", SRC_PRESSURE, parse_cpu_pressure },
	{ "pressure/memory", SRC_PRESSURE, parse_memory_pressure },
	{ "pressure/io", SRC_PRESSURE, parse_io_pressure },
	{ "self/statm", SRC_SELF, parse_statm },
};
const size_t n_host_files = sizeof(host_files) / sizeof(host_files[0]);

void host_read(int proc_fd, struct host *ret)
{
	uint32_t complete = SRC_PROC | SRC_PRESSURE | SRC_SELF;
	char text[FILE_MAX];

	for (const struct host_file *file = host_files; file < host_files + n_host_files; file++) {
		if (buf_read(proc_fd, file->name, text, sizeof(text)) < 0 ||
			file->parse(text, ret) < 0)
			complete &= ~(uint32_t)file->source;
	}
	ret->e.have |= complete;
}

static void host_collect(void *data, struct snapshot *snap)
{
	const struct state *state = data;
	struct host *host = &snap->host;
	char name[HOST_NAME_MAX + 1] = "";

	if (gethostname(name, sizeof(name) - 1) == 0)
		host->name = snapshot_text(snap, name);
	host->n_cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	host->self_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	host_read(state->proc_fd, host);
}

static int host_open(const struct config *config, void **ret, const char **why)
{
	struct state *state = calloc(1, sizeof(*state));

	(void)config;
	*why = "cannot open /proc; the host's CPU time, memory and load will be absent (mount it)";
	if (!state)
		return -ENOMEM;
	state->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (state->proc_fd < 0) {
		int r = -errno;

		free(state);
		return r;
	}
	*ret = state;
	return 0;
}

static void host_close(void *data)
{
	struct state *state = data;

	close(state->proc_fd);
	free(state);
}

const struct collector host_collector = {
	.name = "host",
	.open = host_open,
	.collect = host_collect,
	.close = host_close,
};
