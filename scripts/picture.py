"""Draw the demo for the README: `ocore demo | python scripts/picture.py docs/images/demo.svg`."""

import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

WIDTH = 104
STYLES = {
    "✔": "green",
    "✘": "red",
    "succeeded": "green",
    "rolled_back": "yellow",
    "failed": "red",
    "Reason:": "yellow",
}


def main(target: Path) -> None:
    console = Console(record=True, width=WIDTH, file=sys.stderr, theme=Theme({"rule.line": "dim"}))
    console.print("[dim]$[/] make demo")
    for line in sys.stdin.read().splitlines():
        # A step is told twice where nothing can be drawn over: when it begins, and as it ended.
        if not line.startswith("▶"):
            console.print(drawn(line), soft_wrap=True)
    console.save_svg(str(target), title="oCore")


def drawn(line: str) -> Text:
    text = Text(line[:WIDTH])
    for word, style in STYLES.items():
        text.highlight_words([word], style)
    text.highlight_regex(r"█+", "yellow")
    text.highlight_regex(r"░+", "cyan")
    text.highlight_regex(r"(?<=\S)\s+\d+\.\d s\b", "dim")
    return text


if __name__ == "__main__":
    main(Path(sys.argv[1]))
