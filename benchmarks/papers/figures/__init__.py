"""One file for each figure: `make(setting)` gives the picture and the rows of the table. SIZES holds what grows with
--tiny, --small and full."""
import dataclasses
import typing


@dataclasses.dataclass
class Setting:
    """`size` tiny, small or full; `synbal` the program; `digits` a function that reads them (they may be missing)."""
    size: str
    synbal: typing.Any
    digits: typing.Callable
