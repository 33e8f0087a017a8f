"""What Envoy is told of a sidecar's configuration."""

from typing import Any

import pytest

from sidecar.envoy_config.matching import options_for
from sidecar.envoy_config.options import CHECK_SECONDS
from sidecar.transport.deadline import OF_THE_DEADLINE
from support.trusts import issuer, trust


@pytest.mark.parametrize(
    ("fields", "waits"),
    [([{}], 0.0), ([{"refetch_wait": 0.3}], 0.3), ([{"refetch_wait": 0.3}, {"refetch_wait": 2.0}], 2.0)],
)
def test_a_try_has_the_time_that_a_check_may_wait(fields: list[dict[str, Any]], waits: float) -> None:
    """Of the share of Envoy's time that a check has, as much is left as where it waits for nobody."""
    issuers = [issuer(issuer=f"https://idp-{number}.example", **each) for number, each in enumerate(fields)]
    found = options_for(trust(issuers=issuers), ("127.0.0.1:9001",), None).timeout_seconds
    assert found * OF_THE_DEADLINE - waits == pytest.approx(CHECK_SECONDS * OF_THE_DEADLINE)
