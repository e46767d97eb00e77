/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work at a known rate inside a Linux guest:
 *
 *	work spin CPU PERCENT	keeps one CPU busy for that share of wall time
 *	work pace MS COMMAND...	runs a command every MS milliseconds
 *	work ping MS BYTES IP	sends an ICMP echo request with that payload every MS milliseconds
 *
 * Nothing drifts: each period begins where the one before should have ended.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000
#define NS_PER_S 1000000000
#define SPIN_PERIOD_NS (100 * NS_PER_MS)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Sleeps until the next period and returns when that was due; what was missed is left out. */
static int64_t wait_next(int64_t start, int64_t period_ns)
{
	int64_t next = start + period_ns;
	struct timespec due;

	if (now_ns() > next + period_ns)
		next = now_ns();
	due = (struct timespec){ .tv_sec = next / NS_PER_S, .tv_nsec = next % NS_PER_S };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	return next;
}

static int spin(int cpu, int percent)
{
	int64_t busy_ns = (int64_t)SPIN_PERIOD_NS * percent / 100;
	int64_t start;
	char name[16];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		return EX_OSERR;
	snprintf(name, sizeof(name), "spin-%d", percent);
	prctl(PR_SET_NAME, name);
	for (start = now_ns();; start = wait_next(start, SPIN_PERIOD_NS)) {
		while (now_ns() < start + busy_ns)
			;
	}
}

static int pace(int period_ms, char **command)
{
	int64_t start;

	for (start = now_ns();; start = wait_next(start, (int64_t)period_ms * NS_PER_MS)) {
		pid_t child = vfork();

		if (child == 0) {
			execvp(command[0], command);
			_exit(EX_UNAVAILABLE);
		}
		if (child < 0 || waitpid(child, NULL, 0) < 0)
			return EX_OSERR;
	}
}

/* The Internet checksum, RFC 1071, of an even number of bytes. */
static uint16_t checksum(const void *data, size_t size)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static int ping(int period_ms, size_t payload, const char *address)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };
	uint16_t packet[1500 / 2] = { 0 };
	struct icmphdr *header = (struct icmphdr *)packet;
	size_t size = sizeof(*header) + (payload & ~(size_t)1);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int64_t start;

	if (fd < 0 || size > sizeof(packet) || inet_pton(AF_INET, address, &peer.sin_addr) != 1)
		return EX_OSERR;
	header->type = ICMP_ECHO;
	/* Answers are not read: the kernel drops them once the socket's buffer is full. */
	for (start = now_ns();; start = wait_next(start, (int64_t)period_ms * NS_PER_MS)) {
		header->un.echo.sequence++;
		header->checksum = 0;
		header->checksum = checksum(packet, size);
		if (sendto(fd, packet, size, 0, (struct sockaddr *)&peer, sizeof(peer)) < 0)
			sleep(1);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "spin") == 0)
		return spin(atoi(argv[2]), atoi(argv[3]));
	if (argc >= 4 && strcmp(argv[1], "pace") == 0)
		return pace(atoi(argv[2]), argv + 3);
	if (argc == 5 && strcmp(argv[1], "ping") == 0)
		return ping(atoi(argv[2]), strtoul(argv[3], NULL, 10), argv[4]);
	fputs("usage: work spin CPU PERCENT | work pace MS COMMAND... | work ping MS BYTES IP\n",
		stderr);
	return EX_USAGE;
}
