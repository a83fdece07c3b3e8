"""Few kinds of failure, one per thing we would do about it."""


class NocturneError(Exception):
    """What a person may read: names the thing and the remedy."""


class ConfigError(NocturneError):
    """The config can't be used: refuse to start."""


class SensorError(NocturneError):
    """A chip didn't answer: skip this tick, mark a gap, try again."""


class WrongChip(SensorError):
    """Something answers at the address, but it isn't the chip we drive: don't use it."""


class ModelMismatch(NocturneError):
    """A model file doesn't match its card: use the named fallback."""


class Refused(NocturneError):
    """A message from outside is malformed or out of bounds: count it and go on."""


class SoundError(NocturneError):
    """The sound device or process is gone: the night goes on and tells."""


class RecordingError(NocturneError):
    """A recording can't be read: refuse to start with it."""


class DiaryError(NocturneError):
    """The diary can't be written: keep the night in memory and tell."""
