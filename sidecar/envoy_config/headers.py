"""The headers that no client may send, taken off before a request is routed."""

from envoy_data_plane.envoy.config.common.mutation_rules import v3 as mutation_rules
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.extensions.http.early_header_mutation.header_mutation import v3 as early
from envoy_data_plane.envoy.type.matcher import v3 as matcher
from envoy_data_plane.google.protobuf import Any

from sidecar.envoy_config.filter import UNCHECKED_HEADER
from sidecar.envoy_config.options import EnvoyOptions
from sidecar.tracing.context import CONTEXT

#: What an upstream may fold into "-": any character that is neither letter nor digit (PHP makes ``_`` of a dot). Names
#: are lower-case inside Envoy. Without the colon, so that no name, ``-path`` neither, ever matches a pseudo-header.
_ODD = "[^a-z0-9:]"
#: With it Envoy traces whatever its percentage says, for whoever has an address that it takes for internal.
_FORCE_TRACE = "x-envoy-force-trace"


def strip(options: EnvoyOptions) -> core.TypedExtensionConfig:
    """Return the mutation that removes what no client may say, however its hyphens are written."""
    # INVARIANT: before routing and before every filter, so that it also holds where the sidecar is not asked.
    names = dict.fromkeys((*options.identity_headers, UNCHECKED_HEADER, *options.override_headers, *_traces(options)))
    mutation = early.HeaderMutation(mutations=[_remove(name) for name in names])
    return core.TypedExtensionConfig(
        name="envoy.http.early_header_mutation.header_mutation", typed_config=Any.pack(mutation)
    )


def _traces(options: EnvoyOptions) -> tuple[str, ...]:
    """Return the headers by which a client would have its requests traced."""
    if options.trace_to is None:
        return ()
    return (_FORCE_TRACE,) if options.trace_clients else (_FORCE_TRACE, *CONTEXT)


def lookalikes(name: str) -> str:
    """Return the expression that ``name`` matches, and every name that some upstream takes for it."""
    return name.replace("-", _ODD)


def _remove(name: str) -> mutation_rules.HeaderMutation:
    key = matcher.StringMatcher(safe_regex=matcher.RegexMatcher(regex=lookalikes(name)))
    return mutation_rules.HeaderMutation(
        remove_on_match=mutation_rules.HeaderMutationRemoveOnMatch(key_matcher=key),
    )
