"""Keras's image_dataset_from_directory, which is tf.data, with augmentation in the same pipeline."""

import os
import platform

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from subject_protocol import run_subject


def prepare(case):
    size, batch = case["imageSide"], case["imagesEachBatch"]
    # image by image, so that each has its own crop
    images = keras.utils.image_dataset_from_directory(
        case["photos"], batch_size=None, image_size=(size, size), crop_to_aspect_ratio=True, seed=1
    )
    padding = case["padCrop"]

    def augment(image, label):
        if case["minArea"] < 1:
            image = resized_crop(image, size, case["minArea"])
        if padding:
            image = tf.pad(image, [[padding, padding], [padding, padding], [0, 0]])
            image = tf.image.random_crop(image, (size, size, 3))
        image = tf.image.random_flip_left_right(image)
        return (image - case["mean"]) / case["std"], label

    batches = (
        images.map(augment, num_parallel_calls=tf.data.AUTOTUNE)
        .repeat()
        .batch(batch, drop_remainder=True, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    iterator = iter(batches)

    def read(count):
        for _ in range(count):
            pixels, _ = next(iterator)
        assert pixels.shape == (batch, size, size, 3) and pixels.dtype == tf.float32

    versions = {"python": platform.python_version(), "keras": keras.__version__, "tensorflow": tf.__version__}
    read(case["batches"])
    return {"versions": versions}, lambda: read(case["batches"]), lambda: read(case["preparedBatches"])


def resized_crop(image, size, min_area):
    begin, extent, _ = tf.image.sample_distorted_bounding_box(
        tf.shape(image),
        tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        aspect_ratio_range=(3 / 4, 4 / 3),
        area_range=(min_area, 1.0),
        use_image_if_no_bounding_boxes=True,
    )
    return tf.image.resize(tf.slice(image, begin, extent), (size, size))


run_subject(prepare)
