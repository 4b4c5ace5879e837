"""Quantizes a network to 8 bits: quantize_nncf.py ONNX ZIP SIDE TARGET.xml"""

import sys
import zipfile

import nncf
from openvino import Core, save_model

from serving import pixels_of

onnx, archive, side, target = sys.argv[1:]
# as many as by default
subset = 300
with zipfile.ZipFile(archive) as images:
    files = [images.read(name) for name in images.namelist()[:subset]]
dataset = nncf.Dataset(files, lambda file: pixels_of(file, int(side))[None])
quantized = nncf.quantize(
    Core().read_model(onnx), dataset, preset=nncf.QuantizationPreset.MIXED, subset_size=len(files)
)
save_model(quantized, target, compress_to_fp16=False)
