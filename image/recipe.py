"""What goes into the image: suites, packages, boards, sizes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """A release of Debian that the root is made of, and its Python."""

    name: str
    python: str

    @property
    def pins(self) -> str:
        """The file in this folder that pins what its Python gets from PyPI."""
        return f"wheels-{self.python}.txt"


SUITES = {suite.name: suite for suite in (Suite("trixie", "3.13"), Suite("bookworm", "3.11"))}
DEFAULT = "trixie"
# Whatever the root: bookworm's Pi firmware has neither overlays nor tryboot.
KERNEL_SUITE = "trixie"
COMPONENTS = "main,non-free-firmware"
PACKAGES = (
    # the system
    "systemd-sysv",
    "udev",
    "kmod",
    "dbus",
    "systemd-timesyncd",
    "systemd-resolved",
    "tzdata",
    "libnss-resolve",       # names that end in .local
    "fdisk",
    "e2fsprogs",
    "cryptsetup-bin",       # optional encryption of the data partition
    "dosfstools",
    "iproute2",
    "procps",
    # the network
    "wpasupplicant",
    "wireless-regdb",
    "firmware-brcm80211",
    "nftables",
    "dropbear-bin",
    # updates
    "rauc",
    "rauc-service",
    # Nocturne
    "python3",
    "libportaudio2",
    "alsa-utils",
    "i2c-tools",
    "fonts-dejavu-core",
    "fonts-wqy-microhei",       # the chart's words in Chinese
)
KERNEL_PACKAGES = ("linux-image-arm64", "raspi-firmware", "busybox-static")
# What builds image/module for that kernel, and headers for lgpio; nothing of it is in the image.
COMPILER_PACKAGES = (
    "linux-headers-arm64",
    "make",
    "dash",
    "base-files",
    "coreutils",
    "sed",
    "grep",
    "findutils",
    "mawk",
    "libc6-dev",
    "libpython3-dev",
)
DOCUMENTS = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/doc/*")
COPYRIGHTS = "/usr/share/doc/*/copyright"
PURGED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "e2scrub_reap.service",
    "systemd-pstore.service",
    "wpa_supplicant.service",
    "getty@tty1.service",
    "remote-fs.target",
    "systemd-networkd-wait-online.service",
    "rauc-mark-good.service",
    # nobody logs in, and file systems for debugging take time at each start
    "systemd-logind.service",
    "systemd-user-sessions.service",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
    "systemd-network-generator.service",
    "systemd-binfmt.service",
    "proc-sys-fs-binfmt_misc.automount",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-kernel-config.mount",
    "sys-fs-fuse-connections.mount",
    # /var is new at each start, and /usr never
    "systemd-journal-catalog-update.service",
    "systemd-update-done.service",
    "ldconfig.service",
    "systemd-networkd-persistent-storage.service",
    # what udev does for each card as it comes
    "alsa-restore.service",
    "alsa-state.service",
    # services that nobody asks
    "systemd-udev-load-credentials.service",
    "systemd-hostnamed.socket",
    "systemd-creds.socket",
    "systemd-sysext.socket",
    "systemd-initctl.socket",
    "systemd-rfkill.socket",
    "systemd-rfkill.service",
)
# Of devices that no bed has: reading their rules, and asking them of each device, takes as long as
# all else that udev does.
RULES = (
    "60-autosuspend",
    "60-cdrom_id",
    "60-dmi-id",
    "60-drm",
    "60-evdev",
    "60-fido-id",
    "60-infiniband",
    "60-input-id",
    "60-persistent-input",
    "60-persistent-storage-mtd",
    "60-persistent-storage-tape",
    "60-persistent-v4l",
    "60-sensor",
    "64-btrfs",
    "70-camera",
    "70-joystick",
    "70-memory",
    "70-mouse",
    "70-power-switch",
    "70-touchpad",
    "70-uaccess",
    "71-seat",
    "73-seat-late",
    "75-probe_mtd",
    "90-iocost",
    "96-e2scrub",
)
# What looks for units where this image has none.
GENERATORS = (
    "systemd-cryptsetup-generator",
    "systemd-getty-generator",
    "systemd-gpt-auto-generator",
    "systemd-hibernate-resume-generator",
    "systemd-integritysetup-generator",
    "systemd-rc-local-generator",
    "systemd-run-generator",
    "systemd-ssh-generator",
    "systemd-system-update-generator",
    "systemd-sysv-generator",
    "systemd-tpm2-generator",
    "systemd-veritysetup-generator",
)
# The tools that a board needs, and what they are made of: `nocturne-doctor`, `nocturne-calibrate`.
TOOLS = ("doctor", "calibrate", "desk/diagnosis.py", "desk/empty_bed.py", "desk/loudness.py",
         "kit/options.py", "kit/raw.py", "kit/setup.py", "kit/surroundings.py")
ENABLED = (
    "systemd-networkd.service",
    "nocturne.service",
    "nocturne-sound.service",
    "nocturne-data.service",
    "nocturne-setup.service",
    "nocturne-update.timer",
    "nocturne-install.path",
    "nocturne-reports.path",
    "nocturne-good.timer",
    "nocturne-ssh.service",
    "nocturne-radio.service",
)

BOARDS = (
    "bcm2837-rpi-zero-2-w",
    "bcm2837-rpi-3-a-plus",
    "bcm2837-rpi-3-b",
    "bcm2837-rpi-3-b-plus",
    "bcm2711-rpi-4-b",
)
FIRMWARE = (
    "bootcode.bin",
    "start_cd.elf",
    "fixup_cd.dat",
    "start4cd.elf",
    "fixup4cd.dat",
    "start.elf",
    "fixup.dat",
    "start4.elf",
    "fixup4.dat",
)
COMPATIBLE = "nocturne-pi64"
# Wi-Fi of some Zero 2 W boards; in no Debian package.
WANTED_WIFI = ("brcmfmac43436-sdio.bin", "brcmfmac43436-sdio.txt", "brcmfmac43436-sdio.clm_blob",
               "brcmfmac43436s-sdio.bin", "brcmfmac43436s-sdio.txt")
# Modules that no supported board can use: half of all.
UNUSED_MODULES = (
    "drivers/gpu",
    "drivers/infiniband",
    "drivers/media",
    "drivers/scsi",
    "drivers/iio",
    "drivers/net/ethernet/intel",
    "drivers/net/ethernet/mellanox",
    "drivers/net/ethernet/marvell",
    "drivers/net/wireless/ath",
    "drivers/net/wireless/intel",
    "drivers/net/wireless/realtek",
    "drivers/net/wireless/mediatek",
    "drivers/net/wireless/marvell",
    "drivers/nvme",
    "drivers/mtd",
)

# What packages bring along and nothing on a board reads: Perl beyond its base (for tools of
# i2c-tools), character sets beside UTF-8, names of devices of all makers, Python's own tests.
UNUSED_FILES = (
    "usr/lib/aarch64-linux-gnu/gconv",
    "usr/lib/aarch64-linux-gnu/libperl.so*",
    "usr/lib/aarch64-linux-gnu/perl",
    "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/test",
    "usr/lib/udev/hwdb.bin",
    "usr/lib/udev/hwdb.d",
    "usr/share/alsa/ucm2",
    "usr/share/perl",
    "usr/share/perl5",
    "usr/share/sounds",
)
# Of what PyPI has: half of it, and nothing that Nocturne imports.
UNUSED_PYTHON = (
    "**/tests",
    "*/*.pyi",
    "ai_edge_litert/aot",
    "ai_edge_litert/tools",
    "ai_edge_litert/*_pb2.py",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so",
    "ai_edge_litert/schema_py_generated.py",
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/core/include",
    "numpy/core/lib",
    "numpy/distutils",
    "numpy/f2py",
    "numpy/random/lib",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
)

MIB = 1 << 20
DISK_ID = "4e6f6374"            # "Noct": partitions are named by it, whatever the disk is called
START = 4                       # MiB before the first partition
BOOT, ROOT = 448, 384           # MiB; an update bundle fits beside both slots' kernels
DATA = 16                       # MiB, in the image: the first boot makes it 512 at most
# A Pi 4's card waits for its two regulators.
INITRD_MODULES = (
    "virtio_mmio",
    "virtio_pci",
    "virtio_blk",
    "fixed",
    "gpio_regulator",
    "mmc_block",
    "sdhci_iproc",
    "bcm2835",
    "squashfs",
)
