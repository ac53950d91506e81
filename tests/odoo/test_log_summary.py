import json
import tracemalloc
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocore.odoo.logs import LogSummary, Summariser, parse_line, step_marker, step_of
from ocore.odoo.logs.progress import Section
from tests.odoo.repository import LOGS, log_lines

STEPS = ("Fetch source", "Build image", "Update modules", "Health check")


def summary(*chunks: bytes | str, steps: Sequence[str] = ()) -> LogSummary:
    summariser = Summariser(steps=steps)
    for chunk in chunks:
        summariser.feed(chunk.encode() if isinstance(chunk, str) else chunk)
    return summariser.finish(success=True)


def line(message: str, *, level: str = "INFO", logger: str = "odoo.modules.loading") -> str:
    return f"2026-01-02 10:00:00,000 7 {level} db {logger}: {message} \n"


def deployment(*steps: tuple[str, str]) -> str:
    return "".join(f"{step_marker(name)}\n{text}" for name, text in steps)


def log(name: str) -> str:
    return "".join(f"{each}\n" for each in log_lines(name))


def test_a_real_update_is_summarised() -> None:
    found = summary(log("update_good"))
    assert found.odoo_version == "19.0"
    assert found.updated_modules == ("library_loans",)
    assert found.total_modules == 15
    assert (found.error_count, found.warning_count) == (0, 0)
    assert found.duration_ms == 3164


def test_a_real_installation_of_base_is_summarised() -> None:
    found = summary(log("install_base"))
    assert found.updated_modules[:3] == ("base", "rpc", "web")
    assert (len(found.updated_modules), found.total_modules) == (14, 14)
    assert found.error_count == 1
    assert found.warning_groups[0].category == "configuration"


def test_warnings_and_errors_of_a_real_log_are_counted() -> None:
    found = summary(log("required_on_nulls"))
    assert (found.error_count, found.warning_count) == (1, 2)
    assert [(group.category, group.severity) for group in found.warning_groups] == [
        ("schema", "high"),
        ("schema", "high"),
    ]


def test_the_json_has_the_published_keys() -> None:
    shown = summary(deployment(("Update modules", log("required_on_nulls")))).as_json()
    assert json.loads(json.dumps(shown)) == shown
    assert set(shown) == {
        "durationMs",
        "errorCount",
        "odooVersion",
        "sections",
        "success",
        "totalModules",
        "updatedModules",
        "warningCount",
        "warningGroups",
    }
    sections, groups = shown["sections"], shown["warningGroups"]
    assert isinstance(sections, list)
    assert isinstance(groups, list)
    assert set(sections[0]) == {"endLine", "lineCount", "name", "startLine"}
    assert set(groups[0]) == {"category", "count", "logger", "message", "severity"}


def test_steps_come_first_and_then_the_modules_of_the_update() -> None:
    text = deployment(
        ("Fetch source", "fetching\nfetched\n"),
        ("Update modules", line("loading 2 modules...") + line("Loading module loans (2/2)")),
        ("Health check", "passed\n"),
    )
    assert [(each.name, each.start_line, each.end_line) for each in summary(text).sections] == [
        ("Fetch source", 1, 3),
        ("Update modules", 4, 6),
        ("Health check", 7, 8),
        ("Module loans", 6, 6),
    ]


def test_a_step_that_is_tried_again_is_a_further_section() -> None:
    text = deployment(("Update modules", "one\n"), ("Update modules", "two\n"))
    assert [each.name for each in summary(text).sections] == ["Update modules"] * 2


def test_lines_are_counted_from_1_over_everything_that_was_fed() -> None:
    found = summary("Deployment 7\n", "of acme\n", "\n", deployment(("Fetch source", "x\n")))
    assert [each.start_line for each in found.sections] == [4]


def test_modules_that_another_step_installs_are_not_the_instances() -> None:
    loaded = line("Loading module base (1/1)") + line("Module base loaded in 1.00s, 9 queries")
    found = summary(deployment(("Build image", loaded), ("Update modules", "")))
    assert found.updated_modules == ()
    assert found.total_modules is None


def test_modules_that_are_only_loaded_are_not_updated() -> None:
    assert summary(line("Module base loaded in 1.00s", level="DEBUG")).updated_modules == ()


def test_a_module_that_failed_is_not_among_the_updated() -> None:
    found = summary(log("migration_name_error"))
    assert found.updated_modules == ()
    assert [each.name for each in found.sections] == ["Module library_loans"]


def test_what_a_module_prints_cannot_pass_for_a_step() -> None:
    printed = step_marker("Switch traffic")
    text = deployment(("Update modules", f"{printed}\n{line('Module loans loaded in 1s')}"))
    found = summary(text, steps=STEPS)
    assert [each.name for each in found.sections] == ["Update modules"]
    assert found.updated_modules == ("loans",)


def test_a_log_of_odoo_14_is_understood() -> None:
    text = (
        "2021-01-02 10:00:00,000 7 INFO ? odoo: Odoo version 14.0-20210101 \n"
        "2021-01-02 10:00:01,000 7 INFO prod odoo.modules.loading: loading 9 modules... \n"
        "2021-01-02 10:00:01,500 7 INFO prod odoo.modules.loading: Loading module sale (9/9) \n"
        "2021-01-02 10:00:02,250 7 INFO prod odoo.modules.loading: "
        "Module sale loaded in 0.70s, 42 queries (+42 other) \n"
    )
    found = summary(text)
    assert (found.odoo_version, found.updated_modules) == ("14.0-20210101", ("sale",))
    assert (found.total_modules, found.duration_ms) == (9, 2250)


def test_colours_change_nothing() -> None:
    coloured = line("Something odd", level="\x1b[1;33m\x1b[1;49mWARNING\x1b[0m")
    found = summary(coloured)
    assert (found.warning_count, found.warning_groups[0].message) == (1, "Something odd")


def test_a_json_log_is_understood() -> None:
    record = {"asctime": "now", "levelname": "WARNING", "name": "odoo.x", "message": "Odd"}
    found = summary(json.dumps(record) + "\n")
    assert [(each.logger, each.message) for each in found.warning_groups] == [("odoo.x", "Odd")]


def test_words_in_a_message_or_a_traceback_are_no_level() -> None:
    text = (
        line("CRITICAL and ERROR are words, WARNING too")
        + line("Exception", level="ERROR")
        + "Traceback (most recent call last):\nValueError: ERROR WARNING CRITICAL\n"
    )
    found = summary(text)
    assert (found.error_count, found.warning_count) == (1, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Loan 7 is late", "Loan 12345 is late"),
        ("record res.partner(7,) is gone", "record res.partner(1234,) is gone"),
        ("records res.partner(1, 2) are gone", "records res.partner(4, 5, 6, 7) are gone"),
        ("file /srv/a/b.xml is odd", "file /opt/other/place/c.xml is odd"),
        ("took 3.20s", "took 14.00s"),
        (
            "job 0190a5f2-7b1c-7000-8000-0123456789ab lost",
            "job 0190a5f2-ffff-7000-8000-ba9876543210 lost",
        ),
        ("object at 0x7f0cd08418a0", "object at 0x7f0cd0840000"),
    ],
)
def test_warnings_that_differ_only_in_ids_are_one_group(one: str, other: str) -> None:
    found = summary(line(one, level="WARNING"), line(other, level="WARNING"))
    assert [group.count for group in found.warning_groups] == [2]


@pytest.mark.parametrize(
    ("one", "other"),
    [("field name is odd", "field reader is odd"), ("l10n_be is odd", "l10n_fr is odd")],
)
def test_warnings_that_differ_in_words_are_two_groups(one: str, other: str) -> None:
    found = summary(line(one, level="WARNING"), line(other, level="WARNING"))
    assert len(found.warning_groups) == 2


def test_the_largest_group_comes_first() -> None:
    warnings = [line("rare", level="WARNING"), *[line("often", level="WARNING")] * 3]
    assert [group.message for group in summary(*warnings).warning_groups] == ["often", "rare"]


def test_an_endless_line_and_endless_kinds_of_warnings_need_bounded_memory() -> None:
    summariser = Summariser()
    tracemalloc.start()
    try:
        for _ in range(200):
            summariser.feed(b"x" * 100_000)
        summariser.feed(b"\n")
        for n in range(20_000):
            kind = "".join(chr(ord("a") + int(digit)) for digit in str(n))
            summariser.feed(line(f"kind {kind}", level="WARNING").encode())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = summariser.finish(success=True)
    assert peak < 4_000_000
    assert found.warning_count == 20_000
    assert found.warning_groups[0].message == "further warnings of other kinds"


def test_the_clock_never_runs_backwards() -> None:
    later, sooner = line("a"), line("b").replace("10:00", "09:00")
    assert summary(later, sooner).duration_ms == 0
    assert summary("2026-99-99 10:00:00,000 7 INFO db x: y\n").duration_ms is None
    assert summary("no time at all\n").duration_ms is None


def test_the_caller_may_know_the_duration_better() -> None:
    assert Summariser().finish(success=None, duration_ms=5).duration_ms == 5


def test_a_marker_is_recognised_and_nothing_else_is() -> None:
    assert step_of(step_marker("Fetch source").encode()) == "Fetch source"
    for other in (b"===", b"======", b"=== ===", b"=== x", b"== x ==", b"a === x ==="):
        assert step_of(other) is None


PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\x1b[1;31m",
            b"=== Update modules ===\n",
            b"=== Health check ===\n",
            line("Loading module sale (1/2)").encode(),
            line("Module sale loaded in 1s").encode(),
            line("loading 2 modules...").encode(),
            line("Odd thing 7", level="WARNING").encode(),
            line("Broken", level="ERROR").encode(),
            b"Traceback (most recent call last):\n",
            b'{"levelname": "ERROR"',
            b"\xff\xfe ERROR WARNING ",
        ]
    ),
)
LOG = st.lists(PIECES, max_size=40).map(b"".join)


def assert_one_after_the_other(sections: Sequence[Section], lines: int) -> None:
    end = 0
    for section in sections:
        assert end < section.start_line <= section.end_line <= lines
        end = section.end_line


@given(LOG)
def test_sections_lie_within_the_file_and_never_overlap(content: bytes) -> None:
    lines = content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    found = summary(content)
    modules = [each for each in found.sections if each.name.startswith("Module ")]
    steps = [each for each in found.sections if each not in modules]
    assert_one_after_the_other(steps, lines)
    assert_one_after_the_other(modules, lines)
    updates = [each for each in steps if each.name == "Update modules"]
    first_step = min((each.start_line for each in steps), default=lines + 1)
    for module in modules:
        assert module.end_line < first_step or any(
            update.start_line < module.start_line and module.end_line <= update.end_line
            for update in updates
        )


@given(LOG, st.lists(st.integers(min_value=1, max_value=50), max_size=30))
def test_how_a_log_is_cut_into_chunks_changes_nothing(content: bytes, sizes: list[int]) -> None:
    chunks, rest = [], content
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    assert summary(*chunks, rest) == summary(content)


@given(LOG)
def test_a_section_begins_on_the_line_that_says_so(content: bytes) -> None:
    lines = content.split(b"\n")
    for section in summary(content).sections:
        first = lines[section.start_line - 1]
        if section.name.startswith("Module "):
            assert section.name.removeprefix("Module ").encode() in first
        else:
            assert step_of(first) == section.name


@given(LOG, LOG)
def test_a_summary_on_the_way_changes_nothing(begin: bytes, end: bytes) -> None:
    summariser = Summariser()
    summariser.feed(begin)
    assert summariser.so_far(success=True) == summary(begin)
    summariser.feed(end)
    assert summariser.finish(success=True) == summary(begin + end)


@given(LOG)
def test_module_lines_mean_the_same_with_and_without_colours(content: bytes) -> None:
    coloured = content.replace(b" INFO ", b" \x1b[1;32m\x1b[1;49mINFO\x1b[0m ")
    assert summary(coloured) == summary(content)


@given(LOG)
def test_every_warning_is_in_one_group(content: bytes) -> None:
    found = summary(content)
    assert found.warning_count == sum(group.count for group in found.warning_groups)


@given(st.binary(max_size=300))
def test_no_bytes_can_upset_the_reader(content: bytes) -> None:
    parse_line(content)
    summary(b"2026-01-02 10:00:00,000 7 WARNING " + content, b"=== " + content, b"{" + content)


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=2, max_size=8))
def test_counts_are_stable_when_ids_change(ids: list[int]) -> None:
    warnings = [
        line(f"Record {each} of /srv/{each}/x.py at 0x{each:x} was skipped", level="WARNING")
        for each in ids
    ]
    assert [group.count for group in summary(*warnings).warning_groups] == [len(ids)]


@pytest.mark.parametrize("name", sorted(path.stem for path in LOGS.glob("*.log")))
def test_a_truncated_tail_is_read_as_far_as_it_goes(name: str) -> None:
    content = log(name).encode()
    whole = summary(content)
    for cut in range(0, len(content), max(1, len(content) // 20)):
        part = summary(content[:cut])
        assert part.warning_count <= whole.warning_count
        assert part.error_count <= whole.error_count
