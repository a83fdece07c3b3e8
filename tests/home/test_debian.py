"""A hub on a fresh Debian, by the README's lines alone, to a bed's first confirmed command."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.full
ROOT = Path(__file__).resolve().parents[2]
# What a machine needs to reach its package registries, where it has them.
AROUND = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
# A chroot runs no systemd; --setup says what to start by hand, and this does.
BED = """
set -eu
cd
python3 - <<'PY'
import re, subprocess
for line in re.findall(r"^    (.*)$", open("setup").read(), re.M):
    subprocess.Popen(line.rstrip(" &"), shell=True, stdout=open("hub", "a"),
                     stderr=subprocess.STDOUT)
PY
echo "127.0.0.1 $(hostname).local" >> /etc/hosts      # what the home's mDNS would answer
sleep 3
nocturne hub --caregiver nurse --bed bedside > nurse
kill -HUP $(cat /run/mosquitto/mosquitto.pid)
sleep 1
cp bedside/ca.crt /etc/nocturne-ca.crt
cat bedside/home.toml - > /etc/nocturne.toml <<'TOML'
[sensors]
ppg = "none"
motion = "none"
[diary]
path = "/var/lib/diary.sqlite"
TOML
mkdir -p /run/nocturne
(nocturne sound & nocturne run &) > bed 2>&1
word=$(sed -n 's/.*once: //p' nurse)
sub() { mosquitto_sub -u nurse -P "$word" -W 60 "$@"; }
sub -C 1 -t nocturne/bedside/state/alive > alive
sub -C 1 -t nocturne/bedside/state/heard > heard &
sleep 1
mosquitto_pub -u nurse -P "$word" -q 1 -t nocturne/bedside/cmd/volume -m '{"value": 30, "id": "x"}'
wait %1
sub -C 1 -t nocturne/bedside/state/volume > volume
python3 -c "
import ssl, urllib.request
context = ssl.create_default_context(cafile='/etc/nocturne-ca.crt')
print(urllib.request.urlopen('https://$(hostname).local:8480/', context=context).status)
" > page
nocturne hub --doctor > doctor || true
"""


def lines():
    """The README's own, for a hub: the block that sets one up."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", readme, re.M)
    found = [block for block in blocks if "hub --setup" in block]
    if not found:
        pytest.skip("the README has no lines that set up a hub: none are tried on a fresh Debian")
    return re.sub(r"#.*", "", found[0]).replace("sudo ", "")


@pytest.fixture
def debian(tmp_path):
    """The folder of a fresh Debian with this repository in it."""
    if os.geteuid() or shutil.which("mmdebstrap") is None or shutil.which("unshare") is None:
        pytest.skip("no root or no mmdebstrap: no fresh Debian is tried (apt install mmdebstrap)")
    root = tmp_path / "debian"
    made = subprocess.run(
        ["mmdebstrap", "--mode=root", "--variant=minbase", "--include=ca-certificates", "bookworm",
         root], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no Debian can be fetched here: {made.stderr[-200:]}")
    for path in map(Path, AROUND):
        if path.exists():
            shutil.copy(path, root / path.relative_to("/"))
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")     # an installer writes it
    shutil.copytree(ROOT, root / "root/nocturne", ignore=shutil.ignore_patterns(
        ".git", "__pycache__", "build", "out", "tests", "image", "*.egg-info", ".*_cache"))
    for folder in ("dev", "proc"):
        subprocess.run(["mount", "--rbind", f"/{folder}", root / folder], check=True)
    yield root
    for folder in ("dev", "proc"):
        subprocess.run(["umount", "--recursive", "--lazy", root / folder], check=False)


def inside(root, script, alone=False):
    """`alone`: on a network of its own, so that no port of this machine is in the way."""
    (root / HOME / "script").write_text(script)
    command = f"chroot {root} /usr/bin/env -i HOME=/{HOME} PATH={PATH} bash -e /{HOME}/script"
    if alone:
        command = f"unshare --net --pid --fork sh -c 'ip link set lo up; {command}'"
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=900)
    assert ran.returncode == 0, (ran.stdout[-2000:], ran.stderr[-2000:],
                                 (root / "root/bed").read_text() if alone else "")
    return ran.stdout


HOME = "root"                       # in the new Debian
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def test_a_fresh_debian_becomes_a_hub_by_the_readmes_lines_and_a_bed_answers(debian):
    whole = lines()
    script = "cd ~/nocturne\nexport DEBIAN_FRONTEND=noninteractive\napt-get update\n" + (
        re.sub(r"(.*hub --setup.*)", r"\1 | tee ~/setup", whole))
    listen = "apt-get install --yes mosquitto-clients"      # for the one who watches here
    inside(debian, f"{script}\nmv bedside ~/\n{listen}\n")
    inside(debian, BED, alone=True)
    told = {name: (debian / "root" / name).read_text().strip()
            for name in ("alive", "heard", "volume", "page", "doctor")}
    assert json.loads(told["heard"]) == {"id": "x", "kind": "volume", "why": ""}
    assert told["volume"] == "30" and told["page"] == "200" and told["alive"].isdigit()
    assert "ok   bedside is connected" in told["doctor"], told["doctor"]
