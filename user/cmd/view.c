/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what --fields, --sort, --filter and --scope mean. */
#include "cmd/view.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "model/filter.h"
#include "sink/select.h"

#define WORD_MAX 96

/* Takes the next word of a list that commas separate; false at its end. */
static bool next_word(const char **list, char word[static WORD_MAX])
{
	size_t size = strcspn(*list, ",");

	if (**list == '\0')
		return false;
	/* What is cut off here is longer than any name, and stays so. */
	snprintf(word, WORD_MAX, "%.*s", (int)(size < WORD_MAX ? size : WORD_MAX - 1), *list);
	*list += size + ((*list)[size] == ',');
	return true;
}

static int find_column(const char *option, const char *word, enum scope scope, struct column *ret)
{
	const char *nearest;

	if (column_find(word, scope, ret) == 0)
		return 0;
	nearest = column_nearest(word, scope);
	if (nearest)
		log_error(
			"--%s: there is no '%s', did you mean '%s'? (see vmbpf top --fields help)",
			option, word, nearest);
	else
		log_error("--%s: there is no '%s' (see vmbpf top --fields help)", option, word);
	return EX_USAGE;
}

/* Every row begins with these anyhow. */
static bool tells_rows_apart(const struct column *column)
{
	const struct metric *metric = column->metric;
	const char *key = scopes[metric->scope].key;

	return strcmp(metric->name, metric->scope == SCOPE_VM ? "name" : key ? key : "") == 0;
}

/* What is below a VM can be shown with what is above it, but not beside something else. */
static int check_scopes(const struct view_spec *spec)
{
	enum scope scope = select_scope(spec);

	for (unsigned i = 0; i < spec->n_columns; i++) {
		const struct metric *metric = spec->columns[i].metric;

		if (metric->scope <= SCOPE_VM ? metric->scope <= scope : metric->scope == scope)
			continue;
		log_error("--fields: '%s.%s' is not known for a %s; rows are of one kind (begin "
			  "the list with %s.%s)",
			scopes[metric->scope].name, metric->name, scopes[scope].name,
			scopes[metric->scope].name, metric->name);
		return EX_USAGE;
	}
	return 0;
}

static int parse_fields(const char *list, struct view_spec *spec)
{
	struct column column, identity = { 0 };
	char word[WORD_MAX];
	int status;

	while (next_word(&list, word)) {
		status = find_column("fields", word, SCOPE_VM, &column);
		if (status)
			return status;
		if (tells_rows_apart(&column)) {
			identity = column;
			continue;
		}
		if (spec->n_columns == MAX_COLUMNS) {
			log_error("--fields: more than %d names", MAX_COLUMNS);
			return EX_USAGE;
		}
		spec->columns[spec->n_columns++] = column;
	}
	if (spec->n_columns == 0 && identity.metric)
		spec->columns[spec->n_columns++] = identity;
	return check_scopes(spec);
}

/* JSON lines have no columns: there the list says which entities are meant. */
static int parse_own_fields(const char *list, struct view_spec *spec)
{
	int status = parse_fields(list, spec);

	if (!status && spec->n_columns)
		spec->scopes = 1u << select_scope(spec);
	if (spec->vcpu_rows)
		spec->scopes |= 1u << SCOPE_VCPU;
	return status;
}

static int parse_scopes(const char *list, uint32_t *ret)
{
	char word[WORD_MAX];
	enum scope scope;

	for (*ret = 0; next_word(&list, word); *ret |= 1u << scope) {
		if (scope_find(word, &scope) == 0)
			continue;
		log_error("--scope: '%s' is none of host, vm, vcpu, thread, nic, disk, exit, blame",
			word);
		return EX_USAGE;
	}
	if (*ret)
		return 0;
	log_error("--scope: the list is empty");
	return EX_USAGE;
}

/* Names are read from A to Z and numbers from the largest down, unless one says otherwise. */
bool view_is_ascending(const struct request *request, const struct column *sort)
{
	bool ascending = sort->metric && sort->metric->kind == TEXT;

	if (request->ascending || request->descending)
		ascending = request->ascending;
	return request->reverse ? !ascending : ascending;
}

/* The scope that names without one are of. */
static enum scope main_scope(const struct view_spec *spec)
{
	if (spec->n_columns == 0 && spec->scopes & 1u << SCOPE_VM)
		return SCOPE_VM;
	return select_scope(spec);
}

/* The default order is for VMs: other rows, which may lack that column, keep their own. */
static int parse_sort(
	const struct request *request, const char *default_name, struct view_spec *spec)
{
	enum scope scope = main_scope(spec);
	int status = 0;

	if (request->sort)
		status = find_column("sort", request->sort, scope, &spec->sort);
	else if (default_name && column_find(default_name, scope, &spec->sort) < 0)
		spec->sort = (struct column){ 0 };
	spec->ascending = view_is_ascending(request, &spec->sort);
	return status;
}

static int parse_filter(const char *text, struct view_spec *spec)
{
	char error[FILTER_ERROR_MAX];
	struct filter *filter;

	if (!text)
		return 0;
	if (filter_parse(text, main_scope(spec), &filter, error) < 0) {
		log_error("--filter: %s", error);
		return EX_USAGE;
	}
	spec->filter = filter;
	return 0;
}

int view_init(
	const struct request *request, const struct view_defaults *defaults, struct view_spec *spec)
{
	int status = 0;

	*spec = (struct view_spec){
		.scopes = defaults->scopes,
		.headers = !request->no_headers,
		.vcpu_rows = request->vcpu_rows,
	};
	if (request->scopes)
		status = parse_scopes(request->scopes, &spec->scopes);
	if (!status && request->fields)
		status = parse_own_fields(request->fields, spec);
	else if (!status && defaults->fields)
		status = parse_fields(defaults->fields, spec);
	if (!status)
		status = parse_sort(request, defaults->sort, spec);
	return status ? status : parse_filter(request->filter, spec);
}

void view_done(struct view_spec *spec)
{
	filter_free((struct filter *)spec->filter);
	spec->filter = NULL;
}

int view_choose_vms(const struct wanted *wanted, struct view_spec *spec)
{
	struct filter *filter = (struct filter *)spec->filter;

	if (!wanted->operand)
		return 0;
	if (filter_add_vm(&filter, wanted->operand) < 0) {
		log_error("out of memory");
		return EX_OSERR;
	}
	spec->filter = filter;
	return 0;
}

/* Whatever else is asked of them. */
static bool is_there(const char *operand, const struct snapshot *snap)
{
	struct filter *filter = NULL;
	struct item item = { 0 };
	bool found = false;

	if (filter_add_vm(&filter, operand) < 0)
		return true;
	while (!found && scopes[SCOPE_VM].next(snap, &item))
		found = filter_match(filter, snap, SCOPE_VM, &item);
	filter_free(filter);
	return found;
}

/* A UUID may become known only when libvirt has answered, after the first snapshot. */
static bool is_complete(const struct snapshot *snap)
{
	for (const struct vm *vm = snap->vms; vm; vm = vm->next)
		if (!vm->uuid)
			return snap->before != NULL;
	return true;
}

int view_find_vms(struct wanted *wanted, const struct snapshot *snap)
{
	if (wanted->found || !wanted->operand)
		return 0;
	wanted->found = is_there(wanted->operand, snap);
	if (wanted->found || !is_complete(snap))
		return 0;
	log_error("there is no VM '%s' (see vmbpf list)", wanted->operand);
	wanted->status = EX_NOINPUT;
	return -ECANCELED;
}

static void print_column(const struct column *column)
{
	char name[COLUMN_NAME_MAX], full[COLUMN_NAME_MAX + 16];

	snprintf(full, sizeof(full), "%s.%s", scopes[column->metric->scope].name,
		column_name(column, name));
	printf("%-36s %-8s %s\n", full, column->metric->title, column->metric->help);
}

void view_print_fields(void)
{
	puts("'vm.' may be left out, and so may the ending: cpu means vm.cpu_percent, the rate.\n");
	for (enum scope scope = 0; scope < N_SCOPES; scope++) {
		enum view view = VIEW_TOTAL;
		struct column column;
		size_t i = 0;

		while (column_next(scope, &i, &view, &column))
			print_column(&column);
	}
}
