"""What the environment says about this platform, and what it may not say."""

import pytest

from ocore.embedded.settings import settings_from
from ocore.errors import Malformed

STORE = {
    "OCORE_HOME": "/h",
    "OCORE_OFFSITE": "s3://backups/ocore/",
    "OCORE_OFFSITE_ACCESS_KEY_ID": "id",
    "OCORE_OFFSITE_SECRET_ACCESS_KEY": "hidden",
}


def test_a_store_has_an_address_and_credentials_that_are_never_shown() -> None:
    settings = settings_from(STORE)
    assert settings.offsite is not None
    assert (settings.offsite.bucket, settings.offsite.prefix) == ("backups", "ocore")
    assert "hidden" not in repr(settings)
    assert settings_from({"OCORE_HOME": "/h"}).offsite is None


def test_what_opens_a_door_is_never_shown() -> None:
    secret = {
        "OCORE_DATABASE_URL": "postgresql://ocore:hidden@db.example.com/ocore",
        "OCORE_ODOO_DATABASE_URL": "postgresql://odoo:hidden@db.example.com",
        "OCORE_OWNER_PASSWORD": "hidden",
        "OCORE_REGISTRY_PASSWORD": "hidden",
    }
    settings = settings_from({"OCORE_HOME": "/h", **secret})
    assert settings.owner_password == "hidden"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"OCORE_OFFSITE": "https://backups/ocore"}, "OCORE_OFFSITE"),
        ({"OCORE_OFFSITE": "s3:///ocore"}, "OCORE_OFFSITE"),
        ({"OCORE_OFFSITE_ACCESS_KEY_ID": ""}, "OCORE_OFFSITE_ACCESS_KEY_ID"),
        ({"OCORE_OFFSITE_SECRET_ACCESS_KEY": ""}, "OCORE_OFFSITE_SECRET_ACCESS_KEY"),
        *(
            ({"OCORE_HOLD_SECONDS": text}, "OCORE_HOLD_SECONDS")
            for text in ("0", "nan", "inf", "x")
        ),
        *(({"OCORE_API_PORT": text}, "OCORE_API_PORT") for text in ("0", "65536", "²", "x")),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(change: dict[str, str], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        settings_from({**STORE, **change})
    assert refused.value.field == field


NODES = {
    "OCORE_HOME": "/h",
    "OCORE_RUNTIME": "swarm",
    "OCORE_SWARM_NODES": "node.labels.odoo==yes, node.role==worker",
    "OCORE_REGISTRY": "registry.example.com",
    "OCORE_ODOO_DATABASE_URL": "postgresql://db.example.com",
}


def test_the_nodes_of_a_swarm_are_those_that_meet_all_constraints() -> None:
    settings = settings_from(NODES)
    assert settings.swarm_nodes == ("node.labels.odoo==yes", "node.role==worker")
    assert settings_from({"OCORE_HOME": "/h", "OCORE_RUNTIME": "swarm"}).swarm_nodes is None


@pytest.mark.parametrize("missing", ["OCORE_REGISTRY", "OCORE_ODOO_DATABASE_URL"])
def test_many_nodes_need_what_each_of_them_reaches(missing: str) -> None:
    with pytest.raises(Malformed) as refused:
        settings_from({**NODES, missing: ""})
    assert refused.value.field == missing


def test_a_runtime_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Malformed, match="process, docker, swarm"):
        settings_from({"OCORE_HOME": "/h", "OCORE_RUNTIME": "kubernetes"})
