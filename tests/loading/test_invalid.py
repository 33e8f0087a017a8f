"""A corpus of configurations that are refused: one file a case, the expected messages in its first comment lines."""

from pathlib import Path

import pytest

from sidecar.loading.load import load_configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.trust import load_trust

CORPUS = sorted((Path(__file__).parent / "invalid").glob("*.yaml"))
_EXPECT = "# expect: "


@pytest.mark.parametrize("case", CORPUS, ids=lambda path: path.stem)
def test_refused_with_place_and_remedy(case: Path, folder: Path) -> None:
    """Each configuration is refused with exactly the problems it names, each with file, line, column and field."""
    text = case.read_text(encoding="utf-8")
    expected = [line.removeprefix(_EXPECT) for line in text.splitlines() if line.startswith(_EXPECT)]
    config = folder / "authz.yaml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_trust(load_configuration(config, {}))
    found = [str(problem) for problem in refused.value.problems]
    assert len(found) == len(expected), found
    for message, wanted in zip(sorted(found), sorted(expected), strict=True):
        assert message.startswith(f"{config}:")
        assert wanted in message


def test_every_problem_is_told_at_once(folder: Path) -> None:
    """Three mistakes are three lines, so that one run shows them all."""
    config = folder / "authz.yaml"
    config.write_text("listen: here\nlog_level: loud\nissuers: 5\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_configuration(config, {})
    assert [problem.field for problem in refused.value.problems] == ["listen", "log_level", "issuers"]
