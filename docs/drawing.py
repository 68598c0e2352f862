"""Draws which rooms of a package import which: floors from its import contract, arrows from its imports."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "src"
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 132, 34, 22, 34, 12
STYLE = """
  rect { fill: #f4f6f8; stroke: #8a94a0; }
  text { font: 13px system-ui, sans-serif; fill: #1c2733; text-anchor: middle; dominant-baseline: central; }
  path { fill: none; stroke: #8a94a0; stroke-width: 1.2; marker-end: url(#tip); }
  marker path { fill: #8a94a0; stroke: none; marker-end: none; }
  @media (prefers-color-scheme: dark) {
    rect { fill: #222c37; stroke: #6d7985; } text { fill: #e6ebf0; } path { stroke: #6d7985; }
    marker path { fill: #6d7985; }
  }
"""


def draw(package: str) -> str:
    """An SVG of the rooms of a package, highest floor first; an arrow says "imports".

    What follows from other arrows is not drawn: who imports the web imports all that it stands on.
    """
    floors = floors_of(package)
    shown = {room for floor in floors for room in floor}
    imports = without_detours({room: used & shown for room, used in imports_of(package).items() if room in shown})
    width = max(len(floor) for floor in floors) * (BOX_WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height = len(floors) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    places: dict[str, tuple[float, float]] = {}
    for level, floor in enumerate(floors):
        left = (width - (len(floor) * (BOX_WIDTH + GAP_X) - GAP_X)) / 2
        for index, room in enumerate(floor):
            places[room] = (left + index * (BOX_WIDTH + GAP_X), MARGIN + level * (BOX_HEIGHT + GAP_Y))
    arrows = [
        _arrow(places[room], places[used])
        for room in places
        for used in sorted(imports.get(room, ()), key=list(places).index)
    ]
    boxes = [_box(package, room, *place) for room, place in places.items()]
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" role="img">',
            f"<title>Which parts of {package} import which</title><style>{STYLE}</style>",
            f'<defs>{tip}<path d="M0 0 8 4 0 8z"/></marker></defs>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


def floors_of(package: str) -> list[list[str]]:
    """The rooms by floor, as the contract in pyproject.toml has them; a floor of doors is left out."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == [package])
    rooms = [[room.strip() for room in layer.split("|")] for layer in layers]
    return [floor for floor in rooms if len(floor) == 1 or any((_folder(package) / room).is_dir() for room in floor)]


def imports_of(package: str) -> dict[str, set[str]]:
    """For each room those that its modules import, typing aside."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(_folder(package).rglob("*.py")):
        room = path.relative_to(_folder(package)).parts[0].removesuffix(".py")
        for node in _run(ast.parse(path.read_text())):
            for name in _names(node):
                if name.startswith(f"{package}."):
                    found[room].add(name.removeprefix(f"{package}.").split(".")[0])
        found[room].discard(room)
    return found


def without_detours(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same without what is reached over another room anyway (the transitive reduction)."""

    def reached(room: str) -> set[str]:
        return set().union(*({used} | reached(used) for used in imports.get(room, ())))

    return {
        room: {used for used in direct if not any(used in reached(other) for other in direct if other != used)}
        for room, direct in imports.items()
    }


def _folder(package: str) -> Path:
    return SOURCES / package.replace(".", "/")


def _run(tree: ast.AST) -> list[ast.AST]:
    """The nodes that run: not those below ``if TYPE_CHECKING``."""
    if isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING":
        return []
    return [tree, *(node for child in ast.iter_child_nodes(tree) for node in _run(child))]


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    x, y = start[0] + BOX_WIDTH / 2, start[1] + BOX_HEIGHT
    to_x, to_y = end[0] + BOX_WIDTH / 2, end[1]
    bend = (to_y - y) / 2
    # One that passes a floor without leaning would run through the boxes between.
    side = BOX_WIDTH * 0.8 if abs(to_x - x) < 1 and bend > GAP_Y else 0
    return f'<path d="M{x:g} {y:g} C{x + side:g} {y + bend:g} {to_x + side:g} {to_y - bend:g} {to_x:g} {to_y:g}"/>'


def _box(package: str, room: str, x: float, y: float) -> str:
    init = _folder(package) / room / "__init__.py"
    path = init if init.exists() else init.parent.with_suffix(".py")
    about = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
    return (
        f'<g><title>{escape(about)}</title><rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text x="{x + BOX_WIDTH / 2:g}" y="{y + BOX_HEIGHT / 2:g}">{room}</text></g>'
    )
