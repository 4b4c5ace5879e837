"""Quantizes a network to 8 bits: quantize_nncf.py ONNX ZIP SIDE TARGET.xml"""

import sys
import zipfile

import nncf
from openvino import Core, save_model
from openvino._offline_transformations import apply_moc_transformations

from serving import pixels_of

onnx, archive, side, target = sys.argv[1:]
# as many as by default
subset = 300
with zipfile.ZipFile(archive) as images:
    files = [images.read(name) for name in images.namelist()[:subset]]
dataset = nncf.Dataset(files, lambda file: pixels_of(file, int(side))[None])
model = Core().read_model(onnx)
# NNCF expects weights that are constants, not reshaped ones
apply_moc_transformations(model, cf=True)
quantized = nncf.quantize(
    model, dataset, preset=nncf.QuantizationPreset.MIXED, subset_size=len(files)
)
save_model(quantized, target, compress_to_fp16=False)
