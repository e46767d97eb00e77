/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes with the shape of VMs, for sizes that real ones do not fit: each holds a real KVM VM,
 * which is what makes a process a VM, and has sleeping threads with the names that QEMU gives.
 *
 *	stub_vms VMS VCPUS		starts them, prints "ready", ends them at end of input
 *	stub_vms VMS VCPUS halted	the same, but their vCPUs are KVM's too: in KVM_RUN, halted
 *	stub_vms VMS VCPUS CYCLES	starts and ends them that many times, then prints "done"
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
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

/* Of each VM. */
struct shape {
	int vcpus;
	bool halted;
};

struct thread {
	char name[16];
	int vcpu; /* KVM's, -1: none */
};

/* A halted vCPU comes back from KVM only with a signal. */
static void *sleep_forever(void *context)
{
	const struct thread *thread = context;

	prctl(PR_SET_NAME, thread->name);
	for (;;) {
		if (thread->vcpu < 0)
			pause();
		else if (ioctl(thread->vcpu, KVM_RUN, 0) < 0 && errno != EINTR)
			err(EX_OSERR, "KVM_RUN");
	}
	return NULL;
}

/* The record must stay: the thread looks at it when it first runs. */
static void add_thread(const struct thread *context)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, sleep_forever, (void *)(uintptr_t)context))
		err(EX_OSERR, "thread");
	pthread_attr_destroy(&attributes);
}

static int open_vm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0)
		err(EX_OSERR, "/dev/kvm");
	return vm;
}

/* It needs no memory: it never executes an instruction. Halts are KVM's only with its own APICs. */
static int add_halted_vcpu(int vm, int index)
{
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };
	int vcpu;

	if (index == 0 && ioctl(vm, KVM_CREATE_IRQCHIP))
		err(EX_OSERR, "KVM_CREATE_IRQCHIP");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, (long)index);
	if (vcpu < 0 || ioctl(vcpu, KVM_SET_MP_STATE, &halted))
		err(EX_OSERR, "KVM_CREATE_VCPU");
	return vcpu;
}

/* Tells its parent through the pipe that it has its shape. */
static void be_vm(const struct shape *shape, int ready)
{
	static const struct thread others[] = {
		{ "call_rcu", -1 },
		{ "IO mon_iothread", -1 },
		{ "worker", -1 },
	};
	static struct thread vcpus[MAX_VCPUS];
	int vm = open_vm();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < shape->vcpus && i < MAX_VCPUS; i++) {
		snprintf(vcpus[i].name, sizeof(vcpus[i].name), "CPU %d/KVM", i);
		vcpus[i].vcpu = shape->halted ? add_halted_vcpu(vm, i) : -1;
		add_thread(&vcpus[i]);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		add_thread(&others[i]);
	if (write(ready, "", 1) != 1)
		err(EX_OSERR, "pipe");
	for (;;)
		pause();
}

static pid_t start_vm(const struct shape *shape, int ready)
{
	pid_t pid = fork();

	if (pid < 0)
		err(EX_OSERR, "fork");
	if (pid == 0)
		be_vm(shape, ready);
	return pid;
}

static void start_all(pid_t *pids, int vms, const struct shape *shape)
{
	int pipes[2];
	char byte;

	if (pipe(pipes))
		err(EX_OSERR, "pipe");
	for (int i = 0; i < vms; i++)
		pids[i] = start_vm(shape, pipes[1]);
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
	int vms = argc > 1 ? atoi(argv[1]) : 0, cycles = argc > 3 ? atoi(argv[3]) : 0;
	const struct shape shape = {
		.vcpus = argc > 2 ? atoi(argv[2]) : 0,
		.halted = argc > 3 && strcmp(argv[3], "halted") == 0,
	};
	pid_t *pids;

	if (vms <= 0 || shape.vcpus <= 0)
		errx(EX_USAGE, "usage: stub_vms VMS VCPUS [halted | CYCLES]");
	pids = calloc((size_t)vms, sizeof(*pids));
	if (!pids)
		err(EX_OSERR, "memory");
	for (int i = 0; i < cycles; i++) {
		start_all(pids, vms, &shape);
		stop_all(pids, vms);
	}
	if (cycles) {
		puts("done");
		return 0;
	}
	start_all(pids, vms, &shape);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	stop_all(pids, vms);
	return 0;
}
