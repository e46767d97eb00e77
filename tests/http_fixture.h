/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of HTTP on 127.0.0.1 that behaves well or badly, as it is told: for tests of what posts
 * there. It serves one connection after the other.
 */
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RUDE_REQUEST_MAX (1 << 20)

struct rude_request {
	char *head; /* with the line of the method, up to the empty line */
	char *body;
};

struct rude_server {
	int listener;
	int stop; /* ends it all when it becomes readable; -1: nothing does */
	unsigned port;
	/* Whether the connection is kept for another request. */
	bool (*answer)(const struct rude_server *server, int fd);
	int status; /* of the answer, where it is a whole one */
	unsigned trickle_ms; /* between two bytes */
	/* Called before a request is answered; may be NULL. */
	void (*told)(void *context, const struct rude_request *request);
	void *context;
	atomic_uint n_connections;
	char buffer[RUDE_REQUEST_MAX + 1];
};

/* Whether there is something to read, within that time (-1: however long). False at the stop. */
static inline bool rude_wait(const struct rude_server *server, int fd, int ms)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = server->stop, .events = POLLIN } };
	int n;

	do
		n = poll(fds, 2, ms);
	while (n < 0 && errno == EINTR);
	return n > 0 && !fds[1].revents;
}

static inline bool rude_send(int fd, const char *text, size_t size)
{
	return send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static inline bool rude_say(int fd, const char *text)
{
	return rude_send(fd, text, strlen(text));
}

/* What it explains is what a terminal should not see as it is. */
static inline bool answer_with_status(const struct rude_server *server, int fd)
{
	static const char body[] = "it \"says\" \x1b[31mno\n";
	char text[256];

	snprintf(text, sizeof(text),
		"HTTP/1.1 %d So\r\nLocation: http://127.0.0.1:%u/elsewhere\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		server->status, server->port, sizeof(body) - 1, body);
	return rude_say(fd, text);
}

static inline bool never_answer(const struct rude_server *server, int fd)
{
	rude_wait(server, fd, -1);
	return false;
}

/* It takes longer than anybody waits, and something comes all the time. */
static inline bool trickle_answer(const struct rude_server *server, int fd)
{
	static const char text[] = "HTTP/1.1 200 This is going to take a while\r\n";

	for (const char *at = text; *at && rude_send(fd, at, 1); at++) {
		if (rude_wait(server, fd, (int)server->trickle_ms))
			return false;
	}
	return false;
}

static inline bool answer_without_end(const struct rude_server *server, int fd)
{
	static const char block[4096] = "x";
	bool sent = rude_say(fd, "HTTP/1.1 200 OK\r\n\r\n");

	while (sent && !rude_wait(server, fd, 0))
		sent = rude_send(fd, block, sizeof(block));
	return false;
}

/* Ends within the line that would tell the status. */
static inline bool answer_half(const struct rude_server *server, int fd)
{
	(void)server;
	rude_say(fd, "HTTP/1.1 20");
	return false;
}

/* Ends within the body. */
static inline bool answer_short(const struct rude_server *server, int fd)
{
	(void)server;
	rude_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnot a thousand");
	return false;
}

static inline bool answer_garbage(const struct rude_server *server, int fd)
{
	static const char garbage[] =
		"\x16\x03\x01\0\xff\xfe%s%n\r\n\r\n\0\0HTTP/1.1 200 OK\r\n\r\n";

	(void)server;
	rude_send(fd, garbage, sizeof(garbage));
	return false;
}

static inline bool close_without_answer(const struct rude_server *server, int fd)
{
	(void)server;
	(void)fd;
	return false;
}

/* "ok", a status such as "500", or one of the manners below. "refuse" accepts no connection. */
static inline bool rude_set_mode(struct rude_server *server, const char *name)
{
	static const struct {
		const char *name;
		bool (*answer)(const struct rude_server *server, int fd);
	} modes[] = {
		{ "ok", answer_with_status },
		{ "hang", never_answer },
		{ "trickle", trickle_answer },
		{ "huge", answer_without_end },
		{ "half", answer_half },
		{ "short", answer_short },
		{ "garbage", answer_garbage },
		{ "close", close_without_answer },
		{ "refuse", NULL },
	};
	int status = atoi(name);

	server->status = status ? status : 200;
	server->trickle_ms = 1000;
	server->answer = answer_with_status;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, name) != 0)
			continue;
		server->answer = modes[i].answer;
		return true;
	}
	return status >= 100 && status <= 999;
}

/* Binds a port of the system's choice. One that refuses holds it, so that nobody else gets it. */
static inline bool rude_open(struct rude_server *server, const char *mode)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	if (!rude_set_mode(server, mode))
		return false;
	server->stop = -1;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 ||
		bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		getsockname(server->listener, (struct sockaddr *)&address, &size) < 0)
		return false;
	server->port = ntohs(address.sin_port);
	return !server->answer || listen(server->listener, 16) == 0;
}

/* Reads on until there are so many bytes; false where they do not come. */
static inline bool rude_read(struct rude_server *server, int fd, size_t *used, size_t wanted)
{
	while (*used < wanted && wanted <= RUDE_REQUEST_MAX) {
		ssize_t n = -1;

		if (rude_wait(server, fd, -1))
			n = recv(fd, server->buffer + *used, RUDE_REQUEST_MAX - *used, 0);
		if (n <= 0)
			return false;
		*used += (size_t)n;
		server->buffer[*used] = '\0';
	}
	return *used >= wanted;
}

static inline bool rude_read_request(
	struct rude_server *server, int fd, struct rude_request *request)
{
	size_t used = 0, head, size = 0;
	const char *length;
	char *end = NULL;

	server->buffer[0] = '\0';
	while (!(end = strstr(server->buffer, "\r\n\r\n"))) {
		if (!rude_read(server, fd, &used, used + 1))
			return false;
	}
	*end = '\0';
	head = (size_t)(end - server->buffer) + 4;
	length = strcasestr(server->buffer, "\r\nContent-Length:");
	if (length)
		size = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
	*request = (struct rude_request){ server->buffer, server->buffer + head };
	return size <= RUDE_REQUEST_MAX && rude_read(server, fd, &used, head + size);
}

static inline void rude_serve_connection(struct rude_server *server, int fd)
{
	struct rude_request request;

	while (rude_read_request(server, fd, &request)) {
		if (server->told)
			server->told(server->context, &request);
		if (!server->answer(server, fd))
			break;
	}
}

/* Until the stop. */
static inline void rude_serve(struct rude_server *server)
{
	int fd;

	while (rude_wait(server, server->listener, -1)) {
		fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		atomic_fetch_add(&server->n_connections, 1);
		rude_serve_connection(server, fd);
		close(fd);
	}
}

#endif
