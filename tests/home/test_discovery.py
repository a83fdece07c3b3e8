import json
import re

from device.home.commands import KINDS
from device.home.discovery import payload
from device.home.fields import FIELDS
from device.home.settings import DeviceFacts

WHOLE = payload("bed1", DeviceFacts(programmes=("auto", "rain"), cap=80, occupancy=True))
PLATFORMS = {
    "switch",
    "number",
    "select",
    "text",
    "light",
    "button",
    "notify",
    "sensor",
    "binary_sensor",
    "event",
    "image",
    "update",
}


def test_the_root_holds_only_what_both_versions_accept():
    assert set(WHOLE) == {"dev", "o", "availability_topic", "cmps"} and "url" not in WHOLE["o"]


def test_every_component_has_platform_unique_id_and_quality_of_service():
    ids = [component["unique_id"] for component in WHOLE["cmps"].values()]
    assert len(set(ids)) == len(ids)
    for key, component in WHOLE["cmps"].items():
        assert component["p"] in PLATFORMS and component["qos"] == 1, key
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", component["unique_id"]) and re.fullmatch(
            r"[a-zA-Z0-9_-]+", key
        )


def test_every_topic_is_one_that_the_device_writes_or_reads():
    for key, component in WHOLE["cmps"].items():
        for name, value in component.items():
            if name in ("state_topic", "image_topic"):
                assert value.removeprefix("nocturne/bed1/state/") in {
                    *FIELDS,
                    "nocturne/bed1/event/button",
                }, key
            elif name == "command_topic":
                assert value.removeprefix("nocturne/bed1/cmd/") in KINDS, key


def test_every_command_kind_can_be_sent_from_home_assistant():
    assert {
        c["command_topic"].rsplit("/", 1)[1] for c in WHOLE["cmps"].values() if "command_topic" in c
    } == set(KINDS)


def test_nothing_is_optimistic_or_retained_and_only_periodic_sensors_expire():
    for key, component in WHOLE["cmps"].items():
        assert not component.get("optimistic") and not component.get("retain"), key
        assert ("expire_after" in component) == (
            component.get("state_topic") == "nocturne/bed1/state/diagnostics"
        ), key


def test_the_owners_ceiling_is_the_most_that_anyone_can_set_from_afar():
    assert WHOLE["cmps"]["volume_cap"]["max"] == 80


def test_occupancy_is_claimed_only_with_a_real_sensor():
    assert (
        "occupancy" in WHOLE["cmps"] and "occupancy" not in payload("bed1", DeviceFacts())["cmps"]
    )


def test_it_is_json_of_a_size_that_any_broker_takes():
    assert len(json.dumps(WHOLE)) < 32_768
