"""A card as Raspberry Pi Imager 2 leaves it."""

from image.host import Trouble
from image.scenario.board import Board

NAME, PSK = "Café 'Mo'", "4f" * 32
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ8g5Q4TmYJ0pQxJ5yqK1dMZ3s9kFh1tHqX1b2c3d4e ada@desk"
FILES = {
    "user-data": f"""#cloud-config
manage_resolv_conf: false

hostname: Bett
manage_etc_hosts: true
timezone: Europe/Berlin
keyboard:
  model: pc105
  layout: "de"
user:
  name: ada
  shell: /bin/bash
  lock_passwd: true
  ssh_authorized_keys:
    - "{KEY}"
ssh_pwauth: false
runcmd:
  - [ systemctl, enable, --now, ssh ]
""",
    "network-config": f"""network:
  version: 2
  wifis:
    wlan0:
      dhcp4: true
      regulatory-domain: "DE"
      access-points:
        "Caf\\xc3\\xa9 'Mo'":
          password: "{PSK}"
      optional: true
""",
    "meta-data": "instance-id: rpi-imager-1784124660514\n",
    "cmdline.txt": " cfg80211.ieee80211_regdom=DE ds=nocloud;i=rpi-imager-1784124660514",
}


def customised(board: Board) -> str:
    """Host name, Wi-Fi, time zone and SSH key from Raspberry Pi Imager 2 hold at the start."""
    pi = board.pi
    if pi.process is not None:
        pi.power_cut()
    for name, text in FILES.items():
        (board.folder / name).write_text(text)
        pi.write_boot(name, board.folder / name)
    board.start()
    # resolved opens its port for a link that may use it.
    board.run("systemctl start --no-block bench-air")
    board.pi.await_true("ss -Hlnu | grep -q '0.0.0.0:5353'", 60)
    conf = "/data/config/wpa_supplicant-wlan0.conf"
    asked = {
        "cat /proc/sys/kernel/hostname": "bett",
        "readlink /etc/localtime /data/config/localtime | tail -1": "/usr/share/zoneinfo/"
                                                                   "Europe/Berlin",
        "cat ~root/.ssh/authorized_keys": KEY,
        f"grep -c -e ssid={NAME.encode().hex()} -e psk={PSK} -e country=DE {conf}": "3",
        "systemctl is-active nocturne-ssh": "active",
        "nft list chain inet nocturne in | grep -c 'dport 22 '": "1",
        f"ls /boot/firmware | grep -cx {' '.join(f'-e {name}' for name in FILES)} || true": "0",
        f"grep -rlIs {PSK} /boot/firmware | wc -l": "0",
    }
    wrong = {ask: said for ask, wanted in asked.items() if (said := board.run(ask)) != wanted}
    if wrong:
        raise Trouble(f"{wrong}")
    return board.run("tail -1 /boot/firmware/TROUBLE.txt")
