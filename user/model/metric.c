/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what a row of the catalogue yields: its columns, their names and values, and the scopes. */
#include "vmbpf/metric.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/option.h"

static const char *view_name(const struct column *column)
{
	return column->metric->views[column->view];
}

enum metric_unit column_unit(const struct column *column)
{
	const struct metric *metric = column->metric;

	if (metric->unit == UNIT_SECONDS && column->view == VIEW_RATE)
		return UNIT_SHARE;
	return metric->unit;
}

const char *column_name(const struct column *column, char name[static COLUMN_NAME_MAX])
{
	size_t length = strnlen(view_name(column), COLUMN_NAME_MAX - 1);

	memcpy(name, view_name(column), length);
	name[length] = '\0';
	return name;
}

bool column_next(enum scope scope, size_t *i, enum view *view, struct column *ret)
{
	for (; *i < n_metrics; ++*i, *view = VIEW_TOTAL) {
		if (metrics[*i].scope != scope || *view > VIEW_RATE || !metrics[*i].views[*view])
			continue;
		*ret = (struct column){ .metric = &metrics[*i], .view = *view };
		++*view;
		return true;
	}
	return false;
}

/* Takes the scope off the front of "vm.ready"; without one, the given scope is meant. */
static int split_scope(const char **name, enum scope *scope)
{
	const char *dot = strchr(*name, '.');
	char word[16] = "";

	if (!dot)
		return 0;
	if ((size_t)(dot - *name) >= sizeof(word))
		return -ENOENT;
	memcpy(word, *name, (size_t)(dot - *name));
	*name = dot + 1;
	return scope_find(word, scope);
}

static bool is_default_view(const struct column *column)
{
	return column->view == (column->metric->kind == COUNTER ? VIEW_RATE : VIEW_TOTAL);
}

int column_find(const char *name, enum scope scope, struct column *ret)
{
	struct column column, bare = { 0 };
	enum view view = VIEW_TOTAL;
	size_t i = 0;
	int err = split_scope(&name, &scope);

	if (err)
		return err;
	while (column_next(scope, &i, &view, &column)) {
		if (strcmp(view_name(&column), name) == 0) {
			*ret = column;
			return 0;
		}
		if (!bare.metric && is_default_view(&column) &&
			strcmp(column.metric->name, name) == 0)
			bare = column;
	}
	if (!bare.metric)
		return -ENOENT;
	*ret = bare;
	return 0;
}

#define MAX_CANDIDATES 512

const char *column_nearest(const char *name, enum scope scope)
{
	const char *candidates[MAX_CANDIDATES];
	struct column column;
	enum view view = VIEW_TOTAL;
	size_t i = 0, n = 0;

	if (split_scope(&name, &scope) != 0)
		return NULL;
	while (n + 2 <= MAX_CANDIDATES && column_next(scope, &i, &view, &column)) {
		if (is_default_view(&column))
			candidates[n++] = column.metric->name;
		candidates[n++] = view_name(&column);
	}
	return option_nearest(name, candidates, n);
}

bool metric_is_polled(const struct metric *metric)
{
	for (uint32_t left = metric->needs; left; left &= left - 1)
		if (sources[__builtin_ctz(left)].polled)
			return true;
	return false;
}

static bool has_needs(const struct metric *metric, const struct entity *entity)
{
	return (entity->have & metric->needs) == metric->needs;
}

/* The past that a rate of this row is against and the seconds since then; NULL where there is none.
 */
static const struct entity *find_past(const struct metric *metric, const struct snapshot *snap,
	const struct entity *entity, double *seconds)
{
	/* Of a polled source, the past is the poll before, not the tick before. */
	bool polled = metric_is_polled(metric);
	const struct entity *past = polled ? entity->polled_before : entity->before;
	uint64_t elapsed_ns = snap->interval_ns;

	*seconds = 0;
	if (!past || !has_needs(metric, past))
		return NULL;
	if (polled)
		elapsed_ns = entity->polled_ns > past->polled_ns
				     ? entity->polled_ns - past->polled_ns
				     : 0;
	if (elapsed_ns == 0)
		return NULL;
	*seconds = (double)elapsed_ns / 1e9;
	return past;
}

static double divisor_of(const struct metric *metric)
{
	return metric->divisor != 0 ? metric->divisor : 1;
}

static struct value number_value(double number)
{
	if (!isfinite(number))
		return (struct value){ 0 };
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

static struct value text_value(const char *text)
{
	if (!text)
		return (struct value){ 0 };
	return (struct value){ .kind = VALUE_TEXT, .text = text };
}

static const void *field_of(const struct metric *metric, const struct entity *entity)
{
	return (const char *)entity + metric->field.offset;
}

/* The field as a counter, exact; false where it was not reported. */
static bool read_counter(const struct metric *metric, const struct entity *entity, uint64_t *ret)
{
	uint64_t counter = *(const uint64_t *)field_of(metric, entity);

	if (counter == NOT_REPORTED)
		return false;
	*ret = counter;
	return true;
}

static struct value read_u64(const struct metric *metric, const struct entity *entity)
{
	uint64_t raw;

	if (!read_counter(metric, entity, &raw))
		return (struct value){ 0 };
	return (struct value){
		.kind = VALUE_NUMBER, .number = (double)raw / divisor_of(metric), .raw = raw
	};
}

static struct value read_i64(const struct metric *metric, const struct entity *entity)
{
	int64_t number = *(const int64_t *)field_of(metric, entity);

	return number_value(number < 0 ? NAN : (double)number);
}

static struct value read_pid(const struct metric *metric, const struct entity *entity)
{
	pid_t pid = *(const pid_t *)field_of(metric, entity);

	return number_value(pid <= 0 ? NAN : pid);
}

static struct value read_double(const struct metric *metric, const struct entity *entity)
{
	return number_value(*(const double *)field_of(metric, entity) / divisor_of(metric));
}

static struct value read_text(const struct metric *metric, const struct entity *entity)
{
	return text_value(*(const char *const *)field_of(metric, entity));
}

static struct value read_name(const struct metric *metric, const struct entity *entity)
{
	unsigned index = *(const unsigned *)field_of(metric, entity);

	return text_value(index < metric->field.n_names ? metric->field.names[index] : NULL);
}

static struct value (*const readers[])(const struct metric *, const struct entity *) = {
	[FIELD_U64] = read_u64,
	[FIELD_I64] = read_i64,
	[FIELD_PID] = read_pid,
	[FIELD_DOUBLE] = read_double,
	[FIELD_TEXT] = read_text,
	[FIELD_NAME] = read_name,
};

/* A counter that went back has restarted: what it counted meanwhile nobody knows. */
static struct value read_rate(
	const struct metric *metric, const struct snapshot *snap, const struct entity *entity)
{
	double seconds, percent = metric->unit == UNIT_SECONDS ? 100 : 1;
	const struct entity *past = find_past(metric, snap, entity, &seconds);
	uint64_t now, before;

	if (!past || !read_counter(metric, entity, &now) || !read_counter(metric, past, &before))
		return (struct value){ 0 };
	if (now < before)
		return (struct value){ 0 };
	/* In this order a round share is a round number: 850 ms of a second are 85, not more. */
	return number_value((double)(now - before) * percent / (divisor_of(metric) * seconds));
}

struct value column_value(
	const struct column *column, const struct snapshot *snap, const struct entity *entity)
{
	const struct metric *metric = column->metric;
	const struct entity *past;
	double seconds;

	if (!has_needs(metric, entity))
		return (struct value){ 0 };
	if (column->view == VIEW_RATE)
		return read_rate(metric, snap, entity);
	if (!metric->derive)
		return readers[metric->field.type](metric, entity);
	past = find_past(metric, snap, entity, &seconds);
	return number_value(metric->derive(entity, past, seconds));
}

bool column_is_idle(
	const struct column *column, const struct snapshot *snap, const struct entity *entity)
{
	const struct metric *metric = column->metric;
	double seconds;

	return metric->of_events && has_needs(metric, entity) &&
	       find_past(metric, snap, entity, &seconds) &&
	       column_value(column, snap, entity).kind == VALUE_ABSENT;
}

static bool next_host(const struct snapshot *snap, struct item *item)
{
	if (item->entity)
		return false;
	*item = (struct item){ .entity = &snap->host.e };
	return true;
}

static bool next_vm(const struct snapshot *snap, struct item *item)
{
	const struct vm *vm = item->vm ? item->vm->next : snap->vms;

	if (!vm)
		return false;
	*item = (struct item){ .entity = &vm->e, .vm = vm };
	return true;
}

/* The children of one type, VM by VM. */
#define DEFINE_NEXT(type, list) \
	static bool next_##type(const struct snapshot *snap, struct item *item) \
	{ \
		const struct type *last = (const struct type *)item->entity; \
		const struct vm *vm = item->vm ? item->vm : snap->vms; \
		const struct type *child = last ? last->next : vm ? vm->list : NULL; \
\
		while (!child && vm) { \
			vm = vm->next; \
			child = vm ? vm->list : NULL; \
		} \
		if (!child) \
			return false; \
		*item = (struct item){ .entity = &child->e, .vm = vm }; \
		return true; \
	}

DEFINE_NEXT(vcpu, vcpus)
DEFINE_NEXT(thread, threads)
DEFINE_NEXT(nic, nics)
DEFINE_NEXT(disk, disks)
DEFINE_NEXT(exit, exits_by_reason)
DEFINE_NEXT(blame, blames)

const struct scope_info scopes[N_SCOPES] = {
	[SCOPE_HOST] = { "host", NULL, next_host },
	[SCOPE_VM] = { "vm", NULL, next_vm },
	[SCOPE_VCPU] = { "vcpu", "vcpu", next_vcpu },
	[SCOPE_THREAD] = { "thread", "tid", next_thread },
	[SCOPE_NIC] = { "nic", "nic", next_nic },
	[SCOPE_DISK] = { "disk", "disk", next_disk },
	[SCOPE_EXIT] = { "exit", "reason", next_exit },
	[SCOPE_BLAME] = { "blame", "holder", next_blame },
};

int scope_find(const char *name, enum scope *ret)
{
	for (size_t i = 0; i < N_SCOPES; i++) {
		if (strcmp(scopes[i].name, name) == 0) {
			*ret = (enum scope)i;
			return 0;
		}
	}
	return -ENOENT;
}
