"""Environment variables that override fields."""

from pathlib import Path

import pytest

from sidecar.loading.environment import variables
from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.trust import load_trust

CONFIG = "issuers: [{issuer: https://idp.example, audiences: [orders], keys: {file: jwks.json}}]\n"


@pytest.fixture
def config(folder: Path) -> Path:
    """Return a valid configuration file."""
    path = folder / "authz.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def test_variable_overrides_a_field(config: Path) -> None:
    """AUTHZ_LISTEN and nested fields replace what the file says."""
    settings = load_configuration(
        config, {"AUTHZ_LISTEN": "unix:@authz", "AUTHZ_REQUEST_MAX_TOKEN_BYTES": "1000"}
    ).settings
    assert settings.listen == "unix:@authz"
    assert settings.request.max_token_bytes == 1000


def test_wrong_variable_is_named(config: Path) -> None:
    """A wrong value is reported with the variable's name, not with a line of the file."""
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(config, {"AUTHZ_LOG_LEVEL": "loud"})
    assert str(refused.value) == (
        "environment variable AUTHZ_LOG_LEVEL: log_level: found 'loud'; allowed: 'debug', 'info', 'warning' or 'error'"
    )


@pytest.mark.parametrize("value", ["", " ", "~", "null", "# x", "\n"])
def test_variable_of_nothing_is_no_null(config: Path, value: str) -> None:
    """A variable of nothing, such as a template that was not filled in, never switches an identity header off."""
    with pytest.raises(ConfigurationError, match="AUTHZ_RESPONSE_IDENTITY_HEADERS_SUBJECT"):
        load_configuration(config, {"AUTHZ_RESPONSE_IDENTITY_HEADERS_SUBJECT": value})


def test_variable_that_is_nested_beyond_reason(config: Path) -> None:
    """A value that no YAML reader gets through is reported as what it is: wrong for its field."""
    with pytest.raises(ConfigurationError, match="AUTHZ_LOG_LEVEL"):
        load_configuration(config, {"AUTHZ_LOG_LEVEL": "[" * 5000})
    with pytest.raises(ConfigurationError, match="AUTHZ_SERVERS"):
        load_configuration(config, {"AUTHZ_SERVERS": "!!int"})


def test_header_is_switched_off_by_false(config: Path) -> None:
    """``false`` switches an identity header off, and a client's own is stripped all the same."""
    configuration = load_configuration(config, {"AUTHZ_RESPONSE_IDENTITY_HEADERS_SUBJECT": "false"})
    assert configuration.settings.response.identity_headers.subject is None
    assert "x-auth-subject" in load_trust(configuration).trust.response.stripped_headers


def test_kubernetes_service_variables_are_left_alone(config: Path) -> None:
    """Variables that Kubernetes sets for a Service named authz are no configuration."""
    environment = {"AUTHZ_SERVICE_HOST": "10.0.0.1", "AUTHZ_PORT": "tcp://10.0.0.1:80", "AUTHZ_PORT_80_TCP_PORT": "80"}
    assert load_configuration(config, environment).settings == load_configuration(config, {}).settings


def test_every_variable_has_one_field() -> None:
    """No two fields share a variable, and lists have none."""
    names = [name for name, _ in variables()]
    assert len(names) == len(set(names))
    assert "AUTHZ_RESPONSE_FORWARD_TOKEN" in names
    assert "AUTHZ_ISSUERS" not in names
