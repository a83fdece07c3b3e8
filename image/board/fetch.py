"""Fetches an update bundle over HTTPS, in bounded memory and time: only what the running root
doesn't hold already, and after a cut only what is missing still.

A bundle's end comes first: RAUC reads there who signed what, so that one which may not be installed
costs 64 KiB. Then its block-hash-index (RAUC's, for adaptive updates) says which blocks of 4 KiB
the running root has, at whatever place. A file that was cut is gone on with if the server calls it
by the same strong ETag, else begun anew; so is one that differs from its signed checksum. A server
without ranges sends all of it. RAUC itself can stream such bundles, but Debian bookworm's is built
without that, and it goes where it is redirected, to plain http too, and doesn't resume.
"""

import hashlib
import http.client
import os
import re
import shutil
import signal
import ssl
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

BLOCK, DIGEST = 4096, 32    # bytes, of RAUC's block-hash-index and of a SHA-256 in it
HEAD = 2 * BLOCK            # bytes: the root begins in the first block
SQUASHFS = b"hsqs"          # what a bundle begins with, and the root in it
TAIL = 1 << 16              # bytes at the end, more than manifest and signature have
LARGEST = 300 << 20         # bytes: it fits on the data partition
RESERVE = 32 << 20          # bytes that stay free there for the nights
CHUNK = 1 << 16             # bytes read at once
SYNCED = 8 << 20            # bytes after which they are on the card: what a power cut costs at most
NEAR = 1 << 16              # bytes: as long takes another request
PATIENCE = 30.0             # s without a byte
TRIES, PAUSE = 5, 10.0      # a connection that was lost is made again, after 10, 20, … s
LONGEST = 3 * 3600.0        # s for a bundle: 28 kB/s are enough


class Refused(Exception):
    """No bundle, or none that may be installed; `etag` if it was whole and need not be looked at
    again."""

    def __init__(self, why: str, etag: str = ""):
        super().__init__(why)
        self.etag = etag


class Soon(Exception):
    """It was cut, or has changed on the way: another try in a while goes on or begins anew."""


@dataclass(frozen=True)
class Manifest:
    """What a bundle's signature vouches for."""
    version: str
    size: int               # bytes of the root
    checksum: str           # SHA-256 of the root, in hex
    indexed: bool           # whether a block-hash-index lies behind it


@dataclass(frozen=True)
class Piece:
    """Bytes `start` to `end` of the bundle: the running root has them from byte `held` on, or
    nobody here has."""
    start: int
    end: int
    held: int | None

    def continues(self, last: "Piece") -> bool:
        if self.held is None or last.held is None:
            return self.held is last.held
        return self.held - last.held == self.start - last.start


class Server:
    """One file of one HTTPS server, over one connection. After `begin`: its `size` in bytes, None
    if untold, and `etag`, "" without; `received` bytes came. Raises Refused without a `ca`."""

    def __init__(self, host: str, port: int, path: str, ca: Path,
                 sleep: Callable[[float], None] = time.sleep):
        # Neither follows redirects nor asks the environment for a proxy, as urllib does.
        try:
            context = ssl.create_default_context(cafile=str(ca))
        except OSError as trouble:
            raise Refused(f"{ca}: {trouble}") from trouble
        # Python 3.13 wants a key usage of an authority; those of hubs paired earlier, and people's
        # own, may have none. The link to the broker asks for none on either Python.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self.link = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context)
        self.path, self.sleep = path, sleep
        self.size: int | None = None
        self.etag, self.received = "", 0

    def begin(self, known: Collection[str]) -> http.client.HTTPResponse | None:
        """The answer with the first blocks (206) or, from a server without ranges, with all (200);
        None if the file's ETag is `known`. Raises Refused."""
        headers = {"If-None-Match": ", ".join(known)} if known else {}
        try:
            answer = self.ask(0, HEAD, headers)
        except (OSError, http.client.HTTPException) as trouble:
            raise Refused(f"no answer ({trouble})") from trouble
        if answer.status == HTTPStatus.NOT_MODIFIED and known:
            return None
        if answer.status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            raise Refused(f"the answer is {answer.status} {answer.reason}")
        self.etag = answer.getheader("ETag", "")
        self.size = answer.length
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            self.size = total(answer, 0, HEAD)
        if self.size is not None and not HEAD <= self.size <= LARGEST:
            raise Refused(f"it has {self.size} bytes")
        return answer

    @property
    def resumable(self) -> bool:
        return self.etag.startswith('"')        # a weak one, W/"…", may be that of other bytes

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The file's bytes `start` to `end`, asked for again from where the connection was lost.
        Raises Soon and Refused."""
        vain = 0
        while start < end:
            try:
                for chunk in self.span(start, end):
                    start, vain = start + len(chunk), 0
                    yield chunk
            except (OSError, http.client.HTTPException) as trouble:
                self.link.close()
                vain += 1
                if vain > TRIES:
                    raise Soon(f"cut at byte {start} ({trouble or type(trouble).__name__})"
                               ) from trouble
                self.sleep(vain * PAUSE)

    def span(self, start: int, end: int) -> Iterator[bytes]:
        answer = self.ask(start, end, {"If-Range": self.etag} if self.resumable else {})
        if answer.status == HTTPStatus.OK or answer.getheader("ETag", "") != self.etag:
            raise Soon("the file has changed on the way")
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            raise http.client.HTTPException(f"the answer is {answer.status} {answer.reason}")
        if total(answer, start, end) != self.size:
            raise Soon("the file has changed on the way")
        yield from self.body(answer, end - start)

    def ask(self, start: int, end: int, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Raises Refused where it leads elsewhere: nobody but this server was vouched for."""
        self.link.request("GET", self.path, headers={
            "Accept-Encoding": "identity", "Range": f"bytes={start}-{end - 1}", **headers})
        answer = self.link.getresponse()
        if 300 <= answer.status < 400 and answer.status != HTTPStatus.NOT_MODIFIED:
            to = answer.getheader("Location", "")
            self.link.close()
            raise Refused(f"it leads elsewhere, to {to[:200]!r}, which isn't followed")
        return answer

    def rest(self, answer: http.client.HTTPResponse, size: int | None) -> Iterator[bytes]:
        """The answer to `begin`. Raises Soon and Refused."""
        try:
            yield from self.body(answer, size)
        except (OSError, http.client.HTTPException) as trouble:
            raise Soon(f"cut ({trouble or type(trouble).__name__})") from trouble

    def body(self, answer: http.client.HTTPResponse, size: int | None) -> Iterator[bytes]:
        """Raises IncompleteRead if it isn't of `size`, which http.client leaves to the reader."""
        got = 0
        while chunk := answer.read1(CHUNK):
            got += len(chunk)
            self.received += len(chunk)
            if got > (LARGEST if size is None else size):
                self.link.close()
                raise Refused("it is longer than it may be")
            yield chunk
        if size is not None and got < size:
            raise http.client.IncompleteRead(b"", size - got)
        answer.close()          # read1 doesn't say that it was the last, and the next would wait


def total(answer: http.client.HTTPResponse, start: int, end: int) -> int:
    """The whole file's size, from an answer with just these bytes of it. Raises Refused."""
    said = answer.getheader("Content-Range", "")
    found = re.fullmatch(rf"bytes {start}-(\d{{1,15}})/(\d{{1,15}})", said)
    if not found or int(found[1]) + 1 != min(end, int(found[2])):
        raise Refused(f"asked for bytes {start} to {end - 1} it sends {said[:100]!r}")
    return int(found[2])


def fetch(server: Server, into: Path, running: Path, judge: Callable[[Path], Manifest],
          known: Collection[str] = (), longest: float = LONGEST) -> str | None:
    """Make `into` the server's bundle, whole, and on the card; its ETag, None if that is `known`.

    `running` is the root that runs, a squashfs. `judge` tells what a bundle's signature vouches
    for, or raises Refused; it is first shown a file of which only beginning and end are there, the
    rest holes. Raises Refused, Soon, and OSError where the card can't be written; what was fetched
    by then lies beside `into` and is gone on with next time.
    """
    with within(longest):
        answer = server.begin(known)
        if answer is None:
            return None
        # The name tells of which file it is a part, so that there is no second file to keep.
        name = hashlib.sha256(server.etag.encode()).hexdigest()[:16]
        part = into.with_name(f"{into.name}.{name}.part")
        for other in parts(into):
            if other != part or not server.resumable or answer.status == HTTPStatus.OK:
                other.unlink()
        if answer.status == HTTPStatus.OK:
            take_whole(server, answer, into, part, judge)
        else:
            head = b"".join(server.rest(answer, HEAD))
            take_pieces(server, head, into, part, running, judge)
        os.replace(part, into)
        return server.etag


def parts(into: Path) -> list[Path]:
    """What cuts have left."""
    return list(into.parent.glob(f"{into.name}.*.part"))


def take_whole(server: Server, answer: http.client.HTTPResponse, into: Path, part: Path,
               judge: Callable[[Path], Manifest]) -> None:
    into.unlink(missing_ok=True)
    room(part, server.size or LARGEST)
    try:
        write(part, server.rest(answer, server.size))
        judge(part)
    except Refused as trouble:
        part.unlink(missing_ok=True)
        # Of one that doesn't tell its size nobody knows whether it was whole.
        raise Refused(str(trouble), "" if server.size is None else server.etag) from trouble


def take_pieces(server: Server, head: bytes, into: Path, part: Path, running: Path,
                judge: Callable[[Path], Manifest]) -> None:
    size = server.size or 0
    manifest = judge_ends(server, head, size, judge, into.with_name(f"{into.name}.ends"))
    into.unlink(missing_ok=True)
    room(part, size)
    start = head.find(SQUASHFS, 1)
    index = read_index(server, head, start, manifest) if manifest.indexed and start > 0 else b""
    for held in (blocks(running, len(index) // DIGEST), {}):
        pieces = plan(size, start, index, held)
        join(server, pieces, running, part)
        if not index or checksum(part, start, manifest.size) == manifest.checksum:
            return
        print("what was put together isn't what was signed: begun anew", file=sys.stderr)
        part.unlink()
    raise Refused("it isn't what its signature says", server.etag)


def judge_ends(server: Server, head: bytes, size: int, judge: Callable[[Path], Manifest],
               sketch: Path) -> Manifest:
    tail = max(HEAD, size - TAIL)
    try:
        with open(sketch, "wb") as file:
            file.write(head)
            file.seek(tail)
            file.writelines(server.read(tail, size))
        return judge(sketch)
    finally:
        sketch.unlink(missing_ok=True)


def read_index(server: Server, head: bytes, start: int, manifest: Manifest) -> bytes:
    """A SHA-256 for each block of the root that begins at byte `start`; b"" if it isn't where
    image/update.py puts it."""
    at, length = start + manifest.size, manifest.size // BLOCK * DIGEST
    if at + length > (server.size or 0):
        return b""
    index = b"".join(server.read(at, at + length))
    first = hashlib.sha256(head[start:start + BLOCK]).digest()
    return index if first == index[:DIGEST] else b""


def blocks(root: Path, most: int) -> dict[bytes, int]:
    """Where which of its first `most` blocks is, by SHA-256; up to one that can't be read."""
    held: dict[bytes, int] = {}
    try:
        with open(root, "rb", buffering=1 << 20) as file:
            for at in range(0, most * BLOCK, BLOCK):
                if len(block := file.read(BLOCK)) < BLOCK:
                    break
                held.setdefault(hashlib.sha256(block).digest(), at)
    except OSError as trouble:
        print(f"{root}: {trouble}", file=sys.stderr)
    return held


def plan(size: int, start: int, index: bytes, held: dict[bytes, int]) -> list[Piece]:
    """Every byte of a bundle of `size` once, in order; its root begins at `start`."""
    pieces = [Piece(0, size if not index else start, None)]
    if not index:
        return pieces
    end = start + len(index) // DIGEST * BLOCK
    for number, at in enumerate(range(start, end, BLOCK)):
        lies = held.get(index[number * DIGEST:(number + 1) * DIGEST])
        extend(pieces, Piece(at, at + BLOCK, lies))
    extend(pieces, Piece(end, size, None))
    few: list[Piece] = []
    for piece in pieces:
        along = few and few[-1].held is None and piece.end - piece.start < NEAR
        extend(few, Piece(piece.start, piece.end, None) if along else piece)
    return few


def extend(pieces: list[Piece], piece: Piece) -> None:
    if pieces and piece.continues(pieces[-1]):
        pieces[-1] = Piece(pieces[-1].start, piece.end, pieces[-1].held)
    else:
        pieces.append(piece)


def join(server: Server, pieces: list[Piece], running: Path, part: Path) -> None:
    """Append to `part` what it lacks. Raises Soon and Refused."""
    have = part.stat().st_size if part.exists() else 0
    for piece in pieces:
        start = max(piece.start, have)
        if start >= piece.end:
            continue
        if piece.held is None:
            write(part, server.read(start, piece.end), "ab")
        else:
            write(part, copied(running, piece.held + start - piece.start, piece.end - start), "ab")


def copied(root: Path, at: int, length: int) -> Iterator[bytes]:
    with open(root, "rb") as file:
        file.seek(at)
        while length and (chunk := file.read(min(length, CHUNK))):
            length -= len(chunk)
            yield chunk


def write(part: Path, chunks: Iterator[bytes], mode: str = "wb") -> None:
    """All of them, and onto the card before anything else is."""
    with open(part, mode) as file:
        waiting = 0
        for chunk in chunks:
            file.write(chunk)
            waiting += len(chunk)
            if waiting >= SYNCED:
                settle(file)
                waiting = 0
        settle(file)


def settle(file) -> None:
    """On the card, and out of the memory that the sound's pages need."""
    file.flush()
    os.fdatasync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def checksum(path: Path, start: int, size: int) -> str:
    digest = hashlib.sha256()
    for chunk in copied(path, start, size):
        digest.update(chunk)
    return digest.hexdigest()


def room(part: Path, size: int) -> None:
    """Raises Refused where the nights would lack it."""
    have = part.stat().st_size if part.exists() else 0
    if shutil.disk_usage(part.parent).free < size - have + RESERVE:
        raise Refused(f"there is no room for its {size >> 20} MiB")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises Soon in here after so long, whatever it waits for: the names, a handshake, a header
    that comes byte by byte. In the main thread alone."""
    def late(*_):
        raise Soon(f"not done after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
