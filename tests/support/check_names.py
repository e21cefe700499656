#!/usr/bin/env python3
"""Functions that files of one folder keep to themselves under one name, with numbers or texts alone as parameters: where
these files are compiled as one, a call may mean either, and which depends on who is nearer.
  check_names.py FOLDER...      exit code 1 where there are any"""
import collections
import pathlib
import re
import sys

NUMBERS = re.compile(r"^(const )?(bool|char|int|unsigned|float|double|Extended|Rank|(Local|Global)Index|ByteCount|"
                     r"(std::)?(u?int\d+_t|size_t|string(_view)?)|const char\*)&?( \w+)?( = .*)?$")
FUNCTION = re.compile(r"^(?! )(?:[\w:<>,&*\[\] ]+[&* ])(\w+)\(([^()]*)\)(?: noexcept)? \{")


def hidden_functions(path):
    """(name, parameters) of what stands in unnamed namespaces, or is static."""
    inside = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line == "namespace {":
            inside = True
        elif line == "}  // namespace":
            inside = False
        found = FUNCTION.match(line) if inside or line.startswith("static ") else None
        if found:
            yield found[1], [p for p in found[2].split(", ") if p]


def main(roots):
    by_folder = collections.defaultdict(list)
    for root in roots:
        for path in sorted(pathlib.Path(root).rglob("*.cpp")):
            by_folder[path.parent].append(path)
    wrong = 0
    for folder, paths in by_folder.items():
        homes = collections.defaultdict(set)
        for path in paths:
            for name, parameters in hidden_functions(path):
                if all(NUMBERS.match(p) for p in parameters):
                    homes[name, len(parameters)].add(path.name)
        for (name, count), files in sorted(homes.items()):
            if len(files) > 1:
                print(f"{folder}: {name} with {count} parameters stands in {', '.join(sorted(files))}: rename all but one")
                wrong += 1
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
