"""What becomes of each block of code in the pages: who runs it. One that is in none of the tables fails a test."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from support.pages import ROOT, Block, blocks

SHELLS = {"sh", "bash", "console"}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Blocks that a test of their own runs: those of pages, in a language, that begin with something."""

    pages: str
    language: str
    test: str
    beginning: str = ""

    def has(self, block: Block) -> bool:
        """Say whether a block is one of them."""
        page = str(block.page.relative_to(ROOT))
        return (
            re.fullmatch(self.pages, page) is not None
            and re.fullmatch(self.language, block.language) is not None
            and re.match(self.beginning, block.text) is not None
        )


#: YAML that is no configuration of the sidecar's, by a key of it, and who looks at it.
OTHER_YAML: Mapping[str, str] = {
    "cases": "tests/cli/test_policy.py",
    "components": "tests/shown/test_fragments.py",
    "ports": "tests/shown/test_fragments.py",
    "scrape_configs": "tests/shown/test_fragments.py",
    "gateway": "tests/shown/test_fragments.py",
    "agent": "tests/shown/test_fragments.py",
    "digest": "tests/cli/test_policy_compile.py",
    "volumeMounts": "tests/k8s/test_agent.py",
    "retry_policy": "tests/node/test_page.py",
    "typed_config": "tests/e2e/test_http_service.py",
    "http": "tests/transport/forward_auth/test_forward_auth_settings.py",
}
CONFIGURATIONS = "tests/test_doc_blocks.py"
RUN_HERE = "tests/shown/test_commands.py"

ELSEWHERE = (
    Elsewhere("docs/tutorial.md", "sh|text", "tests/test_tutorial.py"),
    Elsewhere("docs/cli.md", "text", "tests/test_docs.py"),
    Elsewhere("docs/releasing.md", "sh", "tests/gates/release.py"),
    Elsewhere("docs/h2spec.md", "", "tests/gates/h2spec.py"),
    Elsewhere("docs/policy-lint.md", "yaml|text", "tests/lint/test_lint.py"),
    Elsewhere("docs/cel.md", "cel", "tests/cel/test_page.py"),
    Elsewhere("docs/keys.md", "promql", "tests/shown/test_fragments.py"),
    Elsewhere("docs/library.md", "python|pycon", "tests/library/test_documented.py"),
    Elsewhere("docs/hooks.md", "python", "tests/examples/test_examples.py"),
    Elsewhere("docs/forward-auth.md", "nginx", "tests/support/nginx.py"),
    Elsewhere("docs/decision-log.md", "json", "tests/decision_log/test_page.py"),
    Elsewhere("docs/policy-tools.md", "json", "tests/cli/test_policy_diff.py"),
    Elsewhere("docs/policy-tools.md", "", "tests/cli/test_policy_diff.py", "6 request"),
    Elsewhere("docs/policy-tools.md", "", "tests/cli/test_policy.py", "DENY "),
    Elsewhere("docs/warm-up.md", "json", RUN_HERE),
    Elsewhere("docs/doctor.md", "text", "tests/cli/test_doctor.py"),
    Elsewhere("README.md", "", ".ci/run", "make "),
    Elsewhere("README.md", "python", "tests/shown/test_fragments.py"),
)

#: What is no command and no configuration: drawings, what other machines printed, and a list's indented lines.
NOT_TO_BE_RUN: Mapping[str, str] = {
    "client ──>": "a drawing",
    "authz.yaml:6:18: ": "what the README says is printed; tests/loading/invalid has such messages",
    "cli, library ──>": "a drawing",
    "v1.37.2, containerd": "what make test-node once printed",
    "k8s/README.md, its 5 commands: ": "what make test-node once printed",
    "apt-get install qemu-user-static": "tells the kernel of another processor; then make test-emulated",
    "authz-sidecar 0.1.0 · up": "what a sidecar printed after hours",
    "ingress ": "a drawing",
    "           untrusted": "a drawing",
    "send something every few minutes": "a list's text",
    "no route. It ends": "a list's text",
    "The sidecar decides on the handshake": "a list's text",
}


def who_runs(block: Block) -> Iterator[str]:
    """Yield each place in which a block is run or looked at, or the reason for which none does."""
    yield from (one.test for one in ELSEWHERE if one.has(block))
    yield from (why for beginning, why in NOT_TO_BE_RUN.items() if block.text.startswith(beginning))
    if block.language == "yaml" and block.page.name != "policy-lint.md":
        others = [test for key, test in OTHER_YAML.items() if re.search(rf"^{key}:", block.text, re.MULTILINE)]
        yield from others or [CONFIGURATIONS]
    if is_run_here(block):
        yield RUN_HERE


def is_run_here(block: Block) -> bool:
    """Say whether a block is a script for a shell that no other test runs."""
    if any(one.has(block) for one in ELSEWHERE) or any(block.text.startswith(one) for one in NOT_TO_BE_RUN):
        return False
    looks = re.match(r"(\$ )?(authz-sidecar|kubectl|docker|make|mkdir|pip|envoy) ", block.text)
    return block.language in SHELLS or (block.language == "" and looks is not None)


def all_blocks() -> list[Block]:
    """Return the blocks of all pages."""
    return list(blocks())
