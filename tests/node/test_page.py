"""docs/node.md shows what was tried."""

from io import StringIO

from ruamel.yaml import YAML

from support.gateway import CIRCUIT_BREAKERS, RETRIES
from support.pages import ROOT, blocks


def test_the_page_s_gateway_is_the_one_that_was_tried() -> None:
    """Its retries and circuit breakers are those of the tests' gateway. Takes no node."""
    (block,) = (one for one in blocks() if one.page == ROOT / "docs/node.md" and one.language == "yaml")
    assert YAML(typ="safe").load(StringIO(block.text)) == {
        "retry_policy": RETRIES,
        "circuit_breakers": CIRCUIT_BREAKERS,
    }
