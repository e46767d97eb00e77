/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a tap that stays, with an interface index of one's choice, which ip(8) cannot: make_tap
 * NAME INDEX */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sysexits.h>

#include <linux/if.h>
#include <linux/if_tun.h>

int main(int argc, char **argv)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned index = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	int fd;

	if (!index)
		errx(EX_USAGE, "usage: make_tap NAME INDEX");
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EX_OSERR, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[1]);
	if (ioctl(fd, TUNSETIFINDEX, &index) || ioctl(fd, TUNSETIFF, &request) ||
		ioctl(fd, TUNSETPERSIST, 1))
		err(EX_OSERR, "%s", argv[1]);
	return 0;
}
