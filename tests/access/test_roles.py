import pytest

from ocore.access import PERMISSIONS, Caller, Role, require
from ocore.errors import Forbidden


def caller(role: Role) -> Caller:
    return Caller(user_id="u1", organization_id="o1", role=role)


@pytest.mark.parametrize("role", Role)
def test_everybody_may_look(role: Role) -> None:
    for resource in ("projects", "instances", "deployments"):
        require(caller(role), f"view:{resource}")


@pytest.mark.parametrize("resource", ["projects", "instances", "deployments"])
def test_only_viewers_may_not_change_anything(resource: str) -> None:
    for role in set(Role) - {Role.VIEWER}:
        require(caller(role), f"manage:{resource}")
    with pytest.raises(Forbidden, match=f"viewer lacks manage:{resource}") as refused:
        require(caller(Role.VIEWER), f"manage:{resource}")
    assert refused.value.code == "role_forbids"


@pytest.mark.parametrize("role", Role)
def test_a_permission_that_nobody_defined_is_nobodys(role: Role) -> None:
    with pytest.raises(Forbidden):
        require(caller(role), "manage:everything")


def test_every_role_says_what_it_may_do() -> None:
    assert set(PERMISSIONS) == set(Role)
