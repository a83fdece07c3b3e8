"""The door for words: a Unix socket on which `nocturne say` speaks to the night and waits for its
answer."""

import contextlib
import queue
import socket
import threading
from pathlib import Path

from device.errors import Refused
from device.home.commands import LONGEST, Inbox
from device.home.payloads import read_message
from device.values import Command

PATIENCE = 5.0              # s that one side waits for the other
NAME = "say.socket"


class Door:
    """Listens on a thread of its own; one caller at a time, each with one line of at most LONGEST
    bytes."""

    def __init__(self, path: Path, inbox: Inbox):
        path.unlink(missing_ok=True)
        self._path, self._inbox = path, inbox
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        path.chmod(0o660)
        self._socket.listen(4)
        threading.Thread(target=self._serve, name="door", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:                 # closed
                return
            with caller, contextlib.suppress(OSError):
                caller.settimeout(PATIENCE)
                caller.sendall(self._answer(heard(caller)).encode())

    def _answer(self, said: bytes) -> str:
        try:
            text = read_message(said.decode("utf-8", "replace"))
            if len(said) > LONGEST:
                raise Refused(f"a note has at most {LONGEST} bytes")
        except Refused as trouble:
            return f"I don't know what that means: {trouble}. Nothing was changed."
        answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._inbox.put(Command("say", text, reply=answers.put))
        try:
            return answers.get(timeout=PATIENCE)
        except queue.Empty:
            return "The night is busy and hasn't answered; ask again."

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)


def heard(caller: socket.socket) -> bytes:
    """What the caller says until it is done, or until it is too much."""
    said = b""
    while len(said) <= LONGEST and (more := caller.recv(LONGEST + 1)):
        said += more
    return said


def open_at(path: Path) -> bool:
    """Whether a night listens there."""
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(str(path))
        except OSError:
            return False
    return True


def say(path: Path, text: str) -> str:
    """One note to the night behind `path`, and its answer. Raises OSError when no night runs there.
    """
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(2 * PATIENCE)
        door.connect(str(path))
        # too much: it has stopped listening
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            door.sendall(text.encode("utf-8", "replace"))
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while more := door.recv(4096):
                answer += more
        return answer.decode("utf-8", "replace")
