"""Update bundles, judged by RAUC itself, and what is in the bill of materials."""

import os
import random
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from image import disk, keys, recipe, sbom, update
from image.board import data, fetch
from image.host import REPOSITORY, missing
from tests.image.https import Hub, certify

VERSION = "0.1.0.7"

BOOKWORM = recipe.SUITES["bookworm"]


@pytest.fixture
def bundle(tmp_path):
    """A bundle of a small root, and the certificates of its signer and of a stranger."""
    if lacking := missing(("rauc", "openssl", "mksquashfs")):
        pytest.skip(f"missing: apt-get install {' '.join(lacking)}")
    root, mine, other = (
        tmp_path / "root",
        (tmp_path / "my.key", tmp_path / "my.crt"),
        (tmp_path / "k", tmp_path / "c"),
    )
    root.write_bytes(fetch.SQUASHFS + os.urandom(5 * fetch.BLOCK - 4))
    keys.make(*mine, "mine")
    keys.make(*other, "a stranger")
    made = tmp_path / "one.raucb"
    update.bundle(root, made, VERSION, *mine)
    return made, mine[1], other[1]


def info(bundle, certificate) -> subprocess.CompletedProcess:
    return subprocess.run(["rauc", "info", f"--keyring={certificate}", bundle], capture_output=True,
                          text=True)


def test_a_bundle_is_trusted_by_the_certificate_of_its_signer_alone(bundle):
    made, mine, other = bundle
    known = info(made, mine)
    assert known.returncode == 0 and recipe.COMPATIBLE in known.stdout and "0.1.0.7" in known.stdout
    assert "verity" in known.stdout
    stranger = info(made, other)
    assert stranger.returncode and "signature verification failed" in stranger.stderr.lower()


def test_a_bundle_that_was_tampered_with_is_refused(bundle):
    made, mine, _ = bundle
    data = bytearray(made.read_bytes())
    data[-40] ^= 1                      # in the signature, which stands at the end
    made.write_bytes(data)
    assert info(made, mine).returncode


@pytest.fixture
def device(monkeypatch, tmp_path):
    """image/board/update.py of a device that runs VERSION and trusts the bundle's signer."""
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    monkeypatch.setitem(sys.modules, "fetch", fetch)
    import update as module
    monkeypatch.setattr(module, "VERSION", tmp_path / "version")
    monkeypatch.setattr(module, "SYSTEM", tmp_path / "system.conf")
    module.VERSION.write_text(f"{VERSION}\n")
    module.SYSTEM.write_text(
        f"[system]\ncompatible={recipe.COMPATIBLE}\nbootloader=noop\nbundle-formats=verity\n"
        f"statusfile={tmp_path}/status\n[keyring]\npath={tmp_path}/my.crt\n")
    yield module
    for name in ("update", "tryboot", "good", "newer"):
        sys.modules.pop(name, None)


def test_a_device_reads_in_a_bundle_what_its_signature_vouches_for(bundle, device):
    made = device.manifest(bundle[0])
    assert (made.version, made.size, made.indexed) == (VERSION, 5 * fetch.BLOCK, True)
    start = bundle[0].read_bytes().find(fetch.SQUASHFS, 1)
    assert fetch.checksum(bundle[0], start, made.size) == made.checksum


def test_beginning_and_end_are_enough_for_rauc_to_judge(bundle, device, tmp_path):
    whole = bundle[0].read_bytes()
    ends = tmp_path / "ends"
    with open(ends, "wb") as file:
        file.write(whole[:fetch.HEAD])
        file.seek(len(whole) - 5000)
        file.write(whole[-5000:])
    assert device.manifest(ends) == device.manifest(bundle[0])
    ends.write_bytes(whole[:-1])
    with pytest.raises(fetch.Refused):
        device.manifest(ends)


@pytest.mark.parametrize("what, why", [
    ("stranger", "signature"), ("older", "older than"), ("board", "for toaster"),
    ("same", "runs already")])
def test_a_device_refuses_what_it_may_not_install_in_words(bundle, device, tmp_path, what, why):
    made = tmp_path / "two.raucb"
    mine = tmp_path / "my.key", tmp_path / "my.crt"
    signer = (tmp_path / "k", tmp_path / "c") if what == "stranger" else mine
    update.bundle(
        tmp_path / "root", made, {"older": "0.1.0.6", "same": VERSION}.get(what, "0.1.0.8"),
        *signer, compatible="toaster" if what == "board" else recipe.COMPATIBLE)
    with pytest.raises(fetch.Refused, match=why):
        device.other(made)


def test_a_line_changed_in_the_product_brings_only_the_end_of_the_root(bundle, device, tmp_path):
    """Python's library stands for Debian; the measure of the whole image is in image/boot."""
    tree = tmp_path / "tree"
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, tree / "usr/lib/python3", ignore=shutil.ignore_patterns(
        "site-packages", "dist-packages", "test", "__pycache__", "config-*", "*.a"))
    ours = tree / "usr/lib/nocturne"
    shutil.copytree(REPOSITORY / "device", ours / "python/device",
                    ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("bin", "var"):                     # whatever comes first without an order
        (tree / name).mkdir()
        (tree / name / "large").write_bytes(random.Random(name).randbytes(3 << 20))
    roots = []
    for build in (7, 8):
        (ours / "boot").mkdir(exist_ok=True)
        (ours / "boot/initrd.img").write_bytes(random.Random(build).randbytes(300_000))
        (ours / "version").write_text(f"0.1.0.{build}\n")
        roots.append(tmp_path / f"{build}.squashfs")
        disk.squash(tree, roots[-1], 1_767_225_600 + build)
        line = ours / "python/device/night.py"
        line.write_text(line.read_text() + "# one line more\n")
    made = tmp_path / "eight.raucb"
    update.bundle(roots[1], made, "0.1.0.8", tmp_path / "my.key", tmp_path / "my.crt")
    key, certificate = certify(tmp_path / "hub")
    hub = Hub(key, certificate)
    hub.data = made.read_bytes()
    server = fetch.Server("localhost", hub.port, "/", certificate)
    fetch.fetch(server, tmp_path / "update.raucb", roots[0], device.other)
    hub.close()
    assert (tmp_path / "update.raucb").read_bytes() == hub.data
    late = sum(file.stat().st_size for file in ours.rglob("*") if file.is_file())
    assert server.received < late < len(hub.data) // 2


def test_the_bill_of_materials_names_packages_wheels_models_and_kernel(tmp_path):
    root, debs = tmp_path / "root", tmp_path / "debs"
    status = root / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(
        "Package: tzdata\nStatus: install ok installed\nArchitecture: all\nVersion: "
        "2025b-0+deb12u1\n\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: "
        "all\nVersion: 1\n"
    )
    python = root / "usr/lib/nocturne/python"
    (python / "numpy-1.26.4.dist-info").mkdir(parents=True)
    (python / "numpy-1.26.4.dist-info/METADATA").write_text(
        "Name: numpy\nVersion: 1.26.4\nLicense: BSD-3-Clause\n"
    )
    (python / "device/models").mkdir(parents=True)
    (python / "device/models/composer.onnx").write_bytes(b"model")
    debs.mkdir()
    (debs / "raspi-firmware_1.20240424+ds-6_all.deb").touch()
    (debs / "initramfs-tools_0.148_all.deb").touch()
    bill = sbom.bill(root, debs, BOOKWORM, "0.1.0.7", 1_767_225_600)
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["timestamp"].startswith(
        "2026-01-01"
    )
    assert [part["name"] for part in bill["components"]] == [
        "raspi-firmware",
        "tzdata",
        "composer.onnx",
        "numpy",
    ]
    assert bill == sbom.bill(root, debs, BOOKWORM, "0.1.0.7", 1_767_225_600)
