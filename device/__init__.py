"""Nocturne: the firmware of a bedside sleep device. Start reading in `night.py`."""

__version__ = "0.2.0"     # the one place
