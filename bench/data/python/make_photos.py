"""Writes a zip of crops of scikit-learn's two photographs: make_photos.py archive count [side]

They have different sizes, or all are resized to `side` pixels by `side`.
"""

import io
import random
import sys
import zipfile

from PIL import Image, ImageOps
from sklearn.datasets import load_sample_image

archive, count = sys.argv[1], int(sys.argv[2])
side = int(sys.argv[3]) if len(sys.argv) > 3 else None
random.seed(1)
names = ["china", "flower"]
photos = {name: Image.fromarray(load_sample_image(f"{name}.jpg")) for name in names}
with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
    for i in range(count):
        name = names[i % 2]
        width, height = random.randint(440, 560), random.randint(330, 420)
        x, y = random.randint(0, 640 - width), random.randint(0, 427 - height)
        jpeg = io.BytesIO()
        photo = photos[name].crop((x, y, x + width, y + height))
        if side:
            photo = ImageOps.fit(photo, (side, side), Image.Resampling.BILINEAR)
        photo.save(jpeg, "JPEG", quality=90)
        target.writestr(f"{name}/{i}.jpg", jpeg.getvalue())
