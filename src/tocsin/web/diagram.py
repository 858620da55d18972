"""A state diagram as a picture: what leads where, drawn from the lines a page writes it in. Pure.

A page writes the diagram as Mermaid's `stateDiagram-v2`, which a repository's viewer draws by itself; here it is drawn
on the server, since nothing is fetched from elsewhere. States stand below each other in the order they are named; what
leads down is drawn to the right, what leads up to the left, and what stays is told in the box.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

LANGUAGE = "mermaid"
_LINE = re.compile(r"(\w+|\[\*\]) --> (\w+)(?:: (.+))?")
_BEGIN = "[*]"
ROW = 92
BOX_WIDTH, BOX_HEIGHT = 150, 40
NEAREST, FURTHER = 48, 86  # how far an arc stands out: to the next state, and for each state more
LABEL = 92
TOP = 40
ARROW = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One arrow and what stands on it."""

    start: str
    end: str
    words: str


def draw(source: str) -> str:
    """The picture as SVG; empty if the lines are no diagram of states."""
    moves = _moves(source)
    states = list(dict.fromkeys(name for move in moves for name in (move.start, move.end) if name != _BEGIN))
    if not states:
        return ""
    reach = NEAREST + FURTHER * max(0, len(states) - 2)
    width = BOX_WIDTH + 2 * (reach + LABEL)
    height = TOP + ROW * (len(states) - 1) + BOX_HEIGHT + 16
    said = "; ".join(_sentence(move) for move in moves if move.start != _BEGIN)
    parts = [_arrow(move, states, width / 2) for move in moves if move.start not in (move.end, _BEGIN)]
    boxes = [_box(name, place, moves, width / 2) for place, name in enumerate(states)]
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Diagram"><svg class="diagram" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"><title>What leads where</title>'
        f"<desc>{escape(said)}</desc>{''.join((*parts, *boxes))}</svg></div>"
    )


def _moves(source: str) -> list[Move]:
    """Arrows between the same two states are one, with all that leads along it."""
    words: dict[tuple[str, str], list[str]] = {}
    for start, end, word in _LINE.findall(source):
        words.setdefault((start, end), []).append(word)
    return [Move(start=start, end=end, words=", ".join(filter(None, said))) for (start, end), said in words.items()]


def _sentence(move: Move) -> str:
    stays = f"{move.words}: {move.start} stays"
    return stays if move.start == move.end else f"{move.words}: {move.start} becomes {move.end}"


def _middle(place: int) -> float:
    return TOP + place * ROW + BOX_HEIGHT / 2


def _arrow(move: Move, states: list[str], centre: float) -> str:
    before, after = states.index(move.start), states.index(move.end)
    side = 1 if after > before else -1
    x = centre + side * BOX_WIDTH / 2
    out = x + side * (NEAREST + FURTHER * (abs(after - before) - 1))
    bend = x + (out - x) / 0.75  # a cubic's furthest point is at three quarters of its handles
    y1, y2 = _middle(before) + side * 8, _middle(after) - side * 8
    anchor = "start" if side > 0 else "end"
    return (
        f'<path class="diagram-arc" d="M{x} {y1}C{bend:.1f} {y1} {bend:.1f} {y2} {x + side * ARROW} {y2}"/>'
        f'<path class="diagram-head" d="M{x} {y2}l{side * ARROW} {-ARROW / 2}v{ARROW}z"/>'
        f'<text class="diagram-word" x="{out + side * 6}" y="{(y1 + y2) / 2 + 4}" text-anchor="{anchor}">'
        f"{escape(move.words)}</text>"
    )


def _box(name: str, place: int, moves: list[Move], centre: float) -> str:
    x, y = centre - BOX_WIDTH / 2, TOP + place * ROW
    stays = next((move.words for move in moves if move.start == move.end == name), "")
    begins = any(move.start == _BEGIN and move.end == name for move in moves)
    start = f'<path class="diagram-arc" d="M{centre} {y - 24}v17"/><path class="diagram-head" d="M{centre} {y}l-3.5 -7h7z"/><circle class="diagram-head" cx="{centre}" cy="{y - 27}" r="5"/>'  # fmt: skip
    loop = f'<text class="diagram-word" x="{centre}" y="{y + BOX_HEIGHT + 15}" text-anchor="middle">{escape(stays)}: stays</text>'  # fmt: skip
    return (
        f"{start if begins else ''}"
        f'<rect class="diagram-box" x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="8"/>'
        f'<text class="diagram-name" x="{centre}" y="{y + BOX_HEIGHT / 2 + 5}" text-anchor="middle">{escape(name)}</text>'
        f"{loop if stays else ''}"
    )
