"""Reads the papers of an image as an auditor does: with the platform's public key."""

import json
from pathlib import Path
from typing import Any

from ocore.artifacts import Image
from ocore.attestations import Statement
from ocore.attestations.envelopes import verify
from ocore.attestations.keys import PublicKey
from ocore.embedded.signing import signer_of


def read_papers(home: Path, image: Image) -> tuple[Any, Statement, Statement]:
    """Return the bill of materials, and what was signed: the bill, and the provenance."""
    key = PublicKey.read(signer_of(home / "secrets").public_key)
    bill, *signed = [(home / each).read_text() for each in image.papers]
    of_bill, provenance = [verify(each, [key]).statement for each in signed]
    assert of_bill.predicate_type == "https://cyclonedx.org/bom"
    assert of_bill.predicate == json.loads(bill)
    assert provenance.predicate_type == "https://slsa.dev/provenance/v1"
    return json.loads(bill), of_bill, provenance
