"""Runs a command on a pseudo-terminal and tells what its window shows at the end, and what was shown on the way.

    terminal.py COLUMNS COMMAND...      JSON: {"code", "screen": [rows], "shown": [every state of a row], "raw"}
"""
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """A window of so many columns that knows new lines, returns to the beginning of a line, and wraps."""

    def __init__(self, columns):
        self.columns, self.rows, self.column, self.shown = columns, [""], 0, []

    def take(self, text):
        for character in ESCAPE.sub("", text):
            if character in "\r\n":
                self.shown.append(self.rows[-1].rstrip())
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.rows.append("")
            else:
                self._put(character)

    def _put(self, character):
        if self.column == self.columns:
            self.rows.append("")
            self.column = 0
        row = self.rows[-1].ljust(self.column)
        self.rows[-1] = row[:self.column] + character + row[self.column + 1:]
        self.column += 1


def run(columns, command):
    """Its exit code and all bytes that came out."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    out = b""
    try:
        while chunk := os.read(terminal, 65536):
            out += chunk
    except OSError:  # the other end is closed
        pass
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), out.decode()


def main():
    columns = int(sys.argv[1])
    code, out = run(columns, sys.argv[2:])
    screen = Screen(columns)
    screen.take(out)
    json.dump({"code": code, "screen": [row.rstrip() for row in screen.rows], "shown": screen.shown, "raw": out}, sys.stdout)


if __name__ == "__main__":
    main()
