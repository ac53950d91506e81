from ocore.images import BuildOrder
from ocore.images.documents import Component, Kind, bill_of_materials, provenance

TAG = "acme/library:c0ffee-5e1ec7ed"
ORDER = BuildOrder(
    repository_tag="acme/library",
    commit_sha="c0ffee",
    checkout="/checkout",
    modules=("oca/loans",),
    odoo_version="19.0",
    provider="git",
    source="https://git.example/odoo.git@19.0",
    python_dependencies=("zeep",),
)


def test_a_bill_of_materials_lists_each_thing_once_and_in_order() -> None:
    zeep = Component(kind=Kind.PYTHON, name="zeep", version="4.3")
    libc = Component(kind=Kind.DEBIAN, name="libc6", version="2.36-9")
    bill = bill_of_materials(TAG, [zeep, libc, zeep])
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == TAG
    purls = [each["purl"] for each in bill["components"]]
    assert purls == ["pkg:deb/debian/libc6@2.36-9", "pkg:pypi/zeep@4.3"]
    assert bill_of_materials(TAG, [libc, zeep]) == bill_of_materials(TAG, [zeep, libc])


def test_a_version_with_an_epoch_or_a_plus_is_escaped() -> None:
    component = Component(kind=Kind.DEBIAN, name="libstdc++6", version="1:12.2+dfsg-14")
    assert component.purl == "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2%2Bdfsg-14"


def test_a_provenance_says_which_commit_became_which_image() -> None:
    definition = provenance(ORDER, base="ocore/odoo:19.0-x")["buildDefinition"]
    assert definition["externalParameters"]["commit"] == "c0ffee"
    assert {"name": "base", "uri": "ocore/odoo:19.0-x"} in definition["resolvedDependencies"]
