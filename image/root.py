"""The root file system of a slot: Debian, the kernel's modules, Nocturne, and the files of
image/root."""

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from device.sheets import compile_all
from image import kernel, recipe, wheels
from image.host import CACHE, HERE, REPOSITORY, Trouble, run, say, step, unpack
from image.recipe import Suite

PYTHON = "usr/lib/nocturne/python"
SOURCE = CACHE / "source"           # the last commit
COMMAND_LINE = "quiet loglevel=3 console=tty1 panic=10 systemd.show_status=0 systemd.getty_auto=0"


@dataclass(frozen=True)
class Debian:
    """Folders with unpacked packages, kept in the cache till the recipe changes."""

    kernel: Path
    compiler: Path      # for that kernel, emulated
    system: Path        # of the root's suite


def debian(suite: Suite, epoch: int, fresh: bool) -> Debian:
    newest = recipe.KERNEL_SUITE
    return Debian(
        bootstrap("kernel", newest, "extract", recipe.KERNEL_PACKAGES, epoch, fresh),
        bootstrap("compiler", newest, "extract", recipe.COMPILER_PACKAGES, epoch, fresh),
        bootstrap("system", suite.name, "minbase", recipe.PACKAGES, epoch, fresh),
    )


def bootstrap(
    name: str, suite: str, variant: str, packages: tuple[str, ...], epoch: int, fresh: bool
) -> Path:
    wanted = repr((suite, variant, packages, recipe.DOCUMENTS))
    folder = CACHE / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    if folder.exists() and not fresh:
        say(f"  {suite} ({name}) is in the cache")
        return folder
    debs = CACHE / f"debs-{suite}"
    debs.mkdir(parents=True, exist_ok=True)
    making = CACHE / f"{name}.making"
    run("rm", "-rf", "--one-file-system", making, folder)
    exclude = [f"--dpkgopt=path-exclude={path}" for path in recipe.DOCUMENTS]
    archives = "/var/cache/apt/archives"
    with step(f"{suite} {variant}: {len(packages)} packages and what they need, up to 5 minutes"):
        run(
            "mmdebstrap",
            "--mode=root",
            "--architectures=arm64",
            f"--variant={variant}",
            f"--components={recipe.COMPONENTS}",
            '--aptopt=Apt::Install-Recommends "false"',
            *exclude,
            f"--dpkgopt=path-include={recipe.COPYRIGHTS}",
            f'--setup-hook=mkdir -p "$1{archives}"',
            f"--setup-hook=sync-in {shlex.quote(str(debs))} {archives}/",
            # The one variant runs no customize hook.
            "--skip=download/empty",
            "--skip=essential/unlink",
            f"--{'extract' if variant == 'extract' else 'customize'}-hook=sync-out {archives} "
            f"{shlex.quote(str(debs))}",
            f"--include={','.join(packages)}",
            suite,
            making,
            log=CACHE / f"{name}.log",
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)},
        )
    making.rename(folder)
    return folder


def assemble(
    root: Path,
    suite: Suite,
    debian: Debian,
    epoch: int,
    version: str,
    firmware: Path | None,
    certificate: Path,
) -> None:
    """Make `root` from the cached Debian."""
    run("cp", "-a", "--reflink=auto", debian.system, root)
    with step("kernel modules and files for the boot partition"):
        kernel.install_modules(debian.kernel, debian.compiler, root)
        kernel.install_boot_files(debian.kernel, root, epoch, COMMAND_LINE)
    wifi(root, firmware)
    with step("what PyPI has"):
        needs = wheels.fetch(suite, debian.compiler)
    with step("Nocturne"):
        nocturne(root, needs, suite, epoch)
    overlay(root, version, certificate)
    inside(root, "systemd-sysusers")
    inside(root, "ldconfig")        # or sounddevice says that PortAudio isn't there
    with step("byte code, for a root that can't be written"):
        byte_code(root, suite)
    for unit in recipe.PURGED:
        inside(root, "systemctl", "mask", unit)
    inside(root, "systemctl", "enable", *recipe.ENABLED)
    mask(root / "etc/systemd/system-generators", recipe.GENERATORS)
    mask(root / "etc/udev/rules.d", [f"{name}.rules" for name in recipe.RULES])
    tidy(root, epoch)


def mask(folder: Path, names: Sequence[str]) -> None:
    """What systemd and udev find there, they leave alone elsewhere."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).symlink_to("/dev/null")


def byte_code(root: Path, suite: Suite) -> None:
    """Two processes share it by folder: with compileall's own -j a file's bytes depend on what its
    worker compiled before."""
    words = ("python3", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash")
    shares = ((f"/usr/lib/python{suite.python}", "/usr/lib/python3"), ("/usr/lib/nocturne",))
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda folders: inside(root, *words, *folders), shares))


def nocturne(root: Path, needs: Path, suite: Suite, epoch: int) -> None:
    """The product, from the last commit, beside what it needs."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir()
    run("git", "archive", "--output", CACHE / "source.tar", "HEAD", cwd=REPOSITORY)
    unpack(CACHE / "source.tar", SOURCE)
    target = root / PYTHON
    wheels.install(target, needs, suite, epoch)
    run(*wheels.PIP, "install", "--no-deps", "--no-compile", "--target", target, SOURCE,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch)})
    for model in ("composer.onnx", "recommender.tflite", "stager.json"):
        if not (target / "device/models" / model).exists():
            raise Trouble(f"the wheel lacks models/{model}: look at pyproject.toml")
    # the one names a path of this machine, the other holds its hash
    for name in ("direct_url.json", "RECORD"):
        for record in target.glob(f"*.dist-info/{name}"):
            record.unlink()
    shutil.rmtree(target / "bin", ignore_errors=True)
    compile_all(target / "device")


def wifi(root: Path, firmware: Path | None) -> None:
    """Firmware files that Debian lacks, from a local folder; what is still missing is said here and
    on the device."""
    target = root / "usr/lib/firmware/brcm"
    if firmware is not None:
        for file in sorted(firmware.iterdir()):
            shutil.copy(file, target / file.name)
    missing = [name for name in recipe.WANTED_WIFI if not (target / name).exists()]
    if missing:
        say(
            f"! no Wi-Fi on those Zero 2 W boards that need {', '.join(missing)}: Debian has no "
            "such files; put them "
            "into a folder and say --firmware FOLDER"
        )


def overlay(root: Path, version: str, certificate: Path) -> None:
    for file in (path for path in sorted((HERE / "root").rglob("*")) if path.is_file()):
        target = root / file.relative_to(HERE / "root")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
        target.chmod(0o755 if target.parent.name == "bin" else 0o644)
    board = root / "usr/lib/nocturne/board"
    board.mkdir()
    for file in sorted((HERE / "board").glob("*.py")):
        (board / file.name).write_bytes(file.read_bytes())
        (board / file.name).chmod(0o755)
    copy_tools(SOURCE / "tools", root / "usr/lib/nocturne/tools")
    for unit in ("nocturne.service", "nocturne-sound.service"):
        shutil.copy(SOURCE / "systemd" / unit, root / "usr/lib/systemd/system")
    shutil.copy(SOURCE / "systemd/nocturne.toml", root / "usr/lib/nocturne/nocturne.toml")
    (root / "usr/lib/nocturne/wifi.txt").write_bytes(dos_text(HERE / "card/wifi.txt"))
    shutil.copy(certificate, root / "etc/rauc/keyring.pem")
    (root / "usr/lib/nocturne/version").write_text(version + "\n")
    (root / "etc/hostname").write_text("nocturne\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost nocturne\n::1 localhost\n")
    for folder in ("boot/firmware", "data", "var/lib/nocturne"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    link(root / "etc/nocturne.toml", "/data/config/nocturne.toml")
    link(root / "etc/localtime", "/data/config/localtime")
    link(root / "etc/nocturne-ca.crt", "/data/config/nocturne-ca.crt")
    link(root / "etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
    link(
        root / "etc/wpa_supplicant/wpa_supplicant-wlan0.conf",
        "/data/config/wpa_supplicant-wlan0.conf",
    )
    link(root / "root/.ssh", "/data/ssh")


def copy_tools(tools: Path, folder: Path) -> None:
    folder.mkdir()
    for name in recipe.TOOLS:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(tools / name, folder / name)


def dos_text(path: Path) -> bytes:
    """For a partition that a person edits on any computer."""
    return path.read_bytes().replace(b"\n", b"\r\n")


def link(path: Path, target: str) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def inside(root: Path, *command: str) -> None:
    """Run a command of the image, emulated."""
    run("chroot", root, "/usr/bin/env", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", *command)


def tidy(root: Path, epoch: int) -> None:
    """What differs from build to build, or that nobody needs on a board."""
    for pattern in (
        "var/cache/*",
        "var/lib/apt/*",
        "var/log/*",
        "boot/*.old",
        "etc/machine-id",
        "etc/ssl/certs/java",
        "etc/*-",
        "var/lib/dbus/machine-id",
        "var/lib/dpkg/*-old",
        "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
        *recipe.UNUSED_FILES,
    ):
        for path in root.glob(pattern):
            run("rm", "-rf", "--one-file-system", path)
    (root / "etc/machine-id").touch()
    shadow = root / "etc/shadow"  # the day on which the cache was made
    shadow.write_text(
        re.sub(r"(?m)^([^:]*:[^:]*):\d+:", rf"\g<1>:{epoch // 86400}:", shadow.read_text())
    )
