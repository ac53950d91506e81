import json
from pathlib import Path

import pytest

from ocore.artifacts import Endpoint
from ocore.errors import StepFailed
from ocore.proxy.configuration import Layout, held, routed, static_configuration, text_of
from ocore.proxy.targets import Door, Held, held_of, read_target, target_file, target_text
from tests.proxy.parts import instance

LAYOUT = Layout(
    directory=Path("/srv/proxy"),
    log=Path("/srv/log/traefik.log"),
    address=":8069",
    api_port=8081,
    holder_port=8082,
    trusted_proxies=("10.0.0.1/32",),
)
BLUE = Endpoint(host="127.0.0.1", http_port=9001, websocket_port=9002)


def test_traefik_reports_to_nobody() -> None:
    assert static_configuration(LAYOUT)["global"] == {
        "checkNewVersion": False,
        "sendAnonymousUsage": False,
    }


def test_the_api_listens_on_the_loopback_only() -> None:
    assert static_configuration(LAYOUT)["entryPoints"]["traefik"] == {"address": "127.0.0.1:8081"}


def test_only_named_proxies_may_say_where_a_client_comes_from() -> None:
    door = static_configuration(LAYOUT)["entryPoints"]["web"]
    assert door["forwardedHeaders"] == {"trustedIPs": ["10.0.0.1/32"]}
    assert door["http"] == {"aliasHeadersStrategy": "delete"}


def test_pages_go_straight_to_the_colour_and_websockets_by_the_holder() -> None:
    http = routed(instance(), BLUE, 8082)["http"]
    ports = {
        router["rule"]: http["services"][router["service"]]["loadBalancer"]["servers"][0]["url"]
        for router in http["routers"].values()
    }
    assert ports == {
        "Host(`library.localhost`)": "http://127.0.0.1:9001",
        "Host(`library.localhost`) && "
        "(Path(`/websocket`) || PathPrefix(`/websocket/`) || PathPrefix(`/longpolling/`))": (
            "http://127.0.0.1:8082"
        ),
    }


def test_both_doors_of_a_held_instance_lead_to_the_holder_and_say_whose_they_are() -> None:
    http = held(instance(), 8082)["http"]
    assert http["services"]["library_0001"]["loadBalancer"]["servers"] == [
        {"url": "http://127.0.0.1:8082"}
    ]
    assert [router["service"] for router in http["routers"].values()] == ["library_0001"] * 2
    assert [
        middleware["headers"]["customRequestHeaders"]["X-Ocore-Held"]
        for middleware in http["middlewares"].values()
    ] == ["library_0001 http", "library_0001 websocket"]


def test_what_is_written_is_json_and_so_yaml() -> None:
    configuration = routed(instance(), BLUE, 8082)
    assert json.loads(text_of(configuration)) == configuration


@pytest.mark.parametrize("host", ["", "a b", "a`)||Host(`b", "{{ env }}", "a:80", "-a", "a/b"])
def test_a_host_that_is_no_host_name_never_reaches_traefik(host: str) -> None:
    strange = instance()
    object.__setattr__(strange, "host", host)
    with pytest.raises(StepFailed, match="is not a host name"):
        routed(strange, BLUE, 8082)


@pytest.mark.parametrize(
    ("header", "whose"),
    [
        ("X-Ocore-Held: library_0001 http", Held("library_0001", Door.HTTP)),
        ("x-ocore-held:library_0001 websocket", Held("library_0001", Door.WEBSOCKET)),
        ("X-Ocore-Held: ../etc/passwd http", None),
        ("X-Ocore-Held: library_0001 https", None),
        ("X-Ocore-Held: library_0001", None),
        ("X-Not: X-Ocore-Held: library_0001 http", None),
    ],
)
def test_the_head_of_a_request_says_whose_it_is(header: str, whose: Held | None) -> None:
    head = f"GET / HTTP/1.1\r\nHost: library.localhost\r\n{header}\r\n\r\n"
    assert held_of(head.encode()) == whose


def test_a_target_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_target(tmp_path, "library_0001") is None
    target_file(tmp_path, "library_0001").write_text(target_text(BLUE))
    assert read_target(tmp_path, "library_0001") == BLUE
