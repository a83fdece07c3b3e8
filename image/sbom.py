"""The software bill of materials: CycloneDX 1.5, every package of the image by name, version and
where it came from."""

import hashlib
import json
import re
import uuid
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote, unquote

from image import recipe
from image.recipe import Suite

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "nocturne/image")


def bill(root: Path, debs: Path, suite: Suite, version: str, epoch: int) -> dict:
    """`root` is the assembled root of `suite`, `debs` the cached .deb files that the kernel came
    from."""
    python = root / "usr/lib/nocturne/python"
    parts = [
        *debian(root / "var/lib/dpkg/status", suite.name),
        *kernel(debs),
        *wheels(python),
        *models(python / "device/models"),
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, version)}",
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).isoformat(),
            "component": {
                "type": "firmware",
                "bom-ref": "nocturne-image",
                "name": "nocturne-image",
                "version": version,
            },
        },
        "components": sorted(parts, key=lambda part: part["bom-ref"]),
    }


def component(kind: str, name: str, version: str, purl: str, **more) -> dict:
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl, **more}


def debian(status: Path, suite: str) -> list[dict]:
    parts = []
    for paragraph in status.read_text().split("\n\n"):
        facts = HeaderParser().parsestr(paragraph)
        if facts["Package"] and facts["Status"].endswith(" installed"):
            parts.append(deb(facts["Package"], facts["Version"], facts["Architecture"], suite))
    return parts


def kernel(debs: Path) -> list[dict]:
    """What was taken out of trixie: of its dependencies nothing is in the image."""
    wanted = re.compile(r"(linux-image-[\d.]+\S*|raspi-firmware|busybox-static)_([^_]+)_(\w+)\.deb")
    found = [wanted.fullmatch(file.name) for file in sorted(debs.glob("*.deb"))]
    return [
        deb(match[1], unquote(match[2]), match[3], recipe.KERNEL_SUITE) for match in found if match
    ]


def deb(name: str, version: str, architecture: str, suite: str) -> dict:
    purl = (
        f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={architecture}&distro={suite}"
    )
    return component("library", name, version, purl)


def wheels(python: Path) -> list[dict]:
    parts = []
    for metadata in sorted(python.glob("*.dist-info/METADATA")):
        facts = HeaderParser().parsestr(metadata.read_text())
        licence = facts["License-Expression"] or facts["License"]
        more = {"licenses": [{"license": {"name": licence.splitlines()[0]}}]} if licence else {}
        parts.append(component("library", facts["Name"], facts["Version"],
                               f"pkg:pypi/{facts['Name'].lower()}@{facts['Version']}", **more))
    return parts


def models(folder: Path) -> list[dict]:
    parts = []
    for file in sorted(folder.iterdir()):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if file.with_suffix(".json") != file:
            parts.append(component("machine-learning-model", file.name, digest[:12],
                                   f"pkg:generic/nocturne-{file.name}@{digest[:12]}",
                                   hashes=[{"alg": "SHA-256", "content": digest}]))
    return parts


def write(found: dict, path: Path) -> None:
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
