"""What machines and campaigns have in common as data: TOML with known keys of known types, and the one kind of error."""
import pathlib
import re
import tomllib


class CampaignError(Exception):
    """Something that the user can mend: one message, exit code 3 (2 for the command line)."""


def read_toml(path):
    """The tables of a file. Raises CampaignError with the place of what is no TOML."""
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise CampaignError(f"{path}: {error.strerror.lower()}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CampaignError(f"{path}: {error}") from None


def checked(table, known, place):
    """`table` with defaults for what it lacks; `known` maps keys to defaults, whose types are expected. A default that is a
    type is one that must be given."""
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise CampaignError(f"{place}: unknown key '{unknown[0]}' (known: {', '.join(known)})")
    values = {}
    for key, default in known.items():
        kind = default if isinstance(default, type) else type(default)
        if key not in table and kind is default:
            raise CampaignError(f"{place}: '{key}' is missing")
        values[key] = _of_kind(table.get(key, default), kind, f"{place}: '{key}'")
    return values


def _of_kind(value, kind, place):
    """Numbers may stand where texts are asked for (templates); nothing else changes its type."""
    if kind is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise CampaignError(f"{place} is {value!r}, but must be {_WORDS.get(kind, kind.__name__)}")
    return value


_WORDS = {str: "a text", int: "a whole number", list: "a list", dict: "a table", bool: "true or false"}


def seconds_of(text, place):
    """HH:MM:SS, MM:SS or D-HH:MM:SS as seconds; "" is 0: no limit."""
    if text == "":
        return 0
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d\d)", text)
    if not match:
        raise CampaignError(f"{place} is '{text}', but must be HH:MM:SS or D-HH:MM:SS")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def clock(seconds):
    """Seconds as HH:MM:SS, which SLURM, PBS and synbal read alike."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def write_whole(path, text, executable=False):
    """A file that appears under its name when it is whole."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    if executable:
        partial.chmod(0o755)
    partial.replace(path)


def read_text(path):
    """What a small file says, or None where there is none."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
