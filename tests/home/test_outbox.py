import subprocess
import sys

from device.home.outbox import Courier, Outbox


def test_rows_stay_until_they_are_acknowledged_and_survive_the_process(tmp_path):
    path = tmp_path / "outbox.sqlite"
    code = (
        f"import os; from device.home.outbox import Outbox; box = Outbox({str(path)!r})\n"
        "print(box.add('event/a', b'1'), box.add('event/b', b'2'), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    first, second = ran.stdout.split()
    box = Outbox(path)
    assert [row.id for row in box.oldest(8)] == [first, second]
    assert box.acknowledge(first) and not box.acknowledge(first)
    assert [row.payload for row in box.oldest(8)] == [b"2"]
    assert box.counts() == {"added": 2, "acknowledged": 1, "dropped": 0, "waiting": 1}


def test_when_full_the_oldest_goes_first_and_is_counted():
    box = Outbox(most=3)
    for i in range(5):
        box.add("event/x", str(i).encode())
    assert [row.payload for row in box.oldest(9)] == [b"2", b"3", b"4"]
    assert box.counts()["dropped"] == 2


def test_the_same_id_is_kept_once():
    box = Outbox()
    assert box.add("feedback/q", b"1", "same") == box.add("feedback/q", b"2", "same") == "same"
    assert [row.payload for row in box.oldest(9)] == [b"1"]


def test_a_purged_row_leaves_no_byte_behind(tmp_path):
    box = Outbox(tmp_path / "outbox.sqlite")
    box.add("feedback/comfort", b"very-private-answer")
    box.add("event/night", b"stays")
    assert box.purge("feedback/") == 1
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"very-private" not in files and b"stays" in files


def test_at_most_eight_are_on_their_way_and_each_waits_longer_before_it_is_sent_again():
    box = Outbox()
    ids = [box.add("event/x", str(i).encode()) for i in range(20)]
    courier = Courier(box)
    assert [row.id for row in courier.due(0.0)] == ids[:8]
    assert courier.due(19.0) == []
    assert len(courier.due(20.0)) == 8 and courier.due(59.0) == [] and len(courier.due(60.0)) == 8
    assert courier.due(139.0) == [] and courier.unheard
    courier.acknowledged(ids[0])
    assert [row.id for row in courier.due(139.5)] == [ids[8]]
    courier.reconnected()
    assert len(courier.due(139.6)) == 8
