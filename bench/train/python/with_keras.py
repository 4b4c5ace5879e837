"""Keras 3 on TensorFlow."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras

from subject_protocol import converse
from keras_training import prepare

converse(lambda case: prepare(keras, case))
