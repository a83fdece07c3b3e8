#!/usr/bin/python3
"""The data partition, mounted: made at the first boot, erased while the button is held at power-on.

It grows to half a gigabyte at most: that is years of nights, can be overwritten within a minute
(the slowest class of cards writes 10 MB/s), and leaves the rest of the card to its wear levelling.
What a person wrote on the boot partition goes with it.

With data_encrypted=1 in settings.txt it is made encrypted (LUKS2) by a key from the board's
one-time memory; one that was made so is opened by it. What is mounted is where /run/nocturne-data
leads. Nothing is made anew but at the first start, by a reset, and what lies encrypted beyond
mending; what else is damaged is mended or left as it is; memory stands in where it can't be had.
`data.py` runs as nocturne-data.service.
"""

import contextlib
import enum
import fcntl
import json
import os
import pwd
import re
import subprocess
import sys
import time
import tomllib
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import written
from tryboot import BOOT, blank, listed, put, writable

DISK_ID, NUMBER, LABEL = "4e6f6374", 4, "nocturne-data"
MOST = 512 << 20              # bytes
SECTOR = 512
HOLD = 5.0                  # s that the button must be held
CONFIG = BOOT / "nocturne.toml"
DEFAULTS = Path("/usr/lib/nocturne")
PERSONAL = ("nocturne.toml", "wifi.txt", "home.toml", "ca.crt", "seed.mid", "taste.json",
            "authorized_keys", "hostname.txt", "TROUBLE.txt", *written.IMAGERS)
BUTTON, LED = 17, 18
MOUNTED, TOLD = Path("/run/nocturne-data"), Path("/run/nocturne-data.trouble")
DATA, SPARE = Path("/data"), Path("/run/nocturne-spare")
SAFE = "nodev,noexec,nosuid"
MAPPER = Path("/dev/mapper") / LABEL
ASKED = re.compile(r"(?m)^[ \t]*data_encrypted[ \t]*=[ \t]*(?:1|true|yes|on)\b")
HEADER = 16 << 20            # bytes: LUKS2's, with all that its key is kept in
UNMADE = 16 << 20            # bytes: of the partition in the image, which are zeros
FIRST = 4096                # bytes that mkfs.ext4 writes last
ERASED = b"nocturne: erased".ljust(SECTOR, b"\0")       # till all of it is
FAULTY, STATE = 2, 1024 + 58        # a bit of ext4's s_state, and where that stands
UNCORRECTED = 4             # e2fsck's exit status, from which on it couldn't mend all
WORN = "where this returns, the card is worn out"
MENDED = f"the data on this card was damaged and is mended as far as can be; {WORN}"
UNREAD = ("the data on this card can't be read. Nights are kept in memory; a password that was kept"
          " there has to be written anew, and stays on this drive as it is written; a reset begins "
          f"anew; {WORN}")


class State(enum.Enum):
    """Of the partition, as it is found."""
    NEW = "nothing of ours"
    PLAIN = "ext4"
    LOCKED = "LUKS2"


class Action(enum.Enum):
    MAKE = "made"
    MAKE_LOCKED = "made, encrypted"
    USE = "there"
    OPEN = "there, encrypted"


def main() -> int:
    """What data there is, mounted; memory in its stead where there is none."""
    partition = Path(f"/dev/disk/by-partuuid/{DISK_ID}-{NUMBER:02d}").resolve()
    try:
        device = ready(partition)
        if device and mounted(device):
            return 0
        locked = device is None
    except Exception:           # of a card that can't be read, a tool that fails
        traceback.print_exc()
        locked = False
    if not locked:
        tell(UNREAD)
    stand_in()
    return 0


def ready(partition: Path) -> Path | None:
    """The device to mount; None for one of another board, which is told. Raises OSError or
    CalledProcessError."""
    erase = held() or half_erased(partition)
    state = labelled(partition) if erase else found(partition)
    action, told = decided(state, erase, asked(BOOT / "settings.txt"))
    if erase:
        say("the button is held, or was: erasing everything personal")
        start = time.monotonic()
        wipe(partition, blocks(partition))
        with writable():
            forget(BOOT, DEFAULTS)
        say(f"erased {blocks(partition) >> 20} MiB in {time.monotonic() - start:.0f} s")
    key, why = keyed(action)
    if action is Action.OPEN and not (key and fits(partition, key)):
        if not unfinished(partition):
            tell("the data on this card is encrypted, and "
                 f"{why or 'the key of this board does not open it'}; put the card into its own "
                 "board, or reset the device, which begins anew")
            return None
        action = Action.MAKE_LOCKED
    if action is Action.MAKE_LOCKED and not key:
        action = Action.MAKE
        told = f"data_encrypted: {why}. Till a reset after that the data is kept without encryption"
    if action in (Action.MAKE, Action.MAKE_LOCKED):
        make(partition, key)
    MOUNTED.unlink(missing_ok=True)
    MOUNTED.symlink_to(unlock(partition, key, action is Action.MAKE_LOCKED) if key else partition)
    say(f"{partition}: {action.value}, {blocks(partition) >> 20} MiB")
    if told:
        tell(told)
    return MOUNTED.resolve()


def mounted(device: Path) -> bool:
    """Whether it is; mended where it couldn't be."""
    words = ["mount", "-t", "ext4", "-o", f"noatime,{SAFE},errors=remount-ro", device, DATA]
    if subprocess.run(words).returncode == 0:
        return True
    whole = mend(device) and subprocess.run(words).returncode == 0
    if whole:
        tell(MENDED)
    return whole


def stand_in() -> None:
    """Memory in the stead of the data partition, so that the settings on the drive hold all the
    same. The nights' own folder takes nothing then: the night keeps its rows by itself, says so,
    and shares nothing, for what it shared before isn't known."""
    nocturne = pwd.getpwnam("nocturne")
    owned = f"uid={nocturne.pw_uid},gid={nocturne.pw_gid}"
    for folder, options in ((DATA, "mode=755,size=16m"),
                            (DATA / "nocturne", f"ro,mode=700,{owned},size=4k")):
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"{options},{SAFE}", "tmpfs", folder],
                       check=True)
    SPARE.touch()


def half_erased(partition: Path) -> bool:
    """Whether an erasure was cut short: it is gone on with, the button held or not."""
    with contextlib.suppress(OSError), open(partition, "rb") as file:
        return file.read(len(ERASED)) == ERASED
    return False


def keyed(action: Action) -> tuple[bytes, str]:
    """The board's key where it is needed; and why there is none."""
    if action not in (Action.OPEN, Action.MAKE_LOCKED):
        return b"", ""
    import otp  # and OpenSSL with it, which costs every other start time
    try:
        return otp.key(otp.rows()), ""
    except otp.NoKey as why:
        return b"", str(why)


def make(partition: Path, key: bytes) -> None:
    """Encrypted where there is a key; `unlock` gives such a one its file system."""
    disk = Path("/dev") / (Path("/sys/class/block") / partition.name).resolve().parent.name
    # udev leaves a locked disk alone; looking meanwhile it would lose the partition's name, and its
    # mount with it.
    with open(disk, "rb") as whole:
        fcntl.flock(whole, fcntl.LOCK_EX)
        grow(disk, partition)
        if key:
            lock(partition, key)
        else:
            mkfs(partition)
    subprocess.run(["udevadm", "settle", "--timeout=120"], check=False)


def found(partition: Path) -> State:
    """LUKS2 has a label of its own, which also keeps systems from before it from making the
    partition anew. Raises OSError where something stands that can't be read."""
    state, beginning = seen(partition)
    if state is State.NEW and any(beginning[:FIRST]):
        raise OSError(f"{partition} is neither new nor ours")
    return state


def seen(device: Path) -> tuple[State, bytes]:
    """And how it begins. A damaged file system is mended first, by another copy of its superblock
    where the first is lost."""
    state = labelled(device)
    with open(device, "rb") as file:
        beginning = file.read(UNMADE if state is State.NEW else STATE + 2)
    lost = state is State.NEW and any(beginning)
    faulty = int.from_bytes(beginning[STATE:], "little") & FAULTY
    if (lost or state is State.PLAIN and faulty) and mend(device):
        state = labelled(device)
        if state is not State.NEW:          # another's file system isn't ours, mended or not
            tell(MENDED)
    return state, beginning


def labelled(partition: Path) -> State:
    facts = probed(partition)
    if facts.get("LABEL") != LABEL:
        return State.NEW
    return State.LOCKED if facts.get("TYPE") == "crypto_LUKS" else State.PLAIN


def mend(device: Path) -> bool:
    """Whether its file system is whole now."""
    say(f"{device}: looking for damage")
    said = subprocess.run(["e2fsck", "-f", "-y", device], stdout=sys.stderr)
    return said.returncode < UNCORRECTED


def decided(state: State, erase: bool, wanted: bool) -> tuple[Action, str]:
    """And what is to be told of it. What was encrypted once stays so through a reset."""
    if erase or state is State.NEW:
        return Action.MAKE_LOCKED if wanted or state is State.LOCKED else Action.MAKE, ""
    if state is State.LOCKED:
        return Action.OPEN, ""
    return Action.USE, ("data_encrypted: the data was made without; a reset (the button held at "
                        "power-on) makes it anew, encrypted" if wanted else "")


def asked(settings: Path) -> bool:
    """Whether settings.txt says data_encrypted=1."""
    with contextlib.suppress(OSError, written.Unreadable):
        return bool(ASKED.search(written.text(settings.read_bytes())))
    return False


def lock(partition: Path, key: bytes) -> None:
    """LUKS2. The key is random, so that a slow derivation would only cost memory and time."""
    cryptsetup("luksFormat", "--type", "luks2", "--label", LABEL, "--pbkdf", "pbkdf2",
               "--pbkdf-force-iterations", "1000", partition, key=key)


def fits(partition: Path, key: bytes) -> bool:
    try:
        cryptsetup("open", "--test-passphrase", partition, key=key)
    except subprocess.CalledProcessError:
        return False
    return True


def unfinished(partition: Path) -> bool:
    """Whether no key was given to it yet, so that nobody could have kept anything in it: a power
    cut while it was made."""
    said = subprocess.run(["cryptsetup", "luksDump", "--dump-json-metadata", partition],
                          capture_output=True, text=True)
    return said.returncode == 0 and not json.loads(said.stdout).get("keyslots")


def unlock(partition: Path, key: bytes, new: bool) -> Path:
    """Its device; with a file system, which a power cut may have kept from being made."""
    cryptsetup("open", partition, LABEL, key=key)
    lost = not new and seen(MAPPER)[0] is State.NEW
    if lost:                # not told from one that was cut short while it was made: both are noise
        tell(f"the encrypted data held nothing that can be read, and is made anew; {WORN}")
    if new or lost:
        mkfs(MAPPER)
    return MAPPER


def cryptsetup(*words: object, key: bytes) -> None:
    """Raises CalledProcessError."""
    subprocess.run(["cryptsetup", "--batch-mode", "--key-file=-", *map(str, words)], input=key,
                   check=True)


def mkfs(device: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", "-F", "-L", LABEL, device], check=True)


def tell(trouble: str) -> None:
    """In TROUBLE.txt at once, for without its data nothing else writes there; and to settings.py,
    which writes it anew."""
    say(trouble)
    with open(TOLD, "a+") as file:
        file.write(f"{trouble}\n")
        file.seek(0)
        words = file.read()
    with writable():
        put(BOOT / "TROUBLE.txt", words.replace("\n", "\r\n").encode())


def blocks(device: Path) -> int:
    """Its size in bytes."""
    return int((Path("/sys/class/block") / device.name / "size").read_text()) * SECTOR


def probed(device: Path) -> dict[str, str]:
    """What stands on it, by blkid's names: LABEL, TYPE."""
    said = subprocess.run(["blkid", "-p", "-o", "export", device], capture_output=True, text=True)
    return dict(line.split("=", 1) for line in said.stdout.splitlines() if "=" in line)


def grow(disk: Path, partition: Path) -> None:
    """To the end of the disk, MOST at most."""
    start = int((Path("/sys/class/block") / partition.name / "start").read_text())
    size = min(MOST // SECTOR, blocks(disk) // SECTOR - start)
    if size * SECTOR > blocks(partition):
        subprocess.run(["sfdisk", "--quiet", "--no-reread", "--force", "-N", str(NUMBER), disk],
                       input=f"{start},{size}\n", text=True, check=True)
        subprocess.run(["partx", "--update", "--nr", str(NUMBER), disk], check=True)


def wipe(device: Path, size: int) -> None:
    """Overwrite all of it with zeros; first, and at once, what the key of an encrypted one is kept
    in. Cut short it is known by its beginning."""
    zeros = bytes(4 << 20)
    file = os.open(device, os.O_WRONLY)
    try:
        for at in range(0, size, len(zeros)):
            data = zeros if at else ERASED + zeros[len(ERASED):]
            os.pwrite(file, data[:size - at], at)
            if at + len(zeros) == HEADER:
                os.fsync(file)
        os.fsync(file)
        os.pwrite(file, zeros[:SECTOR], 0)
        os.fsync(file)
    finally:
        os.close(file)


def forget(boot: Path, defaults: Path) -> None:
    """What a person wrote there is as on a new card, or gone; the reports of nights are gone."""
    for name in (*PERSONAL, *(f"reports/{path.name}" for path in listed(boot / "reports"))):
        if (boot / name).exists():
            blank(boot / name)
            (boot / name).unlink()
        if (defaults / name).exists():
            put(boot / name, (defaults / name).read_bytes())


def held(seconds: float = HOLD, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Whether the button is down for so long, from now on; the light blinks meanwhile. False
    without pins."""
    button, led = panel()
    try:
        import lgpio
        chip = lgpio.gpiochip_open(0)
    except Exception as trouble:  # lgpio.error, or no such module: then there is no button either
        say(f"can't look at the button ({trouble})")
        return False
    try:
        lgpio.gpio_claim_input(chip, button, lgpio.SET_PULL_UP)
        lgpio.gpio_claim_output(chip, led, 0)
        sleep(0.02)
        for turn in range(round(seconds / 0.1)):
            if lgpio.gpio_read(chip, button):
                return False
            lgpio.gpio_write(chip, led, turn % 2)
            sleep(0.1)
        return True
    except lgpio.error as trouble:
        say(f"can't look at the button ({trouble})")
        return False
    finally:
        lgpio.gpiochip_close(chip)


def panel(config: Path = CONFIG) -> tuple[int, int]:
    """Pins of button and light, from the person's own file; the defaults if it can't be read."""
    try:
        table = tomllib.loads(written.repaired(written.text(config.read_bytes()))).get("panel", {})
        return int(table.get("button", BUTTON)), int(table.get("led", LED))
    except (OSError, ValueError, AttributeError, TypeError, written.Unreadable):
        return BUTTON, LED


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, "/usr/lib/nocturne/python")
    sys.exit(main())
