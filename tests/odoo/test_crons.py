import pytest

from ocore.odoo.crons import calls


@pytest.mark.parametrize(
    ("code", "called"),
    [
        ("model._remind()", ("_remind",)),
        ("  # a note\nmodel._remind(days=3)\nmodel._clean()\n", ("_remind", "_clean")),
        ("model.search([])._remind()", ()),
        ("model = env['x']\nmodel._remind()", ()),
        ("if True:\n    model._remind()", ()),
        ("model._remind", ()),
        ("model._remind(", ()),
        ("# nothing", ()),
        ("\0\ud800", ()),
    ],
)
def test_only_what_a_plain_call_names_is_a_call(code: str, called: tuple[str, ...]) -> None:
    assert calls(code) == called
