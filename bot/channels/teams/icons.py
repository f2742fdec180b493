"""What does the app look like in Teams? A cairn, drawn here as two PNG pictures.

A stone is a rounded shape whose edge is known by a formula, so that each point of the picture
knows how far the edge is, and edges are smooth at every size. No library for pictures is needed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import hypot, sqrt
from typing import Final

COLOR_SIDE: Final = 192
OUTLINE_SIDE: Final = 32
"""Points on each side of the two pictures, as Teams wants them."""

_SAFE: Final = 118.0
"""The pile keeps to the 120 points in the middle that Teams never cuts off."""
_OUTLINE_PILE: Final = 30.0

_Rgb = tuple[float, float, float]
_BACKGROUND: Final[_Rgb] = (0x26, 0x37, 0x4A)


@dataclass(frozen=True, slots=True)
class _Stone:
    """A stone in a square of side 1; y grows downward.

    It is widest at height ``y``, reaches ``rise`` above and ``drop`` below that, and ``lean`` to
    the right for each unit downward. Light falls on it from above: ``lit`` there, ``shade`` below.
    """

    x: float
    y: float
    half: float
    rise: float
    drop: float
    lean: float
    lit: _Rgb
    shade: _Rgb

    def cover(self, x: float, y: float, point: float) -> float:
        """Return how much of a point at (x, y), ``point`` wide, the stone covers, from 0 to 1."""
        down, height = y - self.y, self.rise if y < self.y else self.drop
        across = x - self.x - self.lean * down
        a, b = abs(across) / self.half, abs(down) / height
        # An ellipse above; below, a curve between that and a rectangle. Exponents of 2 and 2.5
        # need square roots at most, which come out the same on every machine.
        flat = (1.0, 1.0) if y < self.y else (sqrt(a), sqrt(b))
        inside = 1 - a * a * flat[0] - b * b * flat[1]
        if abs(inside) > _NEAR:
            return float(inside > 0)
        power = 2.0 if y < self.y else 2.5
        slope = power * hypot(a * flat[0] / self.half, b * flat[1] / height)
        return min(max(inside / slope / point + 0.5, 0.0), 1.0)

    def colour(self, y: float) -> _Rgb:
        """Return the colour of the stone at a height."""
        part = (y - self.y + self.rise) / (self.rise + self.drop)
        return _mix(self.lit, self.shade, min(max(part, 0.0), 1.0))


_NEAR: Final = 0.9
"""Farther from the edge than this, no point is cut by it."""
_PILE: Final = (
    _Stone(0.500, 0.920, 0.470, 0.187, 0.080, 0.10, (208, 219, 228), (150, 168, 184)),
    _Stone(0.474, 0.630, 0.345, 0.163, 0.070, -0.22, (228, 236, 242), (174, 190, 204)),
    _Stone(0.532, 0.367, 0.238, 0.134, 0.066, 0.26, (234, 182, 114), (190, 131, 68)),
    _Stone(0.486, 0.140, 0.142, 0.140, 0.060, -0.18, (248, 250, 252), (198, 211, 222)),
)
"""From below. In the small picture each edge meets a line of points, and each gap is one point."""


@cache
def color_icon() -> bytes:
    """Return the picture in colour, 192 by 192, filled to its edges."""
    rows = []
    for y, line in _points(COLOR_SIDE, _SAFE):
        row = bytearray()
        for x in line:
            seen = _BACKGROUND
            for stone in _PILE:
                part = stone.cover(x, y, 1 / _SAFE)
                if part:
                    seen = _mix(seen, stone.colour(y), part)
            row += bytes(round(value) for value in seen)
        rows.append(bytes(row))
    return _png(COLOR_SIDE, rows, _RGB)


@cache
def outline_icon() -> bytes:
    """Return the white picture, 32 by 32, transparent where there is no stone."""
    rows = []
    for y, line in _points(OUTLINE_SIDE, _OUTLINE_PILE):
        row = bytearray()
        for x in line:
            part = max(stone.cover(x, y, 1 / _OUTLINE_PILE) for stone in _PILE)
            row += bytes((255, 255, 255, round(255 * part)))
        rows.append(bytes(row))
    return _png(OUTLINE_SIDE, rows, _RGBA)


def _points(side: int, pile: float) -> Iterator[tuple[float, list[float]]]:
    """Yield each row's height and its points, in the square of the pile, which is centred."""
    places = [(at + 0.5 - (side - pile) / 2) / pile for at in range(side)]
    for y in places:
        yield y, places


def _mix(one: _Rgb, other: _Rgb, part: float) -> _Rgb:
    """Return the colour that is ``part`` of the way from one to the other."""
    red, green, blue = (a + (b - a) * part for a, b in zip(one, other, strict=True))
    return red, green, blue


# -- the format of the file

_RGB: Final = 2
_RGBA: Final = 6


def _png(side: int, rows: list[bytes], kind: int) -> bytes:
    head = struct.pack(">IIBBBBB", side, side, 8, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
