"""One command to a bed, from a program at home that may command it at the broker."""

from device.errors import Refused
from device.home.settings import Settings, topic


def command(settings: Settings, bed: str, kind: str, payload: str) -> None:
    """Raises Refused."""
    from paho.mqtt import publish
    from paho.mqtt.client import MQTTv5
    if not settings.host:
        raise Refused("home.host is empty: without a broker nothing can be sent to a bed")
    auth: publish.AuthParameter | None = None
    if settings.username:
        auth = {"username": settings.username, "password": settings.password}
    try:
        publish.single(
            topic(bed, "cmd", kind), payload, qos=1, hostname=settings.host, port=settings.port,
            auth=auth, tls={"ca_certs": settings.ca} if settings.ca else None, protocol=MQTTv5)
    except (OSError, ValueError) as trouble:
        raise Refused(f"{settings.host}: {bed} can't be reached ({trouble})") from trouble
