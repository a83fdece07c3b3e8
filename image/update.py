"""Update bundles: RAUC's verity format, signed."""

import shutil
import tempfile
from pathlib import Path

from image import recipe
from image.host import run

MANIFEST = """[update]
compatible={compatible}
version={version}

[bundle]
format=verity

[image.rootfs]
filename=rootfs.img
"""


def bundle(root: Path, out: Path, version: str, key: Path, certificate: Path,
           compatible: str = recipe.COMPATIBLE) -> None:
    """`root` is the squashfs of a slot: its boot files travel inside."""
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        content = Path(folder) / "content"
        content.mkdir()
        shutil.copy(root, content / "rootfs.img")
        (content / "manifest.raucm").write_text(
            MANIFEST.format(compatible=compatible, version=version)
        )
        run("rauc", "bundle", f"--cert={certificate}", f"--key={key}", content, out)
