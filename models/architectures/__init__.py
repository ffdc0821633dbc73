"""One file per classifier or family of them; importing this package enters all of them into the registry."""

from models.architectures import boosting, braai, feature_ensemble, gmadet, otrain, psat_d, triplet_cnn, vgg6

__all__ = ["boosting", "braai", "feature_ensemble", "gmadet", "otrain", "psat_d", "triplet_cnn", "vgg6"]
