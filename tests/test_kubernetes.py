"""The page on Kubernetes: its objects are valid, fit together, and cover the ports."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from ocore.proxy import Proxy
from ocore.runtime import Crons, Watch
from ocore.runtime.parts import Parts

PAGE: Final = (Path(__file__).parent.parent / "docs/explanation/kubernetes.md").read_text()
VERSION: Final = "1.37"

Thing = dict[str, Any]


def _objects() -> Iterator[Thing]:
    for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE):
        yield from yaml.safe_load_all(block)


OBJECTS: Final = tuple(_objects())


def named(thing: Thing) -> str:
    return f"{thing['kind']} {thing['metadata']['name']}"


def of_kind(*kinds: str) -> list[Thing]:
    return [thing for thing in OBJECTS if thing["kind"] in kinds]


def pods() -> list[Thing]:
    """Return the templates of all pods."""
    return [thing["spec"]["template"] for thing in of_kind("Deployment", "Job")]


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()


@pytest.mark.parametrize("thing", OBJECTS, ids=named)
def test_an_object_is_what_its_schema_wants_and_nothing_more(thing: Thing) -> None:
    kubernetes_validate.validate(thing, VERSION, strict=True)


def test_an_object_with_an_unknown_field_is_not_valid() -> None:
    broken = {**OBJECTS[0], "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_the_page_shows_each_kind_it_speaks_of() -> None:
    assert {thing["kind"] for thing in OBJECTS} == {
        *("Namespace", "ServiceAccount", "Role", "RoleBinding", "PersistentVolumeClaim"),
        *("ConfigMap", "Secret", "Deployment", "Job", "Service", "Ingress"),
        *("NetworkPolicy", "PodDisruptionBudget"),
    }


def test_no_two_objects_have_the_same_name() -> None:
    names = [named(thing) for thing in OBJECTS]
    assert len(set(names)) == len(names)


def test_what_selects_pods_selects_some() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods()]
    for thing in of_kind("Service", "Deployment", "PodDisruptionBudget"):
        selector = thing["spec"]["selector"]
        wanted = selector.get("matchLabels", selector)
        assert any(selects(wanted, each) for each in labels), named(thing)
    [throwaway] = [each for each in of_kind("NetworkPolicy") if "egress" in each["spec"]]
    wanted = throwaway["spec"]["podSelector"]["matchLabels"]
    assert [selects(wanted, each["metadata"]["labels"]) for each in pods()].count(True) == 1


def test_the_switch_and_the_hold_change_one_selector() -> None:
    """Both colours and the holder have the ports that the Service sends to."""
    [switch] = [each for each in of_kind("Service") if each["metadata"]["name"] == "shop"]
    wanted = {port["targetPort"] for port in switch["spec"]["ports"]}
    parts = {
        pod["metadata"]["labels"]["ocore.part"]: {
            port["name"] for port in pod["spec"]["containers"][0].get("ports", ())
        }
        for pod in pods()
    }
    assert parts["blue"] == parts["holder"] == wanted
    assert parts["cron"] == parts["update"] == set()


def test_what_a_pod_mounts_is_there() -> None:
    there = {named(thing) for thing in OBJECTS}
    for pod in pods():
        assert f"ServiceAccount {pod['spec']['serviceAccountName']}" in there
        volumes = pod["spec"].get("volumes", ())
        for volume in volumes:
            if "secret" in volume:
                assert f"Secret {volume['secret']['secretName']}" in there
            else:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert f"PersistentVolumeClaim {claim}" in there
        mounted = {each["name"] for each in pod["spec"]["containers"][0].get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in volumes}


def test_no_pod_has_more_rights_than_a_restricted_namespace_grants() -> None:
    for pod in pods():
        spec, [container] = pod["spec"], pod["spec"]["containers"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "@sha256:" in container["image"]


def test_ocore_may_do_what_the_page_says_that_it_does() -> None:
    [role] = [each for each in of_kind("Role") if each["metadata"]["name"] == "ocore"]
    allowed = {resource for rule in role["rules"] for resource in rule["resources"]}
    made = {
        *("services", "secrets", "configmaps", "persistentvolumeclaims", "deployments"),
        *("jobs", "ingresses", "networkpolicies", "poddisruptionbudgets"),
    }
    read = {"pods", "pods/log", "deployments/scale", "endpointslices"}
    assert allowed == made | read


@pytest.mark.parametrize("port", [Parts, Crons, Watch, Proxy])
def test_the_table_has_each_method_of_a_port(port: type) -> None:
    told = set(re.findall(rf"^\| `{port.__name__}` \| `(\w+)` \|", PAGE, re.MULTILINE))
    assert told == {name for name in vars(port) if callable(vars(port)[name]) and name[0] != "_"}
