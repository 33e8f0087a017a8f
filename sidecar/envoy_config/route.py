"""The routes: requests not in normal form are refused first, then unprotected paths, then everything else."""

from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.route import v3 as route
from envoy_data_plane.envoy.type.matcher import v3 as matcher

from sidecar.core.path import PathMode
from sidecar.envoy_config import filter as authz_filter
from sidecar.envoy_config.clusters import APP
from sidecar.envoy_config.limits import RESPONSE_TIMEOUT
from sidecar.envoy_config.normal_form import ASCII, AUTHORITY, METHOD, NORMAL_FORM, Rule
from sidecar.envoy_config.options import EnvoyOptions

_BAD_REQUEST = 400


def configuration(options: EnvoyOptions) -> route.RouteConfiguration:
    """Return the route table; the order of its routes is part of the protection."""
    path_rules = NORMAL_FORM if options.path_mode is PathMode.REJECT else (ASCII,)
    refused = [_refused(rule) for rule in (METHOD, AUTHORITY, *path_rules)]
    unprotected = [_unprotected(path) for path in options.unprotected_paths]
    host = route.VirtualHost(
        name="all",
        domains=["*"],
        routes=[*refused, *unprotected, _protected()],
        # After the filters: the sidecar is still shown it.
        request_headers_to_remove=[] if options.forward_token else list(options.token_headers),
        typed_per_filter_config=authz_filter.said_of_what_is_sent(options),
    )
    return route.RouteConfiguration(name="ingress", virtual_hosts=[host])


def _refused(rule: Rule) -> route.Route:
    # INVARIANT: first, so that what has several readings meets a refusal even where the sidecar is not asked. The
    # filter stays enabled here: while the sidecar lives, it denies with its own reason before this answer is given.
    broken = route.HeaderMatcher(
        name=rule.header,
        string_match=matcher.StringMatcher(safe_regex=matcher.RegexMatcher(regex=rule.pattern)),
        invert_match=not rule.forbidden,
        # Without this a header that is not there matches nothing, inverted neither. Envoy refuses requests without host
        # and method by itself today; the rule must not come to depend on it.
        treat_missing_header_as_empty=True,
    )
    return route.Route(
        name=f"not in normal form: {rule.name}",
        match=route.RouteMatch(prefix="", headers=[broken]),
        direct_response=route.DirectResponseAction(
            status=_BAD_REQUEST, body=core.DataSource(inline_string=f"{rule.subject} is not in normal form\n")
        ),
    )


def _unprotected(path: str) -> route.Route:
    return route.Route(
        name=f"unprotected {path}",
        match=route.RouteMatch(path=path),
        typed_per_filter_config=authz_filter.disabled(),
        route=_to_app(),
    )


def _protected() -> route.Route:
    return route.Route(name="protected", match=route.RouteMatch(prefix="/"), route=_to_app())


def _to_app() -> route.RouteAction:
    return route.RouteAction(cluster=APP, timeout=RESPONSE_TIMEOUT)
