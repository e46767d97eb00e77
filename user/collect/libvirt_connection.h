/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A read-only connection to libvirt and, where there is none, what to tell the user about that. */
#ifndef COLLECT_LIBVIRT_CONNECTION_H
#define COLLECT_LIBVIRT_CONNECTION_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <stdbool.h>

#define LIBVIRT_DEFAULT_URI "qemu:///system"

/* Why libvirt cannot be asked. */
struct libvirt_failure {
	char cause[160]; /* "libvirtd is not running" */
	const char *remedy; /* "start libvirtd"; static */
	bool is_refusal; /* somebody else would be let in */
};

/* To be called once, before the first connection: silences the library, which prints errors. */
int libvirt_setup(void);

/*
 * A URI of this machine: vmbpf matches the domains with its processes. One with a host in it is
 * not, nor one that runs a program (qemu+ssh, qemu+ext).
 */
bool libvirt_uri_is_local(const char *uri);

/*
 * May take for ever where libvirtd hangs. The event loop must run: it sends and answers keepalive
 * messages, by which a connection to a libvirtd that hangs ends within six seconds. -EIO with
 * *failure.
 */
int libvirt_connect(const char *uri, virConnectPtr *ret, struct libvirt_failure *failure);

/*
 * Whether libvirtd answers, and refuses whoever runs this. May take for ever, as above; wants no
 * event loop, and is meant for a process that ends after it.
 */
bool libvirt_refuses(const char *uri);

/* Explains an error of libvirt, NULL where it gave none. */
void libvirt_explain(const virError *error, struct libvirt_failure *ret);

#endif
