"""The routes: misspelt paths are refused first, then unprotected paths, then everything else."""

from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.route import v3 as route
from envoy_data_plane.envoy.type.matcher import v3 as matcher

from sidecar.core.path import PathMode
from sidecar.envoy_config import filter as authz_filter
from sidecar.envoy_config.clusters import APP
from sidecar.envoy_config.normal_form import ASCII, NORMAL_FORM, Rule
from sidecar.envoy_config.options import EnvoyOptions

_BAD_REQUEST = 400


def configuration(options: EnvoyOptions) -> route.RouteConfiguration:
    """Return the route table; the order of its routes is part of the protection."""
    rules = NORMAL_FORM if options.path_mode is PathMode.REJECT else (ASCII,)
    refused = [_refused(rule) for rule in rules]
    unprotected = [_unprotected(path) for path in options.unprotected_paths]
    host = route.VirtualHost(name="all", domains=["*"], routes=[*refused, *unprotected, _protected()])
    return route.RouteConfiguration(name="ingress", virtual_hosts=[host])


def _refused(rule: Rule) -> route.Route:
    # INVARIANT: first, so that a misspelt path meets a refusal even where the sidecar is not asked. The filter stays
    # enabled here: while the sidecar lives, it denies with its own reason before this answer is given.
    misspelt = route.HeaderMatcher(
        name=":path",
        string_match=matcher.StringMatcher(safe_regex=matcher.RegexMatcher(regex=rule.pattern)),
        invert_match=not rule.forbidden,
    )
    return route.Route(
        name=f"not in normal form: {rule.name}",
        match=route.RouteMatch(prefix="", headers=[misspelt]),
        direct_response=route.DirectResponseAction(
            status=_BAD_REQUEST, body=core.DataSource(inline_string="path is not in normal form\n")
        ),
    )


def _unprotected(path: str) -> route.Route:
    return route.Route(
        name=f"unprotected {path}",
        match=route.RouteMatch(path=path),
        typed_per_filter_config=authz_filter.disabled(),
        route=route.RouteAction(cluster=APP),
    )


def _protected() -> route.Route:
    return route.Route(name="protected", match=route.RouteMatch(prefix="/"), route=route.RouteAction(cluster=APP))
