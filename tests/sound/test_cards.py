"""Cards as people have them, on a PortAudio that is made up."""

import sys
from types import SimpleNamespace

import pytest

from device.errors import SoundError
from device.sound import player


class Cards:
    """PortAudio with these output devices (name, channels), as ALSA's plug shows them: any rate and
    any number of channels, where the environment asks for it as it starts."""

    class PortAudioError(Exception):
        pass

    def __init__(self, *cards: tuple[str, int], rate: int = 48_000):
        self.cards, self.rate, self.plug, self.opened = cards, rate, False, None

    def _terminate(self):
        pass

    def _initialize(self):
        import os
        self.plug = os.environ.get("PA_ALSA_PLUGHW") == "1"

    def query_devices(self):
        return [{"name": name, "max_output_channels": 128 if self.plug else channels}
                for name, channels in self.cards]

    def OutputStream(self, *, samplerate, channels, device, **_):
        name, most = self.cards[device or 0]
        if not self.plug and (samplerate != self.rate or channels > most):
            raise self.PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.opened = name
        return SimpleNamespace(start=lambda: None, latency=0.04)


@pytest.fixture
def cards(monkeypatch):
    def put(*known, **more):
        made = Cards(*known, **more)
        monkeypatch.delenv("PA_ALSA_PLUGHW", raising=False)
        monkeypatch.setitem(sys.modules, "sounddevice", made)
        return made
    return put


@pytest.mark.parametrize(("card", "rate"), [(("USB 44.1", 2), 44_100), (("mono mouse", 1), 48_000)])
def test_a_card_of_another_rate_or_of_one_channel_opens_by_its_name(cards, card, rate):
    known = cards(("HDMI", 2), card, rate=rate)
    player.open_stream(card[0].lower())
    assert known.opened == card[0]


def test_a_card_that_is_not_there_is_named_with_those_that_are(cards):
    cards(("HDMI", 2), ("mono mouse", 1))
    with pytest.raises(SoundError, match="called 'HiFi'; there are: HDMI, mono mouse"):
        player.open_stream("HiFi")


def test_a_card_that_was_plugged_in_anew_is_opened_by_its_name_at_its_new_number(cards):
    cards(("USB Speaker", 2), ("HDMI", 2))
    player.open_stream("usb")
    known = cards(("HDMI", 2), ("webcam", 1), ("USB Speaker", 2))
    player.open_stream("usb")
    assert known.opened == "USB Speaker"


@pytest.mark.parametrize("trouble", [
    "Device unavailable [PaErrorCode -9985]",           # another program holds it
    "Sample format not supported [PaErrorCode -9994]",
    "Unanticipated host error [PaErrorCode -9999]: 'No such device' [ALSA error -19]",
])
def test_a_card_that_refuses_is_told_with_what_it_said(cards, monkeypatch, trouble):
    known = cards(("USB Speaker", 2))

    def refuse(**_):
        raise known.PortAudioError(trouble)

    monkeypatch.setattr(known, "OutputStream", refuse)
    with pytest.raises(SoundError) as told:
        player.open_stream("usb")
    assert "usb" in str(told.value) and trouble in str(told.value)


def test_a_card_whose_name_is_no_text_is_trouble_and_no_end(cards, monkeypatch):
    known = cards(("USB Speaker", 2))
    monkeypatch.setattr(known, "query_devices", lambda: b"L\xe4rm".decode("utf-8"))
    with pytest.raises(SoundError, match="can't decode"):
        player.open_stream("usb")


def test_a_portaudio_that_cannot_be_imported_is_told_and_tried_again(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SoundError, match="PortAudio is missing"):
        player.open_stream("")
