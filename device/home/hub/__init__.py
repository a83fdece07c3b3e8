"""The hub at home: acknowledges, keeps, learns from all beds together, and serves the page."""

from device.home.hub.main import main

__all__ = ["main"]
