"""What the tests of several rooms share: a broker, a browser, and ALSA's file plug-in instead of a
sound card."""

import shutil
import subprocess

import pytest
from hypothesis import settings

from kit import mosquitto

# `tools/test` tries the same examples each time, so that it fails for a change and not by chance;
# `tools/test full` tries new ones. No test is timed.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)


def pytest_configure(config):
    settings.load_profile("same" if "not full" in config.option.markexpr else "new")


@pytest.fixture
def broker(tmp_path):
    if mosquitto.find() is None:
        pytest.skip(
            "mosquitto is not installed: nothing of MQTT is tested (apt-get install mosquitto)"
        )
    broker = mosquitto.Mosquitto(tmp_path / "broker").start()
    yield broker
    broker.stop()


@pytest.fixture
def alsa_capture(tmp_path):
    """ALSA's file plug-in instead of a sound card: (environment, file with what reached the DAC,
    S16 stereo)."""
    raw, conf = tmp_path / "dac.raw", tmp_path / "asound.conf"
    conf.write_text(f"""
</usr/share/alsa/alsa.conf>
pcm.nowhere {{ type null; }}
pcm.capture {{ type file; slave.pcm "nowhere"; file "{raw}"; format "raw"; }}
pcm.!default {{ type plug; slave {{ pcm "capture"; format S16_LE; rate 48000; channels 2 }} }}
""")
    return {"ALSA_CONFIG_PATH": str(conf)}, raw


AXE = "axe-core@4.10.3"


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The text of axe-core, the usual judge of accessibility."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: axe-core doesn't judge a page")
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(
        ["npm", "install", "--silent", "--ignore-scripts", "--prefix", folder, AXE], check=True
    )
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture
def browser(tmp_path):
    """A headless Chromium the size of a phone."""
    pytest.importorskip("websocket",
                        reason="websocket-client is not installed: no page is looked at")
    from kit import chromium
    if chromium.find() is None:
        pytest.skip("chromium is not installed: no page is looked at (apt-get install chromium)")
    browser = chromium.Chromium(tmp_path / "profile")
    yield browser
    browser.close()
