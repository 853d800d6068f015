"""A cluster's weak points as a picture: what nodes hang on, above and below them, with the cuts marked.
SVG."""

from __future__ import annotations

from html import escape

from fournines.audit.spof.analysis import WeakPoints
from fournines.audit.spof.plant import Component, Plant

_WIDTH, _HEIGHT, _GAP, _ROW, _LEFT, _TOP = 184, 34, 24, 96, 110, 70
_LETTERS = 26   # of 13 px that a box has room for
_ONE, _TWO, _SAFE = "#c62828", "#ef8f00", "#607d8b"


def picture(name: str, found: WeakPoints) -> str:
    """One SVG document: red what is enough alone, amber what is with one other, and why, in each box's
    title."""
    rows = _rows(found.plant)
    widest = max(len(row) for _, row in rows)
    width = _LEFT + widest * (_WIDTH + _GAP) + _GAP
    height = _TOP + len(rows) * _ROW + 20
    places = {component: (_LEFT + _GAP + index * (_WIDTH + _GAP), _TOP + number * _ROW)
              for number, (_, row) in enumerate(rows) for index, component in enumerate(row)}
    harm = _harm(found)
    shapes = [f'<text x="{_GAP}" y="34" class="title">{escape(name)}: what takes it down</text>']
    shapes += [f'<text x="{_GAP}" y="{_TOP + number * _ROW + 22}" class="row">{escape(kind)}</text>'
               for number, (kind, _) in enumerate(rows)]
    shapes += _lines(found.plant, places)
    shapes += [_box(component, *places[component], *harm.get(component, (_SAFE, "")))
               for component in places]
    style = ("text{font:13px "
             "sans-serif;fill:#263238}.title{font-size:17px;font-weight:bold}.row{fill:#546e7a}.name{text-anchor:middle}line{stroke:#b0bec5}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img"><style>{style}</style>'
            f'<rect width="100%" height="100%" fill="#fff"/>{"".join(shapes)}</svg>\n')


def _rows(plant: Plant) -> list[tuple[str, list[Component]]]:
    """Domains above the nodes, networks below them; links are the lines between."""
    kinds = dict.fromkeys(component.kind for component in plant.components)
    below = ("supply", "node", "switch", "connection", "gateway")
    order = [*(kind for kind in kinds if kind not in (*below, "link")), *below]
    return [(kind, row) for kind in order
            if (row := [component for component in plant.components if component.kind == kind])]


def _harm(found: WeakPoints) -> dict[Component, tuple[str, str]]:
    harm: dict[Component, tuple[str, str]] = {}
    for pairs in found.pairs:
        for line in pairs.lines:
            for component in line:
                harm[component] = (_TWO, f"with one of another line: {', '.join(pairs.services)}: "
                                         f"{pairs.outcome}")
    for single in found.singles:
        (component,) = single.cut.components
        harm[component] = (_ONE, f"alone: {', '.join(single.cut.services)}: {single.cut.outcome}")
    return harm


def _lines(plant: Plant, places: dict[Component, tuple[int, int]]) -> list[str]:
    shapes = []
    for node in plant.nodes:
        below = [choice for (name, _), choices in plant.reaches.items() if name == node for choice in choices]
        for choice in (*plant.stands_on[node], *below):
            for component in sorted(choice):
                own = Component("node", node)
                if component != own and component in places and own in places:
                    (x, y), (to_x, to_y) = places[own], places[component]
                    dash = ' stroke-dasharray="5 4"' if len(choice) > 1 else ""
                    ends = (y, to_y + _HEIGHT) if to_y < y else (y + _HEIGHT, to_y)
                    shapes.append(f'<line x1="{x + _WIDTH // 2}" y1="{ends[0]}" x2="{to_x + _WIDTH // 2}" '
                                  f'y2="{ends[1]}"{dash}/>')
    return shapes


def _box(component: Component, x: int, y: int, colour: str, why: str) -> str:
    name = component.name if len(component.name) <= _LETTERS else component.name[:_LETTERS - 1] + "…"
    fill = colour if colour == _ONE else "#fff"
    text = ' style="fill:#fff"' if colour == _ONE else ""
    title = f"{component}: {why or 'harmless alone, and with any one other'}"
    return (f'<g><title>{escape(title)}</title>'
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{fill}" '
            f'stroke="{colour}" '
            f'stroke-width="2"/><text x="{x + _WIDTH // 2}" y="{y + 22}" '
            f'class="name"{text}>{escape(name)}</text></g>')
