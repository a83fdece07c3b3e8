"""Wi-Fi: networks of every kind are joined, one that goes is joined again, one without addresses is
waited for, and a radio that hangs is mended, with the sound untouched.

Two radios of mac80211_hwsim stand in for the air: the board's, and somebody's access point of
Debian's hostapd. The radio's hangs are pretended: packets are dropped in both directions while the
link stays up, wpa_supplicant is stopped as if a call into the driver didn't return, the interface
is taken away, or put down so that no scan succeeds. All four are undone by a driver that is loaded
anew, as it is hoped of brcmfmac.
"""

from dataclasses import dataclass

from image.host import Trouble
from image.scenario.board import Board
from image.scenario.board import told as state
from image.scenario.night import listen

# As people call theirs, and what breaks a parser: letters of others, quotes, what begins a comment.
NAMES = (
    "Home", " leading", "trailing ", "  ", 'the "good" one', '"quoted"', "'single'", "Mom’s iPhone",
    "back\\slash", "ends\\", "#hash", "a # b", "a; b", "{curly}", "a=b", "Wi-Fi: 5GHz", "%41",
    "Zoë's 📶 Wi-Fi", "名前のネットワーク", 32 * "x", 16 * "ü", 8 * "📶", 'P"x"', "none", "(kept)",
    "tab\there", "bell\a", "del\x7f", "hidden = yes",
)
PASSWORDS = (
    "8letters", 63 * "x", " leading", "trailing ", 'quo"te # hash', '"quoted12"', "'quoted12'",
    "back\\slash\\", "#hash1234", "12 # comment", "12 // comment", "pässwörter", "密码密码密码",
    "a;b,c}d;", "key = value", "name = x12", "“curly”12", 'psk="x" y', '\\"12345678', 8 * " ",
    "ends }}}", "(kept)12",
)
# As hostapd.conf has them: what a router of today offers under these names.
WAYS = {
    "open": "",
    "WPA2": "wpa=2\nwpa_key_mgmt=WPA-PSK\n",
    "WPA2 with protected frames": "wpa=2\nwpa_key_mgmt=WPA-PSK-SHA256\nieee80211w=2\n",
    "WPA3": "wpa=2\nwpa_key_mgmt=SAE\nieee80211w=2\nsae_pwe=2\n",
    "WPA3 of before 2020": "wpa=2\nwpa_key_mgmt=SAE\nieee80211w=2\nsae_pwe=0\n",
    "WPA3 of the newer way alone": "wpa=2\nwpa_key_mgmt=SAE\nieee80211w=2\nsae_pwe=1\n",
    "WPA2 and WPA3": "wpa=2\nwpa_key_mgmt=WPA-PSK SAE\nieee80211w=1\nsae_pwe=2\n",
}
KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2


@dataclass(frozen=True)
class Network:
    way: str
    name: str = "Home"
    password: str = "8letters"
    hidden: bool = False


NETWORKS = (
    Network("WPA2", " leading", 'quo"te # hash'),
    Network("WPA2", "Zoë's 📶 Wi-Fi", 63 * "x"),
    Network("WPA2", 32 * "x", KEY),
    Network("WPA2", "hidden = yes", "密码密码密码", hidden=True),
    Network("WPA2 with protected frames", "ends\\", "back\\slash\\"),
    Network("WPA3", 'the "good" one', "#hash1234"),
    Network("WPA3 of before 2020", "名前のネットワーク", "pässwörter"),
    Network("WPA3 of the newer way alone", "a # b", "trailing "),
    Network("WPA3", "  ", '\\"12345678', hidden=True),
    Network("WPA2 and WPA3", "tab\there", 'psk="x" y'),
    Network("WPA2 and WPA3", 8 * "📶", "a;b,c}d;", hidden=True),
    Network("open", "none"),
)


def hostapd(network: Network) -> bytes:
    """hostapd.conf; the name in hex, the password as it is."""
    key = "wpa_psk" if network.password == KEY else "wpa_passphrase"
    lines = ["interface=wlan1", "driver=nl80211", f"ssid2={network.name.encode().hex()}",
             "hw_mode=g", "channel=1", f"ignore_broadcast_ssid={int(network.hidden)}"]
    if network.way != "open":
        lines += [WAYS[network.way] + "rsn_pairwise=CCMP", f"{key}={network.password}"]
    return "\n".join([*lines, ""]).encode()


def written(network: Network) -> str:
    """wifi.txt; a name that no editor can write as wpa_supplicant has it."""
    name = f'name = "{network.name}"' if network.name.isprintable() else (
        f"network={{ ssid={network.name.encode().hex()} }}")
    password = "none" if network.way == "open" else f'"{network.password}"'
    return (f"country = DE\n{name}\npassword = {password}\n"
            f"hidden = {'yes' if network.hidden else 'no'}\n")


ADDRESS = "ip -4 -o address show dev wlan0 2>/dev/null | grep -q 'inet 10.77.0.'"
STATUS = "wpa_cli -p /run/wpa_supplicant -i wlan0 status"
RESTARTS = "cat /run/nocturne-radio/restarts 2>/dev/null || echo 0"
LATEST = 60.0           # s until a radio that hangs is back


def joins(board: Board) -> str:
    """WPA2, WPA3, both, hidden and open networks with odd names and passwords are joined."""
    if board.pi.process is not None:
        board.pi.power_cut()
    text = board.folder / "wifi.txt"
    text.write_text(written(NETWORKS[0]))
    board.pi.write_boot("wifi.txt", text)
    board.start()
    took = []
    for network in NETWORKS:
        board.put("/run/bench/hostapd.conf", hostapd(network))
        if network is not NETWORKS[0]:
            board.run("mount -o remount,rw /boot/firmware")
            board.put("/boot/firmware/wifi.txt", written(network).encode())
            board.run("mount -o remount,ro /boot/firmware; systemctl stop wpa_supplicant@wlan0; "
                      "python3 -I /usr/lib/nocturne/board/settings.py")
        board.run("systemctl restart bench-air")
        board.pi.await_true("ip netns exec air test -e /sys/class/net/wlan1", 60)
        took.append(join(board, network))
    return f"{len(took)} of {len(NETWORKS)}, each in {min(took):.0f} to {max(took):.0f} s"


def join(board: Board, network: Network) -> float:
    """s until it has an address there, in the way that is the safest of those offered."""
    board.run("systemctl start --no-block wpa_supplicant@wlan0")
    try:
        seconds = board.pi.await_true(f"{STATUS} | grep -q wpa_state=COMPLETED && {ADDRESS}", 60)
    except Trouble as trouble:
        said = board.run(f"{STATUS}; cat /boot/firmware/TROUBLE.txt; journalctl -b "
                         "-u wpa_supplicant@wlan0 -u bench-air -o cat | tail -5; true")
        raise Trouble(f"{network}: {trouble}: {said}") from None
    way = board.run(f"{STATUS} | sed -n s/^key_mgmt=//p")
    if way != ("NONE" if network.way == "open" else "SAE" if "WPA3" in network.way else
               "WPA2-PSK-SHA256" if "protected" in network.way else "WPA2-PSK"):
        raise Trouble(f"{network}: joined by {way}")
    return seconds


def gone(board: Board) -> str:
    """An access point that loses its power is joined again once it is back."""
    board.run("systemctl start nocturne-radio")
    away = 120
    before = board.run(RESTARTS)
    board.run("touch /run/bench/no-air; pkill -KILL -x hostapd")
    lost = board.pi.await_true(f"! {STATUS} | grep -q wpa_state=COMPLETED", 60)
    board.run(f"sleep {away}", 2 * away)
    board.run("rm /run/bench/no-air")
    back = board.pi.await_true(f"{STATUS} | grep -q wpa_state=COMPLETED && {ADDRESS}", 120)
    if back > LATEST or board.run(RESTARTS) != before:
        raise Trouble(f"{back:.0f} s; the driver was loaded {board.run(RESTARTS)} times")
    return (f"missed after {lost:.0f} s, joined {back:.0f} s after {away} s without it; the driver "
            "was let alone")


def unaddressed(board: Board) -> str:
    """Without DHCP it waits, by IPv6 alone, and takes the address that comes."""
    before = board.run(RESTARTS)
    board.run("touch /run/bench/no-dhcp; systemctl restart bench-air; sleep 5")
    board.pi.await_true(f"{STATUS} | grep -q wpa_state=COMPLETED && ! {ADDRESS}", 60)
    board.run("sleep 90; ip -6 -o address show dev wlan0 scope link | grep -q fe80", 200)
    board.run(f"! {ADDRESS}")
    board.run("rm /run/bench/no-dhcp")
    came = board.pi.await_true(ADDRESS, 200)
    if board.run(RESTARTS) != before:
        raise Trouble("the driver was loaded anew for it")
    return f"{came:.0f} s after a server that was away for 95 s; the driver was let alone"


HANGS = {
    "carries nothing": "tc qdisc add dev wlan0 clsact; for way in ingress egress; do "
                       "tc filter add dev wlan0 $way matchall action drop; done",
    "a call that doesn't return": "kill -STOP $(systemctl show wpa_supplicant@wlan0 -P MainPID)",
    "gone": "/mnt/hub/iw dev wlan0 del",
    "no scan succeeds": "ip link set wlan0 down",
}


def hangs(board: Board) -> str:
    """A radio that hangs is back within 60 s, and the sound has no gap."""
    if board.state("sound") != "ON":
        board.pi.click()
        board.run("sleep 20")
    figures = []
    for what, deed in HANGS.items():
        # A hang long after the last one: what it knows of that is forgotten.
        board.run("systemctl restart nocturne-radio; sleep 15")
        took: list[float] = []

        def hang(deed=deed, took=took) -> None:
            before = int(board.run(RESTARTS))
            index = board.run("cat /sys/class/net/wlan0/ifindex")
            board.run(deed)
            took.append(board.pi.await_true(
                f"[ $({RESTARTS}) -gt {before} ] && {ADDRESS} && "
                f"[ $(cat /sys/class/net/wlan0/ifindex) != {index} ]", 120))

        heard = listen(board, 75, hang, whole=True)
        if took[0] > LATEST:
            raise Trouble(f"{what}: back only after {took[0]:.0f} s")
        figures.append(f"{what}: {took[0]:.0f} s ({heard.split('longest gap ')[1].split(';')[0]})")
    return f"back after {', '.join(figures)}, 0 xruns"


def told(board: Board) -> str:
    """The hub hears how often the radio was restarted."""
    board.run("systemctl restart bench-hub")        # it was lost with the radio
    count = board.run(RESTARTS)
    if count == "0":
        raise Trouble("there was none")
    # The bed asks for a hub that is away less and less often.
    board.pi.await_true(f"{state('diagnostics')} | grep -q '\"radio_restarts\": {count}[,}}]'", 300)
    said = board.state("diagnostics")
    return f"{count} restarts of it, signal {said.split('rssi')[1][3:].split(',')[0]} dBm"
