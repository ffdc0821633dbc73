"""Two workers make the same results as one."""


def test_two_workers_make_the_same_results(project):
    before = project.contents()
    project.forget("FetchCutouts", "SimulateTransients", "BuildDataset", "Infer")
    for arguments in (("--night", project.nights[1]), ()):
        project.make("Infer", "--survey", "tiny", *arguments, "--workers", "2")
    project.make("BuildDataset", "--survey", "tiny", "--workers", "2")
    assert project.contents() == before
    assert project.scratch() == []


def test_exposures_read_by_several_processes_give_the_same_cutouts(project):
    expected = project.contents("FetchCutouts")
    project.forget("FetchCutouts")
    for night in ("2026-01-01", "2026-01-02"):
        project.make("FetchCutouts", "--survey", "tiny", "--night", night, "--processes", "2")
    assert project.contents("FetchCutouts") == expected


def test_several_workers_may_read_by_several_processes_each(project):
    expected = project.contents("FetchCutouts")
    project.forget("FetchCutouts")
    settings = project.root / "processes.cfg"
    settings.write_text("[FetchCutouts]\nprocesses = 2\n")
    span = ("--start", "2026-01-01", "--stop", "2026-01-02")
    arguments = ("--of", "FetchCutouts", "--survey", "tiny", *span, "--workers", "2")
    project.make("NightRange", *arguments, environment={"LUIGI_CONFIG_PATH": str(settings)})
    assert project.contents("FetchCutouts") == expected
