"""Writes a zip of crops of scikit-learn's two photographs, about 500 x 375.

--side: all are resized to so many pixels by as many. --enlarge: all are enlarged by a factor, and get the grain of a
camera, without which their JPEGs would be too simple.
"""

import argparse
import io
import random
import zipfile

import numpy
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

parser = argparse.ArgumentParser()
parser.add_argument("archive")
parser.add_argument("count", type=int)
parser.add_argument("--side", type=int)
parser.add_argument("--enlarge", type=int)
options = parser.parse_args()
side, enlarge = options.side, options.enlarge
random.seed(1)
grain = numpy.random.default_rng(1)


def enlarged(photo):
    large = photo.resize((photo.width * enlarge, photo.height * enlarge), Image.Resampling.BICUBIC)
    pixels = numpy.asarray(large, dtype=numpy.int16)
    noise = grain.integers(-6, 7, pixels.shape[:2], dtype=numpy.int16)[:, :, None]
    return Image.fromarray((pixels + noise).clip(0, 255).astype(numpy.uint8))


names = ["china", "flower"]
photos = {name: Image.fromarray(load_sample_image(f"{name}.jpg")) for name in names}
with zipfile.ZipFile(options.archive, "w", zipfile.ZIP_STORED) as target:
    for i in range(options.count):
        name = names[i % 2]
        width, height = random.randint(440, 560), random.randint(330, 420)
        x, y = random.randint(0, 640 - width), random.randint(0, 427 - height)
        jpeg = io.BytesIO()
        photo = photos[name].crop((x, y, x + width, y + height))
        if side:
            photo = ImageOps.fit(photo, (side, side), Image.Resampling.BILINEAR)
        if enlarge:
            photo = enlarged(photo)
        photo.save(jpeg, "JPEG", quality=90)
        target.writestr(f"{name}/{i}.jpg", jpeg.getvalue())
