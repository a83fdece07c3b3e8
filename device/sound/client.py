"""The night's end of the wire. Nothing here waits for the sound process or falls with it, except
`advance`."""

import contextlib
import socket
from dataclasses import replace
from pathlib import Path

from device.errors import Refused, SoundError
from device.values import Advance, Asleep, Heartbeat, Scene, Volume
from device.wire import LONGEST_LINE, Message, decode, encode

# bytes kept for a sound process that is slow; beyond it the link is made anew
MOST_UNSENT = 262_144
BACK = 110.0  # s in which a sound process that comes back rises: 0.5 dB/s where it becomes audible
PATIENCE = 120.0            # s that `advance` waits for an answer


class SoundLink:
    """Reconnects by itself; a sound process that comes back is told the last volume and scene
    again, and whether somebody may be asleep."""

    def __init__(self, path: Path | str):
        self._path = str(path)
        self._socket: socket.socket | None = None
        self._coming = self._going = b""
        self._newest: Heartbeat | None = None
        self._scene: Scene | None = None
        self._volume: Volume | None = None
        self._asleep: Asleep | None = None
        self._calls = 0
        self._met = False               # there was a sound process before
        self.state = "not connected"    # in words; "connected" when all is well

    @property
    def connected(self) -> bool:
        return self._socket is not None

    def send(self, message: Message) -> bool:
        """Hand over; never waits, never raises for a dead sound process. False: it wasn't
        delivered, see `state`.

        Raises Refused for a message that is out of bounds: that is our own mistake.
        """
        line = encode(message)
        if isinstance(message, Scene):
            self._scene = message
        elif isinstance(message, Volume):
            self._volume = message
        elif isinstance(message, Asleep):
            self._asleep = message
        fresh = self._socket is None
        link = self._connect()
        if link is None:
            return False
        # those were just told on connecting
        if not (fresh and isinstance(message, Scene | Volume | Asleep)):
            self._going += line
        return self._flush(link)

    def heartbeat(self) -> Heartbeat | None:
        """The newest word of the sound process, or None when it is gone. Call it every tick: it
        also reconnects, and repeats the volume now and then, so that the sound process knows that
        the night lives."""
        self._calls += 1
        link = self._connect()
        if link is None:
            return None
        if self._calls % 120 == 0 and self._volume is not None:
            self._going += encode(self._volume)
        if self._flush(link):
            self._receive(link)
        return self._newest if self._socket is not None else None

    def advance(self, time: float, heard: bool = True) -> Heartbeat:
        """Lock-step: have everything up to `time` rendered (or skipped, unheard), and wait for the
        answer.

        Raises SoundError if the sound process is gone or doesn't answer.
        """
        link = self._connect()
        if link is None:
            raise SoundError(f"the sound process at {self._path} is {self.state}")
        self._going += encode(Advance(time, heard))
        self._newest = None
        try:
            link.settimeout(PATIENCE)
            link.sendall(self._going)
            self._going = b""
            while self._newest is None:
                data = link.recv(LONGEST_LINE)
                if not data:
                    raise OSError("it hung up")
                self._read(data)
            link.setblocking(False)
        except OSError as trouble:
            self._lose(str(trouble))
            raise SoundError(
                f"the sound process at {self._path} doesn't answer: {trouble}"
            ) from trouble
        return self._newest

    def close(self) -> None:
        self._lose("closed")

    def _connect(self) -> socket.socket | None:
        if self._socket is not None:
            return self._socket
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.setblocking(False)
        try:
            link.connect(self._path)
        except OSError as trouble:
            link.close()
            self.state = f"not there ({trouble.strerror})"
            return None
        self._socket, self.state = link, "connected"
        self._coming, self._newest = b"", None
        # it begins in silence, perhaps beside somebody asleep
        if self._met and self._scene is not None:
            self._scene = replace(self._scene, glide=max(self._scene.glide, BACK))
        self._met = True
        self._going = b"".join(
            encode(known) for known in (self._asleep, self._volume, self._scene)
            if known is not None
        )
        return link

    def _flush(self, link: socket.socket) -> bool:
        while self._going:
            try:
                sent = link.send(self._going, socket.MSG_NOSIGNAL)
                self._going = self._going[sent:]
            except BlockingIOError:
                if len(self._going) > MOST_UNSENT:
                    self._lose("not listening")
                    return False
                return True
            except OSError as trouble:
                self._lose(f"gone ({trouble.strerror})")
                return False
        return True

    def _receive(self, link: socket.socket) -> None:
        try:
            while data := link.recv(LONGEST_LINE):
                self._read(data)
            self._lose("gone (it hung up)")
        except BlockingIOError:
            pass
        except OSError as trouble:
            self._lose(f"gone ({trouble.strerror})")

    def _read(self, data: bytes) -> None:
        *lines, self._coming = (self._coming + data).split(b"\n")
        for line in lines:
            with contextlib.suppress(Refused):
                message = decode(line)
                if isinstance(message, Heartbeat):
                    self._newest = message
        if len(self._coming) > LONGEST_LINE:
            self._coming = b""

    def _lose(self, why: str) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._newest = None, None
        self._going = b""
        self.state = why
