"""Whether the parts would take a config: what each of them refuses, asked before any is built."""

from device.config import Config
from device.errors import ConfigError
from device.hardware.parts import named, of_role
from device.home.settings import Settings as Home
from device.sound.settings import NOMINAL
from device.sound.settings import Settings as Sound


def fit(config: Config) -> None:
    """Raises ConfigError, which names the key and what would be right."""
    for role in ("ppg", "motion"):
        name = getattr(config.sensors, role)
        part = named(name)
        if name.lower() not in ("auto", "none") and (part is None or part.role != role):
            known = ", ".join(part.name for part in of_role(role))
            raise ConfigError(f"sensors.{role} = {name!r}: there are {known}, auto and none")
    if config.panel.button == config.panel.led:
        raise ConfigError(f"panel.led = {config.panel.led}: is the button's pin, too; it needs one "
                          "of its own")
    home, sound = config.home, config.sound
    Home(home.host, home.port, bed=home.bed, hub_key=home.hub_key)
    try:
        Sound(sound.calibration or NOMINAL, sound.settle, sound.cap, sound.ceiling, sound.leq,
              sound.monitor, sound.speaker, sound.highpass)
    except ValueError as trouble:
        raise ConfigError(f"sound.{trouble}") from None
