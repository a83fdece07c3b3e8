"""The bench's /dev/i2c-1, asked as the kernel asks: what it wants to see of the caller's memory
comes by retries."""

import ctypes
import errno
import struct

import numpy as np
import pytest
from smbus2.smbus2 import I2C_RDWR, I2C_SMBUS, i2c_msg, i2c_rdwr_ioctl_data, i2c_smbus_ioctl_data

from device.clock import VirtualClock
from device.sim.bus import SimBus
from device.sim.chips_max30102 import MAX30102
from image.guest import cuse


class Finger:
    def values(self, times):
        return np.full((len(times), 2), 120_000.0)


class Kernel:
    """The other side of /dev/cuse: Linux fs/fuse/ioctl.c, fuse_do_ioctl()."""

    def __init__(self, device):
        self.device = device
        self.handle, *_ = struct.unpack("<QII", device.answer(cuse.OPEN, b""))

    def ioctl(self, command: int, argument: int) -> int:
        reads, writes = [], []
        for _ in range(5):
            memory = b"".join(ctypes.string_at(base, length) for base, length in reads)
            room = sum(length for _, length in writes)
            body = cuse.IOCTL_IN.pack(self.handle, 1, command, argument, len(memory), room) + memory
            answer = self.device.answer(cuse.IOCTL, body)
            result, flags, ins, outs = cuse.IOCTL_OUT.unpack_from(answer)
            rest = answer[cuse.IOCTL_OUT.size:]
            if not flags & cuse.RETRY:
                for base, length in writes:
                    ctypes.memmove(base, rest[:length], min(length, len(rest)))
                    rest = rest[length:]
                return result
            pieces = [cuse.IOVEC.unpack_from(rest, i * cuse.IOVEC.size) for i in range(ins + outs)]
            reads, writes = pieces[:ins], pieces[ins:]
        raise AssertionError("the device never has enough")


@pytest.fixture
def bench():
    clock = VirtualClock()
    return clock, Kernel(cuse.Device(SimBus([MAX30102(clock, Finger())], clock)))


def transfer(kernel, *messages):
    whole = i2c_rdwr_ioctl_data.create(*messages)
    return kernel.ioctl(I2C_RDWR, ctypes.addressof(whole))


def test_the_first_word_names_the_device_and_asks_for_free_memory_access():
    answer = cuse.Device(SimBus([], VirtualClock())).answer(
        cuse.INIT, struct.pack("<IIII", 7, 40, 0, 0)
    )
    major, minor, _, flags = struct.unpack_from("<IIII", answer)
    assert (major, minor, flags) == (7, 40, cuse.UNRESTRICTED)
    assert answer[72:] == b"DEVNAME=i2c-1\0"            # struct cuse_init_out has 72 bytes


def test_smbus2s_own_messages_read_the_part_id_and_a_fifo(bench):
    clock, kernel = bench
    read = i2c_msg.read(0x57, 1)
    assert transfer(kernel, i2c_msg.write(0x57, [0xFF]), read) == 2
    assert bytes(read) == b"\x15"
    for register, value in ((0x08, 0x10), (0x0A, 0x27), (0x0C, 0x24), (0x0D, 0x24), (0x09, 0x03)):
        transfer(kernel, i2c_msg.write(0x57, [register, value]))
    clock.sleep(0.1)
    fifo = i2c_msg.read(0x57, 36)
    transfer(kernel, i2c_msg.write(0x57, [0x07]), fifo)
    assert int.from_bytes(bytes(fifo)[:3], "big") > 50_000


def test_i2cgets_way_of_asking_works_too(bench):
    _, kernel = bench
    kernel.ioctl(cuse.I2C_SLAVE, 0x57)
    asked = i2c_smbus_ioctl_data.create(read_write=1, command=0xFF, size=2)
    assert kernel.ioctl(I2C_SMBUS, ctypes.addressof(asked)) == 0
    assert asked.data.contents.byte == 0x15


def test_nobody_at_an_address_is_the_pis_own_error(bench):
    _, kernel = bench
    with pytest.raises(OSError) as caught:
        transfer(kernel, i2c_msg.write(0x18, [0x0F]), i2c_msg.read(0x18, 1))
    assert caught.value.errno == errno.EREMOTEIO
