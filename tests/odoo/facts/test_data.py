import pytest

from ocore.odoo.facts.data import Found, read_csv, read_xml
from ocore.odoo.facts.schemas import Schemas


def xml(body: str, *, demo: bool = False) -> Found:
    found = Found(module="loans", schemas=Schemas())
    read_xml(f"<odoo>{body}</odoo>".encode(), "data/x.xml", found, demo=demo)
    assert found.broken == []
    return found


def ids(found: Found) -> list[str]:
    return [each.xmlid for each in found.records]


def needed(found: Found) -> list[str]:
    return [each.xmlid for each in found.references]


def record(fields: str, attributes: str = 'id="a" model="m"') -> str:
    return f"<record {attributes}>{fields}</record>"


def test_ids_are_those_that_odoo_gives() -> None:
    found = xml(
        record("") + '<menuitem id="menu"><menuitem id="below"/></menuitem>'
        '<template id="page"/><asset id="style"/>'
        + record('<field name="l"><record id="child" model="n"/></field>', 'id="b" model="m"')
    )
    names = ["a", "menu", "below", "page", "style", "b", "child"]
    assert ids(found) == [f"loans.{name}" for name in names]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (record('<field name="x" ref="base.main"/>'), ["base.main"]),
        (record('<field name="x" ref="mine"/>'), ["loans.mine"]),
        (record("<field name=\"x\" eval=\"[(4, ref('base.main'))]\"/>"), ["base.main"]),
        (record("<field name=\"x\" eval=\"ref('base.a', raise_if_not_found=False)\"/>"), []),
        (
            record('<field name="arch" type="xml"><button name="%(base.action)d"/></field>'),
            ["base.action"],
        ),
        ('<menuitem id="m" parent="base.top" action="act" groups="base.g,-base.h"/>',
         ["base.top", "loans.act", "base.g", "base.h"]),
        ('<template id="t" inherit_id="web.layout"/>', ["web.layout"]),
        (record("", 'id="base.partner" model="m"'), ["base.partner"]),
        (record("", 'id="base.partner" model="m" forcecreate="1"'), []),
        (record('<field name="x" ref="base.gone"/>', 'id="a" model="m" forcecreate="0"'), []),
        ("<function model=\"m\" name=\"f\" eval=\"[ref('base.main')]\"/>", ["base.main"]),
        ('<delete id="base.gone" model="m"/>', []),
    ],
)  # fmt: skip
def test_what_must_exist_when_a_file_is_loaded(body: str, wanted: list[str]) -> None:
    assert needed(xml(body)) == wanted


def test_noupdate_is_inherited_and_can_be_taken_back() -> None:
    inner = record("", 'id="b" model="m"')
    found = xml(f'<data noupdate="1">{record("")}<data noupdate="0">{inner}</data></data>')
    assert [each.noupdate for each in found.records] == [True, False]


def test_demo_data_declares_ids_and_needs_none() -> None:
    found = xml(record('<field name="x" ref="base.gone"/>'), demo=True)
    assert (ids(found), needed(found)) == (["loans.a"], [])


def test_a_csv_file_declares_rows_and_needs_what_its_columns_name() -> None:
    found = Found(module="loans", schemas=Schemas())
    content = b'id,name,group_id/id,tags:id\na,A,base.group_user,\nb,B,,"x,base.y"\n'
    read_csv(content, "security/ir.rule.csv", found, demo=False)
    assert [(each.xmlid, each.model) for each in found.records] == [
        ("loans.a", "ir.rule"),
        ("loans.b", "ir.rule"),
    ]
    assert needed(found) == ["base.group_user", "loans.x", "base.y"]


def test_rows_without_ids_are_known_to_be_passed_by_at_updates() -> None:
    found = Found(module="loans", schemas=Schemas())
    read_csv(b"name,code\na,A\n", "data/res.bank.csv", found, demo=False)
    assert [each.kind for each in found.broken] == ["csv_skipped"]


@pytest.mark.parametrize(
    ("model", "field", "value", "is_secret"),
    [
        ("ir.mail_server", "smtp_pass", "hunter2", True),
        ("ir.mail_server", "smtp_user", "ana", False),
        ("payment.provider", "stripe_secret_key", "abc", True),
        ("payment.provider", "stripe_secret_key", "dummy", False),
        ("res.users", "password", "admin", False),
        ("library.loan", "password", "abc", False),
    ],
)
def test_a_field_for_a_credential_is_known_by_its_model(
    model: str, field: str, value: str, is_secret: bool
) -> None:
    body = record(f'<field name="{field}">{value}</field>', f'id="a" model="{model}"')
    found = xml(body)
    assert bool(found.secrets) is is_secret
    assert value not in str(found.secrets)


@pytest.mark.parametrize(
    "content", [b"", b"<odoo>", b"\xff\xfe", b"<?xml version='1.0' encoding='nope'?><odoo/>"]
)
def test_what_is_no_xml_is_noted_and_nothing_is_raised(content: bytes) -> None:
    found = Found(module="loans", schemas=Schemas())
    read_xml(content, "data/x.xml", found, demo=False)
    assert [each.kind for each in found.broken] == ["xml"]


def test_a_scheduled_action_is_read_where_its_call_is_written_out() -> None:
    model, code = (
        '<field name="model_id" ref="model_loan"/>',
        '<field name="code">model._x()</field>',
    )
    (cron,) = xml(record(model + code, 'id="a" model="ir.cron"')).crons
    assert (cron.xmlid, cron.model_id, cron.code, cron.line) == (
        "loans.a",
        "loans.model_loan",
        "model._x()",
        1,
    )
    computed = '<field name="code" eval="CODE"/>'
    for fields in (model, code, model + computed, model.replace("ref", "search") + code):
        assert xml(record(fields, 'id="a" model="ir.cron"')).crons == []
    assert xml(record(model + code, 'id="a" model="ir.cron"'), demo=True).crons == []
