"""Real Home Assistants, an older and a newer one, each in a virtual environment of its own, driven
by their public API only.
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
from device.home.entities import DAYS
from device.home.mqtt import Home
from device.home.payloads import NO_PICTURE
from device.home.settings import DeviceFacts, Settings
from kit.mosquitto import free_port
from tests.home.around import soon

pytestmark = pytest.mark.full
VERSIONS = {"2025.4.4": "3.13", "2026.11.0": "3.14"}     # → the Python it wants
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
    "conversation",
    "persistent_notification",
    "hassio",           # MQTT's dialogue imports it
    "infrared",         # and the newer one these
    "radio_frequency",
)
# What the parts named above need beside Home Assistant itself; it would install them at its start.
REQUIREMENTS = f"""
import json, pathlib, homeassistant
base = pathlib.Path(homeassistant.__file__).parent / "components"
todo, done, needs = list({NEEDS}), set(), set()
while todo:
    if (name := todo.pop()) not in done and (base / name).exists():
        done.add(name)
        manifest = json.loads((base / name / "manifest.json").read_text())
        needs.update(manifest.get("requirements", []))
        todo += manifest.get("dependencies", [])
print(*sorted(needs))
"""
FACTS = DeviceFacts("Nocturne bedside", "Bedroom", "https://hub.local:8480", "1000",
                    programmes=("auto", "rain"), occupancy=True, detail=True)
STATE = {
    "session": "sleeping",
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
    "radio_restarts": 1,
    "temperature": 41.2,
    "clock_synced": True,
    "picture": b"\x89PNG\r\n\x1a\n",
    "next_alarm": 1.7672472e9,
    "heart_rate": 57.3,
    "breathing": 14.2,
    "stage": "deep",
    "night": {"long_wakings": 1, "light_sleep": 240.0, "deep_sleep": 90.0, "rem_sleep": 100.0,
              "efficiency": 91.2, "mean_heart_rate": 56.1, "lowest_heart_rate": 48.0,
              "rmssd": 42.0, "sound_minutes": 25.5},
    "summary": {
        "sol": 14,
        "tst": 430,
        "waso": 25,
        "wakings": 2,
        "lights_out": 1.7672184e9,
        "out_of_bed": 1.7672472e9,
    },
}


def python(version):
    names = [
        shutil.which(f"python{version}"),
        *sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}")),
    ]
    return next((str(name) for name in names if name and subprocess.run(
        [name, "-c", "import ensurepip"], capture_output=True).returncode == 0), None)


@pytest.fixture(scope="module", params=VERSIONS)
def hass(request):
    """The program `hass`, installed in build/home-assistant if it isn't yet (some minutes)."""
    version = request.param
    folder = Path(os.environ.get("NOCTURNE_HOME_ASSISTANT", ROOT / "build" / "home-assistant"))
    venv = folder / version
    program = venv / "bin" / "hass"
    if not (venv / "ready").exists():
        program_of_it = python(VERSIONS[version])
        if program_of_it is None:
            pytest.skip(
                f"no Python {VERSIONS[version]} on this machine: "
                f"nothing is tested against Home Assistant {version}"
            )

        def pip(*what):
            if subprocess.run([venv / "bin" / "pip", "install", "--quiet", *what]).returncode:
                pytest.skip(
                    f"Home Assistant {version} can't be installed here: "
                    "nothing is tested against it"
                )

        subprocess.run([program_of_it, "-m", "venv", venv], check=True)
        pip(f"homeassistant=={version}")
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
        self.version = program.parent.parent.name
        self.program, self.folder, self.port = program, folder, free_port()
        self.url, self.token = f"http://127.0.0.1:{self.port}", ""
        blueprints = folder / "blueprints" / "automation" / "nocturne"
        shutil.copytree(ASSISTANT / "blueprints", blueprints)
        shutil.copytree(ASSISTANT / "custom_sentences", folder / "custom_sentences")
        for name, beds in (("dashboard", {"bedside": "bed1"}),
                           ("dashboard_two_beds", {"left": "bed1", "right": "bed2"})):
            text = (ASSISTANT / f"{name}.yaml").read_text()
            for old, new in beds.items():
                text = text.replace(f".{old}_", f".{new}_").replace(f"path: {old}", f"path: {new}")
            (folder / f"{name}.yaml").write_text(text)
        (folder / "configuration.yaml").write_text(f"""
http: {{server_host: 127.0.0.1, server_port: {self.port}}}
api:
config:
onboarding:
conversation:
persistent_notification:
recorder: {{commit_interval: 1}}
lovelace:
  dashboards:
    nocturne-bed: {{mode: yaml, title: Nocturne, filename: dashboard.yaml}}
    nocturne-beds: {{mode: yaml, title: Nocturnes, filename: dashboard_two_beds.yaml}}
automation:
  - alias: bedtime
    use_blueprint:
      path: nocturne/bedtime.yaml
      input:
        sound: switch.bed1_sound
        volume: number.bed1_volume
        programme: select.bed1_programme
        choice: rain
  - alias: misspelt
    use_blueprint:
      path: nocturne/bedtime.yaml
      input:
        sound: switch.bed1_sound
        volume: number.bed1_volume
        programme: select.bed1_programme
        choice: rian
  - alias: quality
    use_blueprint:
      path: nocturne/quality.yaml
      input:
        quality: sensor.bed1_quality
        session: sensor.bed1_session
        minutes: 0
        tell:
          - action: mqtt.publish
            data: {{topic: seen, payload: "{{{{ states('sensor.bed1_quality') }}}}"}}
  - alias: restless
    use_blueprint:
      path: nocturne/restless.yaml
      input:
        sleeper: sensor.bed1_care
        minutes: 0.05
        tell:
          - action: mqtt.publish
            data: {{topic: told, payload: "{{{{ state_attr('sensor.bed1_care', 'code') }}}}"}}
  - alias: acknowledge
    use_blueprint: {{path: nocturne/acknowledge.yaml}}
""")
        self.start()
        self.onboard()
        flow = self.post("/api/config/config_entries/flow", {"handler": "mqtt"})
        there = {"broker": "127.0.0.1", "port": broker_port}
        if any(field["name"] == "other_settings" for field in flow["data_schema"]):
            there["other_settings"] = OTHER_SETTINGS
        done = self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", there)
        assert done["type"] == "create_entry", done
        # It was loaded before there was MQTT to trigger it, and a reload leaves alone what hasn't
        # changed.
        assert soon(lambda: self.state("automation.acknowledge"), 60), self.logged()
        self.call("automation/turn_off", "automation.acknowledge")
        self.call("automation/turn_on", "automation.acknowledge")

    def start(self):
        with open(self.folder / "out.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-c", self.folder, "--skip-pip"], stdout=log, stderr=log
            )
        assert soon(self.answers, 120), (self.folder / "out.log").read_text()[-3000:]

    def logged(self):
        return (self.folder / "out.log").read_text()[-3000:]

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


def image(assistant, where):
    try:
        return assistant.request(where)
    # it says 500 while it has a time of the image, but no image yet
    except AssertionError as trouble:
        return trouble


def test_before_the_first_night_there_is_a_picture_and_no_error(world, inbox):
    assistant, broker, _ = world
    home = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed0"), inbox, SystemClock(),
                DeviceFacts())
    home.start()
    home.tell({**STATE, "picture": None})
    assert soon(lambda: assistant.state("image.bed0_picture") not in (None, "unknown"), 30)
    where = assistant.states()["image.bed0_picture"]["attributes"]["entity_picture"]
    assert soon(lambda: image(assistant, where) == NO_PICTURE), image(assistant, where)
    home.remove()
    assert soon(lambda: not any("bed0_" in entity for entity in assistant.states()), 20)
    home.stop()


@pytest.fixture
def bed(world, inbox):
    """(Home Assistant, a bed that obeys at once)"""
    assistant, broker, folder = world
    home = Home(
        Settings(host="127.0.0.1", port=broker.port, bed="bed1", detail=True), inbox,
        SystemClock(), FACTS
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
        "sensor.bed1_session": "Sleeping",
        "sensor.bed1_care": "Settled",
        "sensor.bed1_stage": "Deep sleep",
        "sensor.bed1_heart_rate": "57.3",
        "sensor.bed1_breathing": "14.2",
        "sensor.bed1_tst": "7.17",
        "sensor.bed1_deep_sleep": "1.5",
        "sensor.bed1_efficiency": "91.2",
        "sensor.bed1_lowest_heart_rate": "48.0",
        "sensor.bed1_sound_minutes": "25.5",
        "sensor.bed1_next_alarm": "2026-01-01T06:00:00+00:00",
        "number.bed1_volume": "40",
        "select.bed1_programme": "auto",
        "text.bed1_alarm": "07:00",
        "text.bed1_quiet_from": "22:00",
        "sensor.bed1_sol": "15",
        "sensor.bed1_wakings": "One or two",
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
    assert soon(lambda: image(assistant, where) == STATE["picture"]), image(assistant, where)


# The newer one asks for them, if only for their defaults.
OTHER_SETTINGS = {"set_client_cert": False, "set_ca_cert": "off"}
AUTOMATIONS = ("bedtime", "misspelt", "restless", "quality", "acknowledge")
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
    ("button/press", "button.bed1_restart", {}, "restart", None),
    ("text/set_value", "text.bed1_zone", {"value": "Europe/Berlin"}, "zone", "Europe/Berlin"),
    ("text/set_value", "text.bed1_alarm_once", {"value": "06:45"}, "alarm_once", 405),
    *(("text/set_value", f"text.bed1_alarm_{day}", {"value": "daily"}, f"alarm_{day}", -2)
      for day in DAYS),
    ("select/select_option", "select.bed1_choose", {"option": "no bells"}, "choose", "no bells"),
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
    home.tell({"choices": ("no bells", "bells please")})
    assert soon(lambda: "no bells" in assistant.states()["select.bed1_choose"]["attributes"].get(
        "options", ()), 20)
    for service, entity, data, kind, value in COMMANDS:
        assistant.call(service, entity, **data)
        command = inbox.get(timeout=10)
        assert (command.kind, command.value) == (kind, value)
        # Home Assistant has no template for that one
        assert bool(command.id) == (kind != "firmware")
    assert home.refused == 0


def test_where_times_are_known_the_alarm_is_one(bed, inbox):
    assistant, _ = bed
    if assistant.version == "2025.4.4":
        assert not any(entity.startswith("time.") for entity in assistant.states())
        return
    assert soon(lambda: assistant.state("time.bed1_alarm") == "07:00:00", 20)
    assistant.call("time/set_value", "time.bed1_alarm", time="06:15:00")
    command = inbox.get(timeout=10)
    assert (command.kind, command.value) == ("alarm", 375)


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
    home.event("waking", {"event_type": "snooze"})
    assert soon(
        lambda: assistant.states()["event.bed1_waking"]["attributes"].get("event_type") == "snooze"
    )
    for n in range(8):              # 8 s, alternating each second; three in a row are asked for
        home.teller.grant()
        home.tell({"care": ("restless", "needs_checking")[n % 2]})
        time.sleep(1.0)
    assert soon(lambda: listener.last("told") in (b"restless", b"needs_checking"))
    listener.close()


def test_low_sensor_quality_is_told(bed, world):
    from tests.home.around import Listener
    assistant, home = bed
    listener = Listener(world[1].port, "seen")
    home.tell({"quality": 0.2})
    home.teller.forget()                # as a quarter of an hour later
    assert soon(lambda: listener.last("seen") == b"20", 20), assistant.state("sensor.bed1_quality")
    home.tell({"quality": 0.9})
    listener.close()


def test_a_refusal_stands_in_the_problems_text(bed, inbox):
    assistant, home = bed
    home.link.publish("nocturne/bed1/cmd/volume", b'{"value": 1000, "id": "a"}')
    assert soon(lambda: "no number from 0 to 100" in (assistant.state("sensor.bed1_error") or ""))
    assert "no number from 0 to 100" in assistant.state("sensor.bed1_heard")
    home.tell({"error": None, "heard": ("volume", "b", "")})
    assert soon(lambda: assistant.state("sensor.bed1_heard") == "volume: done")


def test_assist_starts_and_stops_it_by_its_name(bed, inbox):
    assistant, _ = bed
    for words, value in (("turn on Nocturne bedside", True), ("turn off Nocturne bedside", False),
                         ("start Nocturne bedside", True), ("stop Nocturne bedside", False)):
        said = assistant.post("/api/conversation/process", {"text": words, "language": "en"})
        assert said["response"]["response_type"] != "error", (words, said)
        command = inbox.get(timeout=10)
        assert (command.kind, command.value) == ("sound", value), words


def test_what_statistics_are_made_of_is_marked_so(bed):
    assistant, _ = bed
    states = assistant.states()
    for name in ("tst", "sol", "waso", "deep_sleep", "efficiency", "mean_heart_rate", "rmssd"):
        shown = states[f"sensor.bed1_{name}"]["attributes"]
        assert shown["state_class"] == "measurement" and shown["unit_of_measurement"], name


def test_who_turns_details_off_leaves_none_behind(bed, inbox, world):
    assistant, home = bed
    home.stop()
    plain = Home(Settings(host="127.0.0.1", port=world[1].port, bed="bed1"), inbox, SystemClock(),
                 DeviceFacts("Nocturne bedside", programmes=("auto", "rain")))
    plain.start()
    plain.tell(STATE)
    gone = ("sensor.bed1_heart_rate", "sensor.bed1_deep_sleep", "binary_sensor.bed1_occupancy")
    assert soon(lambda: not set(gone) & set(assistant.states()), 20)
    assert "sensor.bed1_tst" in assistant.states()
    plain.stop()


def test_two_beds_are_told_apart(bed, inbox, world):
    assistant, home = bed
    other = Home(Settings(host="127.0.0.1", port=world[1].port, bed="bed2"), inbox, SystemClock(),
                 DeviceFacts())
    other.start()
    other.tell({**STATE, "session": "waking"})
    assert soon(lambda: assistant.state("sensor.bed2_session") == "Waking", 20)
    assert assistant.state("sensor.bed1_session") == "Sleeping"
    names = {assistant.states()[f"switch.{name}_sound"]["attributes"]["friendly_name"]
             for name in ("bed1", "bed2")}
    assert names == {"Nocturne bedside", "Nocturne bed2"}
    whole = dashboard(assistant, "nocturne-beds")
    assert {view["path"] for view in whole["views"]} == {"bed1", "bed2"}
    assert soon(lambda: shown_on(whole) <= set(assistant.states()), 10), (
        shown_on(whole) - set(assistant.states()))
    assistant.call("switch/turn_on", "switch.bed2_sound")
    assert soon(lambda: not inbox.empty()) and inbox.get().kind == "sound"
    other.remove()
    assert soon(lambda: not any("bed2_" in entity for entity in assistant.states()), 20)
    other.stop()


def test_where_home_assistant_is_alone_it_acknowledges_events(bed):
    _, home = bed
    assert home.event("night", {"sol": 12})
    assert soon(lambda: home.outbox.counts()["acknowledged"] == 1)


def test_blueprints_and_dashboard_are_loaded(bed):
    pytest.importorskip(
        "websocket", reason="no websocket-client: the dashboard is not tested"
    )
    assistant, _ = bed
    states = assistant.states()
    assert [
        states[f"automation.{name}"]["state"] for name in AUTOMATIONS
    ] == ["on"] * len(AUTOMATIONS)
    whole = dashboard(assistant, "nocturne-bed")
    assert shown_on(whole) <= set(states), shown_on(whole) - set(states)
    assert all(view["type"] == "sections" for view in whole["views"])


def dashboard(assistant, name):
    import websocket
    socket = websocket.create_connection(assistant.url.replace("http", "ws") + "/api/websocket")
    socket.recv()
    socket.send(json.dumps({"type": "auth", "access_token": assistant.token}))
    assert json.loads(socket.recv())["type"] == "auth_ok"
    socket.send(json.dumps({"id": 1, "type": "lovelace/config", "url_path": name}))
    answer = json.loads(socket.recv())
    socket.close()
    assert answer["success"], answer
    return answer["result"]


def shown_on(thing):
    """Every entity that a dashboard names."""
    if isinstance(thing, list):
        return set().union(*map(shown_on, thing))
    if not isinstance(thing, dict):
        return set()
    mine = {thing["entity"]} if isinstance(thing.get("entity"), str) else set()
    mine |= {each for each in thing.get("entities", ()) if isinstance(each, str)}
    return mine.union(*(shown_on(each) for each in thing.values()))


def test_no_switch_in_a_header_turns_on_privacy_and_consent_at_once():
    yaml = pytest.importorskip("yaml", reason="no PyYAML: the dashboards are not read")
    for name in ("dashboard", "dashboard_two_beds"):
        whole = yaml.safe_load((ASSISTANT / f"{name}.yaml").read_text())
        cards = [card for view in whole["views"] for section in view["sections"]
                 for card in section["cards"] if card["type"] == "entities"]
        assert cards and all(card["show_header_toggle"] is False for card in cards)


def test_the_bedtime_routine_sets_volume_programme_and_sound(bed, inbox):
    assistant, _ = bed
    assistant.call("automation/trigger", "automation.bedtime")
    got = [inbox.get(timeout=10) for _ in range(3)]
    assert [(c.kind, c.value) for c in got] == [
        ("volume", 0.4),
        ("programme", "rain"),
        ("sound", True),
    ]


def test_a_misspelt_programme_is_told_and_the_bedtime_goes_on(bed, inbox):
    websocket = pytest.importorskip("websocket")
    assistant, _ = bed
    assistant.call("automation/trigger", "automation.misspelt")
    got = [inbox.get(timeout=10) for _ in range(2)]
    assert [(c.kind, c.value) for c in got] == [("volume", 0.4), ("sound", True)]
    socket = websocket.create_connection(assistant.url.replace("http", "ws") + "/api/websocket")
    socket.recv()
    socket.send(json.dumps({"type": "auth", "access_token": assistant.token}))
    socket.recv()
    socket.send(json.dumps({"id": 1, "type": "persistent_notification/get"}))
    told = json.loads(socket.recv())["result"]
    socket.close()
    assert any("no programme “rian”" in each["message"] for each in told), told


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
    assert soon(lambda: assistant.state("sensor.bed1_session") == "Sleeping")


def test_removal_leaves_nothing_behind(bed):
    assistant, home = bed
    home.remove()
    assert soon(lambda: not any("bed1_" in entity for entity in assistant.states()), 20)
