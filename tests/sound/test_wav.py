import struct
import wave

import numpy as np

from device.sound import wav


def test_a_wav_is_read_back_by_the_standard_library(tmp_path):
    writer = wav.WavWriter(tmp_path / "a.wav", seed=1)
    ramp = np.linspace(-1.2, 1.2, 4096, dtype=np.float32)
    writer.write(np.stack([ramp, -ramp]))
    writer.write(np.zeros((2, 100), np.float32))
    writer.close()
    with wave.open(str(tmp_path / "a.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert len(samples) == 4196 and not samples[4096:].any()        # silence isn't dithered
    wanted = np.clip(ramp, -1, 1) * 32767
    assert np.abs(samples[:4096, 0] - wanted).max() <= 2.0


def test_above_four_gibibytes_it_becomes_rf64(tmp_path, monkeypatch):
    monkeypatch.setattr(wav, "LARGEST_RIFF", 1000)      # instead of writing 4 GiB
    writer = wav.WavWriter(tmp_path / "large.wav", seed=1)
    writer.write(np.zeros((2, 1000), np.float32))
    writer.close()
    data = (tmp_path / "large.wav").read_bytes()
    assert data[:4] == b"RF64" and data[8:16] == b"WAVEds64"
    size, riff, payload, frames, table = struct.unpack("<IQQQI", data[16:48])
    assert (size, riff, payload, frames, table) == (28, len(data) - 8, 4000, 1000, 0)
    assert data[wav.HEADER - 8:wav.HEADER - 4] == b"data" and len(data) == wav.HEADER + 4000
