"""One file per classifier or family of them; importing this package enters all of them into the registry."""

from models.architectures import (
    applications,
    boosting,
    braai,
    convnext,
    feature_ensemble,
    galaxy_cnn,
    gmadet,
    mlp,
    otrain,
    polar_cnn,
    psat_d,
    resnet,
    rules,
    table_models,
    triplet_cnn,
    vgg6,
)

__all__ = [
    "applications",
    "boosting",
    "braai",
    "convnext",
    "feature_ensemble",
    "galaxy_cnn",
    "gmadet",
    "mlp",
    "otrain",
    "polar_cnn",
    "psat_d",
    "resnet",
    "rules",
    "table_models",
    "triplet_cnn",
    "vgg6",
]
