/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the saved state of alerts: either they are refused, or what is told of them goes on
 * over ticks, and what is saved is the same when it is read and saved again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/engine.h"
#include "alert/rules_file.h"
#include "base/clock.h"

#define MONO_NS (5000 * NSEC_PER_SEC)
#define REAL_NS (1769860800 * NSEC_PER_SEC)
#define N_TICKS 5
#define TICK_NS (20 * NSEC_PER_SEC) /* so that what is missing is told */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules_text[] =
	"rules:\n"
	"- { alert: Busy, scope: host, expr: cpu_busy > 95%, severity: info }\n"
	"- { alert: Cpu, expr: cpu_used > 90%, clear: 80%, inhibit_by: Busy }\n"
	"- { alert: Long, expr: avg(cpu_used over 1m) > 50%, keep_firing_for: 1m, "
	"repeat_interval: 1m }\n"
	"- { alert: Stale, expr: stale > 0, inhibit_by: [Ready, Full] }\n"
	"- { alert: Ready, scope: vcpu, expr: ready > 5%, for: 20s }\n"
	"- { alert: Drops, scope: nic, expr: net_rx_drops > 1/s }\n"
	"- { alert: Full, scope: disk, expr: storage_used > 90% }\n";

struct text {
	char *bytes;
	size_t size;
};

/* Reads what an outlet would. */
static void emit(void *context, const struct alert_record *record)
{
	size_t *length = context;

	*length += strlen(record->alert) + strlen(record->metric);
	if (record->vm)
		*length += strlen(record->vm);
	if (record->uuid)
		*length += strlen(record->uuid);
	if (record->key)
		*length += strlen(record->key);
	if (record->cause)
		*length += strlen(record->cause);
	if (record->suggestion)
		*length += strlen(record->suggestion);
	if (record->state >= N_ALERT_STATES)
		abort();
}

static struct engine *make_engine(const struct rules *rules, size_t *length)
{
	const struct engine_setup setup = {
		.rules = rules, .accounts = true, .emit = emit, .context = length
	};
	struct engine *engine = engine_new(&setup);

	if (!engine)
		abort();
	return engine;
}

static int load(struct engine *engine, const struct text *text)
{
	char error[ENGINE_ERROR_MAX] = "";
	size_t n_left;
	int err = engine_load(engine, text->bytes, text->size, MONO_NS, REAL_NS, &n_left, error);

	if (!err != !*error)
		abort();
	return err;
}

static struct text save(const struct engine *engine)
{
	struct text text;

	text.bytes = engine_save(engine, &text.size);
	if (!text.bytes)
		abort();
	return text;
}

/* What was saved must be understood; by another engine it is saved as it was read. */
static struct text save_again(const struct rules *rules, const struct text *text)
{
	size_t length = 0;
	struct engine *engine = make_engine(rules, &length);
	struct text again;

	if (load(engine, text) != 0)
		abort();
	again = save(engine);
	engine_free(engine);
	return again;
}

/* `once` and `twice`: what has been read once need not be what was saved, but then stays. */
static void check_saving(const struct rules *rules, const struct engine *engine)
{
	struct text saved = save(engine);
	struct text once = save_again(rules, &saved);
	struct text twice = save_again(rules, &once);

	if (once.size != twice.size || memcmp(once.bytes, twice.bytes, once.size) != 0)
		abort();
	free(saved.bytes);
	free(once.bytes);
	free(twice.bytes);
}

static void add_vm(struct snapshot *snap, const char *name, const char *uuid, unsigned n)
{
	struct vm *vm = snapshot_add_vm(snap);
	struct vcpu *vcpu = snapshot_add_vcpu(snap, vm);
	struct nic *nic = snapshot_nic(snap, vm, "vnet0");
	struct disk *disk = snapshot_disk(snap, vm, "vda");

	vm->name = snapshot_text(snap, name);
	vm->uuid = snapshot_text(snap, uuid);
	vm->pid = 100;
	vm->start_ns = NSEC_PER_SEC;
	vm->n_vcpus = 1;
	vm->e.have |= SRC_SCHED | (uuid ? SRC_LIBVIRT : 0u);
	vm->role_ns[ROLE_VCPU] = vm->cpu_ns = n * TICK_NS;
	vcpu->e.have |= SRC_SCHED;
	vcpu->sched.ready_ns = n % 2 * TICK_NS;
	nic->e.have |= SRC_NET_DEVICE;
	nic->net.rx_drops = n * 100;
	disk->e.have |= SRC_STORAGE;
	disk->storage = (struct storage){ .capacity_bytes = 100, .allocated_bytes = 95 };
}

/* One VM that goes after three ticks, and one that becomes known to libvirt after two. */
static struct snapshot *make_tick(unsigned n, const struct snapshot *before)
{
	struct snapshot *snap = snapshot_new();

	if (!snap)
		abort();
	snap->mono_ns = MONO_NS + n * TICK_NS;
	snap->real_ns = REAL_NS + n * TICK_NS;
	snap->boot_ns = snap->mono_ns;
	snap->host.name = "h";
	snapshot_source(snap, "walk", n != 4, "it fails");
	if (n < 3)
		add_vm(snap, "web", "u", n);
	add_vm(snap, "db", n < 2 ? NULL : "v", n);
	snapshot_finish(snap, before);
	return snap;
}

static void tick(struct engine *engine)
{
	struct snapshot *before = NULL, *snap;

	for (unsigned n = 0; n < N_TICKS; n++) {
		snap = make_tick(n, before);
		engine_tick(engine, snap);
		snapshot_free(before);
		before = snap;
	}
	snapshot_free(before);
}

/* Nothing of what was refused is left. */
static void check_is_empty(const struct engine *engine)
{
	struct text saved = save(engine);

	if (!strstr(saved.bytes, "\"alerts\":[]"))
		abort();
	free(saved.bytes);
}

static void run(const struct rules *rules, const struct text *text)
{
	size_t length = 0;
	struct engine *engine = make_engine(rules, &length);

	if (load(engine, text) != 0) {
		check_is_empty(engine);
	} else {
		check_saving(rules, engine);
		tick(engine);
		check_saving(rules, engine);
	}
	engine_free(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules rules; /* reading them takes longer than all else */
	struct text text = { malloc(size ? size : 1), size };
	char error[RULES_ERROR_MAX] = "";

	if (!text.bytes || (!rules.n && rules_parse("rules", rules_text, sizeof(rules_text) - 1,
						&rules, error) != 0))
		abort();
	memcpy(text.bytes, data, size);
	run(&rules, &text);
	free(text.bytes);
	return 0;
}
