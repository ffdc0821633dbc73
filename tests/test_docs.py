"""The documentation says what the code does: links, commands, parameters, settings, columns."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import luigi
import pytest
from luigi.task_register import Register

import tasks
from commands import main as verbs
from pipeline.cutouts.augment import AUGMENTATIONS
from pipeline.cutouts.missing import Flag
from pipeline.cutouts.normalise import NORMALISATIONS
from pipeline.io import settings_files
from pipeline.io.results import schema
from pipeline.metrics import METRICS, THRESHOLD_RULES
from pipeline.scores.candidate_list import COLUMNS
from pipeline.triplets.artefacts import ARTEFACTS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
GENERATED = {"coverage.md"}
"""Pages of names of tests and quoted check-lists, whose lines are as long as these."""
LINE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["line-length"]
CORE_OPTIONS = {"local-scheduler", "workers", "module", "help", "no-wait"}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Return what stands between a heading and the next of its level or above."""
    match = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,3}} |\Z)", text_of(page), re.M | re.S)
    assert match, f"{page} has no section {heading!r}"
    return match[2]


def table_rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the tables in a text, without heads."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and cells[0].startswith("`"):
            yield cells


def documented(text: str) -> dict[str, list[str]]:
    """Return rows by each name that their first cell has in backticks."""
    return {name: cells for cells in table_rows(text) for name in re.findall(r"`([^`]+)`", cells[0])}


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands_in(pattern: str) -> list[tuple[str, str]]:
    """Return (page, rest of the command) for every command of the documentation."""
    return [(page.name, rest) for page in PAGES for rest in re.findall(pattern, page.read_text(encoding="utf-8"))]


def task_of(name: str) -> type[luigi.Task]:
    found = Register.get_task_cls(name)
    assert found.__module__.startswith("tasks."), name
    return found


def parameters_of(task: type[luigi.Task]) -> set[str]:
    return {name.replace("_", "-") for name, _ in task.get_params()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line of a page with its number from 1, but for tables and blocks of code."""
    in_code = False
    for number, line in enumerate(text.splitlines(), start=1):
        fence = line.lstrip().startswith("```")
        in_code ^= fence
        if not (fence or in_code or line.startswith("|")):
            yield number, line


def too_long(text: str) -> list[str]:
    """Return what begins each line of prose that is longer than the lines of our code may be."""
    return [f"{number}: {line[:60]}" for number, line in prose(text) if len(line) > LINE]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: page.name)
def test_lines_of_prose_are_no_longer_than_those_of_code(page: Path) -> None:
    assert too_long(page.read_text(encoding="utf-8")) == []


def test_a_long_line_of_prose_is_found_and_tables_and_code_may_have_one() -> None:
    fits, long = "w" * LINE, "w" * (LINE + 1)
    page = f"{fits}\n{long}\n| {long} |\n* item\n  ```\n{long}\n  ```\n* {fits}\n"
    assert [line.split(":")[0] for line in too_long(page)] == ["2", "8"]


def test_every_luigi_command_names_a_real_task_and_its_parameters() -> None:
    found = commands_in(r"luigi --module tasks (?!<)([^\n`]+)")
    assert len(found) > 20
    for page, rest in found:
        name, *_ = rest.split()
        task = task_of(name)
        given = set(re.findall(r"--([a-z-]+)", rest))
        assert given <= parameters_of(task) | CORE_OPTIONS, f"{page}: {rest}"
        for per_night in re.findall(r"--of (\w+)", rest):
            assert "night" in parameters_of(task_of(per_night))


def test_every_command_that_names_settings_names_existing_ones() -> None:
    for page, rest in commands_in(r"luigi --module tasks (?!<)([^\n`]+)"):
        for kind in ("survey", "dataset", "classifier", "space"):
            for name in re.findall(rf"--{kind} (\w+)", rest):
                known = settings_files.names("regressors") if kind == "classifier" else []
                assert name in [*settings_files.names(kind + "s"), *known], f"{page}: {rest}"


def test_every_nightsift_command_names_a_real_verb() -> None:
    (choices,) = (action.choices for action in verbs._parser()._actions if action.choices)
    found = {rest.split()[0] for _, rest in commands_in(r"(?:^|`|\n)nightsift ([a-z][^\n`]*)")}
    assert found == set(choices or ())


def test_every_make_command_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.M))
    found = {rest for _, rest in commands_in(r"(?:`|\n)make ([a-z]+)")}
    assert {"demo", "test", "scheduler", "benchmark"} <= found <= targets


def test_every_task_and_parameter_is_on_the_page_of_tasks() -> None:
    shared = documented(section("docs/tasks.md", "Shared parameters"))
    for name in tasks.__all__:
        heading = "NightClosed, FreezeInputs" if name in ("NightClosed", "FreezeInputs") else name
        told = set(re.findall(r"--([a-z][a-z-]*)", section("docs/tasks.md", heading)))
        own = parameters_of(getattr(tasks, name))
        assert own <= {*told, *(key.removeprefix("--") for key in shared)}, name
        assert told <= own | parameters_of(task_of(heading.split(", ")[-1])) | CORE_OPTIONS, name


def test_the_readme_lists_every_task_but_the_gate() -> None:
    assert set(documented(section("README.md", "Tasks"))) == set(tasks.__all__) - {"NightClosed"}


def test_every_choice_of_a_registry_is_documented() -> None:
    text = text_of("docs/configuration.md")
    for registry in (NORMALISATIONS, AUGMENTATIONS, THRESHOLD_RULES, ARTEFACTS):
        for name in registry:
            assert f"`{name}`" in text, name


def test_artefacts_are_listed_with_their_weight() -> None:
    listed = documented(section("docs/artefacts.md", "The generators"))
    assert {name: row[2] for name, row in listed.items()} == {
        name: f"{ARTEFACTS.metadata(name)['weight']:g}" for name in ARTEFACTS
    }


def test_every_settings_file_is_listed() -> None:
    text = text_of("docs/configuration.md")
    for kind in ("surveys", "datasets", "classifiers", "regressors", "simulations", "spaces", "gates", "reports"):
        for name in settings_files.names(kind):
            assert f"`{name}`" in text, f"{kind}/{name}"


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("Candidate columns", schema.CANDIDATE_COLUMNS),
        ("Exposures", schema.EXPOSURE_COLUMNS),
        ("Truth of simulated transients", schema.TRUTH_COLUMNS),
        ("PSFs of simulated transients", schema.PSF_COLUMNS),
        ("Scores", {**schema.SCORE_COLUMNS, **schema.DECIDED_COLUMNS, **schema.ASKED_COLUMNS}),
        ("Values of a regressor", schema.VALUE_COLUMNS),
        ("History of objects", schema.HISTORY_COLUMNS),
    ],
)
def test_columns_are_documented_with_their_types(heading: str, columns: Mapping[str, str]) -> None:
    rows = documented(section("docs/formats.md", heading))
    assert set(columns) == {name for name in rows if not name.startswith(("p_", "m_"))}
    assert {name: rows[name][1] for name in columns} == dict(columns)


def test_columns_of_the_list_of_candidates_are_documented() -> None:
    rows = documented(section("docs/formats.md", "A night's candidates"))
    assert list(rows) == list(COLUMNS)
    for name, column in COLUMNS.items():
        assert rows[name][1:] == [column.kind, column.unit, f"`{column.ucd}`", column.meaning], name


def test_flags_are_documented_with_their_bits() -> None:
    found = re.findall(r"^\| (\d+) \| `(\w+)` \|", section("docs/formats.md", "Flags"), re.M)
    assert found == [(str(int(flag)), flag.name) for flag in Flag]


def test_every_metric_has_a_definition() -> None:
    assert set(documented(section("docs/science.md", "Metrics"))) == set(METRICS)


def test_every_threshold_rule_has_a_definition() -> None:
    assert set(documented(section("docs/science.md", "Thresholds"))) == set(THRESHOLD_RULES)


def works_cited(text: str) -> set[tuple[str, str]]:
    """Return first author and year of each work that a text cites."""
    authors = r"([A-Z]\w+)(?:, [A-Z]\w+)*(?:\s&\s[A-Z]\w+|\set al\.)?"
    return set(re.findall(rf"{authors}\s\(?((?:19|20)\d\d)\b", text))


def test_every_work_that_the_page_of_science_cites_is_among_its_references() -> None:
    text, _, references = text_of("docs/science.md").partition("## References")
    cited = works_cited(text)
    assert {("Kumar", "2019"), ("Duev", "2019"), ("Newcombe", "1998")} <= cited
    assert cited <= works_cited(references)


def test_exit_codes_are_those_of_luigi_cfg() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", section("docs/tasks.md", "Exit codes"), re.M)}
    retcode = re.search(r"\[retcode\]\n(.*?)\n\n", text_of("luigi.cfg"), re.S)
    assert retcode
    assert told == {0, 1, 2} | {int(code) for code in re.findall(r"= (\d+)", retcode[1])}


def test_environment_variables_are_documented() -> None:
    rows = documented(section("docs/tasks.md", "Environment"))
    used = {
        name
        for folder in ("pipeline", "models", "web", "tasks", "commands", "config")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yaml")
        for name in re.findall(r"NIGHTSIFT_[A-Z_]+|KERAS_BACKEND", path.read_text(encoding="utf-8"))
    }
    assert set(rows) == used


TO_BE_WRITTEN = {"pipeline/surveys/arrays.py", "pipeline.surveys.arrays"}
"""What a page asks its reader to write."""


def code_of(dotted: str) -> bool:
    """Tell whether a dotted name leads to a module, a package or a name that a module states."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:end])
        if place.is_dir() or place.with_suffix(".py").is_file():
            left = parts[end:]
            source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            return not left or bool(re.search(rf"\b{left[0]}\b", source.read_text(encoding="utf-8")))
    return False


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = re.findall(r"(?<![\w/.])((?:pipeline|models|tasks|commands|benchmarks|tests)/[\w/]+\.py)", text)
    assert [path for path in paths if not (ROOT / path).is_file() and path not in TO_BE_WRITTEN] == []
    dotted = re.findall(r"(?<![\w/.])((?:pipeline|models|tasks|commands|benchmarks)(?:\.(?!md\b)[A-Za-z_]\w*)+)", text)
    assert [name for name in dotted if not code_of(name) and name not in TO_BE_WRITTEN] == []


@pytest.mark.parametrize("name", ["pipeline.io.results.content.content_sha256", "tasks.scheduling", "pipeline.ids"])
def test_a_module_or_what_it_states_is_found(name: str) -> None:
    assert code_of(name)


@pytest.mark.parametrize("name", ["pipeline.io.ids", "pipeline.night.no_such_name", "models.no_such_module"])
def test_a_module_that_moved_is_missed(name: str) -> None:
    assert not code_of(name)
