"""Grids, codes and tables: what turns floats into a few bits each, and back."""

from core.quant.methods import AUTO, BITS, METHODS, Method
from core.quant.packing import pack, packed_size, unpack
from core.quant.presets import PRESETS, Preset
from core.quant.quantize import decoded_blocks, dequantize, quantize
from core.quant.quantized import Quantized
from core.quant.scheme import (
    KEEPING,
    METHOD_NAMES,
    SWITCHES,
    Scheme,
    default_scheme,
    params_of,
    scheme_from_json,
)

__all__ = [
    "AUTO",
    "BITS",
    "KEEPING",
    "METHODS",
    "METHOD_NAMES",
    "PRESETS",
    "SWITCHES",
    "Method",
    "Preset",
    "Quantized",
    "Scheme",
    "decoded_blocks",
    "default_scheme",
    "dequantize",
    "pack",
    "packed_size",
    "params_of",
    "quantize",
    "scheme_from_json",
    "unpack",
]
