/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns connecting to libvirt and the translation of its errors. */
#include "collect/libvirt_connection.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libxml/parser.h>

/* A message every two seconds while nothing else arrives; the third without an answer is the last.
 */
#define KEEPALIVE_SECONDS 2
#define KEEPALIVE_COUNT 2

static void print_nothing(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

int libvirt_setup(void)
{
	xmlInitParser();
	virSetErrorFunc(NULL, print_nothing);
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
		return -EIO;
	return 0;
}

/* "driver:///path" or "driver+unix:///path" */
bool libvirt_uri_is_local(const char *uri)
{
	const char *host = strstr(uri, "://");
	const char *plus = strchr(uri, '+');

	if (!host || host[3] != '/')
		return false;
	return !plus || plus > host || strncmp(plus, "+unix://", 8) == 0;
}

static const char start_it[] = "start libvirtd, or virtqemud";
static const char wait_for_it[] = "it is tried again";
static const char allow_it[] = "let the user that vmbpf becomes monitor libvirt, by polkit or by "
			       "auth_unix_ro = \"none\" in libvirtd.conf, or use --user root";

#define NOT_RUNNING "libvirtd is not running: "
#define CLOSED "libvirtd has closed the connection"
#define DENIED "permission denied to libvirtd's socket"
#define REFUSED "libvirtd refuses this user"
#define NO_POLKIT "libvirtd cannot ask polkit whether this user may monitor it"

static const struct {
	int code, domain, err; /* of libvirt, its part, and within VIR_ERR_SYSTEM_ERROR; 0: any */
	const char *cause, *remedy;
} known[] = {
	{ VIR_ERR_SYSTEM_ERROR, 0, ENOENT, NOT_RUNNING "its socket is missing", start_it },
	{ VIR_ERR_SYSTEM_ERROR, 0, ECONNREFUSED, NOT_RUNNING "nobody serves its socket", start_it },
	{ VIR_ERR_SYSTEM_ERROR, 0, ECONNRESET, CLOSED, wait_for_it },
	{ VIR_ERR_SYSTEM_ERROR, 0, EPIPE, CLOSED, wait_for_it },
	{ VIR_ERR_SYSTEM_ERROR, 0, EACCES, DENIED, allow_it },
	{ VIR_ERR_SYSTEM_ERROR, 0, EPERM, DENIED, allow_it },
	{ VIR_ERR_AUTH_FAILED, 0, 0, REFUSED, allow_it },
	{ VIR_ERR_AUTH_CANCELLED, 0, 0, REFUSED, allow_it },
	{ VIR_ERR_AUTH_UNAVAILABLE, 0, 0, REFUSED, allow_it },
	{ VIR_ERR_ACCESS_DENIED, 0, 0, REFUSED, allow_it },
	{ VIR_ERR_INTERNAL_ERROR, VIR_FROM_DBUS, 0, NO_POLKIT, allow_it },
	{ VIR_ERR_INTERNAL_ERROR, VIR_FROM_POLKIT, 0, NO_POLKIT, allow_it },
};

/* One line: libvirt's own words may have several, and what a URI contains. */
static void copy_line(char *line, size_t size, const char *text)
{
	snprintf(line, size, "libvirt: %s", text);
	for (; *line; line++)
		if (iscntrl((unsigned char)*line))
			*line = ' ';
}

static bool is_meant(size_t i, const virError *error)
{
	return known[i].code == error->code &&
	       (known[i].domain == 0 || known[i].domain == error->domain) &&
	       (known[i].err == 0 || known[i].err == error->int1);
}

void libvirt_explain(const virError *error, struct libvirt_failure *ret)
{
	ret->remedy = "see the log of libvirtd";
	ret->is_refusal = false;
	copy_line(ret->cause, sizeof(ret->cause),
		error && error->message ? error->message : "the connection failed");
	for (size_t i = 0; error && i < sizeof(known) / sizeof(known[0]); i++) {
		if (!is_meant(i, error))
			continue;
		snprintf(ret->cause, sizeof(ret->cause), "%s", known[i].cause);
		ret->remedy = known[i].remedy;
		ret->is_refusal = known[i].remedy == allow_it;
		return;
	}
}

int libvirt_connect(const char *uri, virConnectPtr *ret, struct libvirt_failure *failure)
{
	virConnectPtr connection = virConnectOpenReadOnly(uri);

	if (!connection) {
		libvirt_explain(virGetLastError(), failure);
		return -EIO;
	}
	/* A driver within this process has no messages to keep alive; it fails and does no harm. */
	virConnectSetKeepAlive(connection, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
	*ret = connection;
	return 0;
}

bool libvirt_refuses(const char *uri)
{
	struct libvirt_failure failure;
	virConnectPtr connection = NULL;

	if (libvirt_setup() || !libvirt_connect(uri, &connection, &failure))
		return false;
	return failure.is_refusal;
}
