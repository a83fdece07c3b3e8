"""The sound process's ear: a Unix socket for the night (and a tool or two), bounded in every
direction."""

import contextlib
import select
import socket
from pathlib import Path

from device.errors import Refused, SoundError
from device.values import Heartbeat
from device.wire import LONGEST_LINE, Message, decode, encode

MOST_CLIENTS = 4
MOST_LINES = 64             # taken at a time, so that a flood can't keep us from rendering
MOST_UNSENT = 65_536        # bytes a client may leave unread before it is let go


class Client:
    def __init__(self, link: socket.socket):
        self.link = link
        self.coming = b""
        self.going = b""
        self.gone = False       # hung up; what it said before still counts


class Server:
    """`refused` counts what was malformed or out of bounds."""

    def __init__(self, path: Path):
        self.refused = 0
        self.path = path
        self._clients: list[Client] = []
        self._had_clients = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        try:
            self._socket.bind(str(path))
        except OSError as trouble:
            raise SoundError(f"can't listen on {path}: {trouble}") from trouble
        path.chmod(0o660)
        self._socket.listen(MOST_CLIENTS)
        self._socket.setblocking(False)

    @property
    def deserted(self) -> bool:
        """There was somebody, and now there is nobody."""
        return self._had_clients and not self._clients

    def wait(self, seconds: float) -> None:
        """Until somebody says something, or `seconds` are over."""
        select.select([self._socket, *(client.link for client in self._clients)], [], [], seconds)

    def poll(self, seconds: float = 0.0) -> list[Message]:
        """What has been said, in order; waits up to `seconds` for something."""
        waiting = any(b"\n" in client.coming for client in self._clients)
        ready, _, _ = select.select(
            [self._socket, *(client.link for client in self._clients)],
            [],
            [],
            0.0 if waiting else seconds,
        )
        if self._socket in ready:
            self._accept()
        messages = []
        for client in list(self._clients):
            if client.link in ready and not client.gone and len(client.coming) <= LONGEST_LINE:
                self._receive(client)
            messages += self._lines(client)
            if client.gone and b"\n" not in client.coming:
                self._drop(client)
        return messages

    def tell(self, heartbeat: Heartbeat) -> None:
        """To everybody; who doesn't read is let go."""
        line = encode(heartbeat)
        for client in list(self._clients):
            client.going += line
            try:
                sent = client.link.send(client.going, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
                client.going = client.going[sent:]
            except BlockingIOError:
                if len(client.going) > MOST_UNSENT:
                    self._drop(client)
            except OSError:
                self._drop(client)

    def close(self) -> None:
        for client in list(self._clients):
            self._drop(client)
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            link, _ = self._socket.accept()
            if len(self._clients) >= MOST_CLIENTS:
                link.close()
                return
            link.setblocking(False)
            self._clients.append(Client(link))
            self._had_clients = True

    def _receive(self, client: Client) -> None:
        try:
            data = client.link.recv(LONGEST_LINE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.coming += data
        client.gone = not data

    def _lines(self, client: Client) -> list[Message]:
        messages = []
        for _ in range(MOST_LINES):
            line, newline, rest = client.coming.partition(b"\n")
            if not newline:
                if len(line) > LONGEST_LINE:
                    self.refused += 1
                    client.coming = b""
                    self._drop(client)
                break
            client.coming = rest
            if not line.strip():
                continue
            try:
                messages.append(decode(line))
            except Refused:
                self.refused += 1
        return messages

    def _drop(self, client: Client) -> None:
        client.link.close()
        if client in self._clients:
            self._clients.remove(client)
