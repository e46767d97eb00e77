# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the guests boot: Debian's cloud kernel, an initramfs, the duty payload, a disk.

readonly KERNEL=$WORK/kernel
readonly DISK_MIB=16

# The package that the given one stands for: the meta package depends on the current kernel.
kernel_package()
{
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'
}

# Unpacks a stock kernel, once; it is not installed.
kernel_fetch()
{
	local package
	if compgen -G "$KERNEL/boot/vmlinuz-*" >/dev/null; then
		return 0
	fi
	if ! command -v apt-get >/dev/null || [[ $(dpkg --print-architecture) != amd64 ]]; then
		fail "$EX_UNAVAILABLE" "the guests' kernel comes from Debian's archive for amd64: no apt for it here"
	fi
	package=$(kernel_package)
	if [[ ! $package ]]; then
		step "updating the package lists"
		apt-get -qq update
		package=$(kernel_package)
	fi
	if [[ ! $package ]]; then
		fail "$EX_UNAVAILABLE" "no package linux-image-cloud-amd64 in the apt sources"
	fi
	step "downloading $package (kept in build/lab)"
	rm -rf "$KERNEL" "$KERNEL.new"
	mkdir -p "$KERNEL.new"
	# apt's own user may not be able to write below a private home directory.
	(cd "$KERNEL.new" && apt-get -qq -o APT::Sandbox::User=root download "$package" >/dev/null)
	dpkg -x "$KERNEL.new"/*.deb "$KERNEL.new"
	rm "$KERNEL.new"/*.deb
	[[ -d $KERNEL.new/lib ]] || ln -s usr/lib "$KERNEL.new/lib"
	mv "$KERNEL.new" "$KERNEL"
}

kernel_version()
{
	basename "$KERNEL"/boot/vmlinuz-* | sed 's/^vmlinuz-//'
}

# Copies the drivers into $1/lib, in the order in which they must be loaded.
initrd_add_modules()
{
	local lib=$1/lib version module file name
	version=$(kernel_version)
	depmod -b "$KERNEL" "$version"
	for module in virtio_pci virtio_net virtio_blk virtio_balloon; do
		modprobe -d "$KERNEL" -S "$version" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		name=$(basename "$file" .xz)
		xz -dcf "$file" >"$lib/$name"
		echo "$name" >>"$lib/modules.list"
	done
}

initrd_make()
{
	local tree=$WORK/initrd.tree
	rm -rf "$tree"
	mkdir -p "$tree/bin" "$tree/lib"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	cp "$LAB/guest/init" "$tree/init"
	chmod 755 "$tree/init"
	gcc -static -Os -Wall -Wextra -o "$tree/bin/work" "$LAB/guest/work.c"
	initrd_add_modules "$tree"
	(cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$WORK/initrd"
	rm -rf "$tree"
}

duty_make()
{
	# The payload has no libc, no interrupt frame and no FPU state to rely on.
	gcc -m32 -march=i686 -Os -Wall -Wextra -ffreestanding -fno-pic -no-pie -nostdlib -static \
		-fno-stack-protector -fcf-protection=none -mgeneral-regs-only \
		-fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -Wl,-T,"$LAB/duty/duty.ld" -o "$WORK/duty.elf" \
		"$LAB"/duty/start.S "$LAB"/duty/machine.c "$LAB"/duty/duty.c
}

images_make()
{
	kernel_fetch
	step "building the guests' initramfs and payload"
	initrd_make
	duty_make
}

# QEMU runs as a user that may not see the checkout, so it gets copies.
images_install()
{
	mkdir -p "$GUESTS"
	install -m 644 "$KERNEL/boot/vmlinuz-$(kernel_version)" "$GUESTS/vmlinuz"
	install -m 644 "$WORK/initrd" "$WORK/duty.elf" "$GUESTS/"
	if [[ ! -e $GUESTS/disk.raw ]]; then
		# Allocated blocks with data in them: holes would not be read from the disk.
		head -c "${DISK_MIB}M" /dev/urandom >"$GUESTS/disk.raw"
	fi
}

images_remove()
{
	if compgen -G "$GUESTS/*.log" >/dev/null; then
		mkdir -p "$WORK/log"
		cp "$GUESTS"/*.log "$WORK/log/"
	fi
	rm -rf "$GUESTS"
}
