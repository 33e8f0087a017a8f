"""The configuration, as one typed model: unit, default and reason for every field.

Names are snake_case with the unit in them; policies alone carry Istio's camelCase, since users know them. Values are
strict: a quoted number is a string and refused, rather than guessed at. ``sidecar.loading`` reads this from YAML and
environment, and makes a ``Trust`` of it.
"""

from sidecar.settings.root import Settings

__all__ = ["Settings"]
