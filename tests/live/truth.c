/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares what vmbpf streams with what the kernel says elsewhere: /proc/TID/schedstat and
 * status, and the counters of the taps in sysfs. Prints TAP.
 *
 *	truth VMBPF SECONDS [WAIT_MS [POINTS]]
 *
 * The kernel's counters are polled all the time, so that each number of vmbpf lies between the poll
 * before its tick and the poll after it. On a busy machine that bracket is wide, but it is never
 * wrong.
 *
 * WAIT_MS: how long a wait for a CPU may last here. vmbpf counts one from its beginning, schedstat
 * when it has ended. POINTS: how far the parts of a vCPU's time may be from 100 % together.
 */
#include <err.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/clock.h"

#define MAX_THREADS 512
#define MAX_TAPS 64
#define POLL_MS 3
#define N_POLLS 1024 /* some seconds: vmbpf may write down a tick late */

/* The kernel brings the run time of a running thread up to date at its ticks; HZ is 100 at the
 * least. */
#define STALE_NS 10000000ull

enum counter { RUN, READY, VOLUNTARY, INVOLUNTARY, N_COUNTERS };

static const char *const counter_names[N_COUNTERS] = { "cpu_seconds_total", "ready_seconds_total",
	"switches_voluntary_total", "switches_involuntary_total" };
static const bool counter_is_time[N_COUNTERS] = { true, true, false, false };

/* How far a number of vmbpf was outside its bracket, over the run. */
struct verdict {
	unsigned checked, exact, outside;
	uint64_t worst;
};

struct poll {
	uint64_t real_ns; /* when it was finished */
	uint64_t counters[N_COUNTERS];
};

/* One end of the run: a number of vmbpf, the middle of its bracket, and half the width of that. */
struct end {
	uint64_t ours, kernel, unsure;
};

struct span {
	struct end first, last;
};

struct thread {
	int tid;
	struct poll polls[N_POLLS]; /* the newest is at n_polls - 1, modulo */
	unsigned n_polls;
	uint64_t pending[N_COUNTERS]; /* of vmbpf, waiting for the upper end */
	uint64_t pending_ns; /* CLOCK_REALTIME of its tick, 0: nothing waits */
	unsigned n_brackets;
	struct span spans[2]; /* RUN and READY */
};

struct tap {
	char device[32];
	uint64_t polled[2]; /* bytes received and sent by the VM */
	uint64_t ours[2];
	bool is_pending, has_offset;
	int64_t offset[2];
};

struct truth {
	struct thread threads[MAX_THREADS];
	struct tap taps[MAX_TAPS];
	unsigned n_threads, n_taps, n_ticks, n_results, n_failed;
	uint64_t first_ns, last_ns;
	char time[64]; /* of the tick being read */
	uint64_t tick_ns; /* the same, CLOCK_REALTIME */
	struct verdict counters[N_COUNTERS];
	struct verdict bytes;
	unsigned n_sums, n_vm_sums;
	double worst_sum, worst_vm_sum, vm_percent, thread_percent;
	double wait_s; /* how long a wait may last, that schedstat counts once it has ended */
	double points; /* how far from 100 % the parts of a vCPU's time may be */
};

__attribute__((format(printf, 3, 4))) static void result(
	struct truth *truth, bool good, const char *format, ...)
{
	va_list arguments;

	printf("%s %u - ", good ? "ok" : "not ok", ++truth->n_results);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	truth->n_failed += !good;
}

static bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		return false;
	got = fread(text, 1, size - 1, file);
	fclose(file);
	text[got] = '\0';
	return got > 0;
}

static bool read_counters(const struct thread *thread, uint64_t ret[N_COUNTERS])
{
	char path[64], text[4096];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", thread->tid);
	if (!read_text(path, text, sizeof(text)) ||
		sscanf(text, "%" SCNu64 " %" SCNu64, &ret[RUN], &ret[READY]) != 2)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/status", thread->tid);
	if (!read_text(path, text, sizeof(text)))
		return false;
	at = strstr(text, "\nvoluntary_ctxt_switches:");
	return at &&
	       sscanf(at,
		       " voluntary_ctxt_switches: %" SCNu64 " nonvoluntary_ctxt_switches: %" SCNu64,
		       &ret[VOLUNTARY], &ret[INVOLUNTARY]) == 2;
}

/* A tap receives what the VM sends. */
static bool poll_tap(const struct tap *tap, uint64_t ret[2])
{
	static const char *const files[2] = { "tx_bytes", "rx_bytes" };
	char path[128], text[64];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", tap->device,
			files[i]);
		if (!read_text(path, text, sizeof(text)))
			return false;
		ret[i] = strtoull(text, NULL, 10);
	}
	return true;
}

static void judge(struct verdict *verdict, uint64_t low, uint64_t value, uint64_t high)
{
	uint64_t beyond = value < low ? low - value : value > high ? value - high : 0;

	verdict->checked++;
	verdict->exact += low == high;
	verdict->outside += beyond > 0;
	if (beyond > verdict->worst)
		verdict->worst = beyond;
}

/* The last poll that was finished before that time, or NULL. */
static const struct poll *poll_before(const struct thread *thread, uint64_t real_ns)
{
	for (unsigned i = thread->n_polls; i > 0 && i + N_POLLS > thread->n_polls; i--) {
		const struct poll *poll = &thread->polls[(i - 1) % N_POLLS];

		if (poll->real_ns < real_ns)
			return poll;
	}
	return NULL;
}

static void extend(struct span *span, bool is_first, uint64_t ours, uint64_t low, uint64_t high)
{
	uint64_t half = (high - low) / 2;

	span->last = (struct end){ .ours = ours, .kernel = low + half, .unsure = half };
	if (is_first)
		span->first = span->last;
}

static void close_bracket(struct truth *truth, struct thread *thread, const struct poll *after)
{
	const struct poll *before = poll_before(thread, thread->pending_ns);

	thread->pending_ns = 0;
	if (!before)
		return;
	for (int i = 0; i < N_COUNTERS; i++) {
		uint64_t low = before->counters[i], high = after->counters[i];

		if (i == RUN || i == READY)
			extend(&thread->spans[i], thread->n_brackets == 0, thread->pending[i], low,
				high);
		/* vmbpf counts the wait in progress, schedstat only finished ones. */
		if (i == READY)
			high = UINT64_MAX;
		judge(&truth->counters[i], low, thread->pending[i],
			i == RUN ? high + STALE_NS : high);
	}
	thread->n_brackets++;
}

static void poll_thread(struct truth *truth, struct thread *thread)
{
	struct poll poll;

	if (!read_counters(thread, poll.counters))
		return;
	poll.real_ns = clock_ns(CLOCK_REALTIME);
	if (thread->pending_ns)
		close_bracket(truth, thread, &poll);
	thread->polls[thread->n_polls++ % N_POLLS] = poll;
}

/* Without traffic between the polls the difference to the tap's own counter must never change. */
static void close_tap(struct truth *truth, struct tap *tap)
{
	uint64_t after[2];
	bool quiet;

	if (!poll_tap(tap, after))
		return;
	quiet = memcmp(after, tap->polled, sizeof(after)) == 0;
	for (int i = 0; tap->is_pending && quiet && i < 2; i++) {
		int64_t offset = (int64_t)(after[i] - tap->ours[i]);

		if (tap->has_offset)
			judge(&truth->bytes, (uint64_t)tap->offset[i], (uint64_t)offset,
				(uint64_t)tap->offset[i]);
		tap->offset[i] = offset;
	}
	tap->has_offset |= tap->is_pending && quiet;
	tap->is_pending = false;
	memcpy(tap->polled, after, sizeof(after));
}

static void poll_kernel(struct truth *truth)
{
	for (unsigned i = 0; i < truth->n_threads; i++)
		poll_thread(truth, &truth->threads[i]);
	for (unsigned i = 0; i < truth->n_taps; i++)
		close_tap(truth, &truth->taps[i]);
}

static double number(struct json_object *line, const char *key)
{
	struct json_object *value = json_object_object_get(line, key);

	return value ? json_object_get_double(value) : NAN;
}

static uint64_t integer(struct json_object *line, const char *key)
{
	struct json_object *value = json_object_object_get(line, key);

	return value ? json_object_get_uint64(value) : 0;
}

static const char *word(struct json_object *line, const char *key)
{
	struct json_object *value = json_object_object_get(line, key);

	return value ? json_object_get_string(value) : "";
}

static struct thread *thread_of(struct truth *truth, int tid)
{
	struct thread *thread;

	for (unsigned i = 0; i < truth->n_threads; i++) {
		if (truth->threads[i].tid == tid)
			return &truth->threads[i];
	}
	if (truth->n_threads == MAX_THREADS)
		return NULL;
	thread = &truth->threads[truth->n_threads++];
	thread->tid = tid;
	return thread;
}

static void take_thread(struct truth *truth, struct json_object *line)
{
	struct thread *thread = thread_of(truth, (int)integer(line, "tid"));

	truth->thread_percent += fmax(number(line, "cpu_percent"), 0);
	if (!thread)
		return;
	for (int i = 0; i < N_COUNTERS; i++) {
		double value = number(line, counter_names[i]);

		thread->pending[i] = (uint64_t)llround(counter_is_time[i] ? value * 1e9 : value);
	}
	thread->pending_ns = truth->tick_ns;
}

static void take_vcpu(struct truth *truth, struct json_object *line)
{
	double sum = number(line, "cpu_percent") + number(line, "overlap_percent") +
		     number(line, "ready_percent") + number(line, "wait_percent");

	if (isnan(sum) || truth->n_ticks < 2)
		return;
	truth->n_sums++;
	truth->worst_sum = fmax(truth->worst_sum, fabs(sum - 100));
}

/* The line of a VM comes before those of its threads. */
static void end_vm(struct truth *truth)
{
	if (truth->n_ticks >= 2 && !isnan(truth->vm_percent)) {
		truth->n_vm_sums++;
		truth->worst_vm_sum =
			fmax(truth->worst_vm_sum, fabs(truth->vm_percent - truth->thread_percent));
	}
	truth->vm_percent = NAN;
	truth->thread_percent = 0;
}

static void take_tap(struct truth *truth, struct json_object *line)
{
	const char *device = word(line, "nic");
	struct tap *tap = NULL;

	for (unsigned i = 0; i < truth->n_taps; i++) {
		if (strcmp(truth->taps[i].device, device) == 0)
			tap = &truth->taps[i];
	}
	if (!tap && truth->n_taps < MAX_TAPS) {
		tap = &truth->taps[truth->n_taps++];
		snprintf(tap->device, sizeof(tap->device), "%s", device);
		poll_tap(tap, tap->polled);
		return;
	}
	if (!tap)
		return;
	tap->ours[0] = integer(line, "net_rx_bytes_total");
	tap->ours[1] = integer(line, "net_tx_bytes_total");
	tap->is_pending = true;
}

/* "2026-01-31T12:00:00.123456789Z" */
static uint64_t parse_time(const char *text)
{
	struct tm parts = { 0 };
	const char *fraction = strptime(text, "%Y-%m-%dT%H:%M:%S.", &parts);

	if (!fraction)
		errx(EX_DATAERR, "not a time: %s", text);
	return (uint64_t)timegm(&parts) * NSEC_PER_SEC + strtoull(fraction, NULL, 10);
}

static void take_line(struct truth *truth, const char *text)
{
	struct json_object *line = json_tokener_parse(text);
	const char *type;

	if (!line)
		errx(EX_DATAERR, "not JSON: %s", text);
	type = word(line, "type");
	if (strcmp(truth->time, word(line, "time")) != 0) {
		snprintf(truth->time, sizeof(truth->time), "%s", word(line, "time"));
		truth->tick_ns = parse_time(truth->time);
		truth->n_ticks++;
	}
	if (strcmp(type, "vm") == 0) {
		end_vm(truth);
		truth->vm_percent = number(line, "cpu_percent");
	} else if (strcmp(type, "vcpu") == 0) {
		take_vcpu(truth, line);
	} else if (strcmp(type, "thread") == 0) {
		take_thread(truth, line);
	} else if (strcmp(type, "nic") == 0) {
		take_tap(truth, line);
	}
	json_object_put(line);
}

/* Reads whole lines as they come, and polls the kernel in between. */
static void watch(struct truth *truth, FILE *stream)
{
	struct pollfd input = { .fd = fileno(stream), .events = POLLIN };
	char *line = NULL;
	size_t size = 0;

	setvbuf(stream, NULL, _IONBF, 0);
	for (;;) {
		if (poll(&input, 1, POLL_MS) == 0) {
			poll_kernel(truth);
			continue;
		}
		if (getline(&line, &size, stream) < 0)
			break;
		take_line(truth, line);
		truth->last_ns = clock_ns(CLOCK_MONOTONIC);
		if (!truth->first_ns)
			truth->first_ns = truth->last_ns;
	}
	poll_kernel(truth);
	free(line);
}

/* How far the growth over the run is from the kernel's, in seconds; brackets are given their width.
 */
static double difference(const struct span *span)
{
	double ours = (double)(span->last.ours - span->first.ours) * 1e-9;
	double kernel = (double)(span->last.kernel - span->first.kernel) * 1e-9;
	double unsure = (double)(span->last.unsure + span->first.unsure) * 1e-9;

	return fmax(0, fabs(ours - kernel) - unsure);
}

/* Over the whole run: at most 0.5 % of it, and what the kernel is behind at either end. */
static void judge_whole_run(struct truth *truth, enum counter counter, double behind)
{
	double seconds = (double)(truth->last_ns - truth->first_ns) * 1e-9, worst = 0;
	unsigned checked = 0;

	for (unsigned i = 0; i < truth->n_threads; i++) {
		const struct thread *thread = &truth->threads[i];

		if (thread->n_brackets < 2)
			continue;
		checked++;
		worst = fmax(worst, difference(&thread->spans[counter]));
	}
	result(truth, checked && worst <= 0.005 * seconds + behind,
		"%s agrees with schedstat over %.0f s (%u threads, worst difference %.1f ms)",
		counter_names[counter], seconds, checked, worst * 1e3);
}

static void report(struct truth *truth)
{
	for (int i = 0; i < N_COUNTERS; i++) {
		const struct verdict *verdict = &truth->counters[i];

		result(truth, verdict->checked && !verdict->outside,
			"%s lies between the kernel's counts before and after (%u of %u outside, worst %" PRIu64
			", %u times exact)",
			counter_names[i], verdict->outside, verdict->checked, verdict->worst,
			verdict->exact);
	}
	judge_whole_run(truth, RUN, 2e-9 * STALE_NS);
	judge_whole_run(truth, READY, truth->wait_s);
	result(truth, truth->n_sums && truth->worst_sum <= truth->points,
		"run, overlap, ready and wait of a vCPU add up to 100 %% (%u sums, worst off by %.3f)",
		truth->n_sums, truth->worst_sum);
	result(truth, truth->n_vm_sums && truth->worst_vm_sum <= 0.1,
		"a VM's cpu is the sum of its threads' (%u sums, worst off by %.3f)",
		truth->n_vm_sums, truth->worst_vm_sum);
	if (truth->n_taps)
		result(truth, truth->bytes.checked && !truth->bytes.outside,
			"bytes grow exactly as the tap's, mirrored (%u comparisons, worst off by %" PRIu64
			")",
			truth->bytes.checked, truth->bytes.worst);
}

int main(int argc, char **argv)
{
	static struct truth truth;
	char command[4096];
	FILE *stream;

	if (argc < 3 || argc > 5)
		errx(EX_USAGE, "usage: truth VMBPF SECONDS [WAIT_MS [POINTS]]");
	truth.vm_percent = NAN;
	truth.wait_s = argc > 3 ? atoi(argv[3]) * 1e-3 : 2e-9 * STALE_NS;
	truth.points = argc > 4 ? atof(argv[4]) : 1;
	snprintf(command, sizeof(command), "%s stream --scope vm,vcpu,thread,nic -d 1 -n %d",
		argv[1], atoi(argv[2]) + 1);
	stream = popen(command, "re");
	if (!stream)
		err(EX_OSERR, "%s", command);
	setvbuf(stdout, NULL, _IOLBF, 0);
	watch(&truth, stream);
	result(&truth, pclose(stream) == 0 && truth.n_ticks > 1, "vmbpf streams %u ticks",
		truth.n_ticks);
	report(&truth);
	printf("1..%u\n", truth.n_results);
	return truth.n_failed ? 1 : 0;
}
