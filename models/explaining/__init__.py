"""Why a package scores as it does: heat maps, latent vectors with their neighbours, importance of features."""
