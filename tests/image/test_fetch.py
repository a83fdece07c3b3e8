"""A bundle is fetched from a real HTTPS server on the loopback, whatever that one does: whole and
as signed, or not at all; and what a cut has left is gone on with."""

import hashlib
import http.client
import http.server
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from device.home.hub import pairing
from image.board import fetch
from image.board.fetch import BLOCK, DIGEST, HEAD, TAIL, Piece, Refused, Server, Soon
from tests.image.https import Hub, bundle, certify, index_of, judge, root

REPOSITORY = Path(__file__).resolve().parents[2]
AGAIN = HEAD + TAIL         # bytes that each try asks for, beside the index


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return certify(tmp_path_factory.mktemp("keys") / "hub")


@pytest.fixture
def hub(keys, monkeypatch):
    monkeypatch.setattr(fetch, "TRIES", 1)
    hub = Hub(*keys)
    yield hub
    hub.close()


@pytest.fixture
def card(tmp_path):
    """A data partition, and a running root beside it of which no block is in what comes."""
    (tmp_path / "running").write_bytes(root(99, 64))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def take(hub: Hub, card: Path, known=(), judged=judge, **more) -> str | None:
    server = Server("localhost", hub.port, "/nocturne.raucb", hub.certificate,
                    sleep=lambda _: None)
    return fetch.fetch(server, card / "update", card.parent / "running", judged, known, **more)


def have(card: Path) -> int:
    """Bytes that a cut has left."""
    return sum(part.stat().st_size for part in fetch.parts(card / "update"))


def left(card: Path) -> list[str]:
    return sorted(path.name for path in card.iterdir())


# ---- cuts


@pytest.mark.parametrize("clean", [True, False])
def test_a_download_cut_at_fifty_places_is_gone_on_with(hub, card, clean):
    hub.data, hub.clean = bundle(root(1, 300)), clean
    chance = random.Random(7)
    for _ in range(50):
        hub.sent, hub.cut = 0, chance.randrange(HEAD + TAIL, len(hub.data) - 1)
        with pytest.raises(Soon):
            take(hub, card)
        assert not (card / "update").exists()
        kept = have(card)
        # A reset loses what is under way.
        assert kept >= hub.cut - AGAIN - 300 * DIGEST or not clean
        hub.sent, hub.cut = 0, None
        assert take(hub, card) == '"one"'
        assert (card / "update").read_bytes() == hub.data and left(card) == ["update"]
        assert hub.sent == len(hub.data) - kept + AGAIN + 300 * DIGEST
        (card / "update").unlink()


def test_a_cut_in_the_first_answers_leaves_nothing_and_is_tried_again(hub, card):
    hub.data = bundle(root(1, 300))
    for cut in range(0, HEAD + TAIL, 5000):
        hub.sent, hub.cut = 0, cut
        with pytest.raises(Soon):
            take(hub, card)
        assert left(card) == []
        hub.cut = None
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data


def test_one_connection_serves_all_pieces(hub, card):
    hub.data = bundle(root(1, 300))
    waits = []
    server = Server("localhost", hub.port, "/", hub.certificate, sleep=waits.append)
    fetch.fetch(server, card / "update", card.parent / "running", judge)
    assert waits == [] and len(hub.asked) == 4          # head, end, index, the rest


def test_a_connection_that_breaks_each_few_hundred_kilobytes_is_made_again(hub, card):
    hub.data = bundle(root(1, 1000))
    waits = []

    def flaky(handler):
        hub.cut = hub.sent + 300_000

    hub.odd = flaky
    server = Server("localhost", hub.port, "/", hub.certificate, sleep=waits.append)
    fetch.fetch(server, card / "update", card.parent / "running", judge)
    assert (card / "update").read_bytes() == hub.data
    assert 10 < len(waits) < 20 and set(waits) == {fetch.PAUSE}


def test_a_file_that_changes_after_a_cut_is_begun_anew(hub, card):
    hub.data = bundle(root(1, 300))
    hub.cut = 800_000
    with pytest.raises(Soon):
        take(hub, card)
    hub.data, hub.etag, hub.cut = bundle(root(2, 310), "3"), '"two"', None
    assert take(hub, card) == '"two"'
    assert (card / "update").read_bytes() == hub.data and left(card) == ["update"]


def test_a_file_that_changes_on_the_way_is_begun_anew_with_the_next_try(hub, card):
    hub.data = bundle(root(1, 300))

    def change(handler):
        if len(hub.asked) == 4:
            hub.data, hub.etag = bundle(root(2, 310), "3"), '"two"'

    hub.odd = change
    with pytest.raises(Soon, match="changed"):
        take(hub, card)
    assert take(hub, card) == '"two"' and (card / "update").read_bytes() == hub.data


def test_another_file_under_the_same_etag_is_found_out_and_begun_anew(hub, card):
    hub.data = bundle(root(1, 300))
    hub.cut = 800_000
    with pytest.raises(Soon):
        take(hub, card)
    hub.data, hub.cut = bundle(root(2, 300)), None
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data


def test_a_change_is_noticed_by_a_server_that_does_not_heed_if_range_too(hub, card):
    hub.data, hub.heeds = bundle(root(1, 300)), False

    def change(handler):
        if len(hub.asked) == 4:
            hub.data, hub.etag = bundle(root(2, 300)), '"two"'

    hub.odd = change
    with pytest.raises(Soon, match="changed"):
        take(hub, card)
    assert have(card) == 0


@pytest.mark.parametrize("etag", ['W/"one"', ""])
def test_without_a_strong_etag_a_cut_file_is_begun_anew(hub, card, etag):
    hub.data, hub.etag, hub.cut = bundle(root(1, 300)), etag, 800_000
    with pytest.raises(Soon):
        take(hub, card)
    hub.data, hub.cut = bundle(root(2, 300)), None
    hub.asked.clear()
    assert take(hub, card) == etag and (card / "update").read_bytes() == hub.data
    assert len(hub.asked) == 4 and hub.asked[3]["Range"] == f"bytes=0-{len(hub.data) - 1}"


# A process of its own, to be killed, or measured.
CHILD = """
import sys
from pathlib import Path
sys.path[:0] = [".", "tests/image"]
from image.board import fetch
from https import judge
port, certificate, card = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
server = fetch.Server("localhost", port, "/", certificate)
fetch.fetch(server, card / "update", card.parent / "running", judge)
# Not getrusage's, which begins with what the parent had at most.
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def child(hub: Hub, card: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(hub.port), hub.certificate, card],
        cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def test_a_process_that_is_killed_loses_no_more_than_what_was_not_written(hub, card):
    hub.data = bundle(root(1, 6000))
    for fifth in range(1, 5):
        process = child(hub, card)
        while have(card) < len(hub.data) * fifth // 5 and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        process.wait()
    kept, hub.sent = have(card), 0
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert kept > len(hub.data) * 3 // 5
    assert hub.sent == len(hub.data) - kept + AGAIN + 6000 * DIGEST


def test_memory_does_not_grow_with_the_bundle(hub, card):
    most = []
    for blocks in (2000, 20_000):                   # 8 and 82 MB
        hub.data = bundle(root(1, blocks))
        (card.parent / "running").write_bytes(root(2, blocks))
        said, _ = child(hub, card).communicate()
        most.append(int(said) / 1024)
        assert (card / "update").stat().st_size == len(hub.data)
    # MiB: the index, and where which block is, some 250 bytes for each
    assert most[1] - most[0] < 12 and most[1] < 64


# ---- servers that aren't as one expects


def test_a_server_without_ranges_sends_all_of_it_once(hub, card):
    hub.data, hub.ranges = bundle(root(1, 300)), False
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert len(hub.asked) == 1 and take(hub, card, ['"one"']) is None


def test_without_ranges_a_cut_file_is_begun_anew(hub, card):
    hub.data, hub.ranges = bundle(root(1, 300)), False
    for cut in random.Random(3).sample(range(len(hub.data)), 20):
        hub.sent, hub.cut = 0, cut
        with pytest.raises(Soon):
            take(hub, card)
        assert not (card / "update").exists()
    hub.cut = None
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert left(card) == ["update"]


def test_chunks_without_a_length_are_taken_if_whole_and_bounded(hub, card, monkeypatch):
    data, end = bundle(root(1, 300)), [b"0\r\n\r\n"]

    def chunked(handler):
        handler.say(200, b"", **{"Transfer-Encoding": "chunked", "Content-Length": "0"})
        for at in range(0, len(data), 50_000):
            piece = data[at:at + 50_000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(end[0])
        handler.close_connection = True
        return True

    hub.odd = chunked
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == data
    end[0] = b""
    with pytest.raises(Soon):
        take(hub, card)
    end[0] = b"0\r\n\r\n"
    monkeypatch.setattr(fetch, "LARGEST", 1_000_000)
    with pytest.raises(Refused, match="longer") as trouble:
        take(hub, card)
    assert left(card) == [] and trouble.value.etag == ""


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("place", ["http", "elsewhere", "itself"])
@pytest.mark.parametrize("first", [True, False])
def test_no_redirect_is_followed(hub, card, ranges, place, first):
    hub.data, hub.ranges = bundle(root(1, 300)), ranges
    visits = []

    class Plain(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            visits.append(self.path)

    plain = http.server.HTTPServer(("127.0.0.1", 0), Plain)
    threading.Thread(target=plain.serve_forever, args=(0.01,), daemon=True).start()
    places = {"http": f"http://localhost:{plain.server_port}/nocturne.raucb",
              "elsewhere": f"https://127.0.0.1:{hub.port}/nocturne.raucb",
              "itself": "/nocturne.raucb"}

    def lead(handler):
        if not first and len(hub.asked) < 3:
            return False
        handler.say(302, b"", Location=places[place])
        return True

    hub.odd = lead
    if first or ranges:
        with pytest.raises(Refused, match="elsewhere"):
            take(hub, card)
        assert not (card / "update").exists() and len(hub.asked) == (1 if first else 3)
    plain.shutdown()
    plain.server_close()
    assert visits == []


def test_ten_gigabytes_are_refused_before_they_come(hub, card):
    def huge(handler):
        if hub.ranges:
            handler.say(206, bytes(HEAD), **{"Content-Range": f"bytes 0-{HEAD - 1}/10000000000"})
        else:
            handler.say(200, b"", **{"Content-Length": "10000000000"})
        return True

    hub.odd = huge
    for hub.ranges in (True, False):
        with pytest.raises(Refused, match="10000000000"):
            take(hub, card)
    assert left(card) == []


@pytest.mark.parametrize("said", [
    "bytes 0-8191/*", "bytes 1-8192/{0}", "bytes 0-8190/{0}", "bytes 0-99999/{0}", "bytes */{0}",
    "0-8191/{0}", "bytes 0-8191/-5", "", "bytes 8191-0/{0}",
    pytest.param(f"bytes 0-8191/{'9' * 5000}", id="more digits than Python reads")])
def test_a_range_that_was_not_asked_for_is_refused(hub, card, said):
    hub.data = bundle(root(1, 300))

    def lie(handler):
        if len(hub.asked) > 1:
            return False
        handler.say(206, hub.data[:HEAD], **{"Content-Range": said.format(len(hub.data))})
        return True

    hub.odd = lie
    with pytest.raises(Refused):
        take(hub, card)
    assert left(card) == []


def test_other_bytes_than_asked_for_are_refused_on_the_way_too(hub, card):
    hub.data = bundle(root(1, 300))
    honest = hub.server.RequestHandlerClass.span

    def lying(handler, start, end):
        return honest(handler, start + BLOCK, end + BLOCK) if start > HEAD else honest(
            handler, start, end)

    hub.server.RequestHandlerClass.span = lying
    with pytest.raises(Refused, match="asked for"):
        take(hub, card)
    assert not (card / "update").exists()


def test_more_and_less_than_was_asked_for_is_not_taken(hub, card):
    hub.data = bundle(root(1, 300))
    for size, trouble in ((HEAD + 1, Refused), (100_000, Refused), (HEAD - 1, Soon), (0, Soon)):
        def odd(handler, size=size):
            handler.say(206, hub.data[:size], **{"Content-Range": handler.span(0, HEAD)})
            return True

        hub.odd = odd
        with pytest.raises(trouble):
            take(hub, card)
    assert left(card) == []


def test_a_server_that_sends_other_bytes_in_the_middle_is_found_out(hub, card):
    data = bundle(root(1, 300))
    hub.data = data[:600_000] + bytes(100) + data[600_100:]
    with pytest.raises(Refused, match="signature says") as trouble:
        take(hub, card)
    assert left(card) == [] and trouble.value.etag == '"one"'


def test_not_modified_is_believed_only_of_what_is_known(hub, card):
    hub.data = bundle(root(1, 300))
    assert take(hub, card, ['"zero"', '"one"']) is None
    assert hub.asked[-1]["If-None-Match"] == '"zero", "one"'

    def nothing(handler):
        handler.say(304)
        return True

    hub.odd = nothing
    with pytest.raises(Refused, match="304"):
        take(hub, card)


@pytest.mark.parametrize("status", [204, 401, 404, 416, 500, 503])
def test_any_other_answer_is_no_bundle(hub, card, status):
    def answer(handler):
        handler.say(status, b"")
        return True

    hub.odd = answer
    with pytest.raises(Refused, match=str(status)):
        take(hub, card)


def test_a_server_that_is_busy_on_the_way_is_asked_again(hub, card):
    hub.data = bundle(root(1, 300))

    def busy(handler):
        if len(hub.asked) in (3, 5):
            handler.say(503, b"later")
            return True

    hub.odd = busy
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data


def trickle(handler, where: str) -> bool:
    """A byte now and then, for ever."""
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" if where == "body" else b"HTTP/1"
    handler.wfile.write(said)
    while True:
        handler.wfile.write(b"1")
        time.sleep(0.02)


@pytest.mark.parametrize("where", ["header", "body"])
def test_a_server_that_trickles_is_left_in_the_end(hub, card, where):
    hub.odd = lambda handler: trickle(handler, where)
    with pytest.raises(Soon, match="not done"):
        take(hub, card, longest=0.5)
    assert not (card / "update").exists()


def test_a_server_that_never_shakes_hands_is_left_in_the_end(keys, card):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Server("localhost", silent.getsockname()[1], "/", keys[1])
        with pytest.raises(Soon, match="not done"):
            fetch.fetch(server, card / "update", card.parent / "running", judge, longest=0.5)


def test_where_nobody_listens_there_is_no_bundle(keys, card):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    server = Server("localhost", port, "/", keys[1])
    with pytest.raises(Refused, match="refused"):
        fetch.fetch(server, card / "update", card.parent / "running", judge)


def test_a_server_of_another_authority_is_not_believed(hub, card, tmp_path):
    server = Server("localhost", hub.port, "/", certify(tmp_path / "stranger")[1])
    with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
        fetch.fetch(server, card / "update", card.parent / "running", judge)
    assert hub.asked == []


def test_a_certificate_for_another_name_is_not_believed(hub, card):
    server = Server("127.0.0.1", hub.port, "/", hub.certificate)
    with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
        fetch.fetch(server, card / "update", card.parent / "running", judge)


DEFAULT = ssl.create_default_context


def strict(**words):
    """As Python 3.13 makes it."""
    context = DEFAULT(**words)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.fixture(params=[pairing.AUTHORITY, ()], ids=["paired today", "paired before"])
def paired(request, tmp_path, monkeypatch):
    """The hub, and whether its authority has what RFC 5280 wants of one."""
    monkeypatch.setattr(pairing, "AUTHORITY", request.param)
    broker, kept = tmp_path / "broker", tmp_path / "kept"
    broker.mkdir()
    kept.mkdir()
    pairing.certify(broker, kept, ["localhost"])
    hub = Hub(broker / "nocturne-hub.key", broker / "nocturne-hub.crt")
    hub.certificate = broker / "nocturne-ca.crt"
    hub.data = bundle(root(1, 300))
    yield hub, bool(request.param)
    hub.close()


def test_a_paired_hub_is_believed_by_newer_pythons_too(paired, card, monkeypatch):
    hub, _ = paired
    monkeypatch.setattr(fetch.ssl, "create_default_context", strict)
    assert take(hub, card) == '"one"'


def test_whoever_is_strict_about_authorities_believes_what_is_paired_today(paired):
    hub, today = paired
    link = http.client.HTTPSConnection(
        "localhost", hub.port, timeout=5, context=strict(cafile=str(hub.certificate)))
    with nullcontext() if today else pytest.raises(ssl.SSLCertVerificationError, match="usage"):
        link.connect()
    link.close()


# ---- what may not be installed, and where


def test_what_is_not_signed_is_refused_for_its_first_blocks_and_its_end(hub, card):
    hub.data = bundle(root(1, 1000), key=b"a stranger's")
    with pytest.raises(Refused, match="signature"):
        take(hub, card)
    assert hub.sent <= HEAD + TAIL and left(card) == []


def test_without_ranges_what_is_not_signed_is_named_so_that_it_is_fetched_once(hub, card):
    hub.data, hub.ranges = bundle(root(1, 300), key=b"a stranger's"), False
    with pytest.raises(Refused, match="signature") as trouble:
        take(hub, card)
    assert trouble.value.etag == '"one"' and left(card) == []
    assert take(hub, card, [trouble.value.etag]) is None


def test_a_bundle_that_the_server_itself_got_half_of_is_refused_and_later_taken(hub, card):
    whole = bundle(root(1, 300))
    for hub.ranges in (True, False):
        hub.data, hub.etag = whole[:700_000], '"half"'
        with pytest.raises(Refused, match="signature"):
            take(hub, card)
        hub.data, hub.etag = whole, '"whole"'
        assert take(hub, card, ['"half"']) == '"whole"'
        assert (card / "update").read_bytes() == whole


@pytest.mark.parametrize("ranges", [True, False])
def test_the_nights_keep_their_room_on_the_card(hub, card, monkeypatch, ranges):
    hub.data, hub.ranges = bundle(root(1, 300)), ranges
    usage = shutil.disk_usage(card)
    monkeypatch.setattr(fetch.shutil, "disk_usage",
                        lambda _: usage._replace(free=fetch.RESERVE + len(hub.data) - 1))
    with pytest.raises(Refused, match="no room"):
        take(hub, card)
    monkeypatch.setattr(fetch.shutil, "disk_usage",
                        lambda _: usage._replace(free=fetch.RESERVE + len(hub.data)))
    assert take(hub, card) == '"one"'


def test_a_card_that_cannot_be_written_says_so(hub, card, monkeypatch):
    hub.data = bundle(root(1, 300))

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "settle", full)
    with pytest.raises(OSError, match="No space"):
        take(hub, card)


# ---- what the running root has already


def changed(image: bytes, *places: int) -> bytes:
    """With another block at each of these."""
    new = bytearray(image)
    for place in places:
        new[place * BLOCK:(place + 1) * BLOCK] = random.Random(place).randbytes(BLOCK)
    return bytes(new)


def test_only_what_the_running_root_lacks_is_fetched(hub, card):
    old = root(1, 3000)
    (card.parent / "running").write_bytes(old + bytes(100 * BLOCK))     # a slot is larger
    hub.data = bundle(changed(old, 1200, 1201, 2999))
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert hub.sent < AGAIN + 2 * len(index_of(old)) + 3 * (BLOCK + fetch.NEAR)


def test_blocks_that_have_moved_are_found(hub, card):
    old = root(1, 3000)
    (card.parent / "running").write_bytes(old)
    new = old[:500 * BLOCK] + root(2, 30) + old[500 * BLOCK:]
    hub.data = bundle(new)
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert hub.sent < AGAIN + 2 * len(index_of(new)) + 30 * BLOCK + 2 * fetch.NEAR


def test_a_delta_is_gone_on_with_after_a_cut(hub, card):
    old = root(1, 3000)
    (card.parent / "running").write_bytes(old)
    hub.data = bundle(changed(old, *range(1000, 1400)))
    for cut in random.Random(5).sample(range(HEAD + TAIL + 96_000, 1_700_000), 20):
        hub.sent, hub.cut = 0, cut
        with pytest.raises(Soon):
            take(hub, card)
        before, hub.sent, hub.cut = hub.cut, 0, None
        assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
        assert before + hub.sent < 400 * BLOCK + 2 * AGAIN + 3 * len(index_of(old)) + fetch.NEAR
        (card / "update").unlink()


def test_a_delta_is_gone_on_with_from_within_what_the_running_root_has(hub, card):
    old = root(1, 3000)
    (card.parent / "running").write_bytes(old)
    hub.data, hub.cut = bundle(changed(old, *range(1000, 1400))), 1_000_000
    with pytest.raises(Soon):
        take(hub, card)
    part, = fetch.parts(card / "update")
    os.truncate(part, 500 * BLOCK + 1234)               # what had reached the card
    hub.sent, hub.cut = 0, None
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert hub.sent < AGAIN + 2 * len(index_of(old)) + 400 * BLOCK + 2 * fetch.NEAR


def test_an_index_that_lies_costs_a_second_download_and_no_more(hub, card):
    old = root(1, 300)
    (card.parent / "running").write_bytes(old)
    index = bytearray(index_of(old))
    index[100 * 32:101 * 32] = index[200 * 32:201 * 32]
    hub.data = bundle(old, index=bytes(index))
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data


@pytest.mark.parametrize("index", [None, b"", bytes(300 * 32)])
def test_a_bundle_without_its_index_is_fetched_as_a_whole(hub, card, index):
    old = root(1, 300)
    (card.parent / "running").write_bytes(old)
    hub.data = bundle(old, index=index, indexed=index is not None)
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data
    assert hub.sent >= len(old)


def test_a_bundle_that_is_laid_out_otherwise_is_fetched_as_a_whole_for_rauc_to_judge(hub, card):
    hub.data = bundle(root(1, 300), index=bytes(300 * 32), checksum="of what is packed in it")
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data


def test_a_running_root_that_cannot_be_read_is_done_without(hub, card):
    (card.parent / "running").unlink()
    hub.data = bundle(root(1, 300))
    assert take(hub, card) == '"one"' and (card / "update").read_bytes() == hub.data


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_names_every_byte_once(seed):
    chance = random.Random(seed)
    count, start = chance.randrange(1, 400), chance.randrange(96, BLOCK)
    image = bytes(chance.choice((0, 1, 2)) for _ in range(count))
    index = b"".join(hashlib.sha256(bytes([number, at % 250, image[at]])).digest()
                     for at in range(count) for number in [chance.randrange(3)])
    held = {index[at * 32:(at + 1) * 32]: chance.choice((at, chance.randrange(500))) * BLOCK
            for at in range(count) if image[at]}
    size = start + count * BLOCK + chance.randrange(1, 9000)
    pieces = fetch.plan(size, start, index, held)
    assert [piece.start for piece in pieces] == [0, *(piece.end for piece in pieces[:-1])]
    assert pieces[-1].end == size
    for piece in pieces:
        if piece.held is not None:
            for at in range(piece.start, piece.end, BLOCK):
                number = (at - start) // BLOCK
                digest = index[number * 32:(number + 1) * 32]
                assert held[digest] == piece.held + at - piece.start
        else:
            assert piece == pieces[0] or pieces[pieces.index(piece) - 1].held is not None


def test_a_few_blocks_between_two_requests_are_not_worth_a_third():
    index = b"".join(hashlib.sha256(bytes([at])).digest() for at in range(100))
    held = {index[at * 32:(at + 1) * 32]: at * BLOCK for at in range(100) if at not in (40, 44)}
    size = 100 + 100 * BLOCK
    assert fetch.plan(size + 5000, 100, index, held) == [
        Piece(0, 100, None), Piece(100, 100 + 40 * BLOCK, 0),
        Piece(100 + 40 * BLOCK, 100 + 45 * BLOCK, None),
        Piece(100 + 45 * BLOCK, size, 45 * BLOCK), Piece(size, size + 5000, None)]


# ---- a server that we didn't write


@pytest.fixture
def nginx(keys, tmp_path):
    """nginx serving tmp_path/www; its port."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("nginx is missing: apt-get install nginx-light")
    (tmp_path / "www").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "nginx.conf"
    config.write_text(f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}}
http {{
    access_log off; client_body_temp_path {tmp_path}/body; proxy_temp_path {tmp_path}/proxy;
    fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
    server {{
        listen 127.0.0.1:{port} ssl; root {tmp_path}/www;
        ssl_certificate {keys[1]}; ssl_certificate_key {keys[0]};
    }}
}}""")
    process = subprocess.Popen([program, "-c", config, "-p", tmp_path], stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    yield port, tmp_path / "www/nocturne.raucb"
    process.terminate()
    process.wait()


def test_nginx_serves_the_pieces_that_are_missing(nginx, keys, card):
    port, served = nginx
    old = root(1, 3000)
    (card.parent / "running").write_bytes(old)
    served.write_bytes(bundle(changed(old, 7, 1200, 2999)))
    server = Server("localhost", port, "/nocturne.raucb", keys[1])
    etag = fetch.fetch(server, card / "update", card.parent / "running", judge)
    assert etag and (card / "update").read_bytes() == served.read_bytes()
    assert server.received < 500_000 < len(old)
    again = Server("localhost", port, "/nocturne.raucb", keys[1])
    assert fetch.fetch(again, card / "update", card.parent / "running", judge, [etag]) is None
