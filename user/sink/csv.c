/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV with the quoting of RFC 4180 and lines that end in LF: the time, the VM and what tells its
 * children apart, then the columns. Absent is an empty field.
 */
#include <string.h>

#include "model/unit.h"
#include "sink/select.h"
#include "sink/sinks.h"
#include "sink/writer.h"

#define FIELD_MAX 1024

/*
 * Text in a form that neither a terminal nor a spreadsheet obeys: a guest's owner may call it
 * "=HYPERLINK(...)", and spreadsheets run what begins like that unless a ' stands before it.
 */
static void write_text(struct writer *writer, const char *text)
{
	char safe[FIELD_MAX];
	const char *quote;

	unit_safe_text(text, safe, sizeof(safe));
	quote = strpbrk(safe, ",\"") ? "\"" : "";
	writer_string(writer, quote);
	if (*safe && strchr("=+-@", *safe))
		writer_char(writer, '\'');
	for (const char *at = safe; *at; at++) {
		if (*at == '"')
			writer_char(writer, '"');
		writer_char(writer, *at);
	}
	writer_string(writer, quote);
}

static void write_value(
	struct writer *writer, const struct column *column, const struct value *value)
{
	if (value->kind == VALUE_TEXT)
		write_text(writer, value->text);
	else if (value->kind == VALUE_NUMBER)
		writer_number(writer, column, value);
}

static int csv_begin(FILE *out, const struct view_spec *spec)
{
	enum scope scope = select_scope(spec);
	struct column columns[MAX_COLUMNS];
	unsigned n = select_columns(spec, scope, columns);
	struct writer writer;

	if (!spec->headers)
		return 0;
	writer_init(&writer, out);
	writer_string(&writer, scope == SCOPE_HOST ? "time,host" : "time,vm");
	if (scopes[scope].key) {
		writer_char(&writer, ',');
		writer_string(&writer, scopes[scope].key);
	}
	for (unsigned i = 0; i < n; i++) {
		char name[COLUMN_NAME_MAX];

		writer_char(&writer, ',');
		writer_string(&writer, column_name(&columns[i], name));
	}
	writer_char(&writer, '\n');
	return writer_flush(&writer);
}

static void write_identity(struct writer *writer, const struct snapshot *snap, enum scope scope,
	const struct item *item)
{
	const char *name = item->vm ? item->vm->name : snap->host.name;
	struct value key = select_key(scope, item);

	writer_time(writer, snap->real_ns);
	writer_char(writer, ',');
	if (name)
		write_text(writer, name);
	if (!scopes[scope].key)
		return;
	writer_char(writer, ',');
	if (key.kind == VALUE_TEXT)
		write_text(writer, key.text);
	else
		writer_u64(writer, key.raw);
}

static int csv_tick(FILE *out, const struct view_spec *spec, const struct snapshot *snap)
{
	enum scope scope = select_scope(spec);
	struct column columns[MAX_COLUMNS];
	unsigned n = select_columns(spec, scope, columns);
	struct rows rows = { 0 };
	struct writer writer;
	int err = rows_select(spec, snap, scope, false, &rows);

	writer_init(&writer, out);
	for (size_t row = 0; !err && row < rows.n; row++) {
		const struct item *item = &rows.row[row].item;

		write_identity(&writer, snap, scope, item);
		for (unsigned i = 0; i < n; i++) {
			struct value value = select_value(&columns[i], snap, scope, item);

			writer_char(&writer, ',');
			write_value(&writer, &columns[i], &value);
		}
		writer_char(&writer, '\n');
	}
	rows_done(&rows);
	return err ? err : writer_flush(&writer);
}

const struct sink csv_sink = { .name = "csv", .begin = csv_begin, .tick = csv_tick };
