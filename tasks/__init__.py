"""Thin Luigi shells over the library: ``luigi --module tasks PlotResults --local-scheduler``."""

import sys

from tasks.start import prepare

prepare()

from tasks import label_changes as label_changes  # noqa: E402  (every run tells)
from tasks.build_dataset import BuildDataset  # noqa: E402
from tasks.calibrate_package import CalibratePackage  # noqa: E402
from tasks.command_line import refuse_unknown_flags  # noqa: E402
from tasks.compare_models import CompareModels  # noqa: E402
from tasks.explain_scores import ExplainScores  # noqa: E402
from tasks.export_scores import ExportScores  # noqa: E402
from tasks.fetch_cutouts import FetchCutouts  # noqa: E402
from tasks.fetch_movers import FetchMovers  # noqa: E402
from tasks.fetch_orbit_catalogue import FetchOrbitCatalogue  # noqa: E402
from tasks.filter_candidates import FilterCandidates  # noqa: E402
from tasks.find_suspicious_labels import FindSuspiciousLabels  # noqa: E402
from tasks.freeze_inputs import FreezeInputs  # noqa: E402
from tasks.import_model import ImportModel  # noqa: E402
from tasks.infer import Infer  # noqa: E402
from tasks.make_synthetic_survey import MakeSyntheticSurvey  # noqa: E402
from tasks.night_closed import NightClosed  # noqa: E402
from tasks.night_range import NightRange  # noqa: E402
from tasks.night_report import NightReport  # noqa: E402
from tasks.plot_results import PlotResults  # noqa: E402
from tasks.sample_posterior import SamplePosterior  # noqa: E402
from tasks.scan_dataset_size import ScanDatasetSize  # noqa: E402
from tasks.score_folds import ScoreFolds  # noqa: E402
from tasks.score_objects import ScoreObjects  # noqa: E402
from tasks.score_training_rows import ScoreTrainingRows  # noqa: E402
from tasks.select_for_labelling import SelectForLabelling  # noqa: E402
from tasks.simulate_transients import SimulateTransients  # noqa: E402
from tasks.snapshot_labels import SnapshotLabels  # noqa: E402
from tasks.train_classifier import TrainClassifier  # noqa: E402
from tasks.train_regressor import TrainRegressor  # noqa: E402
from tasks.tune_classifier import TuneClassifier  # noqa: E402
from tasks.write_back_scores import WriteBackScores  # noqa: E402

__all__ = [
    "BuildDataset",
    "CalibratePackage",
    "CompareModels",
    "ExplainScores",
    "ExportScores",
    "FetchCutouts",
    "FetchMovers",
    "FetchOrbitCatalogue",
    "FilterCandidates",
    "FindSuspiciousLabels",
    "FreezeInputs",
    "ImportModel",
    "Infer",
    "MakeSyntheticSurvey",
    "NightClosed",
    "NightRange",
    "NightReport",
    "PlotResults",
    "SamplePosterior",
    "ScanDatasetSize",
    "ScoreFolds",
    "ScoreObjects",
    "ScoreTrainingRows",
    "SelectForLabelling",
    "SimulateTransients",
    "SnapshotLabels",
    "TrainClassifier",
    "TrainRegressor",
    "TuneClassifier",
    "WriteBackScores",
]

refuse_unknown_flags(sys.argv)
