"""What the tests of this room share: waiting, and somebody else at the broker."""

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from kit.waiting import soon as soon

USERS = ("bed1", "bed2", "hub", "homeassistant", "grandma", "nurse")


class Listener:
    """Somebody else at the broker, on plain paho."""

    def __init__(self, port, topics="#", username="", password=None):
        self.messages, self.refusals = [], []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if username:
            self.client.username_pw_set(username, password)
        self.client.on_message = lambda client, data, message: self.messages.append(message)
        self.client.on_subscribe = lambda client, data, mid, reasons, properties: (
            self.refusals.append(reasons[0])
        )
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(topics, qos=1)
        self.client.loop_start()
        assert soon(lambda: self.refusals)

    def on(self, topic):
        return [message.payload for message in self.messages if message.topic == topic]

    def last(self, topic):
        return (self.on(topic) or [None])[-1]

    def send(self, topic, payload, **more):
        return self.client.publish(topic, payload, qos=1, **more).wait_for_publish(5)

    @staticmethod
    def properties(identity):
        """An id, as beds give one."""
        found = Properties(PacketTypes.PUBLISH)
        found.UserProperty = [("id", identity)]
        return found

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
