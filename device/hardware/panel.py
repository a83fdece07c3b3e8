"""The button and the light, on gpiozero: real pins on a board, mock pins on a desk."""

from collections.abc import Callable

from gpiozero import PWMLED, Button
from gpiozero.pins import Factory
from gpiozero.pins.mock import MockFactory, MockPWMPin

from device.clock import Clock
from device.errors import SensorError
from device.hardware import led
from device.values import Edge, Light

BUTTON_PIN, LED_PIN = 17, 18        # BCM numbers; 18 has hardware PWM


class Panel:
    """Edges go to `inbox` as they come, from gpiozero's thread: it must be quick and safe to call
    from there."""

    def __init__(
        self,
        clock: Clock,
        inbox: Callable[[Edge], None],
        button: int = BUTTON_PIN,
        led: int = LED_PIN,
        pin_factory: Factory | None = None,
    ):
        """`pin_factory` None is gpiozero's own choice. Raises SensorError if the pins can't be
        used."""
        self.clock, self.inbox = clock, inbox
        self.button = self.led = None
        try:
            # Bounce is removed in Presses, where time is handed in and a test can see it.
            self.button = Button(button, pull_up=True, bounce_time=None, pin_factory=pin_factory)
            self.led = PWMLED(led, pin_factory=pin_factory)
        # lgpio raises an exception of its own that is a plain Exception, as for a pin in use.
        except Exception as trouble:
            self.close()
            raise SensorError(
                f"button on GPIO {button} or light on GPIO {led}: "
                f"can't use these pins ({trouble}); "
                "check panel.button and panel.led in the config, and install lgpio"
            ) from trouble
        self.button.when_pressed = lambda: self.inbox(Edge(True, self.clock.now()))
        self.button.when_released = lambda: self.inbox(Edge(False, self.clock.now()))

    def show(self, light: Light | float, now: float, quiet: bool) -> None:
        """One of the patterns at `now` s, or a steady brightness 0..1; dark in quiet hours."""
        brightness = led.brightness(light, now, quiet) if isinstance(light, Light) else light
        if self.led is not None and brightness != self.led.value:
            self.led.value = brightness

    def close(self) -> None:
        for part in (self.button, self.led):
            if part is not None:
                part.close()


def desk_pins() -> MockFactory:
    """Pins that aren't there, for a desk and for tests."""
    return MockFactory(pin_class=MockPWMPin)


def press(pins: MockFactory, down: bool, button: int = BUTTON_PIN) -> None:
    """A key of the terminal stands for the finger on the mock button."""
    pin = pins.pin(button)
    (pin.drive_low if down else pin.drive_high)()
