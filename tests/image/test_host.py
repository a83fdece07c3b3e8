"""`sudo image/build` has this machine get what it needs, says so, and says what it can't get."""

import io
import os
import platform
import shlex
import subprocess
import tarfile
from pathlib import Path

import pytest

from image import disk, host, recipe, root

# As Debian's qemu-user-static registers it.
REGISTERED = ("enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: PF\n"
              "offset 0\nmagic 7f454c460201010000000000000000000200b700\n"
              "mask ffffffffffffff00fffffffffffffffffeffffff\n")


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine with no command but those laid into its folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("NOCTURNE_NO_SETUP", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def command(folder: Path, name: str, script: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_what_is_missing_is_installed_by_apt_and_said(bare, capsys):
    command(bare, "zstd")
    command(bare, "apt-get", f'echo "$@" >>{bare}/asked\n'
                             f"for one in rauc mksquashfs; do echo '#!/bin/sh' >{bare}/$one\n"
                             f"/bin/chmod +x {bare}/$one; done")
    host.need("zstd", "rauc", "mksquashfs")
    asked = (bare / "asked").read_text()
    assert "install" in asked and "rauc squashfs-tools" in asked and "zstd" not in asked
    assert "installing rauc, squashfs-tools with apt" in capsys.readouterr().err


def test_an_old_list_of_packages_is_fetched_anew_once(bare):
    command(bare, "apt-get", f'echo "$1" >>{bare}/asked\n[ -e {bare}/fresh ] || [ "$1" = update ] '
                             f"|| exit 100\n: >{bare}/fresh\n[ \"$1\" = update ] || "
                             f"{{ echo '#!/bin/sh' >{bare}/dtc; /bin/chmod +x {bare}/dtc; }}")
    host.need("dtc")
    assert (bare / "asked").read_text().split() == ["install", "update", "install"]


@pytest.mark.parametrize("apt", [None, "exit 100"])
def test_without_apt_or_where_it_fails_every_package_is_named(bare, apt):
    if apt:
        command(bare, "apt-get", apt)
    with pytest.raises(host.Trouble, match="device-tree-compiler, rauc.*apt-get install") as said:
        host.need("rauc", "dtc", "fdtput")
    assert str(said.value).count("device-tree-compiler") == 2


def test_without_root_and_without_sudo_the_command_to_type_is_said(bare, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    command(bare, "apt-get")
    with pytest.raises(host.Trouble, match="apt-get install swig"):
        host.need("swig")
    assert "couldn't: please run  sudo apt-get install" in capsys.readouterr().err


def test_nothing_is_installed_where_that_was_asked_for(bare, monkeypatch):
    monkeypatch.setenv("NOCTURNE_NO_SETUP", "1")
    command(bare, "apt-get", f": >{bare}/asked")
    with pytest.raises(host.Trouble, match="rauc"):
        host.need("rauc")
    assert not (bare / "asked").exists()


def test_a_module_of_python_is_found_or_its_package_named(bare, monkeypatch):
    host.need(module="pytest")
    monkeypatch.setitem(host.MODULES, "no_such_module", "python3-none")
    with pytest.raises(host.Trouble, match="python3-none"):
        host.need(module="no_such_module")


@pytest.mark.parametrize(("text", "good"), [
    (REGISTERED, True), (REGISTERED.replace("enabled", "disabled"), False),
    (REGISTERED.replace("PF", "P"), False), (REGISTERED.replace("b700", "3e00"), False),
    ("", False)])
def test_an_entry_counts_where_it_is_enabled_and_reaches_into_a_chroot(tmp_path, text, good):
    (tmp_path / "qemu-aarch64").write_text(text)
    (tmp_path / "register").write_text("")
    assert host.understood(tmp_path) is good


def test_the_kernel_is_told_to_start_arms_programs_once_it_may_be(bare, monkeypatch, capsys):
    room = bare / "binfmt_misc"
    room.mkdir()
    (room / "register").write_text("")
    monkeypatch.setattr(host, "FOREIGN", room)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    command(bare, "qemu-aarch64-static")
    with pytest.raises(host.Trouble, match="container"):
        host.need_arm()
    assert (room / "register").read_text() == host.entry(str(bare / "qemu-aarch64-static"))
    (room / "qemu-aarch64").write_text(REGISTERED.replace("enabled", "disabled"))
    command(bare, "update-binfmts", f"[ $1 $2 = --enable qemu-aarch64 ] 2>/dev/null; "
                                    f"printf 'enabled\\n' >{room}/qemu-aarch64; "
                                    f"printf '{REGISTERED[8:]}' >>{room}/qemu-aarch64")
    host.need_arm()
    assert "binfmt_misc" in capsys.readouterr().err


def test_a_machine_of_that_kind_needs_none_of_it(bare, monkeypatch):
    monkeypatch.setattr(host, "FOREIGN", bare / "none")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    host.need_arm()


def test_what_would_be_registered_is_what_debian_registers():
    said = dict(line.split(" ", 1) for line in REGISTERED.splitlines()[1:])
    _, name, kind, offset, magic, mask, path, flags = host.entry("/usr/bin/qemu").split(":")
    assert (name, kind, offset, path, flags) == ("qemu-aarch64", "M", "", "/usr/bin/qemu", "F")
    assert magic.replace("\\x", "") == said["magic"] and mask.replace("\\x", "") == said["mask"]
    theirs = Path("/bin/true").read_bytes()[:20]
    arm = theirs[:18] + b"\xb7\x00"
    want, heed = bytes.fromhex(said["magic"]), bytes.fromhex(said["mask"])
    def meant(head: bytes) -> bool:
        return all((mine & bit) == (its & bit)
                   for mine, its, bit in zip(head, want, heed, strict=True))
    assert meant(arm) and meant(theirs) is (platform.machine() == "aarch64")


def test_a_clone_without_its_history_is_named_and_makes_no_older_version(tmp_path):
    whole, shallow = tmp_path / "whole", tmp_path / "shallow"
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *map(str, words)],
                       check=True, capture_output=True)
    git("init", whole)
    for number in range(3):
        git("-C", whole, "commit", "--allow-empty", "-m", number)
    git("clone", "--depth=1", f"file://{whole}", shallow)
    assert host.commits(whole) == 3
    with pytest.raises(host.Trouble, match="git fetch --unshallow"):
        host.commits(shallow)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_reads_a_persons_clone_without_sudo(tmp_path, monkeypatch):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", host.REPOSITORY, clone],
                   check=True)
    subprocess.run(["chown", "-R", "1000:1000", clone], check=True)
    monkeypatch.delenv("SUDO_UID", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(clone))
    assert host.commits(clone) > 0


def test_an_archive_is_unpacked_by_any_python_with_nobodys_rights(tmp_path, monkeypatch):
    """Debian bookworm's own Python 3.11.2 has no filters of tarfile."""
    monkeypatch.delattr(tarfile, "data_filter", raising=False)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("file")
        entry.mode, entry.uid, entry.size = 0o4777, 4711, 2
        archive.addfile(entry, io.BytesIO(b"hi"))
    before = os.umask(0o022)
    host.unpack(tmp_path / "a.tar.gz", tmp_path)
    os.umask(before)
    found = (tmp_path / "file").stat()
    assert (found.st_mode & 0o7777, found.st_uid) == (0o755, os.geteuid())


def test_a_clone_in_a_folder_with_a_space_keeps_its_packages_there(tmp_path, monkeypatch):
    """mmdebstrap parts the words of its own hooks as a shell does."""
    monkeypatch.setattr(root, "CACHE", tmp_path / "my clone")
    called = []
    def run(*words, **_):
        called.extend(map(str, words))
        Path(words[-1]).mkdir()
    monkeypatch.setattr(root, "run", run)
    root.bootstrap("system", "trixie", "minbase", recipe.PACKAGES, 0, False)
    hooks = [shlex.split(word.partition("=")[2]) for word in called if "-hook=sync-" in word]
    assert [len(hook) for hook in hooks] == [3, 3]
    assert str(tmp_path / "my clone/debs-trixie") in hooks[0]


def test_a_program_that_fails_on_a_full_disk_is_said_in_a_line(bare):
    command(bare, "zstd", "echo nocturne.img.zst: No space left on device >&2; exit 1")
    with pytest.raises(host.Trouble, match="zstd failed.*No space left"):
        disk.compress(bare / "nocturne.img")
