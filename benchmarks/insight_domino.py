"""Run Domino's mixture: `python insight_domino.py INPUT.npz OUTPUT.npy WEIGHT INIT`.

For an interpreter of its own with domino 0.1.5 (installed without its dependencies), numpy 1 and
scikit-learn 1.1.3; what the package imports for its data panels and encoders is left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np


def load_slicer() -> type:
    """Load Domino's slicer without the parts of the package that need meerkat and torch."""
    root = Path(importlib.util.find_spec("domino").submodule_search_locations[0])
    for name in ("meerkat", "torch", "torch.nn"):
        module = types.ModuleType(name)
        module.DataPanel = module.Module = object
        sys.modules[name] = module
    sys.modules["torch"].nn = sys.modules["torch.nn"]
    for name, folder in (("domino", root), ("domino._slice", root / "_slice")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    # The package expects a helper that scikit-learn 1.1 no longer has.
    mixture = importlib.import_module("sklearn.mixture._base")
    mixture._check_X = lambda values, *_, **__: np.asarray(values)
    from domino._slice.domino import DominoSlicer

    return DominoSlicer


def main() -> None:
    """Fit and write (n, k) membership."""
    given, answered, weight, init = sys.argv[1:]
    arrays = np.load(given)
    embeddings = arrays["embeddings"].astype(np.float64)
    slicer = load_slicer()(
        n_slices=25,
        n_pca_components=min(64, embeddings.shape[1]),
        y_log_likelihood_weight=float(weight),
        y_hat_log_likelihood_weight=float(weight),
        init_params=init,
        random_state=0,
    )
    panel = {
        "embeddings": embeddings,
        "targets": arrays["labels"],
        "pred_probs": arrays["probabilities"].astype(np.float64),
    }
    slicer.fit(**panel)
    np.save(answered, np.asarray(slicer.predict_proba(**panel)))


if __name__ == "__main__":
    main()
