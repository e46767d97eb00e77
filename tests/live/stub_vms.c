/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes with the shape of VMs, for sizes that real ones do not fit: each holds a real KVM VM,
 *which is what makes a process a VM, and has sleeping threads with the names that QEMU gives.
 *
 *	stub_vms VMS VCPUS		starts them, prints "ready", ends them at end of input
 *	stub_vms VMS VCPUS CYCLES	starts and ends them that many times, then prints "done"
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <linux/kvm.h>

#define STACK_SIZE 16384
#define MAX_VCPUS 64

static void *sleep_forever(void *name)
{
	prctl(PR_SET_NAME, name);
	for (;;)
		pause();
	return NULL;
}

/* The name must stay: the thread takes it when it first runs. */
static void add_thread(const char *name)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, sleep_forever, (void *)(uintptr_t)name))
		err(EX_OSERR, "thread");
	pthread_attr_destroy(&attributes);
}

/* Tells its parent through the pipe that it has its shape. */
static void be_vm(int vcpus, int ready)
{
	static char vcpu_names[MAX_VCPUS][16];
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (kvm < 0 || ioctl(kvm, KVM_CREATE_VM, 0) < 0)
		err(EX_OSERR, "/dev/kvm");
	for (int i = 0; i < vcpus && i < MAX_VCPUS; i++) {
		snprintf(vcpu_names[i], sizeof(vcpu_names[i]), "CPU %d/KVM", i);
		add_thread(vcpu_names[i]);
	}
	add_thread("call_rcu");
	add_thread("IO mon_iothread");
	add_thread("worker");
	if (write(ready, "", 1) != 1)
		err(EX_OSERR, "pipe");
	for (;;)
		pause();
}

static pid_t start_vm(int vcpus, int ready)
{
	pid_t pid = fork();

	if (pid < 0)
		err(EX_OSERR, "fork");
	if (pid == 0)
		be_vm(vcpus, ready);
	return pid;
}

static void start_all(pid_t *pids, int vms, int vcpus)
{
	int pipes[2];
	char byte;

	if (pipe(pipes))
		err(EX_OSERR, "pipe");
	for (int i = 0; i < vms; i++)
		pids[i] = start_vm(vcpus, pipes[1]);
	close(pipes[1]);
	for (int i = 0; i < vms; i++) {
		if (read(pipes[0], &byte, 1) != 1)
			errx(EX_OSERR, "a VM could not be made");
	}
	close(pipes[0]);
}

static void stop_all(const pid_t *pids, int vms)
{
	for (int i = 0; i < vms; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < vms; i++)
		waitpid(pids[i], NULL, 0);
}

int main(int argc, char **argv)
{
	int vms = argc > 1 ? atoi(argv[1]) : 0, vcpus = argc > 2 ? atoi(argv[2]) : 0;
	int cycles = argc > 3 ? atoi(argv[3]) : 0;
	pid_t *pids;

	if (vms <= 0 || vcpus <= 0)
		errx(EX_USAGE, "usage: stub_vms VMS VCPUS [CYCLES]");
	pids = calloc((size_t)vms, sizeof(*pids));
	if (!pids)
		err(EX_OSERR, "memory");
	for (int i = 0; i < cycles; i++) {
		start_all(pids, vms, vcpus);
		stop_all(pids, vms);
	}
	if (cycles) {
		puts("done");
		return 0;
	}
	start_all(pids, vms, vcpus);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	stop_all(pids, vms);
	return 0;
}
