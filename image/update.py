"""Update bundles: RAUC's verity format, signed, with an index of its blocks."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from image import recipe
from image.board.fetch import BLOCK, HEAD, SQUASHFS
from image.host import Trouble, run

MANIFEST = """[update]
compatible={compatible}
version={version}

[bundle]
format=verity

[image.rootfs]
filename=rootfs.img
adaptive=block-hash-index
"""
# The root lies in it as it is, and RAUC's index right behind: image/board/fetch.py counts on it.
PLAIN = "-noD -noF -no-fragments"


def bundle(root: Path, out: Path, version: str, key: Path, certificate: Path,
           compatible: str = recipe.COMPATIBLE) -> None:
    """`root` is the squashfs of a slot: its boot files travel inside. Raises Trouble."""
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        content = Path(folder) / "content"
        content.mkdir()
        shutil.copy(root, content / "rootfs.img")
        (content / "manifest.raucm").write_text(
            MANIFEST.format(compatible=compatible, version=version)
        )
        run("rauc", "bundle", f"--cert={certificate}", f"--key={key}", f"--mksquashfs-args={PLAIN}",
            content, out)
    index = index_of(root)
    with open(out, "rb") as made:
        start = made.read(HEAD).find(SQUASHFS, 1)
        made.seek(start + root.stat().st_size)
        if start < 0 or made.read(len(index)) != index:
            raise Trouble(f"{out}: the root's index isn't behind it, and all of it would be "
                          "fetched each time")


def index_of(root: Path) -> bytes:
    """RAUC's block-hash-index: the SHA-256 of each block. Later ones than bookworm's leave no file
    of it."""
    with open(root, "rb") as file:
        return b"".join(hashlib.sha256(block).digest()
                        for block in iter(lambda: file.read(BLOCK), b""))
