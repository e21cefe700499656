"""The table paper / here / verdict: rows are made by comparisons, so that no verdict is written by hand."""
import csv
import dataclasses
import textwrap

REPRODUCED, DIFFERS = "reproduced", "not reproduced"


@dataclasses.dataclass
class Row:
    """`place` in the paper, what is compared, the paper's value as text, ours, what counts as the same, and whether it is.
    `reason`: what a row that differs most likely comes from."""
    place: str
    what: str
    paper: str
    here: str
    criterion: str
    holds: bool
    reason: str = ""

    @property
    def verdict(self):
        return REPRODUCED if self.holds else DIFFERS


def short(value):
    return value if isinstance(value, str) else f"{value:.4g}"


def near(place, what, paper, here, relative, reason=""):
    """Within a share of the paper's number."""
    return Row(place, what, short(paper), short(here), f"within {100 * relative:g} %",
               bool(abs(here - paper) <= relative * abs(paper)), reason)


def factor(place, what, paper, here, most, reason=""):
    """Within a factor of the paper's number."""
    holds = here > 0 and max(here / paper, paper / here) <= most
    return Row(place, what, short(paper), short(here), f"within a factor of {most:g}", bool(holds), reason)


def at_most(place, what, paper, here, bound, reason=""):
    """The paper says or shows something that bounds ours from above."""
    return Row(place, what, short(paper), short(here), f"at most {short(bound)}", bool(here <= bound), reason)


def at_least(place, what, paper, here, bound, reason=""):
    return Row(place, what, short(paper), short(here), f"at least {short(bound)}", bool(here >= bound), reason)


def between(place, what, paper, here, low, high, reason=""):
    return Row(place, what, short(paper), short(here), f"{short(low)} to {short(high)}", bool(low <= here <= high), reason)


def write_csv(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("place", "what", "paper", "here", "criterion", "verdict", "likely reason"))
        for row in rows:
            out.writerow((row.place, row.what, row.paper, row.here, row.criterion, row.verdict,
                          "" if row.holds else row.reason))


def as_text(rows, notes):
    """Lines for a terminal: columns, the reasons below the rows that differ, notes at the end."""
    cells = [("place", "what", "paper", "here", "criterion", "verdict")]
    cells += [(r.place, r.what, r.paper, r.here, r.criterion, r.verdict) for r in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    lines = []
    for row, values in zip([None, *rows], cells):
        lines.append("  ".join(value.ljust(width) for value, width in zip(values, widths)).rstrip())
        if row and not row.holds and row.reason:
            lines += textwrap.wrap(row.reason, 110, initial_indent="    why: ", subsequent_indent="         ")
    good = sum(row.holds for row in rows)
    lines += ["", f"{good} of {len(rows)} rows are reproduced."]
    for note in notes:
        lines += textwrap.wrap(note, 120, subsequent_indent="  ")
    return "\n".join(lines) + "\n"
