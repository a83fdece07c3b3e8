"""From a root folder to an image: squashfs, FAT and a partition table, without a loop mount."""

import os
import shutil
from pathlib import Path

from image import recipe
from image.board import tryboot
from image.host import HERE, Trouble, run
from image.kernel import OVERLAYS
from image.root import dos_text

MIB = recipe.MIB
# What a commit changes lies last in the root, the most changeable at the very end: then all before
# it stays where it was, and an update brings the end alone.
LAST = (
    ("usr/lib/nocturne/python/device/models",),
    ("etc", "usr/lib/systemd/system", "usr/lib/nocturne/board", "usr/lib/nocturne/tools",
     "usr/lib/nocturne/python/device", "usr/lib/nocturne/nocturne.toml",
     "usr/lib/nocturne/wifi.txt"),
    ("usr/lib/nocturne/version", "usr/lib/nocturne/boot/initrd.img"),
)


def squash(root: Path, out: Path, epoch: int) -> None:
    """The read-only root of a slot."""
    out.unlink(missing_ok=True)
    order = out.with_suffix(".order")
    order.write_text("".join(
        f"{path} {-late}\n"
        for late, paths in enumerate(LAST, 1) for path in paths if (root / path).exists()
    ))
    # All times are the commit's: the cache's are those of whenever it was made.
    run(
        "mksquashfs",
        root,
        out,
        "-noappend",
        "-no-progress",
        "-comp",
        "zstd",
        "-Xcompression-level",
        9,
        "-no-xattrs",
        "-reproducible",
        "-sort",
        order,
        "-mkfs-time",
        epoch,
        "-all-time",
        epoch,
    )
    if out.stat().st_size > recipe.ROOT * MIB:
        raise Trouble(
            f"the root has {out.stat().st_size >> 20} MiB, more than a slot's {recipe.ROOT}"
        )


def fat_files(root: Path, kernel_debs: Path, folder: Path, sbom: Path) -> None:
    """Everything on the boot partition, as plain files; both slots start filled alike."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    firmware = next(kernel_debs.glob("usr/lib/raspi-firmware"))
    for name in recipe.FIRMWARE:
        shutil.copy(firmware / name, folder)
    slot_files = root / "usr/lib/nocturne/boot"
    for slot in ("A", "B"):
        tryboot.Backend(folder, folder).fill(slot, slot_files)
    (folder / "overlays").mkdir()
    for name in OVERLAYS:
        shutil.copy(slot_files / f"{name}.overlay", folder / f"overlays/{name}.dtbo")
    for name in ("common.txt", "settings.txt", "README.txt"):
        (folder / name).write_bytes(dos_text(HERE / "card" / name))
    (folder / "config.txt").write_bytes(tryboot.text("A"))
    (folder / "tryboot.txt").write_bytes(tryboot.text("B"))
    for name in ("nocturne.toml", "wifi.txt"):
        shutil.copy(root / "usr/lib/nocturne" / name, folder)
    shutil.copy(sbom, folder / "sbom.cdx.json")


def make_fat(folder: Path, out: Path, epoch: int) -> None:
    out.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(epoch),
        "TZ": "UTC",
        "MTOOLS_SKIP_CHECK": "1",
    }
    run("truncate", "--size", recipe.BOOT * MIB, out)
    run(
        "mkfs.vfat",
        "-F",
        32,
        "-n",
        "NOCTURNE",
        "-i",
        recipe.DISK_ID,
        "--invariant",
        out,
        env=environment,
    )
    for path in sorted(folder.rglob("*")):
        os.utime(path, (epoch, epoch))
    run("mcopy", "-s", "-m", "-i", out, *sorted(folder.iterdir()), "::", env=environment)


def join(fat: Path, root: Path, out: Path) -> None:
    """The whole disk: the first boot makes the data partition, so there is no file system in it
    yet."""
    starts = [recipe.START, recipe.START + recipe.BOOT, recipe.START + recipe.BOOT + recipe.ROOT,
              recipe.START + recipe.BOOT + 2 * recipe.ROOT]
    sizes = [recipe.BOOT, recipe.ROOT, recipe.ROOT, recipe.DATA]
    kinds = ["c", "83", "83", "83"]
    out.unlink(missing_ok=True)
    run("truncate", "--size", (starts[-1] + sizes[-1]) * MIB, out)
    table = [f"label: dos\nlabel-id: 0x{recipe.DISK_ID}\n"] + [
        f"start={start * 2048},size={size * 2048},type={kind}"
        + (",bootable\n" if kind == "c" else "\n")
        for start, size, kind in zip(starts, sizes, kinds, strict=True)
    ]
    run("sfdisk", "--quiet", out, input="".join(table))
    for source, start in ((fat, starts[0]), (root, starts[1]), (root, starts[2])):
        run(
            "dd",
            f"if={source}",
            f"of={out}",
            "bs=1M",
            f"seek={start}",
            "conv=notrunc,sparse",
            "status=none",
        )


def compress(image: Path) -> Path:
    """With an ordinary window, for every program that writes cards understands that."""
    out = image.with_suffix(".img.zst")
    run("zstd", "--quiet", "--force", "-T1", "-3", image, "-o", out)
    return out
