"""One command to a bed, from a program at home that may command it at the broker; its answer."""

import json
import queue
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from device.clock import SystemClock
from device.errors import Refused
from device.home import find
from device.home.commands import LONGEST
from device.home.settings import Settings, loopback, topic

if TYPE_CHECKING:
    import paho.mqtt.client as paho

AUTO = "auto"               # as home.host: the hub is looked for
PATIENCE = 10.0             # s for the bed's answer


def reachable(settings: Settings, bed: str) -> Settings:
    """Where a command to `bed` goes. Raises NocturneError."""
    settings = replace(settings, username=settings.username or settings.bed, bed=bed)
    if settings.host == AUTO:
        found = find.hubs(SystemClock())
        if not found:
            raise Refused("no hub answers on this network; write its address into home.host")
        settings = replace(settings, host=found[0].address or found[0].name, port=found[0].port)
    if not settings.host:
        raise Refused("home.host is empty: without a broker nothing can be sent to a bed")
    if not (settings.ca or settings.plain or loopback(settings.host)):
        raise Refused(f"{settings.host}: nothing is sent without TLS, for anybody on the network "
                      "could read it: set home.ca, or on purpose home.plain = true")
    return settings


def command(settings: Settings, kind: str, value: object) -> None:
    """To the bed of `settings`, as `reachable` gives them. Raises Refused: the broker, or the bed,
    refuses it, or nobody answers."""
    import paho.mqtt.client as paho
    identity, bed = str(uuid.uuid4()), settings.bed
    payload = json.dumps({"value": value, "id": identity}, ensure_ascii=False).encode()
    if len(payload) > LONGEST:
        raise Refused(f"{kind}: {len(payload)} bytes are too many for a command; put the file onto "
                      "the NOCTURNE drive instead")
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)

    def joined(client: "paho.Client", data: Any, flags: Any, reason: Any, more: Any) -> None:
        if reason.is_failure:
            answers.put(f"{settings.host} refuses {settings.username}: {reason}")
        else:
            client.subscribe(topic(bed, "state", "heard"), qos=1)

    def handed(client: "paho.Client", data: Any, mid: int, reason: Any, more: Any) -> None:
        if reason.is_failure:
            answers.put(f"{settings.host} doesn't let {settings.username} command {bed}: {reason}")

    def heard(client: "paho.Client", data: Any, message: "paho.MQTTMessage") -> None:
        if (why := answer(bytes(message.payload), identity)) is not None:
            answers.put(why and f"{bed} refuses it: {why}")

    def listening(client: "paho.Client", data: Any, mid: int, reasons: Any, more: Any) -> None:
        client.publish(topic(bed, "cmd", kind), payload, qos=1)
    client.on_connect, client.on_publish, client.on_message = joined, handed, heard
    client.on_subscribe = listening
    client.connect_timeout = PATIENCE
    if settings.password:
        client.username_pw_set(settings.username, settings.password)
    try:
        if settings.ca:
            client.tls_set(ca_certs=settings.ca)
        client.connect(settings.host, settings.port)
        client.loop_start()
        why = answers.get(timeout=PATIENCE)
    except queue.Empty:
        why = (f"{bed} didn't answer. Nothing waits for a bed that is off: send it again when it "
               f"is on (and see that it is called so, and that {settings.username} may read its "
               "state)")
    except (OSError, ValueError) as trouble:
        why = f"{settings.host}:{settings.port} can't be reached ({trouble})"
    finally:
        client.disconnect()
        client.loop_stop()
    if why:
        raise Refused(why)


def answer(payload: bytes, identity: str) -> str | None:
    """Why a command was refused, "" if it was obeyed; None: it is the answer to another."""
    try:
        body = json.loads(payload)
        return str(body["why"]) if body["id"] == identity else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
