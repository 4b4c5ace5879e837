"""Keras 3 on TensorFlow."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras

from subject_protocol import run_subject
from keras_training import prepare

run_subject(lambda case: prepare(keras, case))
