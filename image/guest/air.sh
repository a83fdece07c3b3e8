#!/bin/sh
# Inside the emulated Pi: somebody's access point, on the second of mac80211_hwsim's radios, in a network of its own.
# It is as /run/bench/hostapd.conf says; it is away while /run/bench/no-air is there, and gives out no addresses while
# /run/bench/no-dhcp is. When the board's driver is unloaded this radio goes, too, for one module makes both: then it
# begins anew with the next one.
HUB=/mnt/hub
INSIDE="ip netns exec air"

ip netns add air 2>/dev/null
touch /run/bench/leases
while [ -e /run/bench/no-air ]; do sleep 0.2; done
modprobe mac80211_hwsim
until [ -e /sys/class/net/wlan1 ] || $INSIDE test -e /sys/class/net/wlan1; do sleep 0.2; done
if [ -e /sys/class/net/wlan1 ]; then
    $HUB/iw phy "$(cat /sys/class/net/wlan1/phy80211/name)" set netns name air
fi
$INSIDE ip address replace 10.77.0.1/24 dev wlan1
$INSIDE $HUB/hostapd /run/bench/hostapd.conf &
hostapd=$!
while kill -0 $hostapd && $INSIDE test -e /sys/class/net/wlan1; do
    if [ -e /run/bench/no-dhcp ]; then
        [ -z "$dhcp" ] || kill "$dhcp"
        dhcp=
    elif ! kill -0 "$dhcp" 2>/dev/null; then
        $INSIDE $HUB/busybox udhcpd -f /mnt/udhcpd.conf &
        dhcp=$!
    fi
    sleep 0.5
done
kill $hostapd $dhcp
exit 1
