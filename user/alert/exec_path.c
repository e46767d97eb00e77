/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owns the check of who can change what is run. */
#include "alert/exec_path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/unit.h"

/* Of a path in a message. */
#define SHOWN_MAX 100

/* "PATH", and what is wrong with it. Returns `err`. */
static int refuse(char why[static OUTLET_WHY_MAX], const char *path, const char *what, int err)
{
	char shown[SHOWN_MAX];

	snprintf(why, OUTLET_WHY_MAX, "%s %s", unit_safe_text(path, shown, sizeof(shown)), what);
	return err;
}

static int check_file(const char *path, char why[static OUTLET_WHY_MAX])
{
	struct stat status;

	if (stat(path, &status) < 0)
		return refuse(why, path, strerror(errno), -errno);
	if (!S_ISREG(status.st_mode))
		return refuse(why, path, "is not a file", -EACCES);
	if (!(status.st_mode & 0111))
		return refuse(why, path, "is not executable (chmod +x)", -EACCES);
	return 0;
}

/* A sticky folder keeps others from removing a file, not from putting one in its place before. */
static int check_owner(const char *path, char why[static OUTLET_WHY_MAX])
{
	struct stat status;

	if (stat(path, &status) < 0)
		return refuse(why, path, strerror(errno), -errno);
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return refuse(why, path,
			"belongs to somebody else, who could change what is run (it must belong to "
			"root)",
			-EPERM);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(why, path,
			"can be written to by others, who could change what is run (chmod go-w)",
			-EPERM);
	return 0;
}

/* The file, then its folder and so on up to the root. */
static int check_owners(const char *path, const char *trusted, char why[static OUTLET_WHY_MAX])
{
	char at[PATH_MAX];
	char *slash;
	int err;

	snprintf(at, sizeof(at), "%s", path);
	while (!trusted || strcmp(at, trusted) != 0) {
		err = check_owner(at, why);
		slash = strrchr(at, '/');
		if (err || !slash || at[1] == '\0')
			return err;
		slash[slash == at] = '\0'; /* the first one is the name of the root */
	}
	return 0;
}

int exec_path_check(const char *program, const char *trusted, char path[static PATH_MAX],
	char why[static OUTLET_WHY_MAX])
{
	int err;

	if (*program != '/')
		return refuse(why, program, "is not an absolute path (it begins with /)", -EINVAL);
	if (!realpath(program, path)) {
		err = -errno;
		return refuse(why, program, "cannot be found", err);
	}
	err = check_file(path, why);
	return err ? err : check_owners(path, trusted, why);
}
