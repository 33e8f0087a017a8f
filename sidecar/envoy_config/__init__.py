"""Envoy's side of the product: a complete bootstrap, built from envoy-data-plane's typed messages.

``options`` says what can be chosen; ``bootstrap`` puts ``listener`` (with ``route`` and ``filter``) and ``clusters``
together; ``normal_form`` has the expressions that refuse a misspelt request where the sidecar is not asked, ``headers``
what no client may send, ``limits`` what no client may take, and ``tls`` how a sidecar on the network is reached.
``matching`` makes the options of what a sidecar's configuration says.
Needs the ``demo`` extra (envoy-data-plane); nothing on the way of a check imports this package.
"""

from sidecar.envoy_config.bootstrap import bootstrap, to_json
from sidecar.envoy_config.options import EnvoyOptions

__all__ = ["EnvoyOptions", "bootstrap", "to_json"]
