"""Update bundles, judged by RAUC itself, and what is in the bill of materials."""

import os
import subprocess

import pytest

from image import keys, recipe, sbom, update
from image.host import missing

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
    root.write_bytes(os.urandom(20_000))
    keys.make(*mine, "mine")
    keys.make(*other, "a stranger")
    made = tmp_path / "one.raucb"
    update.bundle(root, made, "0.1.0.7", *mine)
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
