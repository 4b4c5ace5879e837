"""Writes labelled images: make_images.py FOLDER FORMAT WIDTH HEIGHT TRAINING PROBES

Ten classes: crops of scikit-learn's two photographs in five tints, with noise. `training.zip` has a folder for
each class; `probes/<class>-<number>.<format>` are images that were not trained on.
"""

import io
import random
import sys
import zipfile
from pathlib import Path

import numpy
from PIL import Image
from sklearn.datasets import load_sample_image

folder, image_format = Path(sys.argv[1]), sys.argv[2]
width, height, training, probes = map(int, sys.argv[3:])
random.seed(1)
noise = numpy.random.default_rng(1)
photos = {name: load_sample_image(f"{name}.jpg") for name in ["china", "flower"]}
tints = {
    "plain": (1, 1, 1),
    "red": (1.2, 0.9, 0.9),
    "green": (0.9, 1.2, 0.9),
    "blue": (0.9, 0.9, 1.2),
    "dark": (0.7, 0.7, 0.7),
}
classes = [(photo, tint) for photo in photos for tint in tints]


def image_of(photo, tint):
    # a crop of half to nine tenths of the photograph
    scale = random.uniform(0.5, 0.9)
    crop_width, crop_height = int(640 * scale), int(427 * scale)
    x, y = random.randint(0, 640 - crop_width), random.randint(0, 427 - crop_height)
    crop = photos[photo][y : y + crop_height, x : x + crop_width] * numpy.array(tints[tint])
    pixels = numpy.clip(crop + noise.normal(0, 8, crop.shape), 0, 255).astype("uint8")
    encoded = io.BytesIO()
    image = Image.fromarray(pixels).resize((width, height))
    image.save(encoded, image_format, **({"quality": 85} if image_format == "jpeg" else {}))
    return encoded.getvalue()


with zipfile.ZipFile(folder / "training.zip", "w", zipfile.ZIP_STORED) as archive:
    for i in range(training):
        photo, tint = classes[i % 10]
        archive.writestr(f"{photo}-{tint}/{i}.{image_format}", image_of(photo, tint))
(folder / "probes").mkdir()
for i in range(probes):
    photo, tint = classes[i % 10]
    (folder / "probes" / f"{photo}-{tint}-{i:03}.{image_format}").write_bytes(image_of(photo, tint))
