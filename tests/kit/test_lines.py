from ocore.kit.lines import Lines


def fed(*pieces: str) -> list[str]:
    heard: list[str] = []
    lines = Lines(heard.append)
    for piece in pieces:
        lines.feed(piece)
    lines.end()
    return heard


def test_lines_are_whole_wherever_they_were_cut() -> None:
    assert fed("a", "b\nc", "", "\r\n", "\nlast") == ["ab", "c", "", "last"]


def test_a_line_without_end_comes_in_pieces() -> None:
    assert [len(line) for line in fed("x" * (5 << 18), "y")] == [1 << 20, (1 << 18) + 1]
