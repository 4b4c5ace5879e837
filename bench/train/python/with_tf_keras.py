"""tf_keras, the older Keras, whose batch norm uses TensorFlow's fused kernel."""

import tf_keras

from subject_protocol import run_subject
from keras_training import prepare

run_subject(lambda case: prepare(tf_keras, case))
