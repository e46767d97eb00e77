/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a line of a recording: what is read as JSON is what json-c reads in it. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collect/replay_json.h"

#define DEPTH_MAX 100 /* deeper than ours */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* To be freed. With what there is behind lines. */
static char *copy(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + MEMBERS_SLACK);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	return text;
}

static struct json_object *parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)size);
	json_tokener_free(tokener);
	return object;
}

static bool is_kind(const struct member *member, struct json_object *value)
{
	static const enum member_kind kinds[] = {
		[json_type_null] = MEMBER_NULL,
		[json_type_boolean] = MEMBER_BOOLEAN,
		[json_type_int] = MEMBER_NUMBER,
		[json_type_double] = MEMBER_NUMBER,
		[json_type_string] = MEMBER_TEXT,
		[json_type_object] = MEMBER_LIST,
		[json_type_array] = MEMBER_LIST,
	};

	return kinds[json_object_get_type(value)] == member->kind;
}

/* Of members with the same name, json-c keeps the last one; it does not replace a NUL. */
static bool is_last(const struct members *members, size_t i)
{
	for (size_t k = i + 1; k < members->n; k++)
		if (strcmp(members->all[i].name, members->all[k].name) == 0)
			return false;
	return true;
}

static void compare(const struct member *member, struct json_object *object)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, member->name, &value) || !is_kind(member, value))
		abort();
	if (member->kind == MEMBER_TEXT && strcmp(member->text, json_object_get_string(value)) != 0)
		abort();
	if (member->kind == MEMBER_NUMBER &&
		strtod(member->text, NULL) != json_object_get_double(value) && !member->is_whole)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = copy(data, size);
	struct members members = { 0 };
	struct json_object *object = NULL;
	size_t wrong_at = 0;

	if (members_parse(&members, text, size, &wrong_at) != 0) {
		if (wrong_at == 0 || wrong_at > size + 1)
			abort();
	} else {
		object = parse((const char *)data, size);
		if (!object)
			abort();
		for (size_t i = 0; i < members.n && !memmem(data, size, "\\u0000", 6); i++)
			if (is_last(&members, i))
				compare(&members.all[i], object);
	}
	json_object_put(object);
	members_done(&members);
	free(text);
	return 0;
}
