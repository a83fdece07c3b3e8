"""`nocturne hub`: the program that runs beside the broker, on any small machine at home or on the
ward."""

import argparse
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from device.arguments import Parser, ended, path, present, room, text, whole
from device.errors import ConfigError, NocturneError
from device.home.hub.pairing import (
    BEDS,
    RIGHTS,
    Bed,
    admit,
    hosts_of,
    known,
    outdated,
    pair,
    unpair,
)
from device.home.hub.server import Broker, Server, load_key
from device.home.hub.setup import examine, forget, reload, set_up
from device.home.hub.store import RETENTION, Store
from device.home.hub.web import LOOPBACK, beside
from device.home.settings import loopback

CALM = """
A browser will say "your connection is not private" once: this hub vouches for itself, and nobody on
the internet knows it. Load ca.crt, which pairing left beside home.toml, into the browser as an
authority, or compare the certificate and go on."""


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="nocturne hub", description=__doc__)
    parser.add_argument("--broker", type=host_and_port, default=("localhost", 1883),
                        metavar="HOST[:PORT]", help="(localhost:1883)")
    parser.add_argument("--username", type=text, default="hub")
    parser.add_argument(
        "--password-file", type=present, help="a file with one line, readable by you alone"
    )
    parser.add_argument(
        "--ca", type=text, default="",
        help="the one certificate authority to trust; without it no TLS"
    )
    parser.add_argument("--data", type=room, default=Path("/var/lib/nocturne-hub"))
    parser.add_argument(
        "--store", type=text, default="", metavar="URL",
        help="postgresql://user@host/name, for several hubs; without it SQLite in --data. A "
        "password belongs into ~/.pgpass or PGPASSWORD, not here"
    )
    parser.add_argument(
        "--metrics", type=whole(0, 65_535), default=0, metavar="PORT",
        help="/metrics for Prometheus, /healthz and /readyz, on this machine's loopback"
    )
    parser.add_argument("--metrics-address", type=text, default=LOOPBACK, metavar="ADDRESS")
    parser.add_argument(
        "--metrics-of-beds", action="store_true",
        help="also of every bed that shares its state for care: ask its sleeper first"
    )
    parser.add_argument(
        "--page",
        type=whole(0, 65_535),
        default=8480,
        metavar="PORT",
        help="serve the page here; 0 is not at all",
    )
    parser.add_argument(
        "--certificate", type=present, metavar="FILE",
        help="of the page: nocturne-hub.crt beside the broker, as pairing made it"
    )
    parser.add_argument("--certificate-key", type=present, metavar="FILE",
                        help="nocturne-hub.key")
    parser.add_argument(
        "--plain", action="store_true",
        help="serve the page in the clear to everybody, and speak so to a broker on another "
        "machine; else without a certificate the page is for this machine only"
    )
    parser.add_argument(
        "--group", type=text, default="",
        help="of several hubs on one --store: the broker deals out to them"
    )
    parser.add_argument(
        "--key", action="store_true", help="print the public key for home.hub_key, and end"
    )
    parser.add_argument(
        "--retention", type=whole(1, 36_500), default=RETENTION, metavar="DAYS",
        help=f"that events are kept ({RETENTION})"
    )
    parser.add_argument("--erase", type=text, metavar="BED",
                        help="forget all events of a bed, and end")
    parser.add_argument(
        "--setup", action="store_true",
        help="make this machine a hub: broker, users, rights, certificate, service; as root"
    )
    parser.add_argument(
        "--doctor", action="store_true", help="look what of the hub works, name remedies, and end"
    )
    parser.add_argument(
        "--pair",
        type=text,
        metavar="BED",
        help="make what the broker and this bed need to know each other by, "
        "and end; as root, beside the broker",
    )
    parser.add_argument(
        "--unpair", type=text, metavar="BED",
        help="the bed comes in no more, and Home Assistant forgets it"
    )
    parser.add_argument(
        "--rotate", type=text, metavar="BED",
        help="a new password for a bed that is paired, at the same hosts"
    )
    parser.add_argument("--name", type=text, default="",
                        help="with --pair: what people call the bed")
    parser.add_argument(
        "--host",
        type=text,
        action="append",
        metavar="NAME",
        help="with --pair: the broker's name or address, as "
        "the bed will use it; may be given again for further ones (this machine's name)",
    )
    parser.add_argument(
        "--viewer", type=text, metavar="NAME",
        help="let a person look at --bed by the page, and end"
    )
    parser.add_argument(
        "--caregiver", type=text, metavar="NAME",
        help="let a person look at --bed and command it, and end"
    )
    parser.add_argument(
        "--watcher", type=text, metavar="NAME",
        help="let a person look at the ward: of each --bed in one word how it is, and nothing more"
    )
    parser.add_argument("--bed", type=text, action="append", default=[],
                        help="with --viewer, --caregiver or --watcher; may be given again")
    parser.add_argument(
        "--etc", type=path, default=Path("/etc"), help="with these: where the broker's files go"
    )
    options = parser.parse_args(argv)
    if (options.viewer or options.caregiver or options.watcher) and not options.bed:
        parser.error("--viewer, --caregiver and --watcher need --bed BED")
    return ended("nocturne hub", lambda: run(options))


def host_and_port(given: str) -> tuple[str, int]:
    """A type for argparse."""
    host, colon, port = text(given).rpartition(":")
    if not colon:
        return given, 1883
    if not host:
        raise argparse.ArgumentTypeError(f"{given!r}: names no host")
    return host, whole(1, 65_535)(port)


def run(options: argparse.Namespace) -> int:
    """Raises NocturneError, OSError."""
    try:
        return done(options)
    except SQLAlchemyError as trouble:
        raise NocturneError(f"the store: {str(trouble).partition(chr(10))[0]}") from None


def done(options: argparse.Namespace) -> int:
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if options.doctor:
        return diagnose(options)
    key = load_key(options.data / "hub.key")
    if options.key:
        print(public(key))
        return 0
    if options.setup:
        set_up(options.host or known_as(), options.etc, options.data, print)
        return 0
    if options.rotate:
        if options.rotate not in known(options.etc / "mosquitto"):
            raise ConfigError(f"{options.rotate!r} is not paired here")
        options.pair, options.host = options.rotate, options.host or hosts_of(options.data)
    if options.pair:
        done = introduce(options, public(key))
        if options.store:
            with contextlib.closing(Store(options.store)) as store:
                store.pair(options.pair)
        return done
    if options.unpair:
        return part(options)
    for role in RIGHTS:
        if not (person := getattr(options, role)):
            continue
        password = admit(person, options.bed, role, options.etc, options.data)
        print(
            f"Password of {person} at the broker, shown this once: {password}\nRestart the broker."
        )
        return 0
    store = Store(options.store or options.data / "hub.sqlite", retention=options.retention)
    if options.erase:
        print(f"{store.erase(options.erase)} events of {options.erase} erased")
        return 0
    host, port = options.broker
    kept = options.password_file or options.etc / "nocturne-hub.password"
    password = kept.read_text().strip() if options.password_file or readable(kept) else ""
    broker = Broker(host, port, options.username if password else "", password,
                    options.ca)
    if not (options.ca or options.plain or loopback(host)):
        raise ConfigError(f"the broker {host} is another machine: --ca, or on purpose --plain")
    for warning in outdated(options.etc):
        print(f"nocturne hub: {warning}", flush=True)
    if options.store and store.owner(public(key)) != public(key):
        raise ConfigError(f"the store's hubs sign with another key: copy their hub.key to "
                          f"{options.data}")
    server = Server(store, key, broker, options.group, beds=options.data / BEDS)
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: server.stop())
    with page(options), seen(options, server):
        server.serve()
    store.close()
    return 0


@contextlib.contextmanager
def seen(options: argparse.Namespace, server: Server) -> Iterator[None]:
    """Metrics and health, where they are asked for."""
    if not options.metrics:
        yield
        return
    try:
        from device.home.hub.metrics import Metrics
    except ModuleNotFoundError as trouble:
        raise ConfigError(f"--metrics: {trouble}: pip install 'nocturne[ward]'") from None
    metrics = Metrics(server, options.metrics, options.metrics_address, options.metrics_of_beds)
    with metrics:
        yield


@contextlib.contextmanager
def page(options: argparse.Namespace) -> Iterator[None]:
    """By HTTPS with the hub's own certificate; without one, or on request, in the clear: on this
    machine alone, or everywhere."""
    if not options.page:
        yield
        return
    certificate = None
    if options.certificate and options.certificate_key and not options.plain:
        certificate = (options.certificate, options.certificate_key)
    address = "" if certificate or options.plain else LOOPBACK
    with beside(options.page, address, certificate):
        scheme = "https" if certificate else "http"
        print(f"the page is at {scheme}://{address or socket.gethostname()}:{options.page}"
              + (CALM if certificate else ""), flush=True)
        yield


def readable(file: Path) -> bool:
    return os.access(file, os.R_OK)


def diagnose(options: argparse.Namespace) -> int:
    port = options.broker[1]
    troubles = 0
    for well, words in examine(options.etc, options.data, port, options.page):
        troubles += not well
        print(f"{'ok ' if well else 'NOT'}  {words}", flush=True)
    return 1 if troubles else 0


def known_as() -> list[str]:
    """This machine's names and its address."""
    return list(dict.fromkeys(
        [f"{socket.gethostname()}.local", socket.gethostname(), *addresses()]))


def part(options: argparse.Namespace) -> int:
    """Home Assistant first, then the broker."""
    port = options.broker[1]
    broker, bed = options.etc / "mosquitto", options.unpair
    gone = bed in known(broker) and forget(bed, broker, port, reload)
    unpair(bed, options.etc, options.data)
    reload()
    if options.store:
        with contextlib.closing(Store(options.store)) as store:
            store.unpair(bed)
    print(f"{bed} comes in no more." + ("" if gone else (
        " The broker couldn't be asked to forget it, so delete the device in Home Assistant.")))
    return 0


def introduce(options: argparse.Namespace, hub_key: str) -> int:
    out = Path(options.pair)
    hosts = list(dict.fromkeys([*(options.host or known_as()), *addresses()]))
    page = f"https://{hosts[0]}:{options.page}" if options.page else ""
    bed = Bed(options.pair, options.name, zone(), page)
    made = pair(bed, hosts, hub_key, options.etc, options.data, out)
    for warning in outdated(options.etc):
        print(warning)
    for user, password in made.items():
        print(f"Password of {user} at the broker, shown this once: {password}")
    print(
        f"Restart the broker; then copy {out}/home.toml and {out}/ca.crt to the bed, "
        f"and delete the folder here. The bed will find the broker at {hosts[0]}."
    )
    return 0


def addresses() -> list[str]:
    """This machine's IPv4 address on the home network, so that its certificate holds by number."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))        # RFC 5737: nothing is sent
            return [asking.getsockname()[0]]
        except OSError:
            return []


def zone(machine: Path = Path("/etc/localtime")) -> str:
    """This machine's time zone, for a bed in the same home; "" isn't known, or is no home's."""
    try:
        _, _, name = str(machine.resolve(strict=True)).partition("zoneinfo/")
    except OSError:
        return ""
    return "" if name in ("UTC", "Etc/UTC", "Universal", "Etc/Universal") else name


def public(key: bytes) -> str:
    from nacl.signing import SigningKey
    return SigningKey(key).verify_key.encode().hex()
