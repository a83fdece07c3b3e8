#!/bin/busybox sh
# Finds the slot's read-only root on an SD card or a disk of QEMU, and goes there.
B=/bin/busybox
$B mount -t proc p /proc; $B mount -t sysfs s /sys; $B mount -t devtmpfs d /dev
for module in /m/*; do $B insmod $module 2>/dev/null; done
n=2
for word in $($B cat /proc/cmdline); do [ "$word" = rauc.slot=B ] && n=3; done
tries=0
while [ $tries -lt 300 ]; do
    for disk in /dev/mmcblk0p /dev/mmcblk1p /dev/vda /dev/sda; do [ -b $disk$n ] && break 2; done
    $B usleep 100000
    tries=$((tries + 1))
done
# No shell here: without a root the board restarts, and a tried slot falls back.
$B mount -t squashfs -o ro $disk$n /sysroot || { $B sleep 5; $B reboot -f; }
$B mount --move /dev /sysroot/dev; $B mount --move /proc /sysroot/proc; $B mount --move /sys /sysroot/sys
# HARNESS
exec $B switch_root /sysroot /sbin/init
