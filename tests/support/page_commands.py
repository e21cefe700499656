#!/usr/bin/env python3
"""Prints the commands of a page as a shell script: what stands behind `    $ `, with the lines of here-documents."""
import re
import sys

HERE = re.compile(r"<<'(\w+)'")


def commands(lines):
    end = None
    for line in lines:
        text = line[4:] if line.startswith("    ") else None
        if end is not None:
            yield "" if text is None else text
            end = None if text == end else end
        elif text is not None and text.startswith("$ "):
            yield text[2:]
            here = HERE.search(text)
            end = here.group(1) if here else None
    if end is not None:
        sys.exit(f"the here-document that {end} should end does not end")


def main():
    with open(sys.argv[1], encoding="utf-8") as page:
        for line in commands(page.read().splitlines()):
            print(line)


if __name__ == "__main__":
    main()
