"""What Raspberry Pi Imager 2 opens before it writes a card: which image, for which boards, and that
it may ask for host name, Wi-Fi, time zone and SSH key (image/board/imager.py honours them).

Fields: doc/json-schema/os-list-schema.json and doc/local_json of Imager. "cloudinit" is the newest
way of asking that every Imager since 1.7 knows; one with a format it doesn't know hides the image.
Imager resolves no relative address, so that the manifest holds this machine's folder, or the one it
will be published at. Here it reads the image as it is, there packed by gzip: its versions 2.0.7 to
2.0.11 have lost zstd on a Mac.
"""

import hashlib
import json
import shutil
import time
from pathlib import Path

from image.host import HERE, run

ICON = "moon.svg"
# Imager's own names for boards, and the tags that it sorts images by; the first is proposed.
BOARDS = (("Raspberry Pi Zero 2 W", "pi3-64bit"), ("Raspberry Pi 3", "pi3-64bit"),
          ("Raspberry Pi 4", "pi4-64bit"))


def write(image: Path, version: str, epoch: int, address: str = "") -> Path:
    """Beside the image, with its icon. `address`: of the folder that they are published in."""
    out = image.with_suffix(".rpi-imager-manifest")
    shutil.copy(HERE / ICON, out.parent / ICON)
    file = packed(image) if address else image
    out.write_text(json.dumps(manifest(image, file, version, epoch, address), indent=2) + "\n")
    return out


def packed(image: Path) -> Path:
    run("gzip", "--keep", "--force", "--no-name", image)
    return image.with_name(f"{image.name}.gz")


def manifest(image: Path, file: Path, version: str, epoch: int, address: str = "") -> dict:
    """`file` is what Imager reads, `image` what it leads to."""
    folder = address.rstrip("/") or file.resolve().parent.as_uri()
    icon = f"{folder}/{ICON}"
    whole = sha256(image)
    return {
        "imager": {"devices": [
            {"name": name, "description": "64 bit", "icon": icon, "tags": [tag], "capabilities": [],
             "architecture": "armv8", "matching_type": "exclusive", "default": not number}
            for number, (name, tag) in enumerate(BOARDS)
        ]},
        "os_list": [{
            "name": f"Nocturne {version}",
            "description": "For the bedside. Host name, Wi-Fi, time zone and SSH key are honoured; "
                           "there is no user and no password",
            "icon": icon,
            "url": f"{folder}/{file.name}",
            "extract_size": image.stat().st_size,
            "extract_sha256": whole,
            "image_download_size": file.stat().st_size,
            "image_download_sha256": whole if file == image else sha256(file),
            "release_date": time.strftime("%Y-%m-%d", time.gmtime(epoch)),
            "init_format": "cloudinit",
            "devices": sorted({tag for _, tag in BOARDS}),
            "architecture": "armv8",
            "capabilities": [],
        }],
    }


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
