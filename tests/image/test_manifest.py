"""The manifest that Raspberry Pi Imager 2 opens: by its schema, and true of the files beside it."""

import gzip
import hashlib
import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from image import manifest, recipe

# What doc/json-schema/os-list-schema.json of raspberrypi/rpi-imager (Apache-2.0) asks of an image;
# the values of init_format and of capabilities are those of src/oslistparser.cpp and of
# doc/local_json/create_local_json.py, the boards' fields those that src/hwlistmodel.cpp reads.
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
TEXT, SIZE = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 1}
TEXTS = {"type": "array", "items": TEXT}
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object", "required": ["os_list"], "additionalProperties": False,
    "properties": {
        "imager": {
            "type": "object", "required": ["devices"], "additionalProperties": False,
            "properties": {
                **{name: TEXT for name in ("latest_version", "url", "default_os",
                                           "embedded_default_os", "embedded_default_destination")},
                "devices": {"type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["name", "tags", "icon", "matching_type"],
                    "properties": {"name": TEXT, "description": TEXT, "icon": TEXT, "tags": TEXTS,
                                   "capabilities": TEXTS, "architecture": TEXT,
                                   "matching_type": {"enum": ["exclusive", "inclusive"]},
                                   "default": {"type": "boolean"}}}},
            },
        },
        "os_list": {"type": "array", "minItems": 1, "items": {
            "type": "object",
            "required": ["name", "description", "icon", "url", "extract_size", "extract_sha256",
                         "image_download_size", "release_date", "devices"],
            "properties": {
                "name": TEXT, "description": TEXT, "icon": TEXT,
                "url": {"type": "string", "pattern": r"^(file|https?)://.+\.(img|zip|gz|xz|zst)$"},
                "extract_size": SIZE, "extract_sha256": SHA256,
                "image_download_size": SIZE, "image_download_sha256": SHA256,
                "release_date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
                "init_format": {"enum": ["", "none", "systemd", "cloudinit", "cloudinit-rpi",
                                         "rpi-preseed"]},
                "website": TEXT, "architecture": TEXT, "devices": TEXTS,
                "capabilities": {"type": "array", "items": {
                    "enum": ["i2c", "onewire", "passwordless_sudo", "rpi_connect", "secure_boot",
                             "serial", "spi", "usb_otg"]}},
            },
        }},
    },
}


@pytest.fixture
def image(tmp_path):
    folder = tmp_path / "Bett & Zoë"
    folder.mkdir()
    file = folder / "nocturne.img"
    file.write_bytes(b"the whole card" * 1000)
    return file


@pytest.mark.parametrize("address", ["", "https://example.org/images/"])
def test_imager_takes_the_manifest_and_it_is_true_of_the_image(image, address):
    told = json.loads(manifest.write(image, "0.2.0.7", 1_784_124_660, address).read_text())
    jsonschema.validate(told, SCHEMA)
    (entry,) = told["os_list"]
    assert entry["extract_size"] == 14_000
    assert entry["extract_sha256"] == hashlib.sha256(b"the whole card" * 1000).hexdigest()
    assert entry["release_date"] == "2026-07-15"
    file = image.with_name(entry["url"].rpartition("/")[2])
    assert entry["image_download_size"] == file.stat().st_size
    assert entry["image_download_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (gzip.decompress(file.read_bytes()) if address else file.read_bytes()) == (
        b"the whole card" * 1000)
    for part in (entry["url"], entry["icon"]):
        where = urlsplit(part)
        if address:
            assert part.startswith("https://example.org/images/") and "//" not in where.path
        else:
            assert where.scheme == "file" and Path(unquote(where.path)).is_file()


def test_every_board_that_it_offers_finds_the_image(image):
    told = manifest.manifest(image, image, "0.2.0.7", 0)
    (entry,) = told["os_list"]
    assert all(set(board["tags"]) & set(entry["devices"]) for board in told["imager"]["devices"])
    assert [board["default"] for board in told["imager"]["devices"]].count(True) == 1
    named = " ".join(recipe.BOARDS)
    assert all(f"rpi-{board['name'].split('Pi ')[1].lower().replace(' ', '-')}" in named
               for board in told["imager"]["devices"])
