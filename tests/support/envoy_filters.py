"""What Istio does with an EnvoyFilter's patches that MERGE: as protobuf merges messages."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

Object = dict[str, Any]


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> Object:
    """Return both: messages field by field, lists one after the other, and of anything else the other's."""
    found: Object = dict(copy.deepcopy(one))
    for name, value in other.items():
        before = found.get(name)
        if isinstance(before, dict) and isinstance(value, Mapping):
            found[name] = merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            found[name] = before + copy.deepcopy(value)
        else:
            found[name] = copy.deepcopy(value)
    return found


def patched(made: Mapping[str, Any], patches: Iterable[Mapping[str, Any]]) -> Object:
    """Return what Istio made (``manager``, ``cluster``), patched; raises ``AssertionError`` for what fits nothing."""
    found: Object = copy.deepcopy(dict(made))
    for one in patches:
        assert one["patch"]["operation"] == "MERGE"
        value = one["patch"]["value"]
        match one["applyTo"]:
            case "NETWORK_FILTER":
                assert _filter(one)["name"] == value["name"]
                found["manager"] = merged(found["manager"], _untyped(value["typed_config"]))
            case "HTTP_FILTER":
                name = _filter(one)["subFilter"]["name"]
                (place,) = (at for at, each in enumerate(found["manager"]["http_filters"]) if each["name"] == name)
                found["manager"]["http_filters"][place] = merged(found["manager"]["http_filters"][place], value)
            case "CLUSTER":
                match = one["match"]["cluster"]
                assert found["cluster"]["name"] == f"outbound|{match['portNumber']}||{match['service']}"
                found["cluster"] = merged(found["cluster"], value)
            case other:
                raise AssertionError(other)
    return found


def _filter(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = patch["match"]["listener"]["filterChain"]["filter"]
    return found


def _untyped(config: Mapping[str, Any]) -> Object:
    return {name: value for name, value in config.items() if name != "@type"}
