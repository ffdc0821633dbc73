"""One file a classifier; importing this package enters all of them into the registry."""

from models.architectures import boosting, braai, feature_ensemble, triplet_cnn

__all__ = ["boosting", "braai", "feature_ensemble", "triplet_cnn"]
