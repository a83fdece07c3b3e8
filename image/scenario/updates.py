"""Updates: what RAUC refuses, one of a changed line that is fetched from a hub that breaks off,
asked for, tried and kept, and one that fails its trial.

None of them hurries: a system on trial has limits of its own, in time that mustn't run ahead of our
disk.
"""

import gzip
import json
import random
import shutil
from pathlib import Path

from image import disk, keys, recipe, root, update
from image.host import Trouble, run
from image.scenario.board import ACTIVE, Board, told

CUTS = 50
DEAREST = 40_000_000        # bytes over the air for a changed line
CUT = 2_000_000             # bytes after which the hub breaks off
HUB = "/run/bench/hub"      # where the guest has what its hub needs
RELEASE = ". /etc/os-release; echo $VERSION_CODENAME $(cat /usr/lib/nocturne/version)"


def bundle(board: Board, name: str, squash: Path, version: str, **more) -> Path:
    out = board.folder / f"{name}.bundle"
    update.bundle(
        squash, out, version, **{"key": board.key, "certificate": board.certificate, **more}
    )
    return out


def slot(board: Board) -> str:
    return next(
        word[10:]
        for word in board.run("cat /proc/cmdline").split()
        if word.startswith("rauc.slot=")
    )


def refusals(board: Board) -> str:
    """An update of another key, of an older version or for another board is refused."""
    content, small = board.folder / "content", board.folder / "small.squashfs"
    content.write_bytes(random.Random(1).randbytes(1 << 16))        # RAUC wants more than one block
    run("mksquashfs", content, small, "-noappend", "-no-progress", "-quiet")
    stranger = board.folder / "stranger.key", board.folder / "stranger.crt"
    keys.make(*stranger, "a stranger")
    bundles = {
        "stranger": bundle(
            board, "stranger", small, board.version, key=stranger[0], certificate=stranger[1]
        ),
        "older": bundle(board, "older", small, "0.0.1"),
        "board": bundle(board, "board", small, board.version, compatible="toaster"),
    }
    reasons = {"stranger": "signature", "older": "older than", "board": "Compatible mismatch"}
    board.pi.power_cut()
    for name, file in bundles.items():
        board.pi.write_boot(f"{name}.bundle", file)
    board.start()
    for name, word in reasons.items():
        said = board.run(f"rauc install /boot/firmware/{name}.bundle 2>&1 && echo INSTALLED; "
                         "journalctl -b -u rauc -o cat --no-pager | tail -20", 300)
        if "INSTALLED" in said or word not in said:
            raise Trouble(f"{name}: {said[-200:]}")
    if board.run("/usr/lib/nocturne/board/tryboot.py get-primary") != "A":
        raise Trouble("something was installed")
    return ", ".join(reasons)


def fetched(board: Board) -> str:
    """An update of one changed line is fetched from a hub that breaks off, for 40 MB at most."""
    newer = newer_version(board)
    file = bundle(board, "newer", changed(board, newer), newer)
    board.pi.power_cut()
    for name in ("stranger", "older", "board"):
        run("mdel", "-i", board.pi.fat, f"::/{name}.bundle")
    hub = board.folder / "hub.key", board.folder / "hub.crt"
    keys.make(*hub, "a hub", "subjectAltName=IP:127.0.0.1")
    board.pi.write_boot("newer.bundle", file)
    shutil.copy(board.pi.card, board.folder / "before.img")
    board.start(hurry=False)
    # The hub's authority, for the update alone: the night's own broker has no certificate.
    board.run(f"mkdir -p {HUB}")
    for source in hub:
        board.put(f"{HUB}/{source.name}", source.read_bytes())
    board.run(f"sed '/^host/a ca = \"{HUB}/hub.crt\"' "
              f"/data/config/nocturne.toml > {HUB}/nocturne.toml; "
              f"mount --bind {HUB}/nocturne.toml /data/config/nocturne.toml")
    cut = served(board, CUT)
    state = board.run("systemctl show nocturne-update -P SubState")
    if state != "auto-restart" or board.run("cd /data; ls update.raucb rauc/fetched", check=False):
        raise Trouble(f"after the cut it isn't tried again, or taken for whole ({state})")
    rest = served(board, None)
    board.run("umount /data/config/nocturne.toml")
    said = board.run("journalctl -b -u nocturne-update -o cat --no-pager | grep '^fetched'")
    board.run("cmp /data/update.raucb /boot/firmware/newer.bundle", 600)
    if (taken := cut["bytes"] + rest["bytes"]) > DEAREST:
        raise Trouble(f"{taken / 1e6:.1f} MB")
    board.pi.await_true(
        f"systemctl is-active --quiet nocturne && {told('firmware')} | grep -q '{newer}'", 60
    )
    return (f"{taken / 1e6:.1f} of {file.stat().st_size / 1e6:.0f} MB in "
            f"{cut['requests'] + rest['requests']} requests, cut after {cut['bytes'] / 1e6:.1f}; "
            f"at the end: {said}")


def newer_version(board: Board) -> str:
    *most, last = board.version.split(".")
    return ".".join([*most, str(int(last) + 1)])


def changed(board: Board, version: str) -> Path:
    """The root as the next commit would build it, had it added a line to the night."""
    tree, old = board.squash.with_suffix(".changed"), board.squash.with_suffix("")
    out = board.folder / "changed.squashfs"
    shutil.rmtree(tree, ignore_errors=True)
    run("cp", "-al", old, tree)
    night = f"{root.PYTHON}/device/night.py"
    initrd = "usr/lib/nocturne/boot/initrd.img"
    files = gzip.decompress((old / initrd).read_bytes())
    epoch = int(files[46:54], 16)                           # its first file's time, as in cpio(5)
    later = files.replace(b"%08X" % epoch, b"%08X" % (epoch + 60))
    replace(tree / night, (old / night).read_bytes() + b"# A line more.\n")
    replace(tree / initrd, gzip.compress(later, 6, mtime=0))
    replace(tree / "usr/lib/nocturne/version", f"{version}\n".encode())
    root.inside(tree, "python3", "-m", "compileall", "-q", "-f", "--invalidation-mode",
                "unchecked-hash", f"/{night}")
    disk.squash(tree, out, epoch + 60)
    shutil.rmtree(tree)
    return out


def replace(path: Path, data: bytes) -> None:
    """With another file: the old one is linked elsewhere, too."""
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(data)
    path.chmod(mode)


def served(board: Board, cut: int | None) -> dict[str, int]:
    """What the guest's own hub has sent when the update service is done, or was broken off from."""
    board.run(f"rm -f {HUB}/served; systemd-run --quiet --unit=bench-server "
              f"/usr/bin/python3 -I /mnt/serve.py /boot/firmware {cut or 0} {HUB}/served")
    board.pi.await_true(f"test -e {HUB}/served", 60)
    board.run("systemctl stop nocturne-update; systemctl start nocturne-update", 3600, check=False)
    board.run("systemctl stop bench-server", check=False)       # after a cut it has gone by itself
    return json.loads(board.run(f"cat {HUB}/served"))


def real_update(board: Board) -> str:
    """Home Assistant shows the update that waits and asks for it, and the board restarts to try it.
    """
    board.ask("firmware", "install")
    if not board.pi.ended(1800):
        raise Trouble(board.run("journalctl -b -u nocturne-update --no-pager | tail -5; true"))
    return "asked for over MQTT"


def cut_update(board: Board) -> str:
    """Whatever part of its writes to the boot partition had reached the card, the old slot is
    whole."""
    start, size = recipe.START * recipe.MIB, recipe.BOOT * recipe.MIB
    with open(board.folder / "before.img", "rb") as old, open(board.pi.card, "rb") as new:
        old.seek(start)
        new.seek(start)
        before, after = old.read(size), new.read(size)
    sectors = [at for at in range(0, size, 512) if before[at:at + 512] != after[at:at + 512]]
    if not sectors:
        raise Trouble("the update changed nothing there")
    torn = board.folder / "torn.fat"
    torn.write_bytes(before)
    wanted = slot_files(torn)
    rng = random.Random(1)
    for _ in range(CUTS):
        reached = rng.sample(sectors, rng.randrange(len(sectors) + 1))  # a card writes in any order
        lay(torn, after, reached)
        if slot_files(torn) != wanted:
            raise Trouble("the old slot was damaged")
        lay(torn, before, reached)
    return f"{CUTS} random parts of {len(sectors)} changed sectors"


def lay(file: Path, source: bytes, sectors: list[int]) -> None:
    with open(file, "r+b") as card:
        for at in sectors:
            card.seek(at)
            card.write(source[at:at + 512])


def slot_files(fat: Path) -> dict[str, bytes]:
    """config.txt and every file of slot A, read from a FAT image."""
    out = fat.with_suffix(".a")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    run("mcopy", "-s", "-n", "-i", fat, "::/a", "::/config.txt", "::/common.txt", out)
    return {
        str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*") if file.is_file()
    }


def tried(board: Board) -> str:
    """The new slot is tried; without a word from it the old one starts again."""
    board.pi.power_on(tried=True, hurry=False)
    if slot(board) != "B":
        raise Trouble("slot B wasn't started")
    board.pi.power_cut()
    board.pi.power_on(hurry=False)
    if slot(board) != "A":
        raise Trouble("slot A wasn't started")
    board.run("test -e /data/rauc/tried")           # else it wouldn't be called bad
    board.pi.power_cut()
    return "B, and after a cut A"


def kept(board: Board) -> str:
    """Tried again, it runs well for two minutes and stays."""
    board.start(tried=True, hurry=False)
    board.pi.await_true("grep -q '^os_prefix=b/' /boot/firmware/config.txt", 600)
    took = board.run("cut -d' ' -f1 /proc/uptime")
    board.restart(hurry=False)
    if slot(board) != "B":
        raise Trouble("slot B didn't stay")
    return f"marked good {float(took):.0f} s after the start; an ordinary start takes B"


def brought(board: Board) -> str:
    """An update of another build, laid on the drive, is installed, which leads to a trial."""
    nights = board.count("nights")
    was = board.run(RELEASE)
    board.pi.power_cut()
    board.pi.write_boot("update.raucb", board.other)
    board.pi.power_on(hurry=False)
    board.run("systemctl start --no-block nocturne-update")     # its timer waits up to 13 min
    if not board.pi.ended(1800):
        raise Trouble(board.run("journalctl -b -u nocturne-update --no-pager | tail -5; "
                                "cat /boot/firmware/TROUBLE.txt; true"))
    board.start(tried=True, hurry=False)
    if board.count("nights") < nights:
        raise Trouble("nights are lost")
    now = board.run(RELEASE)
    board.pi.power_cut()
    return f"from {was} to {now}, with {nights} nights"


def in_vain(board: Board) -> str:
    """A slot whose sound process can't run isn't kept."""
    board.run("/usr/lib/nocturne/board/tryboot.py set-primary A")
    board.pi.power_cut()
    board.pi.power_on(tried=True, hurry=False)
    board.run("systemctl mask --runtime --now nocturne-sound", check=False)
    if not board.pi.ended(900):
        raise Trouble("it didn't restart")
    board.pi.power_on(hurry=False)
    board.pi.await_true(ACTIVE, 400)
    if slot(board) != "B":
        raise Trouble("the good slot wasn't started")
    board.run("test -e /data/rauc/bad-A")
    return "restarted into B, A is bad"
