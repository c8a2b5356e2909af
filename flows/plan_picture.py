"""The plan's distributions as an SVG: what is asked for beside what is drawn, bar by bar."""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from flows.plan_tables import Table

_WIDTH, _LABEL, _BAR, _LINE, _GAP = 760, 220, 420, 18, 30
_STYLE = """
svg{background:#fff;font:12px system-ui,sans-serif;fill:#222}
.asked{fill:#b7c4d6}.drawn{fill:#2f6db3}.title{font-weight:600}
@media(prefers-color-scheme:dark){svg{background:#16181c;fill:#ddd}.asked{fill:#46566b}.drawn{fill:#6ea8e6}}
"""


def picture(title: str, tables: Sequence[Table]) -> str:
    """The whole drawing; it opens in any browser, and needs nothing else."""
    parts = [f'<text x="12" y="24" class="title">{escape(title)} (light: asked, dark: drawn)</text>']
    top = 24 + _GAP
    for table in tables:
        parts += _bars(table, top)
        top += _LINE * (len(table.asked) + 1) + _GAP
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n<style>{_STYLE}</style>\n{body}\n</svg>\n'


def _bars(table: Table, top: int) -> Iterator[str]:
    yield f'<text x="12" y="{top}" class="title">{escape(table.field)}</text>'
    most = max([*table.asked.values(), *(count / table.size for count in table.drawn.values())])
    for row, (option, asked) in enumerate(table.asked.items(), start=1):
        drawn, y = table.drawn.get(option, 0) / table.size, top + row * _LINE
        words = f"{' '.join(option)}: asked {asked:.1%}, drawn {drawn:.1%}"
        yield f"<g><title>{escape(words)}</title>"
        yield f'<text x="{_LABEL - 8}" y="{y}" text-anchor="end">{escape(" ".join(option))}</text>'
        yield f'<rect class="asked" x="{_LABEL}" y="{y - 10}" width="{_BAR * asked / most:.1f}" height="11"/>'
        yield f'<rect class="drawn" x="{_LABEL}" y="{y - 7}" width="{_BAR * drawn / most:.1f}" height="5"/>'
        yield f'<text x="{_LABEL + _BAR + 10}" y="{y}">{asked:.1%} / {drawn:.1%}</text></g>'
