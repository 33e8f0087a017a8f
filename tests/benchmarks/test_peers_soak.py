"""What the soak benchmark reads and sends."""

from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from peers.sidecar_metrics import read_allowed
from peers.soak import protoset, read_ghz, request

GHZ = """
Summary:
  Count:\t1000000

Status code distribution:
  [OK]            999998 responses
  [Unavailable]   2 responses
"""
METRICS = """\
# TYPE authz_checks counter
authz_checks_total{outcome="allowed",reason="ok"} 1200.0
authz_checks_total{outcome="allowed",reason="public_path"} 34.0
authz_checks_total{outcome="denied",reason="token_expired"} 9.0
"""


def test_only_ok_counts() -> None:
    """What ghz calls anything else is an error."""
    assert read_ghz(GHZ) == 999_998
    assert read_ghz("") == 0


def test_allowed_checks_of_all_reasons_count() -> None:
    """Denials do not."""
    assert read_allowed(METRICS) == 1234.0


def test_the_protoset_is_complete() -> None:
    """A pool that knows nothing but the set can read a check."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(protoset()).file:
        pool.Add(file)  # raises where a dependency was not added before
    kind: Any = GetMessageClass(pool.FindMessageTypeByName("envoy.service.auth.v3.CheckRequest"))
    read = kind.FromString(request("token", 7).SerializeToString())
    assert read.attributes.request.http.path == "/orders/7"
    assert read.attributes.request.http.headers["authorization"] == "Bearer token"
