"""Trixie's kernel, its modules, and a small initrd that boots a Pi and QEMU alike: made without
emulation."""

import gzip
import hashlib
import lzma
import shutil
from pathlib import Path

from image import recipe
from image.host import HERE, Trouble, run

OVERLAYS = ("nocturne-dac", "nocturne-rtc")      # for lines of settings.txt


def version(kernel: Path) -> str:
    """`kernel` is the folder that trixie's packages were unpacked to."""
    return next((kernel / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")


def build_module(compiler: Path, name: str) -> bytes:
    """image/module, for the kernel `name`, made by the emulated compiler that made the kernel; once
    for each source."""
    source = b"".join(file.read_bytes() for file in sorted((HERE / "module").iterdir()))
    place = compiler / f"module-{hashlib.sha256(source).hexdigest()[:12]}"
    made = place / "nocturne-tryboot.ko"
    if not made.exists():
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(HERE / "module", compiler / "module", dirs_exist_ok=True)
        awk = compiler / "usr/bin/awk"  # the packages are unpacked only: nobody has made this link
        awk.unlink(missing_ok=True)
        awk.symlink_to("mawk")
        inside = ("chroot", compiler, "/usr/bin/env", "PATH=/usr/bin:/bin")
        run(*inside, "make", "-s", "-C", f"/usr/src/linux-headers-{name}", "M=/module", "modules")
        run(*inside, "aarch64-linux-gnu-strip", "--strip-debug", "/module/nocturne-tryboot.ko")
        (compiler / "module").rename(place)
    return made.read_bytes()


def install_modules(kernel: Path, compiler: Path, root: Path) -> None:
    """Modules go to `root`, but for those that no supported board can use."""
    name = version(kernel)
    target = root / "usr/lib/modules" / name
    shutil.copytree(kernel / "usr/lib/modules" / name, target, symlinks=True)
    for folder in recipe.UNUSED_MODULES:
        shutil.rmtree(target / "kernel" / folder, ignore_errors=True)
    (target / "updates").mkdir()
    (target / "updates/nocturne-tryboot.ko").write_bytes(build_module(compiler, name))
    run("depmod", "--basedir", root, name)


def install_boot_files(kernel: Path, root: Path, epoch: int, command_line: str) -> None:
    """What a slot needs on the FAT partition, kept in `root`/usr/lib/nocturne/boot so that an
    update brings its own."""
    boot = root / "usr/lib/nocturne/boot"
    boot.mkdir(parents=True)
    image = (kernel / "boot" / f"vmlinuz-{version(kernel)}").read_bytes()
    (boot / "kernel.img").write_bytes(gzip.compress(image, 6, mtime=0))
    (boot / "initrd.img").write_bytes(initrd(kernel, root, epoch))
    (boot / "cmdline.txt").write_text(command_line + "\n")
    trees = next(kernel.glob("usr/lib/linux-image-*")) / "broadcom"
    for board in recipe.BOARDS:
        # The firmware can't set the bus's speed here: Debian's trees have no __overrides__ for
        # dtparam.
        run(
            "fdtoverlay",
            "-i",
            trees / f"{board}.dtb",
            "-o",
            boot / f"{board}.dtb",
            overlay("i2c-fast", boot),
        )
        for name in OVERLAYS:
            run(
                "fdtoverlay",
                "-i",
                boot / f"{board}.dtb",
                "-o",
                boot / "probe.dtb",
                overlay(name, boot),
            )
            (boot / "probe.dtb").unlink()
    (boot / "i2c-fast.dtbo").unlink()
    for name in OVERLAYS:
        (boot / f"{name}.dtbo").rename(boot / f"{name}.overlay")


def overlay(name: str, folder: Path) -> Path:
    compiled = folder / f"{name}.dtbo"
    if not compiled.exists():
        run(
            "dtc",
            "-q",
            "-@",
            "-I",
            "dts",
            "-O",
            "dtb",
            "-o",
            compiled,
            HERE / "card" / f"{name}.dts",
        )
    return compiled


def initrd(kernel: Path, root: Path, epoch: int) -> bytes:
    """A cpio archive, gzipped: busybox, the modules of recipe.INITRD_MODULES with what they need,
    and boot/init.sh."""
    order = wanted(root / "usr/lib/modules" / version(kernel))
    busybox = next(
        path for path in (kernel / "usr/bin/busybox", kernel / "bin/busybox") if path.exists()
    )
    files = {"bin/busybox": busybox.read_bytes(), "init": (HERE / "card" / "init.sh").read_bytes()}
    files |= {
        f"m/{number:02d}.ko": lzma.decompress(path.read_bytes())
        for number, path in enumerate(order)
    }
    return gzip.compress(
        archive(files, ("bin", "dev", "m", "proc", "sys", "sysroot"), epoch), 6, mtime=0
    )


def wanted(modules: Path) -> list[Path]:
    """Module files in an order in which they can be loaded, from depmod's own list."""
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        file, _, rest = line.partition(":")
        needs[file] = rest.split()
    named = {Path(file).name.split(".")[0].replace("-", "_"): file for file in needs}
    builtin = {
        Path(line).stem.replace("-", "_")
        for line in (modules / "modules.builtin").read_text().splitlines()
    }
    order: list[str] = []
    for name in recipe.INITRD_MODULES:
        if name in builtin:
            continue
        if name not in named:
            raise Trouble(
                f"the kernel {modules.name} has no module {name}: change recipe.INITRD_MODULES"
            )
        # modules.dep lists the needs of needs too, nearest first.
        order += [
            file for file in (*reversed(needs[named[name]]), named[name]) if file not in order
        ]
    return [modules / file for file in order]


def archive(files: dict[str, bytes], folders: tuple[str, ...], epoch: int) -> bytes:
    """A cpio archive in the `newc` format (Linux
    Documentation/driver-api/early-userspace/buffer-format.rst)."""
    entries = [(name, 0o40755, b"") for name in folders] + [
        (name, 0o100755, data) for name, data in files.items()
    ]
    out = bytearray()
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        fields = (inode, mode, 0, 0, 1, epoch, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)
