"""`nocturne hub --pair BED`: what one bed and its broker need to know each other by; `--viewer`,
`--caregiver`: who may look at it or command it by the page. Run as root beside the broker.

Certificates are made by openssl, password hashes by mosquitto_passwd; both come with the broker.
The first pairing also makes the authority, the broker's certificate and config, and the users of
hub and Home Assistant.
"""

import contextlib
import hashlib
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.errors import ConfigError
from device.home.settings import BED, RESERVED, Settings, loopback

HERE = Path(__file__).resolve().parent
DAYS = "7300"           # twenty years: nobody renews a bedside device
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# What RFC 5280 wants of each, and Python from 3.13 on with it; serverAuth, Apple's browsers.
AUTHORITY = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
             "subjectKeyIdentifier=hash")
SERVER = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
          "extendedKeyUsage=serverAuth", "subjectKeyIdentifier=hash",
          "authorityKeyIdentifier=keyid")
USERS = ("hub", "homeassistant")
MARK = "# People with the page"     # in the ACL: what stands below is of people
QUOTABLE = re.compile(r"[^\"\\\x00-\x1f\x7f]{0,40}")
BEDS = "beds"           # in the hub's data: who may vote and tell of nights, a bed a line
# The patterns of the ACL hold for every user, and would make a bed of a person.
NO_BED = ("topic deny nocturne/{person}/#", "topic deny homeassistant/#")
# SHA-256 of what earlier firmware put there: plain on every address, the page without TLS, or the
# broker's memory without a bound.
SUPPLIED_BEFORE = frozenset({
    "898f253a650fb3e2fc3d8dce8b3aa02171ce6cfb007c702604605b1ce28ea8fd",
    "c24272e2c38dd60d0fd3c2ad41176ad9f0c6695c8ea78e5885c65fe26570547d",
    "a05e80762d3939bd4319d5de1b3569b755b668006f7984dce85f716b45fc9a98",
    "08c270364e580e339358de337b2f66c8a33874f7b8756ad8c6ccf388f9dfaa6c",
    "87a26babc67244e4bb969c30a526618ba9a53f0174bf82edf2e55d53a9c31cfe",
})
# What a person may do at a bed, by role.
LOOK = (("read", "avail"), ("read", "state/#"))
RIGHTS = {
    "viewer": LOOK,
    "caregiver": (*LOOK, ("write", "cmd/#")),
    "watcher": (("read", "avail"), ("read", "state/care"), ("read", "state/name")),
}
NAME = re.compile(r"[A-Za-z0-9.:-]{1,253}")
IP = re.compile(r"[\d.]+|.*:.*")


@dataclass(frozen=True, slots=True)
class Bed:
    """What is to be written into a bed's `home.toml` beside how to reach the hub."""
    id: str
    name: str = ""          # for a person; "" is made of the id
    zone: str = ""          # the home's time zone, of the tz database
    page: str = ""          # address of the hub's page


def prepare(hosts: Sequence[str], etc: Path, data: Path) -> dict[str, str]:
    """Write the broker's files below `etc` and the authority's key into `data`, as far as they are
    missing or of an older hub. Answers the passwords that were made for people to type, by user.

    `hosts`: the broker's names and addresses, the first is what beds will use. Raises ConfigError
    in words.
    """
    if not hosts or not all(NAME.fullmatch(host) for host in hosts):
        raise ConfigError(f"pairing: {', '.join(hosts) or 'no host'}: not a broker's names")
    for program in ("openssl", "mosquitto_passwd"):
        if shutil.which(program) is None:
            raise ConfigError(f"pairing: {program} is missing: apt install openssl mosquitto")
    broker = etc / "mosquitto"
    for folder in (broker / "conf.d", data):
        folder.mkdir(parents=True, exist_ok=True)
    for supplied, place in (("mosquitto.conf", "conf.d/nocturne.conf"),
                            ("tls.conf", "conf.d/nocturne-tls.conf")):
        text = (HERE / supplied).read_text(encoding="utf-8").replace("/etc/mosquitto", str(broker))
        if not (broker / place).exists() or before(broker, place):
            readable(broker / place, text)
    rights = broker / "nocturne.acl"
    if (text := with_people(rights)) != (rights.read_text("utf-8") if rights.exists() else ""):
        readable(rights, text)
    deny(rights)
    certify(broker, data, hosts)
    made = passwords(broker, [user for user in USERS if user not in known(broker)])
    if "hub" in made:
        secret(etc / "nocturne-hub.password", made.pop("hub"))
    list_beds(broker, data)
    announce(etc)
    return made


def with_people(rights: Path) -> str:
    """The supplied ACL, and behind it what the file at `rights` says of people."""
    supplied = (HERE / "acl").read_text(encoding="utf-8")
    if not rights.exists():
        return supplied
    _, _, people = ("\n" + rights.read_text(encoding="utf-8")).partition(f"\n{MARK}")
    _, _, people = people.partition("\n")
    return supplied + people


def pair(bed: Bed, hosts: Sequence[str], hub_key: str, etc: Path, data: Path, out: Path
         ) -> dict[str, str]:
    """`prepare`, and write into `out` the bed's `home.toml` and `ca.crt`. Answers the passwords
    that were made for people to type. Pairing again makes a new password. Raises ConfigError in
    words."""
    Settings(bed=bed.id)
    if bed.id in USERS or not QUOTABLE.fullmatch(bed.name):
        raise ConfigError(f"pairing: {bed.id!r}, {bed.name!r}: not a bed's id and name")
    broker, rights = etc / "mosquitto", etc / "mosquitto/nocturne.acl"
    if rights.exists() and f"user {bed.id}" in rights.read_text(encoding="utf-8").splitlines():
        raise ConfigError(f"pairing: {bed.id!r} is a person's name at this broker")
    shown = prepare(hosts, etc, data)
    out.mkdir(parents=True, exist_ok=True)
    made = passwords(broker, (bed.id,))
    list_beds(broker, data)
    shutil.copyfile(broker / "nocturne-ca.crt", out / "ca.crt")
    numbers = " or ".join(f'"{host}"' for host in hosts[1:] if IP.fullmatch(host))
    secret(out / "home.toml", f"""\
# Of {bed.id}: copy it beside nocturne.toml on the card's NOCTURNE drive, with ca.crt; it is taken
# over at the next start. Elsewhere: its sections go into /etc/nocturne.toml, ca.crt beside that as
# nocturne-ca.crt. The hub's address in numbers will do, too: {numbers or "none is known"}.
[home]
host = "{hosts[0]}"
port = 8883
password = "{made[bed.id]}"
ca = "/etc/nocturne-ca.crt"
bed = "{bed.id}"
hub_key = "{hub_key}"
""" + "".join(f'{key} = "{value}"\n' for key, value in (("name", bed.name), ("page", bed.page))
              if value) + (f'\n[clock]\nzone = "{bed.zone}"\n' if bed.zone else ""))
    return shown


def unpair(bed: str, etc: Path, data: Path) -> None:
    """The bed comes in no more; people lose their rights to it. Raises ConfigError."""
    broker = etc / "mosquitto"
    if bed in USERS or bed not in known(broker):
        raise ConfigError(f"{bed!r} is not paired here: {', '.join(beds(data)) or 'no bed is'}")
    file, rights = broker / "nocturne.passwd", broker / "nocturne.acl"
    kept = [line for line in file.read_text().splitlines() if line.partition(":")[0] != bed]
    readable(file, "".join(f"{line}\n" for line in kept))
    lines = rights.read_text(encoding="utf-8").splitlines()
    readable(rights, "".join(f"{line}\n" for line in lines if f" nocturne/{bed}/" not in line))
    list_beds(broker, data)


def beds(data: Path) -> list[str]:
    """Those that are paired."""
    file = data / BEDS
    return file.read_text(encoding="utf-8").split() if file.exists() else []


def hosts_of(data: Path) -> list[str]:
    """The names that the broker's certificate holds for."""
    file = data / "names"
    _, _, names = file.read_text().partition("=") if file.exists() else ("", "", "")
    return [name.partition(":")[2] for name in names.split(",") if name]


def before(broker: Path, place: str) -> bool:
    """Whether a file of the broker's is as an earlier pairing left it, and nobody changed it."""
    text = (broker / place).read_text(encoding="utf-8", errors="replace")
    text = text.replace(str(broker), "/etc/mosquitto")
    return hashlib.sha256(text.encode()).hexdigest() in SUPPLIED_BEFORE


def outdated(etc: Path) -> list[str]:
    """What of the broker's config lets others read along, in words: it was changed by hand, or no
    bed was paired since."""
    said = []
    for path in sorted((etc / "mosquitto").glob("conf.d/*.conf")):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
            ours = before(etc / "mosquitto", f"conf.d/{path.name}")
        except OSError:
            continue        # the hub's own user may not read it; whoever pairs may
        mend = "pair a bed again, which mends it"
        for port in in_the_clear(text):
            by_hand = f"write `listener {port} 127.0.0.1` there"
            said.append(f"{path}: everybody on the network can read passwords and states on port "
                        f"{port}: {mend if ours else by_hand}, and restart the broker")
    return said


def in_the_clear(conf: str) -> list[str]:
    """The ports that listen to more than the loopback without a certificate."""
    found: list[str] = []
    for part in re.split(r"^(?=listener\s)", conf, flags=re.MULTILINE)[1:]:
        _, port, *address = part.splitlines()[0].split()
        if not re.search(r"^certfile\s", part, re.MULTILINE) and not (
                address and loopback(address[0])):
            found.append(port)
    return found


def announce(etc: Path) -> None:
    """Have Avahi, where there is one, tell the home network of the broker: home.host = "auto"."""
    folder = etc / "avahi/services"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nocturne.service").write_text(
        '<?xml version="1.0" standalone="no"?>\n'
        '<!DOCTYPE service-group SYSTEM "avahi-service.dtd">\n'
        '<service-group>\n  <name replace-wildcards="yes">Nocturne on %h</name>\n'
        '  <service><type>_nocturne._tcp</type><port>8883</port></service>\n</service-group>\n')


def admit(person: str, beds: Sequence[str], role: str, etc: Path, data: Path) -> str:
    """Give a person the rights of a role to these beds; what was said of that person and them
    before counts no more. Answers a new password. Raises ConfigError."""
    broker = etc / "mosquitto"
    acl = broker / "nocturne.acl"
    for bed in beds:
        if bed not in known(broker) or not acl.exists():
            raise ConfigError(f"{bed!r} is not paired yet: nocturne hub --pair {bed}")
    lines = acl.read_text(encoding="utf-8").splitlines()
    # A name is a bed's right to its own topics, by the patterns: a person must not be called like
    # one.
    taken = person in known(broker) and f"user {person}" not in lines
    if taken or not BED.fullmatch(person) or person in (*RESERVED, *USERS):
        raise ConfigError(
            f"{person!r}: letters, digits, - and _ only, at most 32; "
            "no bed's name, nor the broker's own"
        )
    mine = [f"topic {way} nocturne/{bed}/{what}" for bed in beds for way, what in RIGHTS[role]]
    others, before = parted(lines, person)
    denied = [line.format(person=person) for line in NO_BED]
    kept = [line for line in before if line not in denied
            and not any(f" nocturne/{bed}/" in line for bed in beds)]
    readable(acl, "\n".join((*others, "", f"user {person}", *denied, *kept, *mine)) + "\n")
    made = passwords(broker, (person,))[person]
    list_beds(broker, data)
    return made


def deny(acl: Path) -> None:
    """Whoever was let in by earlier firmware is no bed, either."""
    lines = acl.read_text(encoding="utf-8").splitlines()
    closed: list[str] = []
    for n, line in enumerate(lines):
        closed.append(line)
        user = line.removeprefix("user ")
        if user == line or user == "hub":
            continue
        mine = NO_BED[:1] if user in USERS else NO_BED
        following = lines[n + 1:n + 1 + len(mine)]
        closed += [rule for each in mine if (rule := each.format(person=user)) not in following]
    if closed != lines:
        readable(acl, "\n".join(closed) + "\n")


def parted(lines: Sequence[str], person: str) -> tuple[list[str], list[str]]:
    """The ACL without a person's lines, and these."""
    others: list[str] = []
    mine: list[str] = []
    into = others
    for line in lines:
        if line.startswith("user "):
            into = mine if line == f"user {person}" else others
        if into is others or line.startswith("topic "):
            into.append(line)
    return others, mine


def list_beds(broker: Path, data: Path) -> None:
    """Tell the hub who is a bed: whoever has a password and is neither a person nor the broker's
    own."""
    lines = (broker / "nocturne.acl").read_text(encoding="utf-8").splitlines()
    beds = (user for user in known(broker) if user not in USERS and f"user {user}" not in lines)
    (data / BEDS).write_text("".join(f"{bed}\n" for bed in beds), encoding="utf-8")


def known(broker: Path) -> tuple[str, ...]:
    """The users that have a password."""
    file = broker / "nocturne.passwd"
    return (
        tuple(line.partition(":")[0] for line in file.read_text().splitlines())
        if file.exists()
        else ()
    )


def passwords(broker: Path, users: Sequence[str]) -> dict[str, str]:
    """New ones for these, by user; everybody else's stays."""
    file, made = broker / "nocturne.passwd", {user: secrets.token_urlsafe(18) for user in users}
    lines = file.read_text().splitlines() if file.exists() else []
    kept = (line for line in lines if line.partition(":")[0] not in made)
    readable(file, "\n".join((*kept, *(hashed(*each) for each in made.items()))) + "\n")
    return made


def certify(broker: Path, data: Path, hosts: Sequence[str]) -> None:
    """An authority if there is none, and the broker's certificate if it is missing or the names
    have changed."""
    authority, key, names = broker / "nocturne-ca.crt", data / "ca.key", data / "names"
    if not authority.exists() or not key.exists():
        openssl(
            "req",
            "-x509",
            *CURVE,
            "-days",
            DAYS,
            "-subj",
            "/CN=Nocturne at home",
            *(word for extension in AUTHORITY for word in ("-addext", extension)),
            "-keyout",
            key,
            "-out",
            authority,
        )
        key.chmod(0o600)
        names.unlink(missing_ok=True)
    wanted = "subjectAltName=" + ",".join(
        f"{'IP' if IP.fullmatch(host) else 'DNS'}:{host}" for host in hosts
    )
    if names.exists() and names.read_text() == wanted:
        return
    with tempfile.TemporaryDirectory() as folder:
        request, private, extensions = (Path(folder) / name for name in ("request", "key", "more"))
        names.write_text(wanted)
        extensions.write_text("\n".join((*SERVER, wanted)))
        openssl("req", *CURVE, "-subj", "/CN=Nocturne hub", "-keyout", private, "-out", request)
        openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            authority,
            "-CAkey",
            key,
            "-CAcreateserial",
            "-CAserial",
            data / "serial",
            "-days",
            DAYS,
            "-extfile",
            extensions,
            "-out",
            broker / "nocturne-hub.crt",
        )
        readable(broker / "nocturne-hub.key", private.read_text())


def hashed(user: str, password: str) -> str:
    """A line of mosquitto's password file. Not by `-b`: everybody may read a command line."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "line"
        secret(file, f"{user}:{password}\n")
        run("mosquitto_passwd", "-U", file)
        return file.read_text().strip()


def secret(path: Path, text: str) -> None:
    path.touch(0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def readable(path: Path, text: str) -> None:
    """By the broker, which gives up root's rights before it reads its files."""
    secret(path, text)
    with contextlib.suppress(LookupError, PermissionError):
        shutil.chown(path, group="mosquitto")
        path.chmod(0o640)


def openssl(*words: object) -> None:
    run("openssl", *words)


def run(*words: object) -> None:
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if ran.returncode:
        raise ConfigError(f"pairing: {words[0]}: {ran.stderr.strip()[-300:]}")
