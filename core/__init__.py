"""Bitdial's core: train a model, quantise it, compare the two, keep them in a file. It knows no screen."""

from core.artifact import Model, load
from core.comparison import Comparison
from core.config import DataConfig, Experiment, TrainConfig
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare
from core.own import from_estimator
from core.parts import Parts
from core.quant import Quantized, Scheme, dequantize, quantize
from core.sweep import sweep
from core.train import Trained, train
from core.version import VERSION

__version__ = VERSION

__all__ = [
    "ArtifactError",
    "Comparison",
    "DataConfig",
    "Experiment",
    "InvalidInput",
    "Model",
    "Parts",
    "Quantized",
    "Scheme",
    "TrainConfig",
    "Trained",
    "__version__",
    "compare",
    "dequantize",
    "from_estimator",
    "load",
    "quantize",
    "sweep",
    "train",
]
