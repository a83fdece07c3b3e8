"""The sandbox of the units, by systemd's own measure."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parent.parent.parent / "systemd"


def exposure(unit: str) -> float:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", SYSTEMD / unit],
        capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    if found is None:
        pytest.skip(f"this systemd can't judge a unit offline (250 can): {said.stderr.strip()}")
    return float(found[1])


@pytest.mark.parametrize("unit",
                         ["nocturne.service", "nocturne-sound.service", "nocturne-hub.service"])
def test_every_unit_is_exposed_by_two_at_most(unit):
    assert exposure(unit) <= 2.0


def lines(unit: str) -> set[str]:
    return set((SYSTEMD / unit).read_text().splitlines())


def test_the_sound_process_has_no_network_and_the_night_no_capabilities():
    assert {"PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX"} <= lines(
        "nocturne-sound.service"
    )
    assert "CapabilityBoundingSet=" in lines("nocturne.service")


def test_the_night_sees_proc_cpuinfo_without_which_onnxruntime_aborts_on_aarch64():
    assert "ProcSubset=pid" not in lines("nocturne.service")
