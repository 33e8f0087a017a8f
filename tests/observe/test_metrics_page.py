"""docs/metrics.md and the code are about the same metrics, and how many series there can be."""

from sidecar.observe.hook_series import MOST_HOOKS
from sidecar.observe.pool_series import Pool
from sidecar.observe.series import CHECKS, MOST_CHECKS
from support.metrics import ISSUERS, KEYS, PAGE, PROCESSES, families, labels_of, largest, least, page


def test_page_and_code_agree() -> None:
    """Each metric that there can be is on the page with its type and labels, and the page has no other."""
    with largest() as exposition:
        found = families(exposition.exposition())
    told = page()
    assert told.keys() == found.keys()
    assert {name: row.type for name, row in told.items()} == {name: family.type for name, family in found.items()}
    assert {name: row.labels for name, row in told.items()} == {
        name: labels_of(family) for name, family in found.items()
    }


def test_units_are_those_of_the_names() -> None:
    """What a name says of its unit, the page says."""
    for name, row in page().items():
        if name.endswith(("_timestamp_seconds",)):
            assert row.unit == "Unix time"
        elif "_seconds" in name:
            assert row.unit == "seconds", name
        elif name.endswith("_bytes"):
            assert row.unit == "bytes", name


def test_every_label_is_explained() -> None:
    """Of a label with fixed values all of these are on the page, if there are few: someone has to write alerts."""
    text = " ".join(row.text for row in page().values())
    with largest() as exposition:
        found = families(exposition.exposition())
    for label in ("tier", "kind", "route", "direction", "scope", "change", "source", "listener"):
        values = {
            sample.labels[label] for family in found.values() for sample in family.samples if label in sample.labels
        }
        assert values, label
        assert [value for value in values if f"`{value}`" not in text] == [], label
    whole = PAGE.read_text(encoding="utf-8")
    assert [pool for pool in Pool if f"`{pool}` (" not in whole] == []


def test_number_of_series_is_bounded() -> None:
    """So many a process, an issuer, a key and a hook, and those that are always there; of policies as there is room."""
    with largest() as exposition:
        found = families(exposition.exposition())
    number = sum(len(family.samples) for family in found.values())
    processes, issuers, keys = len(PROCESSES) + 1, ISSUERS, ISSUERS * KEYS
    checks = len(found["authz_checks_total"].samples)
    assert MOST_CHECKS < checks <= MOST_CHECKS + len(CHECKS.series)
    assert number - checks <= 350 + 15 * processes + 10 * issuers + 4 * keys + 24 * MOST_HOOKS
    assert number <= 2500


def test_a_small_configuration_has_few() -> None:
    """Without pools, hooks and fetched keys, nothing is told of these."""
    with least() as exposition:
        found = families(exposition.exposition())
    number = sum(len(family.samples) for family in found.values())
    assert number < 250
    with_samples = {name for name, family in found.items() if family.samples}
    assert not [name for name in with_samples if "hook" in name or "pool" in name or "bundle" in name]
    limits = [sample.labels for sample in found["authz_transport_limits_total"].samples]
    assert limits == [{"limit": "max_message_bytes"}]
    assert "authz_transport_resets_total" not in found
