"""The corpus itself: enough cases, each with a source that there is, and nothing in it that nobody uses."""

import re

from corpus.case import FOLDER, load_all
from corpus.forgeries import FORGERIES
from corpus.setups import NAMES
from support.vectors import cases

CASES = load_all()
#: What a source looks like. Cases of Wycheproof are held against the files as well.
_FORMS = [
    re.compile(r"RFC \d{4} (?:section \d+(?:\.\d+)*|appendix [A-Z])"),
    re.compile(r"CVE-\d{4}-\d{4,7} \([^)]+\)"),
    re.compile(r"Wycheproof (?:json_web_signature|ed25519)_test tcId \d+"),
    re.compile(r"OpenID Connect (?:Core|Back-Channel Logout) 1\.0 section \d+(?:\.\d+)*"),
    re.compile(r"Taming the many EdDSAs \(eprint 2020/1244\)"),
]
_SOURCES = [source for case in CASES for source in case.source]


def test_enough() -> None:
    """There are at least 150 cases, in files of one kind."""
    assert len(CASES) >= 150
    assert [path.name for path in FOLDER.iterdir() if path.suffix != ".yaml"] == []


def test_every_case_has_a_source() -> None:
    """Each says where it comes from, in one of the known forms, and what it tries."""
    assert [case.name for case in CASES if not case.source or not case.tries.endswith(".")] == []
    assert [source for source in _SOURCES if not any(form.fullmatch(source) for form in _FORMS)] == []


def test_kinds_of_sources() -> None:
    """RFC 8725, CVEs of libraries and Wycheproof are all there, and not just once."""
    for beginning, least in {"RFC 8725": 50, "CVE-": 50, "Wycheproof": 30}.items():
        assert sum(source.startswith(beginning) for source in _SOURCES) >= least


def test_wycheproof_has_them() -> None:
    """Every case of Wycheproof that is named is in its file."""
    for name, file in {"json_web_signature": "jws", "ed25519": "ed25519"}.items():
        known = {case["tcId"] for _, case in cases(file)}
        found = [re.fullmatch(rf"Wycheproof {name}_test tcId (\d+)", source) for source in _SOURCES]
        assert {int(one[1]) for one in found if one} <= known


def test_one_name_for_each_cve() -> None:
    """A CVE has the same product's name wherever it is cited."""
    named = {source for source in _SOURCES if source.startswith("CVE-")}
    assert len(named) == len({source.partition(" ")[0] for source in named})


def test_no_case_twice() -> None:
    """No two cases make the same of the same set-up."""
    made = [repr((case.setup_name, case.recipe, sorted(case.request.items()))) for case in CASES]
    assert [case.name for case, one in zip(CASES, made, strict=True) if made.count(one) > 1] == []
    assert len({(case.setup_name, case.tries) for case in CASES}) == len(CASES)


def test_nothing_unused() -> None:
    """Every set-up and every forgery has a case."""
    assert {case.setup_name for case in CASES} == set(NAMES)
    assert {case.recipe.signature for case in CASES} - {None} == set(FORGERIES)
