import json
import re

from device.home.commands import KINDS
from device.home.discovery import payload
from device.home.entities import LAST_NIGHT, SUMMARY, VITALS
from device.home.fields import FIELDS, plane
from device.home.settings import DeviceFacts

WHOLE = payload("bed1", DeviceFacts(programmes=("auto", "rain"), cap=80, occupancy=True,
                                    detail=True))
PLAIN = payload("bed1", DeviceFacts())
DETAILED = {*VITALS, *LAST_NIGHT}
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
                assert value in {
                    *(f"nocturne/bed1/{plane(field)}/{field}" for field in FIELDS),
                    "nocturne/bed1/event/button", "nocturne/bed1/event/waking",
                    "nocturne/bed1/state/heard",
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
            component.get("state_topic") in ("nocturne/bed1/state/diagnostics",
                                             "nocturne/bed1/detail/vitals")
        ), key


def test_the_owners_ceiling_is_the_most_that_anyone_can_set_from_afar():
    assert WHOLE["cmps"]["volume_cap"]["max"] == 80


def test_occupancy_is_claimed_only_with_a_real_sensor():
    assert "name" in WHOLE["cmps"]["occupancy"]
    assert PLAIN["cmps"]["occupancy"] == {"p": "binary_sensor"}      # which removes it


def test_what_was_measured_is_shown_only_where_the_owner_wants_it():
    for key in DETAILED:
        assert WHOLE["cmps"][key]["state_topic"].startswith("nocturne/bed1/detail/"), key
        assert PLAIN["cmps"][key] == {"p": "sensor"}, key
    assert not any("detail/" in str(component) for component in PLAIN["cmps"].values())


def test_what_is_measured_has_what_long_term_statistics_want():
    for key in (*DETAILED, "sol", "tst", "waso"):
        component = WHOLE["cmps"][key]
        if component.get("device_class") != "enum":
            assert component["state_class"] == "measurement", key
            assert "unit_of_measurement" in component or key == "long_wakings", key
            assert "suggested_display_precision" in component, key
    assert WHOLE["cmps"]["tst"]["unit_of_measurement"] == "h"
    assert {WHOLE["cmps"][key]["device_class"] for key in ("sol", "tst", "waso")} == {"duration"}
    assert set(SUMMARY) >= {"sol", "tst", "waso", "wakings"}


def test_a_choice_is_shown_in_words_and_its_code_stays_for_automations():
    for key, component in WHOLE["cmps"].items():
        if component.get("device_class") == "enum":
            assert all("_" not in option for option in component["options"]), key
            assert "code" in component["json_attributes_template"], key
    assert "Winding down" in WHOLE["cmps"]["session"]["options"]


def test_the_device_has_a_name_of_its_own_and_tells_where_it_stands_if_that_is_known():
    assert PLAIN["dev"]["name"] == "Nocturne bed1" != payload("bed2", DeviceFacts())["dev"]["name"]
    assert not {"sa", "sn", "cu"} & set(PLAIN["dev"])
    facts = DeviceFacts("Ada's", "Bedroom", "https://hub.local:8480", "10000000abcd")
    told = payload("bed1", facts)["dev"]
    assert (told["name"], told["sa"], told["cu"], told["sn"]) == (
        "Ada's", "Bedroom", "https://hub.local:8480", "10000000abcd")
    assert WHOLE["cmps"]["sound"]["name"] is None       # it is called as the device is


def test_it_is_json_of_a_size_that_any_broker_takes():
    assert len(json.dumps(WHOLE)) < 40_000
