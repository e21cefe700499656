#!/usr/bin/env python3
"""Man pages and completions of the program, out of its own --help, so that they say what it does.

    manual.py PROGRAM FOLDER      writes FOLDER/man/man1/*.1, FOLDER/bash/synbal and FOLDER/zsh/_synbal
"""
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field

ENTRY = re.compile(r"^ {2}(\S.*?)(?: {2,}(\S.*))?$")  # what is further to the right goes on with the line before
FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")
CHOICES = re.compile(r"^[a-z0-9-]+(\|[a-z0-9-]+)+$")


@dataclass
class Entry:
    """An option, an argument or a command, with what is said about it."""

    head: str
    text: str

    @property
    def flags(self):
        return FLAG.findall(self.head)

    @property
    def value(self):
        """What stands for the value of an option."""
        return self.head.split(self.flags[-1], 1)[1].strip() if self.flags else ""

    @property
    def choices(self):
        if CHOICES.match(self.value):
            return self.value.split("|")
        listed = re.match(r"one of (.*)", self.text)  # the positional KIND
        return re.split(r",? ", listed[1]) if listed and not self.flags else []

    @property
    def takes_value(self):
        return bool(self.value)


@dataclass
class Page:
    """The help of one command, taken apart."""

    path: tuple
    about: str = ""
    usage: str = ""
    sections: list = field(default_factory=list)  # [title, introduction, entries]
    closing: list = field(default_factory=list)

    def entries(self, of_commands=False):
        return [e for title, _, entries in self.sections for e in entries if (title == "Commands") == of_commands]


def help_of(program, path):
    wide = {**os.environ, "COLUMNS": "9999"}  # nothing is wrapped
    return subprocess.run([program, *path, "--help"], check=True, capture_output=True, text=True, env=wide).stdout


def parse(path, text):
    """The parts of a help text: about, Usage, sections of entries, closing paragraphs."""
    page = Page(path)
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("Usage:"))
    page.about = " ".join(line.strip() for line in lines[:start] if line.strip())
    page.usage = lines[start].removeprefix("Usage:").strip()
    open_section = False
    for line, after in zip(lines[start + 1:], [*lines[start + 2:], ""]):
        if not line.strip():
            open_section = False
        elif not line.startswith(" ") and after.startswith("  ") and not line.startswith("Examples"):
            title, _, about = line.partition(": ")
            page.sections.append([title, about, []])
            open_section = True
        elif open_section:
            _take_entry(page.sections[-1], line)
        else:
            page.closing.append(line)
    return page


def _take_entry(section, line):
    entry = ENTRY.match(line)
    if entry is None:  # goes on, or explains what is long below it
        last = section[2][-1]
        broken = not last.text and re.match(r"^ {6}\S", line)
        if broken:
            last.head += line.strip()
        else:
            last.text = f"{last.text} {line.strip()}".strip()
    else:
        section[2].append(Entry(entry[1], entry[2] or ""))


def pages_of(program, path=()):
    """The page of a command and, after it, those of its commands."""
    page = parse(path, help_of(program, path))
    pages = [page]
    for command in page.entries(of_commands=True):
        pages += pages_of(program, (*path, command.head.split()[0]))
    return pages


def roff(text):
    """Text as troff takes it: backslashes and hyphens escaped, no line that looks like a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def man_name(path):
    return "-".join(("synbal", *path))


def man_page(page, pages, version):
    name = man_name(page.path)
    out = [f'.TH {name.upper()} 1 "" "synbal {version}" "synbal"', ".SH NAME", f"{roff(name)} \\- {roff(page.about)}",
           ".SH SYNOPSIS", f"{roff('[mpirun -n RANKS] ' + page.usage)}"]
    titles = {"Words": "ARGUMENTS", "Options": "OPTIONS", "Commands": "COMMANDS"}
    for title, about, entries in page.sections:
        out.append(f".SH {titles[title]}" if title in titles else f'.SS "{roff(title)}"')
        if about:
            out.append(roff(about))
        for entry in entries:
            head = ", ".join(entry.flags) or entry.head
            rest = entry.value
            out += [".TP", f"\\fB{roff(head)}\\fR {roff(rest)}".rstrip(), roff(entry.text)]
    if page.closing:
        out += [".SH NOTES", *[roff(line) + "\n.br" for line in page.closing]]
    others = [man_name(p.path) for p in pages if p.path != page.path and page.path[:1] in ((), p.path[:1], p.path)]
    if page.path:
        others.insert(0, "synbal")
    out += [".SH SEE ALSO", ", ".join(f"\\fB{roff(other)}\\fR(1)" for other in dict.fromkeys(others))]
    return "\n".join(out) + "\n"


def bash_completion(pages):
    """One function; what may follow is looked up by the command that stands in the line."""
    commands, flags, values = [], [], []
    for page in pages:
        key = " ".join(page.path)
        names = [e.head.split()[0] for e in page.entries(of_commands=True)]
        choices = [c for e in page.entries() if not e.flags for c in e.choices]
        commands.append(f'    "{key}") words="{" ".join(names + choices)}" ;;')
        flags.append(f'    "{key}") words="{" ".join(f for e in page.entries() for f in e.flags)}" ;;')
        for e in page.entries():
            if e.choices and e.flags:
                patterns = "|".join(f'"{key} {flag}"' for flag in e.flags)
                values.append(f'    {patterns}) words="{" ".join(e.choices)}" ;;')
    paths = "|".join(f'"{" ".join(p.path)}"' for p in pages if p.path)
    return _BASH.format(paths=paths, commands="\n".join(commands), flags="\n".join(flags), values="\n".join(values))


_BASH = """# bash completion of synbal, made from its --help
_synbal() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} path="" word words=""
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "${{path:+$path }}$word" in
    {paths}) path="${{path:+$path }}$word" ;;
    esac
  done
  case "$path $before" in
{values}
  esac
  if [[ -z $words && $current == -* ]]; then
    case "$path" in
{flags}
    esac
  elif [[ -z $words ]]; then
    case "$path" in
{commands}
    esac
    [[ -n $words && -z ${{current//[a-z]/}} ]] || compopt -o default 2>/dev/null
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -F _synbal synbal
"""


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_option(entry):
    """The specifications of _arguments for one option, one for each of its spellings."""
    action = ""
    if entry.takes_value:
        action = f":value:({' '.join(entry.choices)})" if entry.choices else ":value:_files"
    return [f"'{flag}[{zsh_text(entry.text)}]{action}'" for flag in entry.flags]


def zsh_function(page):
    name = "_" + man_name(page.path).replace("-", "_")
    options = [word for e in page.entries() for word in zsh_option(e)]
    commands = page.entries(of_commands=True)
    if not commands:
        choices = [c for e in page.entries() if not e.flags for c in e.choices]
        rest = f"'*:word:({' '.join(choices)})'" if choices else "'*:file:_files'"
        return f"{name}() {{\n  _arguments -s {' '.join([*options, rest])}\n}}\n"
    listed = " ".join(f"'{e.head.split()[0]}:{zsh_text(e.text)}'" for e in commands)
    return _ZSH.format(name=name, options=" ".join(options), listed=listed)


_ZSH = """{name}() {{
  local line state
  local -a commands=({listed})
  _arguments -C {options} '1:command:->command' '*::word:->words'
  case $state in
    command) _describe command commands ;;
    words) (( $+functions[{name}_${{line[1]}}] )) && {name}_${{line[1]}} ;;
  esac
}}
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    pages = pages_of(program)
    for page in pages:
        write(folder / f"man/man1/{man_name(page.path)}.1", man_page(page, pages, version))
    write(folder / "bash/synbal", bash_completion(pages))
    functions = "\n".join(zsh_function(page) for page in pages)
    head = "#compdef synbal\n# zsh completion of synbal, made from its --help\n"
    write(folder / "zsh/_synbal", f"{head}{functions}\n_synbal \"$@\"\n")


if __name__ == "__main__":
    main()
