"""Text as people's computers write it, and TOML as people do. Pure."""

import contextlib
import re
import tomllib
import unicodedata
from typing import Any

KEPT = "(kept)"
# What Raspberry Pi Imager leaves on a card, in its four forms and by hand.
IMAGERS = ("firstrun.sh", "custom.toml", "rpi-preseed.toml", "user-data", "network-config",
           "meta-data", "cmdline.txt", "userconf.txt")
LONGEST, LONGEST_LINE = 200_000, 4000       # what a pattern takes grows with a line's square
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
        (b"+/v8", "utf-7"))
# What an old Mac or a console's window saved holds other letters, read as Windows'.
TYPED = "äöüÄÖÜßàâæçèéêëîïôœùûÀÂÇÈÉÊÔŒáíóúñÁÍÓÚÑìòåøÅØãõÃÕ€£§°´µ¡¿«»“”„‘’–—…\u00a0"
# No language in Windows' Western letters has three accented ones in a row: another's are read as
# these.
ACCENTED = re.compile(r"[^\W\d_a-zA-Z]{3}")
# What word processors and phones put for quotes and spaces.
QUOTES = str.maketrans({mark: '"' for mark in "“”„‟«»＂"} | {mark: "'" for mark in "‘’‚‛′`"})
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u3000": " ", "\u200b": None,
                        "\u200e": None, "\u200f": None, "\u2060": None, "\ufeff": None,
                        "\t": " "})
SECTION = re.compile(r"^\s*\[\s*[\"']?([\w-]+)[\"']?\s*\]\s*(#.*)?$")
VALUE = re.compile(r"(\"[^\"\\]*\"|'[^']*'|[^#\"']*)\s*(?:#\s*(.*))?")
PUBLIC = ("hubkey", "highpass")             # settings that only sound like one
# A password without a word for it: of a phone's code, and in XML.
CODED = re.compile(r"(?i)\bWIFI:[^\n]*\bP:|keyMaterial>|PreSharedKey\W|<key>Password</key>")
PRIVATE = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY|PuTTY-User-Key-File")
BESIDE = re.compile(r"([\w-]{2,40})[\"']?\s*(?:\([^)]*\)\s*)?[=:：＝]\s*[\"'“„]*([^\s\"',;}]+)")
HALF_HEADER = re.compile(r"\[\s*\w{1,10}")
PAIR = re.compile(r"^\s*[\"']?(?:(\w+)\s*\.\s*)?([\w-]+)[\"']?\s*[=:]\s*(.*?)\s*$")
# YAML: a key with what follows it; a text in quotes with a comment after it.
MAPPED = re.compile(r"(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'#\[{&*!|>%@`][^#]*?)\s*:(?:\s+(.*)|$)")
CLOSED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"(?:\s+#.*)?|'((?:[^']|'')*)'(?:\s+#.*)?")
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}
# Of a key's plain name: beside it stands a password, in more than one language, or misspelt.
SECRET = re.compile("pass|pasw|pw|psk|key|schl|kennw|wort|word|ord$|clave|contras|senha|parol|hesl|"
                    "hasl|geheim|secret|token|code|chiave|chave|nyckel|sleutel|anahtar|sifre|парол|"
                    "κωδικ|密|ハスワ|비밀|암호")


def plain(name: str) -> str:
    """Its letters alone, small and without accents."""
    letters = unicodedata.normalize("NFKD", re.sub(r"\(.*?\)", "", name).casefold())
    return unicodedata.normalize("NFC", "".join(filter(str.isalpha, letters)))


def is_secret(name: str) -> bool:
    """The one rule for what is a password: whether a key of that name holds one."""
    return plain(name) not in PUBLIC and bool(SECRET.search(plain(name)))


class Unreadable(Exception):
    """Can't be taken as text, in words with a remedy."""


def text(data: bytes) -> str:
    """What a text file says, lines ended by \\n; whatever saved it. Raises Unreadable."""
    if len(data) > LONGEST:
        raise Unreadable(f"it is longer than {LONGEST} bytes")
    if is_rich(data):
        raise Unreadable("it is rich text; save it as plain text")
    if data[:4] in (b"PK\x03\x04", b"%PDF"):
        raise Unreadable("it is no text file; write it with a plain editor")
    words = unicodedata.normalize("NFC", decoded(data))     # a Mac may write u and two dots
    words = words.replace("\r\n", "\n").replace("\r", "\n")
    if max(map(len, words.split("\n"))) > LONGEST_LINE:
        raise Unreadable(f"it has a line longer than {LONGEST_LINE} characters")
    if "\0" in words:
        raise Unreadable("it is torn or no text file; write it anew")
    return words


def is_rich(data: bytes) -> bool:
    return data.lstrip()[:5] == b"{\\rtf"


def decoded(data: bytes) -> str:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as trouble:
                raise Unreadable("it is torn: half a character; write it anew") from trouble
    # Of UTF-16 without its mark every other byte of plain letters is zero.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        halves = data[start::2]
        if len(data) % 2 == 0 and halves and halves.count(0) > 0.6 * len(halves):
            return data.decode(encoding, "replace")
    with contextlib.suppress(UnicodeDecodeError):
        return once_encoded(data.decode("utf-8"))
    words = data.decode("cp1252", "replace")        # Windows' "ANSI"
    if all(mark in TYPED for mark in words if mark > "~") and not ACCENTED.search(words):
        return words
    raise Unreadable("its letters are in an encoding that isn't known; save it as UTF-8")


def once_encoded(words: str) -> str:
    """Without the "CafÃ©" of UTF-8 that was taken for Windows' letters and saved as UTF-8 again, as
    often as that was done."""
    try:
        while not words.isascii():
            # Windows leaves five bytes without a letter, and Latin-1 thirty-two.
            words = b"".join(mark.encode("latin-1" if mark < "\xa0" else "cp1252")
                             for mark in words).decode("utf-8")
    except UnicodeError:
        pass
    return words


# ---- TOML ----------------------------------------------------------------------------------------

def repaired(words: str) -> str:
    """TOML with straight quotes, and quotes where they were left out. What is TOML stays as it is.
    """
    if is_toml(words):
        return words
    straight = words.translate(QUOTES).translate(SPACES)
    if is_toml(straight):
        return straight
    return "\n".join(map(quoted, straight.split("\n")))


def is_toml(words: str) -> bool:
    try:
        tables(words)
    except Unreadable:
        return False
    return True


def tables(words: str) -> dict[str, Any]:
    """Raises Unreadable; also for a number with more digits, or more brackets inside each other,
    than Python reads."""
    try:
        return tomllib.loads(words)
    except (ValueError, RecursionError) as trouble:
        raise Unreadable(f"isn't TOML: {trouble}") from trouble


def quoted(line: str) -> str:
    """`time = 7:00` → `time = "7:00"`; a line that is TOML, or nothing of the kind, stays."""
    pair = PAIR.match(line)
    if pair is None or is_toml(line) or SECTION.match(line):
        return line
    section, key, value = pair.groups()
    value = value if is_secret(key) else value.partition(" #")[0].strip()
    name = f"{section}.{key}" if section else key
    return f"{name} = {basic(unquoted(value))}"


def basic(value: str) -> str:
    """A TOML string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def unquoted(value: str) -> str:
    """Without quotes of any kind around it."""
    straight = value.translate(QUOTES)
    if len(value) >= 2 and straight[0] == straight[-1] and straight[0] in "\"'":
        return value[1:-1]
    return value


def with_value(words: str, section: str, key: str, value: str) -> str:
    """`words` with `key` of `section` set to a TOML value, in place where it stands already."""
    lines = words.split("\n")
    here, last = "", None
    for number, line in enumerate(lines):
        if header := SECTION.match(line):
            here = header[1]
            last = number if here == section else last
            continue
        pair = PAIR.match(line)
        if pair and pair[2] == key and (pair[1] or here) == section:
            name = f"{section}.{key}" if pair[1] else key
            lines[number] = f"{name} = {value}"
            return "\n".join(lines)
    if last is None:
        return words.rstrip("\n") + f"\n\n[{section}]\n{key} = {value}\n"
    return "\n".join([*lines[:last + 1], f"{key} = {value}", *lines[last + 1:]])


def masked(words: str, document: str) -> tuple[str, str]:
    """Text that can't be understood with what is known to be harmless: the keys, values and
    comments of a kind that `document` has. And the last of the hub's passwords in it."""
    known = {line.strip(): PAIR.match(line) for line in document.split("\n")}
    keys = {pair[2] for pair in known.values() if pair and not is_secret(pair[2])}
    comments = {pair[3].partition(" # ")[2] for pair in known.values() if pair} - {""}
    lines, secret, here = [], "", ""
    for line in words.split("\n"):
        bare = line.translate(SPACES).strip()
        header, pair = SECTION.match(bare), PAIR.match(bare)
        if header or bare in known or HALF_HEADER.fullmatch(bare):
            here = header[1] if header else here
            lines.append(bare.partition("#")[0] if header else bare)
        elif not pair or bare.startswith("#"):
            lines.append(f"# {KEPT}")
        else:
            section, key, rest = pair.groups()
            found = VALUE.fullmatch(rest)
            value, comment = found.groups() if found else (rest.partition(" #")[0], None)
            told = unquoted(value.translate(QUOTES).strip()).strip("\"' ")
            if is_secret(key):
                secret = told if (section or here) == "home" and told not in (KEPT, "") else secret
                value = basic(KEPT if told else "")
            elif not is_harmless(key, told, key in keys):
                value = basic(KEPT)
            name = f"{section}.{key}" if section else key
            lines.append(f"{name} = {value.strip()}"
                         + (f"  # {comment}" if comment in comments else ""))
    return "\n".join(lines), secret


def is_harmless(key: str, told: str, known: bool) -> bool:
    """A short number; or what stands beside a known key and isn't as user:word@hub."""
    if not known:
        return re.fullmatch(r"[\d.:+-]{0,6}|true|false", told) is not None
    if key == "hub_key":
        return re.fullmatch("|[0-9a-f]{64}", told) is not None
    strange = "[@\"'#=\\\\{\\[]|//" + ("|:" if key in ("username", "host") else "")
    return not re.search(strange, told)


def uncommented(words: str) -> str:
    """Without the passwords that stand in comments."""
    return "\n".join(map(without_comment, words.split("\n")))


def without_comment(line: str) -> str:
    if not line.lstrip().startswith("#"):
        return line
    said = re.match(r"[#\s]*([^=:]{1,40}?)\s*[=:]\s*(.*)$", line)
    told = said[2].strip("\"' ") if said and is_secret(said[1]) else ""
    return f"# {said[1]} = {KEPT}" if said and told not in ("", KEPT) else line


def has_secret(words: str) -> bool:
    """Whether a password stands somewhere in a text, beside a word for it or in a form of its own.
    """
    return bool(CODED.search(words)) or any(is_secret(said[1]) and said[2] not in (KEPT, "none")
               for line in words.split("\n") for said in BESIDE.finditer(line))


def line_of(words: str, trouble: str) -> str:
    """"line 7: " of what a ConfigError speaks of; "" where it isn't to be found."""
    if said := re.search(r"at line (\d+)", trouble):
        return f"line {said[1]}: "
    found = re.search(r"(?:unknown key )?\b((?:\w+\.)?\w+)(?: = |\b)", trouble)
    section, _, key = found[1].rpartition(".") if found else ("", "", "")
    here = ""
    for number, line in enumerate(words.split("\n"), 1):
        if header := SECTION.match(line):
            here = header[1]
            if not section and here == key:
                return f"line {number}: "
        pair = PAIR.match(line)
        if pair and pair[2] == key and (pair[1] or here) == section:
            return f"line {number}: "
    return ""


# ---- YAML ----------------------------------------------------------------------------------------

def blocks(words: str) -> Any:
    """What cloud-init's files say, as far as Raspberry Pi Imager writes YAML: maps, lists and
    texts, a line each; every value is a text, one in brackets as it stands. Raises Unreadable."""
    lines = [(len(line) - len(line.lstrip(" ")), line.strip()) for line in words.split("\n")
             if line.strip() and line.lstrip()[0] != "#" and line.strip() not in ("---", "...")]
    try:
        return block(lines)
    except RecursionError as trouble:
        raise Unreadable("it has too many levels") from trouble


def block(lines: list[tuple[int, str]]) -> Any:
    if not lines:
        return ""
    indent = lines[0][0]
    listed = lines[0][1].startswith("- ")
    if not listed and MAPPED.fullmatch(lines[0][1]) is None:
        if len(lines) > 1:
            raise Unreadable(f"a line isn't understood: {lines[1][1][:20]}")
        return scalar(lines[0][1])
    entries: list[list[tuple[int, str]]] = []
    for depth, line in lines:
        # A list may stand no deeper than the key that it belongs to.
        if depth == indent and (listed or not line.startswith("- ")):
            entries.append([(depth, line)])
        elif depth >= indent and entries:
            entries[-1].append((depth, line))
        else:
            raise Unreadable(f"a line isn't understood: {line[:20]}")
    if listed:
        return [block([(indent + 2, first[1].removeprefix("- ").strip()), *rest])
                for first, *rest in entries]
    return dict(mapped(first[1], rest) for first, *rest in entries)


def mapped(line: str, rest: list[tuple[int, str]]) -> tuple[str, Any]:
    pair = MAPPED.fullmatch(line)
    if pair is None:
        raise Unreadable(f"a line isn't understood: {line[:20]}")
    key, value = scalar(pair[1]), (pair[2] or "").strip()
    if value[:1] in ("|", ">"):
        return key, "\n".join(text for _, text in rest)
    if not value or value[0] == "#":
        return key, block(rest)
    if rest:
        raise Unreadable(f"a line isn't understood: {rest[0][1][:20]}")
    return key, scalar(value)


def scalar(value: str) -> str:
    if closed := CLOSED.fullmatch(value):
        return closed[2].replace("''", "'") if closed[1] is None else unescaped(closed[1])
    if value[:1] in ("\"", "'"):
        # Imager 2 puts quotes around a key whose comment may have some of its own.
        return unquoted(value)
    return value.partition(" #")[0].strip()


def unescaped(words: str) -> str:
    r"""Of a text in quotes. Its \xHH are bytes of UTF-8, as Imager writes a Wi-Fi's name; to YAML
    they'd be letters."""
    def byte(found: re.Match[bytes]) -> bytes:
        if found[1] is not None:
            return bytes.fromhex(found[1].decode())
        mark = found[0][1:].decode()
        if mark[0] == "u":
            return chr(int(mark[1:], 16)).encode()
        return ESCAPED.get(mark, mark).encode()
    form = rb"\\x([0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\[\x00-\x7f]"
    try:
        return re.sub(form, byte, words.encode()).decode()
    except UnicodeError as trouble:
        raise Unreadable("a name in it isn't UTF-8") from trouble
