"""The sandbox of the units, by systemd's own measure."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SYSTEMD, ROOT = REPOSITORY / "systemd", REPOSITORY / "image/root/usr/lib/systemd/system"


def exposure(unit: Path) -> float:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit],
        capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)
    if found is None:
        pytest.skip(f"this systemd can't judge a unit offline (250 can): {said.stderr.strip()}")
    return float(found[1])


@pytest.mark.parametrize("unit",
                         ["nocturne.service", "nocturne-sound.service", "nocturne-hub.service"])
def test_every_unit_is_exposed_by_two_at_most(unit):
    assert exposure(SYSTEMD / unit) <= 2.0


@pytest.mark.parametrize("unit", [*sorted(ROOT.iterdir()), *sorted(SYSTEMD.glob("*.service"))],
                         ids=lambda unit: unit.name)
def test_systemd_takes_every_unit(unit):
    """Debian 12's refuses more than Debian 13's; the programs are in the image alone."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit],
                          capture_output=True, text=True).stderr
    wrong = [line for line in said.splitlines()
             if line.startswith((str(unit), unit.name)) and "is not executable" not in line]
    assert wrong == []


def test_what_loads_the_wifis_driver_may_do_little_else():
    assert exposure(ROOT / "nocturne-radio.service") <= 2.3         # as systemd's own timesyncd
    assert "CapabilityBoundingSet=CAP_SYS_MODULE CAP_NET_RAW" in (
        ROOT / "nocturne-radio.service").read_text().splitlines()


def lines(unit: str) -> set[str]:
    return set((SYSTEMD / unit).read_text().splitlines())


def test_the_sound_process_has_no_network_and_the_night_no_capabilities():
    assert {"PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX"} <= lines(
        "nocturne-sound.service"
    )
    assert "CapabilityBoundingSet=" in lines("nocturne.service")


def test_the_night_sees_proc_cpuinfo_without_which_onnxruntime_aborts_on_aarch64():
    assert "ProcSubset=pid" not in lines("nocturne.service")
