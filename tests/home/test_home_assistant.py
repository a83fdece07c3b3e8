"""A real Home Assistant 2025.4 in a virtual environment of its own, driven by its public API only.
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.home.commands import KINDS
from device.home.discovery import payload
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings
from kit.mosquitto import free_port
from tests.home.around import soon

pytestmark = pytest.mark.full
VERSION = "2025.4.4"
ROOT = Path(__file__).resolve().parents[2]
ASSISTANT = ROOT / "device" / "home" / "assistant"
NEEDS = (
    "frontend",
    "onboarding",
    "config",
    "api",
    "mqtt",
    "automation",
    "blueprint",
    "lovelace",
    "recorder",
)
# What the parts named above need beside Home Assistant itself; it would install them at its start.
REQUIREMENTS = f"""
import json, pathlib, homeassistant
base = pathlib.Path(homeassistant.__file__).parent / "components"
todo, done, needs = list({NEEDS}), set(), set()
while todo:
    if (name := todo.pop()) not in done:
        done.add(name)
        manifest = json.loads((base / name / "manifest.json").read_text())
        needs.update(manifest.get("requirements", []))
        todo += manifest.get("dependencies", [])
print(*sorted(needs))
"""
FACTS = DeviceFacts(programmes=("auto", "rain"), occupancy=True)
STATE = {
    "session": "asleep",
    "care": "settled",
    "sound": False,
    "volume": 0.4,
    "volume_cap": 0.8,
    "muted": False,
    "programme": "auto",
    "timer": 0,
    "alarm": 420,
    "quiet_from": 1320,
    "quiet_to": 420,
    "privacy": False,
    "sharing": False,
    "light": 0.0,
    "occupancy": True,
    "reason": "rain has helped most",
    "problem": False,
    "error": "",
    "firmware": ("0.1.0", "0.1.1"),
    "learning": "nothing yet",
    "quality": 0.9,
    "rssi": -61,
    "temperature": 41.2,
    "clock_synced": True,
    "picture": b"\x89PNG\r\n\x1a\n",
    "summary": {
        "sol": 14,
        "tst": 430,
        "waso": 25,
        "wakings": 2,
        "lights_out": 1.7672184e9,
        "out_of_bed": 1.7672472e9,
    },
}


def python313():
    names = [
        shutil.which("python3.13"),
        *sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python3.13")),
    ]
    return next((str(name) for name in names if name and subprocess.run(
        [name, "-c", "import ensurepip"], capture_output=True).returncode == 0), None)


@pytest.fixture(scope="module")
def hass():
    """The program `hass`, installed in build/home-assistant if it isn't yet (some minutes)."""
    venv = Path(os.environ.get("NOCTURNE_HOME_ASSISTANT", ROOT / "build" / "home-assistant"))
    program = venv / "bin" / "hass"
    if not (venv / "ready").exists():
        python = python313()
        if python is None:
            pytest.skip(
                "no Python 3.13 on this machine: "
                f"nothing is tested against Home Assistant {VERSION}"
            )

        def pip(*what):
            if subprocess.run([venv / "bin" / "pip", "install", "--quiet", *what]).returncode:
                pytest.skip(
                    f"Home Assistant {VERSION} can't be installed here: "
                    "nothing is tested against it"
                )

        subprocess.run([python, "-m", "venv", venv], check=True)
        pip(f"homeassistant=={VERSION}")
        pip(
            "numpy",
            *subprocess.check_output(
                [venv / "bin" / "python", "-c", REQUIREMENTS], text=True
            ).split(),
        )
        (venv / "ready").touch()
    return program


class HomeAssistant:
    """One that a person would have: onboarded, with an MQTT entry, our blueprints and our
    dashboard."""

    def __init__(self, program, folder, broker_port):
        self.program, self.folder, self.port = program, folder, free_port()
        self.url, self.token = f"http://127.0.0.1:{self.port}", ""
        blueprints = folder / "blueprints" / "automation" / "nocturne"
        shutil.copytree(ASSISTANT / "blueprints", blueprints)
        (folder / "dashboard.yaml").write_text(
            (ASSISTANT / "dashboard.yaml").read_text().replace("bedside", "bed1")
        )
        (folder / "configuration.yaml").write_text(f"""
http: {{server_host: 127.0.0.1, server_port: {self.port}}}
api:
config:
onboarding:
lovelace:
  dashboards:
    nocturne-bed: {{mode: yaml, title: Nocturne, filename: dashboard.yaml}}
automation:
  - alias: bedtime
    use_blueprint:
      path: nocturne/bedtime.yaml
      input:
        sound: switch.bed1_sound
        volume: number.bed1_volume
        programme: select.bed1_programme
        choice: rain
  - alias: restless
    use_blueprint:
      path: nocturne/restless.yaml
      input:
        sleeper: sensor.bed1_care
        minutes: 0
        tell:
          - action: mqtt.publish
            data: {{topic: told, payload: "{{{{ states('sensor.bed1_care') }}}}"}}
  - alias: acknowledge
    use_blueprint: {{path: nocturne/acknowledge.yaml}}
""")
        self.start()
        self.onboard()
        flow = self.post("/api/config/config_entries/flow", {"handler": "mqtt"})
        there = {"broker": "127.0.0.1", "port": broker_port}
        done = self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", there)
        assert done["type"] == "create_entry", done
        # It was loaded before there was MQTT to trigger it, and a reload leaves alone what hasn't
        # changed.
        self.call("automation/turn_off", "automation.acknowledge")
        self.call("automation/turn_on", "automation.acknowledge")

    def start(self):
        with open(self.folder / "out.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-c", self.folder, "--skip-pip"], stdout=log, stderr=log
            )
        assert soon(self.answers, 120), (self.folder / "out.log").read_text()[-3000:]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def answers(self):
        try:
            self.request("/api/onboarding" if not self.token else "/api/")
            return True
        except OSError:
            return False

    def request(self, path, data=None, form=False):
        body = (
            None
            if data is None
            else urllib.parse.urlencode(data).encode()
            if form
            else json.dumps(data).encode()
        )
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        headers = {"Content-Type": kind} | (
            {"Authorization": f"Bearer {self.token}"} if self.token else {}
        )
        try:
            with urllib.request.urlopen(
                urllib.request.Request(self.url + path, body, headers), timeout=30
            ) as answer:
                return answer.read()
        except urllib.error.HTTPError as trouble:
            raise AssertionError(f"{path}: {trouble.code} {trouble.read()[:500]}") from trouble

    def post(self, path, data):
        return json.loads(self.request(path, data))

    def onboard(self):
        person = {
            "client_id": self.url + "/",
            "name": "Ada",
            "username": "ada",
            "password": "correct horse",
            "language": "en",
        }
        code = self.post("/api/onboarding/users", person)["auth_code"]
        grant = {"grant_type": "authorization_code", "code": code, "client_id": self.url + "/"}
        self.token = json.loads(self.request("/auth/token", grant, form=True))["access_token"]
        self.post("/api/onboarding/core_config", {})

    def states(self):
        return {state["entity_id"]: state for state in json.loads(self.request("/api/states"))}

    def state(self, entity):
        return self.states().get(entity, {}).get("state")

    def call(self, service, entity, **data):
        self.request(f"/api/services/{service}", {"entity_id": entity, **data})


@pytest.fixture(scope="module")
def world(hass, tmp_path_factory):
    """(Home Assistant, broker, folder)"""
    from kit import mosquitto
    if mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: nothing of Home Assistant is tested")
    folder = tmp_path_factory.mktemp("hass")
    broker = mosquitto.Mosquitto(folder / "broker").start()
    assistant = HomeAssistant(hass, folder, broker.port)
    yield assistant, broker, folder
    assistant.stop()
    broker.stop()


@pytest.fixture
def bed(world, inbox):
    """(Home Assistant, a bed that obeys at once)"""
    assistant, broker, folder = world
    home = Home(
        Settings(host="127.0.0.1", port=broker.port, bed="bed1"), inbox, SystemClock(), FACTS
    )
    home.chance.uniform = lambda low, high: low
    home.start()
    home.tell(STATE)
    assert soon(lambda: assistant.state("switch.bed1_sound") == "off", 30), (
        folder / "out.log"
    ).read_text()[-3000:]
    yield assistant, home
    home.stop()


def test_every_entity_appears_with_its_state(bed):
    assistant, _ = bed
    expected = {f"{c['p']}.bed1_{key}" for key, c in payload("bed1", FACTS)["cmps"].items()}
    assert soon(lambda: expected <= set(assistant.states()), 20), expected - set(assistant.states())
    shown = {
        "sensor.bed1_session": "sleeping",
        "sensor.bed1_care": "settled",
        "number.bed1_volume": "40",
        "select.bed1_programme": "auto",
        "text.bed1_alarm": "07:00",
        "text.bed1_quiet_from": "22:00",
        "sensor.bed1_sol": "15",
        "sensor.bed1_wakings": "one_or_two",
        "sensor.bed1_quality": "90",
        "sensor.bed1_temperature": "41.2",
        "binary_sensor.bed1_occupancy": "on",
        "binary_sensor.bed1_clock_synced": "on",
        "sensor.bed1_lights_out": "2025-12-31T22:00:00+00:00",
        "update.bed1_firmware": "on",
        "light.bed1_light": "off",
    }

    def differing():
        states = assistant.states()
        return {
            entity: states[entity]["state"]
            for entity in shown
            if states[entity]["state"] != shown[entity]
        }

    assert soon(lambda: not differing()), differing()
    assert soon(lambda: assistant.state("image.bed1_picture") not in (None, "unknown"))
    where = assistant.states()["image.bed1_picture"]["attributes"]["entity_picture"]

    def image():
        try:
            return assistant.request(where)
        # it says 500 while it has a time of the image, but no image yet
        except AssertionError as trouble:
            return trouble
    assert soon(lambda: image() == STATE["picture"]), image()


COMMANDS = [
    ("switch/turn_on", "switch.bed1_sound", {}, "sound", True),
    ("switch/turn_off", "switch.bed1_sound", {}, "sound", False),
    ("number/set_value", "number.bed1_volume", {"value": 35}, "volume", 0.35),
    ("number/set_value", "number.bed1_volume_cap", {"value": 70}, "volume_cap", 0.7),
    ("number/set_value", "number.bed1_timer", {"value": 45}, "timer", 45.0),
    ("select/select_option", "select.bed1_programme", {"option": "rain"}, "programme", "rain"),
    ("text/set_value", "text.bed1_alarm", {"value": "06:30"}, "alarm", 390),
    ("text/set_value", "text.bed1_alarm", {"value": "off"}, "alarm", None),
    ("text/set_value", "text.bed1_quiet_from", {"value": "21:00"}, "quiet_from", 1260),
    ("text/set_value", "text.bed1_quiet_to", {"value": "06:00"}, "quiet_to", 360),
    (
        "text/set_value",
        "text.bed1_say",
        {"value": "warm rain, no bells"},
        "say",
        "warm rain, no bells",
    ),
    ("switch/turn_on", "switch.bed1_privacy", {}, "privacy", True),
    ("switch/turn_on", "switch.bed1_sharing", {}, "sharing", True),
    ("light/turn_on", "light.bed1_light", {"brightness": 128}, "light", 0.51),
    ("light/turn_on", "light.bed1_light", {}, "light", 0.2),
    ("light/turn_off", "light.bed1_light", {}, "light", 0.0),
    ("button/press", "button.bed1_stop", {}, "stop", None),
    ("button/press", "button.bed1_identify", {}, "identify", None),
    (
        "notify/send_message",
        "notify.bed1_message",
        {"message": 'Sleep "well", Ada\'s bear'},
        "message",
        'Sleep "well", Ada\'s bear',
    ),
    ("update/install", "update.bed1_firmware", {}, "firmware", None),
]


def test_every_command_arrives_with_an_id_and_30_s_to_live(bed, inbox):
    assistant, home = bed
    assert {kind for *_, kind, _ in COMMANDS} == set(KINDS)
    for service, entity, data, kind, value in COMMANDS:
        assistant.call(service, entity, **data)
        command = inbox.get(timeout=10)
        assert (command.kind, command.value) == (kind, value)
        # Home Assistant has no template for that one
        assert bool(command.id) == (kind != "firmware")
    assert home.refused == 0


def test_a_state_is_shown_only_when_the_device_says_so(bed, inbox):
    assistant, home = bed
    assistant.call("switch/turn_on", "switch.bed1_sound")
    inbox.get(timeout=10)
    time.sleep(0.5)
    assert assistant.state("switch.bed1_sound") == "off"
    home.tell({"sound": True})
    assert soon(lambda: assistant.state("switch.bed1_sound") == "on")


def test_a_button_press_and_a_restless_sleeper_are_noticed(bed, world):
    from tests.home.around import Listener
    assistant, home = bed
    listener = Listener(world[1].port, "told")
    home.event("button", {"event_type": "double"})
    assert soon(
        lambda: assistant.states()["event.bed1_button"]["attributes"].get("event_type") == "double"
    )
    home.tell({"care": "restless"})
    assert soon(lambda: listener.last("told") == b"restless")
    listener.close()


def test_where_home_assistant_is_alone_it_acknowledges_events(bed):
    _, home = bed
    assert home.event("night", {"sol": 12})
    assert soon(lambda: home.outbox.counts()["acknowledged"] == 1)


def test_blueprints_and_dashboard_are_loaded(bed):
    websocket = pytest.importorskip(
        "websocket", reason="no websocket-client: the dashboard is not tested"
    )
    assistant, _ = bed
    states = assistant.states()
    assert [
        states[f"automation.{name}"]["state"] for name in ("bedtime", "restless", "acknowledge")
    ] == ["on"] * 3
    socket = websocket.create_connection(assistant.url.replace("http", "ws") + "/api/websocket")
    socket.recv()
    socket.send(json.dumps({"type": "auth", "access_token": assistant.token}))
    assert json.loads(socket.recv())["type"] == "auth_ok"
    socket.send(json.dumps({"id": 1, "type": "lovelace/config", "url_path": "nocturne-bed"}))
    answer = json.loads(socket.recv())
    socket.close()
    assert answer["success"], answer
    entities = {entity["entity"] for view in answer["result"]["views"] for card in view["cards"]
                for entity in card.get("entities", [{"entity": card.get("entity")}])}
    assert entities <= set(states), entities - set(states)


def test_the_bedtime_routine_sets_volume_programme_and_sound(bed, inbox):
    assistant, _ = bed
    assistant.call("automation/trigger", "automation.bedtime")
    got = [inbox.get(timeout=10) for _ in range(3)]
    assert [(c.kind, c.value) for c in got] == [
        ("volume", 0.4),
        ("programme", "rain"),
        ("sound", True),
    ]


def test_a_dead_device_is_shown_as_unavailable_and_comes_back(bed, inbox, world):
    assistant, home = bed
    home._goodbye = home.link.cut        # as a power cut: no DISCONNECT
    home.stop()
    assert soon(lambda: assistant.state("switch.bed1_sound") == "unavailable", 20)
    again = Home(home.settings, inbox, SystemClock(), FACTS)
    again.start()
    again.tell(STATE)
    assert soon(lambda: assistant.state("switch.bed1_sound") == "off", 20)
    again.stop()


def test_home_assistant_restarts_and_knows_everything_again(bed):
    assistant, home = bed
    assistant.stop()
    home.tell({"volume": 0.25})
    assistant.start()
    assert soon(lambda: assistant.state("number.bed1_volume") == "25", 40)
    assert assistant.state("sensor.bed1_session") == "sleeping"


def test_removal_leaves_nothing_behind(bed):
    assistant, home = bed
    home.remove()
    assert soon(lambda: not any("bed1_" in entity for entity in assistant.states()), 20)
