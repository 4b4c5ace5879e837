"""What the servers in Python share: their arguments, and how files become pixels and probabilities an answer."""

import argparse
import io
from concurrent.futures import ThreadPoolExecutor

import numpy
from PIL import Image

# as many as Trainyard's batches have on a machine that needs no more than 300 ms for them
MAX_BATCH = 16


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", help="the name of a function of engines.py")
    parser.add_argument("--model", help="the network as ONNX, SavedModel, or OpenVINO's own format")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--side", type=int, help="width and height of the network's images")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--port", type=int)
    return parser.parse_args()


def pixels_of(contents, side):
    """The bytes of an image file -> float32 [side, side, 3], 0 to 255: bilinear and antialiased, as Trainyard does."""
    image = Image.open(io.BytesIO(contents)).convert("RGB")
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    return numpy.asarray(image, dtype=numpy.float32)


class Decoder:
    """Decodes files in parallel: Pillow releases Python's lock."""

    def __init__(self, side, threads):
        self.side = side
        self.pool = ThreadPoolExecutor(threads)

    def batch(self, files):
        if len(files) == 1:
            return pixels_of(files[0], self.side)[None]
        return numpy.stack(list(self.pool.map(lambda file: pixels_of(file, self.side), files)))


def answer(probabilities):
    return {"probabilities": [float(each) for each in probabilities]}


def versions(*names):
    from importlib.metadata import version

    return {name: version(name) for name in names}
