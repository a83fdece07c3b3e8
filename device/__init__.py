"""Nocturne: the firmware of a bedside sleep device. Start reading in `night.py`."""
