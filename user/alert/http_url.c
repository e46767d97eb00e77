/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns what of a URL is used, and what of it is shown. */
#include "alert/http_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "base/cleanup.h"
#include "model/unit.h"

#define EXAMPLE "a URL such as https://host/path"

/* As long as words in paths are: "services", "alertmanager". */
#define WORD_MAX 16

static void cleanup_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void cleanup_part(char **part)
{
	curl_free(*part);
}

#define AUTO_URL __attribute__((cleanup(cleanup_url)))
#define AUTO_PART __attribute__((cleanup(cleanup_part)))

/* NULL where there is none. */
static char *part_of(CURLU *url, CURLUPart what)
{
	char *part = NULL;

	curl_url_get(url, what, &part, 0);
	return part;
}

/* What cannot be parsed is not shown: where a password stands in it cannot be told. */
static int refuse(CURLUcode code, char why[static OUTLET_WHY_MAX])
{
	if (code == CURLUE_OUT_OF_MEMORY) {
		snprintf(why, OUTLET_WHY_MAX, "out of memory");
		return -ENOMEM;
	}
	if (code == CURLUE_BAD_SCHEME || code == CURLUE_BAD_SLASHES)
		snprintf(why, OUTLET_WHY_MAX,
			"http:// or https:// is missing: what is needed is " EXAMPLE);
	else
		snprintf(why, OUTLET_WHY_MAX, "it is not " EXAMPLE ": %s", curl_url_strerror(code));
	return -EINVAL;
}

static int parse(CURLU *url, const char *text, char why[static OUTLET_WHY_MAX])
{
	CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	AUTO_PART char *scheme = part_of(url, CURLUPART_SCHEME);
	AUTO_PART char *host = part_of(url, CURLUPART_HOST);
	char safe[32];

	if (code)
		return refuse(code, why);
	if (!scheme || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)) {
		snprintf(why, OUTLET_WHY_MAX,
			"'%s://' is not supported: what is needed is " EXAMPLE,
			unit_safe_text(scheme ? scheme : "", safe, sizeof(safe)));
		return -EINVAL;
	}
	return host && *host ? 0 : refuse(CURLUE_NO_HOST, why);
}

static bool ends_in(const char *text, size_t length, const char *end)
{
	return length >= strlen(end) && strncmp(text + length - strlen(end), end, strlen(end)) == 0;
}

static int append_path(CURLU *url, const char *path, char why[static OUTLET_WHY_MAX])
{
	AUTO_PART char *old = part_of(url, CURLUPART_PATH);
	AUTO_FREE char *new = NULL;
	CURLUcode code;
	size_t length;

	if (!old)
		return refuse(CURLUE_OUT_OF_MEMORY, why);
	length = strlen(old);
	while (length && old[length - 1] == '/')
		length--;
	if (asprintf(&new, "%.*s%s", (int)length, old, ends_in(old, length, path) ? "" : path) <
		0) {
		new = NULL;
		return refuse(CURLUE_OUT_OF_MEMORY, why);
	}
	code = curl_url_set(url, CURLUPART_PATH, new, 0);
	return code ? refuse(code, why) : 0;
}

/* How many bytes of the path may be shown: "/services" of "/services/T0/B0/SECRET". */
static size_t shown_of(const char *path)
{
	size_t length = 1;

	while (isalpha((unsigned char)path[length]) || path[length] == '-' || path[length] == '_')
		length++;
	return length <= WORD_MAX && path[length] == '/' && path[length + 1] ? length : 0;
}

static void describe(CURLU *url, char label[static HTTP_LABEL_MAX])
{
	AUTO_PART char *scheme = part_of(url, CURLUPART_SCHEME);
	AUTO_PART char *user = part_of(url, CURLUPART_USER);
	AUTO_PART char *password = part_of(url, CURLUPART_PASSWORD);
	AUTO_PART char *host = part_of(url, CURLUPART_HOST);
	AUTO_PART char *port = part_of(url, CURLUPART_PORT);
	AUTO_PART char *path = part_of(url, CURLUPART_PATH);
	AUTO_PART char *query = part_of(url, CURLUPART_QUERY);
	bool more = query || (path && strcmp(path, "/") != 0);
	char text[HTTP_LABEL_MAX];

	snprintf(text, sizeof(text), "%s://%s%s%s%s%.*s%s", scheme ? scheme : "",
		user || password ? "***@" : "", host ? host : "", port ? ":" : "", port ? port : "",
		path ? (int)shown_of(path) : 0, path ? path : "", more ? "/..." : "");
	unit_safe_text(text, label, HTTP_LABEL_MAX);
}

int http_url_read(
	const char *text, const char *path, struct http_url *ret, char why[static OUTLET_WHY_MAX])
{
	AUTO_URL CURLU *url = curl_url();
	AUTO_PART char *whole = NULL;
	struct http_url read = { 0 };
	int err;

	if (!url)
		return refuse(CURLUE_OUT_OF_MEMORY, why);
	err = parse(url, text, why);
	if (err)
		return err;
	describe(url, read.label);
	err = path ? append_path(url, path, why) : 0;
	if (err)
		return err;
	whole = part_of(url, CURLUPART_URL);
	read.whole = whole ? strdup(whole) : NULL;
	if (!read.whole)
		return refuse(CURLUE_OUT_OF_MEMORY, why);
	*ret = read;
	return 0;
}

void http_url_done(struct http_url *url)
{
	free(url->whole);
	*url = (struct http_url){ 0 };
}
