"""The plain way from a zip of JPEGs to TFRecords: Pillow, and a record writer with a CRC in C."""

import io
import os
import shutil
import struct
import tempfile
import zipfile
from multiprocessing import get_context

import crc32c
import PIL
from PIL import Image, ImageOps

from subject_protocol import run_subject


def masked(data):
    crc = crc32c.crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value):
    encoded = b""
    while value >= 128:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def field(number, data):
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def example(image, label):
    def entry(name, feature):
        return field(1, field(1, name) + field(2, feature))

    pixels = entry(b"image", field(1, field(1, image)))
    number = entry(b"label", field(3, field(1, varint(label))))
    return field(1, pixels + number)


def convert_part(task):
    archive, names, labels, size, path = task
    with zipfile.ZipFile(archive) as source, open(path, "wb") as target:
        for name in names:
            image = Image.open(io.BytesIO(source.read(name)))
            image = ImageOps.exif_transpose(image).convert("RGB")
            image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
            data = example(image.tobytes(), labels[name.split("/")[0]])
            length = struct.pack("<Q", len(data))
            target.write(length + struct.pack("<I", masked(length)))
            target.write(data)
            target.write(struct.pack("<I", masked(data)))


def convert(case):
    folder = tempfile.mkdtemp(dir=case["folder"])
    with zipfile.ZipFile(case["zip"]) as source:
        names = source.namelist()
    labels = {name: i for i, name in enumerate(sorted({name.split("/")[0] for name in names}))}
    count = case["processes"]
    tasks = [
        (case["zip"], names[i::count], labels, case["size"], os.path.join(folder, f"{i}.tfrecord"))
        for i in range(count)
    ]
    with get_context("fork").Pool(count) as pool:
        pool.map(convert_part, tasks)
    shutil.rmtree(folder)


def prepare(case):
    convert(case)
    return {"versions": {"Pillow": PIL.__version__}}, lambda: convert(case)


run_subject(prepare)
