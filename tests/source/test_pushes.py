"""Announcements of pushes: whose proof counts, and what is read."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from ocore.errors import Malformed
from ocore.source.pushes import HOSTS, Delivery, NoPush, Push, delivery_of, proven

SECRET, SHA, NOTHING = "a secret of tests", "c0ffee" + "1" * 34, "0" * 40
OLD = "decaf" + "2" * 35
GITHUB, GITLAB, BITBUCKET = HOSTS
MAIN = Push(branch="main", commit_sha=SHA)


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_githubs_own_example_is_proven() -> None:
    # docs.github.com, "Validating webhook deliveries", testing the webhook payload validation.
    given = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": given}
    assert proven(headers, b"Hello, World!", secret="It's a Secret to Everybody") is GITHUB


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ({"x-hub-signature-256": signature(b"{}")}, "github"),
        ({"x-hub-signature-256": signature(b"{}"), "x-hub-signature": "sha1=00"}, "github"),
        ({"x-hub-signature": signature(b"{}")}, "bitbucket"),
        ({"x-gitlab-token": SECRET}, "gitlab"),
        ({}, None),
        ({"x-hub-signature-256": ""}, None),
        ({"x-hub-signature-256": "sha256="}, None),
        ({"x-hub-signature-256": signature(b"{}").removeprefix("sha256=")}, None),
        ({"x-hub-signature-256": signature(b"{}").upper()}, None),
        ({"x-hub-signature-256": signature(b"{ }")}, None),
        ({"x-hub-signature-256": signature(b"{}", "another secret")}, None),
        ({"x-hub-signature-256": "sha256=é"}, None),
        ({"x-hub-signature-256": "sha256=\udcff"}, None),
        ({"x-hub-signature": "sha1=" + hmac.new(b"", b"{}", hashlib.sha1).hexdigest()}, None),
        ({"x-gitlab-token": SECRET + " "}, None),
        ({"x-gitlab-token": SECRET[:-1]}, None),
        ({"x-gitlab-token": ""}, None),
        # A wrong proof is not made good by another kind.
        ({"x-hub-signature-256": "sha256=00", "x-gitlab-token": SECRET}, None),
    ],
)
def test_who_knows_the_secret_is_known_by_its_proof(
    headers: dict[str, str], host: str | None
) -> None:
    found = proven(headers, b"{}", secret=SECRET)
    assert (found.name if found else None) == host


def github(payload: Any, event: str = "push", **headers: str) -> Delivery:
    sent = {"x-github-event": event, "x-github-delivery": "7", **headers}
    return delivery_of(GITHUB, sent, json.dumps(payload).encode())


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"ref": "refs/heads/main", "after": SHA}, MAIN),
        (
            {"ref": "refs/heads/feature/x-1", "after": SHA, "commits": [{"id": SHA}]},
            Push(branch="feature/x-1", commit_sha=SHA),
        ),
        (
            {"ref": "refs/heads/main", "before": OLD, "after": SHA},
            Push(branch="main", commit_sha=SHA, before=OLD),
        ),
        (
            {"ref": "refs/heads/main", "after": NOTHING, "deleted": True},
            NoPush(
                ref="refs/heads/main",
                reason="refs/heads/main was deleted: there is nothing to deploy",
            ),
        ),
        (
            {"ref": "refs/tags/v1", "after": SHA},
            NoPush(
                ref="refs/tags/v1",
                reason="refs/tags/v1 is no branch: only branches are deployed on push",
            ),
        ),
    ],
)
def test_a_push_of_github_and_gitea(payload: Any, told: Push | NoPush) -> None:
    assert github(payload) == Delivery(host="github", id="7", event="push", told=(told,))


def test_github_puts_its_json_into_a_form_unless_told_otherwise() -> None:
    payload = json.dumps({"ref": "refs/heads/main", "after": SHA, "pusher": {"name": "Zoë & co"}})
    headers = {"x-github-event": "push", "content-type": "application/x-www-form-urlencoded"}
    found = delivery_of(GITHUB, headers, urlencode({"payload": payload}).encode())
    assert found.told == (MAIN,)


def test_a_push_of_gitlab_has_an_id_that_outlives_a_retry() -> None:
    body = json.dumps({"object_kind": "push", "ref": "refs/heads/main", "after": SHA}).encode()
    headers = {
        "x-gitlab-event": "Push Hook",
        "x-gitlab-event-uuid": "this time",
        "idempotency-key": "each time",
    }
    found = delivery_of(GITLAB, headers, body)
    assert found == Delivery(host="gitlab", id="each time", event="Push Hook", told=(MAIN,))
    del headers["idempotency-key"]
    assert delivery_of(GITLAB, headers, body).id == "this time"


def test_a_push_of_bitbucket_tells_of_several_refs() -> None:
    branch = {"type": "branch", "name": "main", "target": {"hash": SHA, "type": "commit"}}
    tag = {"type": "tag", "name": "v1", "target": {"hash": SHA}}
    changes = [
        {"new": branch, "old": {**branch, "target": {"hash": OLD}}},
        {"new": tag, "old": None},
        {"new": None, "old": {**branch, "name": "gone"}},
    ]
    body = json.dumps({"push": {"changes": changes}, "repository": {}}).encode()
    headers = {"x-event-key": "repo:push", "x-request-uuid": "9"}
    found = delivery_of(BITBUCKET, headers, body)
    assert found.told[0] == Push(branch="main", commit_sha=SHA, before=OLD)
    assert [each.ref for each in found.told[1:] if isinstance(each, NoPush)] == [
        "refs/tags/v1",
        "refs/heads/gone",
    ]


@pytest.mark.parametrize("event", ["ping", "pull_request", "", "Push"])
def test_other_events_tell_of_no_ref(event: str) -> None:
    assert github({"zen": "Keep it logically awesome."}, event).told == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"{}",
        b'{"ref": "refs/heads/main"}',
        b'{"ref": "refs/heads/main", "after": null}',
        b'{"ref": 7, "after": "' + SHA.encode() + b'"}',
        b'{"ref": "refs/heads/main", "after": "c0ffee"}',
        b'{"ref": "refs/heads/main", "after": "' + SHA.upper().encode() + b'"}',
        b'{"ref": "refs/heads/--upload-pack=x", "after": "' + SHA.encode() + b'"}',
        b'{"ref": "refs/heads/a..b", "after": "' + SHA.encode() + b'"}',
        b'{"ref": "refs/heads/", "after": "' + SHA.encode() + b'"}',
        b'{"ref": "\\ud800", "after": "' + SHA.encode() + b'"}',
        b'{"commits": ' + b"[" * 100_000,
    ],
    ids=range(16),
)
def test_what_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        delivery_of(GITHUB, {"x-github-event": "push"}, body)
    assert refused.value.code == "malformed_delivery"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "application/x-www-form-urlencoded"}, b"load=%7B%7D"),
        ({"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, b"payload=%ff"),
        ({"x-github-delivery": "7" * 201}, b"{}"),
    ],
)
def test_headers_that_cannot_be(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Malformed):
        delivery_of(GITHUB, {"x-github-event": "push", **headers}, body)


@pytest.mark.parametrize(
    "changes", [[{}], [{"new": {"type": "branch", "name": "main", "target": {"hash": "x"}}}], 7]
)
def test_what_is_no_push_of_bitbucket_is_refused(changes: Any) -> None:
    body = json.dumps({"push": {"changes": changes}}).encode()
    with pytest.raises(Malformed):
        delivery_of(BITBUCKET, {"x-event-key": "repo:push"}, body)
