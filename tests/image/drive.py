"""What people write on the drive NOCTURNE, and whether a password is left there."""

import os
import shutil
import stat
from pathlib import Path

import pytest

SECRET = "gEheim 7ü!#=1"
PLAIN = f'[home]\nhost = "hub"\npassword = "{SECRET}"\n'
WIFI = f"country = DE\nname = Home Net\npassword = {SECRET}\n"
KEYS = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ8g5Q4TmYJ0pQxJ5yqK1dMZ3s9kFh1tHqX1b2c3d4e ada@desk",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDhA5dZ2Zl8pT1 ada's old box")
SBIN = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def need(command: str, package: str) -> None:
    if shutil.which(command, path=SBIN) is None:
        pytest.skip(f"{command} is missing: apt-get install {package}")


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def joins_with(password: str, conf: str) -> bool:
    return f"\tsae_password={password.encode().hex()}\n" in conf


def left_on(boot: Path) -> bytes:
    """All that stands on the drive, UTF-16 read as text too."""
    return b"".join(file.read_bytes() + file.read_bytes().replace(b"\0", b"")
                    for file in boot.rglob("*") if file.is_file())


def no_password(boot: Path) -> bool:
    return not any(SECRET.encode(encoding) in left_on(boot) or b"gEheim" in left_on(boot)
                   for encoding in ("utf-8", "cp1252"))
