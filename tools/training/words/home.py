"""Things said to home assistants (Liu, Eshghi, Swietojanski, Rieser 2019; CC BY 4.0): what is no
wish about sound, and which way the volume was wished.

`home_utterances.csv[.gz]` has the columns text and intent. A seeded hash of the text puts each in
one half: from the one the reader learns, the other judges and is never learned from.
"""

import csv
import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

SEED = "nocturne 21:"
VOLUME = MappingProxyType({"audio_volume_up": 1, "audio_volume_down": -1, "audio_volume_mute": -1})
# The intents under which music or its volume is spoken of; a wish in one of them is none too many.
SOUND = frozenset((*VOLUME, "play_music", "music_likeness", "music_query", "music_settings"))
# What people meant, where the source's label is another: +1 louder, −1 quieter or silent, 0 neither
# (a language assistant's own manner, a setting, half a sentence). Read one by one, both halves.
CORRECTIONS = MappingProxyType(
    {
        "could you please yell the answer out to me": 0,
        "could you speak a little more softly": -1,
        "could you speak more softly": -1,
        "bring back talking after": 0,
        "audio on": 0,
        "i couldn't hear you repeat that louder": 0,
        "i need you to say that last information again but much louder": 0,
        "i can't hear you can you say it again louder": 0,
        "i want volume on my speakers": 0,
        "i need to hear sound on my speakers": 0,
        "i need to hear the volume of the current music": 0,
        "lower my music player volume by fifty percent of its current level": -1,
        "please decrease the volume of this song": -1,
        "please turn my speakers on google": 0,
        "please unmute the settings": 0,
        "change my music player volume to eighty percent": 0,
        "change the speaker volume to sixty five percent": 0,
        "change the volume level to nineteen please": 0,
        "on the music player set the volume level at sixty": 0,
        "set the music volume to ninety": 0,
        "unmute": 0,
        "unmute after": 0,
        "unmute my sound": 0,
        "unmute the speaker now": 0,
        "volume louder softer": 0,
        "up": 0,
        "speak as loud as you can": 1,
        "down": 0,
        "decrease twenty percent": 0,
        "i want to slow down my speaker": 0,
        "turn off the bass from the audio": 0,
        "start the radio now on low volume": 0,
        "your volume is too high please repeat that lower": -1,
        "goodnight": 0,
        "go to sleep": 0,
        "pause for ten seconds": 0,
        "please hold for the next hour": 0,
        "please pause yourself": 0,
        "please stop for a bit": 0,
        "please shut off": 0,
        "please do not answer": 0,
        "please do not respond": 0,
        "don't respond for fifty seconds": 0,
        "no notifications for five minutes": 0,
        "please unmute yourself": 0,
        "silently adjust": 0,
        "volume control": 0,
        "mute the settings": 0,
        "set the settings to mute": 0,
        "touch the mute button": 0,
        "turn the vibrate off from speaker": 0,
        "disable music player": 0,
        "off the speakers": 0,
        "please mute the television for one hour": 0,
        "can you set radio to mute": 0,
        "down the speaker volume at the end of level": -1,
        "stop playing": 0,
        "pause the music": 0,
        "please pause the song": 0,
        "quiet on": 0,
        "quiet time": 0,
        "it's quiet time": 0,
        "don't talk": 0,
        "do not talk": 0,
        "do not speak today": 0,
        "don't talk until i ask you to": 0,
        "don't speak for a while": 0,
        "don't speak for an hour": 0,
        "no speaking please": 0,
        "can you please stop speaking": 0,
        "please do not speak": 0,
        "please do not talk for thirty minutes": 0,
        "please stop talking": 0,
        "please you don't speak in eight to ten pm": 0,
        "i'm in a meeting please do not speak": 0,
    }
)


class Utterance(NamedTuple):
    text: str
    intent: str
    way: int  # +1 louder, −1 quieter or silent, 0 neither: cleaned
    judges: bool  # of the half that is never learned from


def judging(text: str) -> bool:
    """Whether the seeded hash of a text puts it into the half that judges."""
    return zlib.crc32((SEED + text).encode()) % 2 == 0


def utterances(data: Path) -> list[Utterance]:
    out = []
    for path in sorted(
        {*data.rglob("home_utterances*.csv"), *data.rglob("home_utterances*.csv.gz")}
    ):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            out += [uttered(row) for row in csv.DictReader(file)]
    return out


def uttered(row: Mapping[str, str]) -> Utterance:
    text, intent = row["text"], row["intent"]
    way = CORRECTIONS.get(text, VOLUME.get(intent, 0))
    return Utterance(text, intent, way, judging(text))
