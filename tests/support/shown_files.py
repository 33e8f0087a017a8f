"""The files that the pages' commands name, as a reader would have them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sidecar.keys.signing import SigningKey, generate, key_set_document
from support.certificates import Authority
from support.pages import ROOT, blocks

_ISSUER = "https://idp.example"
#: In place of https://authz.example:9193, which no resolver knows.
REMOTE = "https://localhost:{port}"
_ADMIN_TOKEN = "0f9c" + "a1b2c3d4" * 8
#: Nothing to connect to, of which ``envoy config`` asks to be told.
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - nobody binds to it
_POLICIES = """\
policies:
  - name: orders
    action: allow
    rules:
      - to: [{operation: {methods: [GET], paths: ["/orders/*"]}}]
        when: [{key: "request.auth.claims[groups]", values: [staff]}]
  - name: no-delete
    action: deny
    rules: [{to: [{operation: {methods: [DELETE], paths: ["/orders/*"]}}]}]
"""
_NEW = _POLICIES.replace("values: [staff]", "values: [clerks]")
#: By what a page's name has in it: of which block its configuration has the fields beside, and by what that begins.
EXTRAS: Mapping[str, tuple[str, str]] = {
    "undle": ("docs/bundles.md", "policy_bundle:"),
    "envoy secrets": ("docs/operating.md", "listen: 0.0.0.0:9191"),
    "docs/envoy.md": ("docs/operating.md", "listen: 0.0.0.0:9191"),
}


class Files:
    """All of them below ``root``; ``probe`` and ``remote`` are ports."""

    def __init__(self, root: Path, probe: int, remote: int) -> None:
        self.root, self._probe, self._remote = root, probe, remote
        self.key = generate()
        for name in (
            "etc/authz",
            "run/authz",
            "run/authz-agent",
            "run/secrets",
            "var/lib/authz",
            "var/log/authz",
            "etc/envoy",
            "certs",
            "bin",
        ):
            (root / name).mkdir(parents=True)
        for name in (".local/share/bash-completion/completions", ".config/fish/completions", "fpath"):
            (root / "home" / name).mkdir(parents=True)
        (root / "etc/envoy/authz").mkdir()
        authority = Authority(root / "certs", "ca")
        self._server, self._operator = authority.sign("tls", hosts=["localhost"]), authority.sign("operator")
        self._rsa = rsa.generate_private_key(65537, 2048)
        self._write_installed()

    def _write_installed(self) -> None:
        installed = self.root / "etc/authz"
        (installed / "authz.yaml").write_text(self.configuration(), encoding="utf-8")
        (installed / "jwks.json").write_text(key_set_document([self.key]), encoding="utf-8")
        tenant = installed / "tenants/shop.orders"
        tenant.mkdir(parents=True)
        shown = _block("docs/agent.md", "# /etc/authz/tenants").replace("[65532]", "[0, 65532]")
        (tenant / "authz.yaml").write_text(self.placed(shown), encoding="utf-8")
        (tenant / "jwks.json").write_text(key_set_document([self.key]), encoding="utf-8")
        secret = self.root / "run/secrets/warm-up.key"
        secret.touch(0o600)
        secret.write_bytes(bytes(range(32)))
        tokens = self.root / "run/secrets/tokens.txt"
        tokens.touch(0o600)
        forged = self.token(generate(self.key.key_id), "mallory")
        good = [self.token(self.key, f"user-{number}") for number in range(60)]
        tokens.write_text("\n".join([*good, forged, "a", "b"]) + "\n", encoding="utf-8")

    def placed(self, text: str) -> str:
        """Return a text whose absolute paths and addresses are ours."""
        text = re.sub(r"(?<![\w./])/(?=(?:etc|run|var|certs)/)", f"{self.root}/", text)
        return text.replace("https://authz.example:9193", REMOTE.format(port=self._remote))

    def token(self, key: SigningKey, subject: str) -> str:
        """Sign a token of ``https://idp.example``."""
        claims = {"iss": _ISSUER, "aud": "orders", "sub": subject, "groups": ["staff"], "iat": 0, "exp": 1 << 33}
        return jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.key_id})

    def configuration(self, page: str = "", *, remote: bool = False) -> str:
        """Return a page's configuration, that of the sidecar that runs, or that with an administration elsewhere."""
        if page == "README.md":
            return self.placed(_block(page, "listen: unix:"))
        issuer: dict[str, object] = {"issuer": _ISSUER, "audiences": ["orders"], "keys": {"file": "jwks.json"}}
        whole: dict[str, object] = {
            "listen": f"unix:/run/authz/{'remote' if remote else 'authz'}.sock",
            "servers": 1,
            "enable_multiprocessing": False,
            "shared_memory_size": "1MiB",
            "issuers": [issuer],
        }
        if remote:
            shown = {"certificate_file": self._server.certificate, "key_file": self._server.key}
            admin = {"listen": f"127.0.0.1:{self._remote}", "tls": shown}
            whole |= {
                "probe": {"listen": "unix:/run/authz/probe.sock"},
                "admin": admin | {"bearer_token_file": "/certs/token"},
            }
        else:
            warm_up = {"snapshot_file": "/var/lib/authz/cache.snapshot", "key_file": "/run/secrets/warm-up.key"}
            whole |= {"probe": {"listen": f"127.0.0.1:{self._probe}"}, "warm_up": warm_up | {"every_seconds": 10}}
            whole |= {"admin": {"listen": "unix:/run/authz/admin.sock"}}
        if not page or "revoke" in page:
            issuer |= {"max_lifetime_seconds": 1 << 34, "required_claims": ["sub", "iat"]}
            whole |= {"revocation": {"admin_api": True}}
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in whole.items())
        return self.placed(_with(text, page) + "\n" + _POLICIES)

    def write_beside(self, folder: Path, page: str) -> None:
        """Write into a new folder what a page's commands find where they are run."""
        remote = page == "docs/operating.md"
        tools = (ROOT / "docs/policy-tools.md").read_text(encoding="utf-8")
        texts = {
            "authz.yaml": self.configuration(page, remote=remote),
            "authz-new.yaml": self.configuration().replace(_POLICIES, _NEW),
            "old.yaml": self.configuration(),
            "new.yaml": self.configuration(),
            "jwks.json": key_set_document([self.key]),
            "signers.json": key_set_document([self.key]),
            "token.txt": self.token(self.key, "alice") + "\n",
            "token": f"{_ADMIN_TOKEN}\n",
            "claims.jsonl": '{"sub": "alice"}\n{"sub": "bob"}\n',
            "requests.jsonl": _block("docs/policy-tools.md", '{"method": "GET"'),
            "access.log": _block("docs/policy-tools.md", '{"method": "GET"'),
            "tests/policy/orders.yaml": re.findall(r"```yaml\n(cases:.*?)```", tools, re.DOTALL)[0],
            "policies/orders.yaml": "policies: [{name: bundled, action: allow, rules: [{}]}]\n",
            "ca.pem": (self.root / "certs/ca.pem").read_text(encoding="utf-8"),
            "operator.pem": Path(self._operator.certificate).read_text(encoding="utf-8"),
        }
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        pem = self._rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        secrets = {
            "signing.jwk": json.dumps(self.key.private_jwk()),
            "old.jwk": json.dumps(generate().private_jwk()),
            "new.jwk": json.dumps(generate().private_jwk()),
            "signing.pem": pem,
            "operator.key": Path(self._operator.key).read_text(encoding="utf-8"),
        }
        for name, text in secrets.items():
            (folder / name).touch(0o600)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "envoy").symlink_to(ROOT / "envoy")


def _block(page: str, beginning: str) -> str:
    (found,) = (
        one.text for one in blocks() if str(one.page.relative_to(ROOT)) == page and one.text.startswith(beginning)
    )
    return found


def _with(text: str, page: str) -> str:
    """Return a configuration with what a page's has beside, in the place of what it had."""
    extra = next((block for name, block in EXTRAS.items() if name in page), None)
    if extra is None:
        return text
    shown = _block(*extra).replace(_EVERYWHERE, "192.0.2.7")
    replaced = {line.partition(":")[0] for line in shown.splitlines() if re.match(r"\w+:", line)}
    return "".join(line for line in text.splitlines(keepends=True) if line.partition(":")[0] not in replaced) + shown
