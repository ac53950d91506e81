import pytest

from ocore.errors import StepFailed
from ocore.images.dependencies import merge_dependencies


def test_manifests_and_requirements_are_one_sorted_list() -> None:
    text = "# ours\nphonenumbers==8.13.0  # pinned\n\nzeep[async]>=4; python_version > '3.8'\n"
    assert merge_dependencies(text, ["num2words", "phonenumbers"]) == (
        "num2words",
        "phonenumbers",
        "phonenumbers==8.13.0",
        "zeep[async]>=4; python_version > '3.8'",
    )


def test_a_name_that_is_imported_differently_is_translated() -> None:
    assert merge_dependencies(None, ["OpenSSL", "yaml"]) == ("pyopenssl", "pyyaml")


@pytest.mark.parametrize(
    "line",
    [
        "-r /etc/passwd",
        "--index-url https://evil.example/simple",
        "-e .",
        "./local",
        "/tmp/evil.whl",
        "git+https://evil.example/x.git",
        "evil @ https://evil.example/x.whl",
        "name --global-option=x",
        "name==1.0 --hash=sha256:0",
        "$(touch ran)",
    ],
)
def test_anything_but_a_name_and_its_version_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(StepFailed, match=r"requirements\.txt line 2: .* is refused"):
        merge_dependencies(f"num2words\n{line}\n", [])


def test_an_address_is_not_repeated_because_it_may_hold_a_token() -> None:
    with pytest.raises(StepFailed) as refused:
        merge_dependencies("x @ https://user:hunter2@evil.example/x.whl", [])
    assert "hunter2" not in str(refused.value)


def test_a_manifest_cannot_smuggle_an_option_either() -> None:
    with pytest.raises(StepFailed, match="external_dependencies"):
        merge_dependencies(None, ["--index-url=https://evil.example"])
