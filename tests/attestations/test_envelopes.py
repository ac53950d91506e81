import base64
import json
from typing import Any

import pytest
from securesystemslib.dsse import Envelope as TheirEnvelope
from securesystemslib.signer import SSlibKey

from ocore.attestations import Statement, Subject
from ocore.attestations.envelopes import PAYLOAD_TYPE, signed_bytes, verify
from ocore.attestations.keys import KeySigner, PublicKey, new_private_key
from ocore.errors import Malformed, Refused

STATEMENT = Statement(
    subjects=(Subject(name="acme/library:c0ffee", digest={"sha256": "ab" * 32}),),
    predicate_type="https://slsa.dev/provenance/v1",
    predicate={"who": "Zoë"},
)
OURS, OTHER = [KeySigner.read(new_private_key()) for _ in range(2)]
KEY, OTHER_KEY = [PublicKey.read(each.public_key) for each in (OURS, OTHER)]


def envelope(**changes: Any) -> str:
    return json.dumps({**json.loads(OURS.sign(STATEMENT)), **changes})


def signed(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> str:
    """Put anything into an envelope that our key really signed."""
    signature = OURS.key.sign(signed_bytes(payload, payload_type))
    return envelope(
        payload=base64.b64encode(payload).decode(),
        payloadType=payload_type,
        signatures=[{"keyid": OURS.keyid, "sig": base64.b64encode(signature).decode()}],
    )


def refusal(text: str, *keys: PublicKey) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        verify(text, keys or (KEY,))
    return refused.value.code, str(refused.value)


def test_what_was_signed_is_told_with_the_key_that_signed_it() -> None:
    verified = verify(OURS.sign(STATEMENT), [OTHER_KEY, KEY])
    assert verified.statement == STATEMENT
    assert verified.keyids == (OURS.keyid,)


def test_the_same_statement_has_the_same_envelope() -> None:
    assert OURS.sign(STATEMENT) == OURS.sign(STATEMENT)


def test_another_implementation_agrees() -> None:
    theirs = TheirEnvelope.from_dict(json.loads(OURS.sign(STATEMENT)))
    assert theirs.payload_type == PAYLOAD_TYPE
    key = SSlibKey.from_crypto(KEY.key, keyid=OURS.keyid)
    assert theirs.verify([key], threshold=1) == {OURS.keyid: key}
    payload = json.loads(theirs.payload)
    assert payload["_type"] == "https://in-toto.io/Statement/v1"
    assert payload["subject"][0]["name"] == "acme/library:c0ffee"
    assert payload["predicateType"] == STATEMENT.predicate_type


def test_the_encoding_is_that_of_the_protocol() -> None:
    covered = signed_bytes(b"hello world", "http://example.com/HelloWorld")
    assert covered == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@pytest.mark.parametrize("part", ["payload", "sig"])
def test_any_flipped_byte_is_found(part: str) -> None:
    whole = json.loads(OURS.sign(STATEMENT))
    [signature] = whole["signatures"]
    content = base64.b64decode(whole["payload"] if part == "payload" else signature["sig"])
    for index in range(len(content)):
        flipped = bytes(byte ^ (at == index) for at, byte in enumerate(content))
        text = base64.b64encode(flipped).decode()
        changed = (
            envelope(payload=text)
            if part == "payload"
            else envelope(signatures=[{**signature, "sig": text}])
        )
        assert refusal(changed)[0] == "bad_signature", index


def test_a_changed_statement_is_refused_with_the_reason() -> None:
    text = base64.b64encode(b'{"_type": "https://in-toto.io/Statement/v1"}').decode()
    code, reason = refusal(envelope(payload=text))
    assert code == "bad_signature"
    assert OURS.keyid in reason
    assert "changed after it was signed" in reason


def test_another_key_is_named() -> None:
    code, reason = refusal(OURS.sign(STATEMENT), OTHER_KEY)
    assert code == "unknown_key"
    assert OURS.keyid in reason
    assert OTHER.keyid in reason


@pytest.mark.parametrize("payload_type", ["application/json", "application/vnd.in-toto+yaml"])
def test_another_payload_type_is_refused_whoever_signed_it(payload_type: str) -> None:
    text = signed(b"{}", payload_type)
    assert refusal(text) == (
        "wrong_payload_type",
        f"it holds '{payload_type}', and not an in-toto statement ({PAYLOAD_TYPE})",
    )


def test_a_type_put_in_place_of_another_does_not_fit_the_signature() -> None:
    assert refusal(envelope(payloadType="application/json"))[0] == "wrong_payload_type"
    other = json.loads(signed(b"{}", "application/json"))
    assert refusal(json.dumps({**other, "payloadType": PAYLOAD_TYPE}))[0] == "bad_signature"


def test_the_id_of_a_key_is_only_a_hint() -> None:
    [signature] = json.loads(OURS.sign(STATEMENT))["signatures"]
    for keyid in ("", OTHER.keyid):
        text = envelope(signatures=[{**signature, "keyid": keyid}])
        assert verify(text, [KEY, OTHER_KEY]).keyids == (OURS.keyid,)


def test_each_of_several_signatures_counts() -> None:
    ours, other = [json.loads(each.sign(STATEMENT)) for each in (OURS, OTHER)]
    both = envelope(signatures=[*ours["signatures"], *other["signatures"]])
    assert verify(both, [KEY, OTHER_KEY]).keyids == (OURS.keyid, OTHER.keyid)
    assert verify(both, [OTHER_KEY]).keyids == (OTHER.keyid,)


def test_both_alphabets_of_base64_are_read() -> None:
    whole = json.loads(OURS.sign(STATEMENT))
    [signature] = whole["signatures"]
    safe = base64.urlsafe_b64encode(base64.b64decode(signature["sig"])).decode()
    assert verify(envelope(signatures=[{"sig": safe}]), [KEY]).statement == STATEMENT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_an_envelope"),
        ("[]", "not_an_envelope"),
        ('{"payload": "", "payloadType": ""}', "not_an_envelope"),
        (envelope(payload="*"), "not_an_envelope"),
        (envelope(signatures=[{"sig": "*"}]), "not_an_envelope"),
        (envelope(signatures=[]), "not_signed"),
        (signed(b"no json"), "not_a_statement"),
        (signed(b'{"_type": "https://in-toto.io/Statement/v0.1"}'), "not_a_statement"),
        (signed(b"\xff"), "not_a_statement"),
    ],
)
def test_what_is_no_signed_statement_is_refused(text: str, code: str) -> None:
    assert refusal(text)[0] == code


def test_no_key_at_all_verifies_nothing() -> None:
    with pytest.raises(Refused, match="another key"):
        verify(OURS.sign(STATEMENT), [])


@pytest.mark.parametrize(
    "pem", ["", "no pem", new_private_key()], ids=["nothing", "text", "secret"]
)
def test_what_is_no_public_key_is_refused(pem: str) -> None:
    with pytest.raises(Malformed, match="no Ed25519 public key"):
        PublicKey.read(pem)


def test_a_secret_is_not_shown() -> None:
    secret = new_private_key()
    signer = KeySigner.read(secret)
    assert secret.splitlines()[1] not in repr(signer) + signer.public_key + signer.sign(STATEMENT)
    assert "key" not in repr(signer)
    with pytest.raises(Malformed) as refused:
        KeySigner.read(signer.public_key)
    assert refused.value.code == "bad_signing_key"
