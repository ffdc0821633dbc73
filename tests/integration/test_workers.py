"""Two workers make the same results as one."""


def test_two_workers_make_the_same_results(project):
    before = project.contents()
    project.forget("FetchCutouts", "SimulateTransients", "BuildDataset", "Infer")
    for arguments in (("--night", project.nights[1]), ()):
        project.make("Infer", "--survey", "tiny", *arguments, "--workers", "2")
    project.make("BuildDataset", "--survey", "tiny", "--workers", "2")
    assert project.contents() == before
    assert project.scratch() == []
