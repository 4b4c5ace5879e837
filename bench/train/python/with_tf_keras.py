"""tf_keras, the older Keras: its batch norm is TensorFlow's fused kernel."""

import tf_keras

from subject_protocol import converse
from keras_training import prepare

converse(lambda case: prepare(tf_keras, case))
