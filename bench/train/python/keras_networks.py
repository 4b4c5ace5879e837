"""The networks, built with the API that Keras 3 and tf_keras share; `keras` is either module."""


def build(keras, case):
    images = keras.Input((case["size"], case["size"], 3))
    network = {"resnet-plain": plain, "resnet50": resnet50, "vgg16": vgg16}[case["network"]]
    logits = network(LayerHelpers(keras.layers), images, case["classes"])
    return keras.Model(images, keras.layers.Activation("linear", dtype="float32")(logits))


class LayerHelpers:
    def __init__(self, layers):
        self.layers = layers

    def conv(self, x, filters, kernel, stride=1, **options):
        options = {"use_bias": False, "padding": "same", **options}
        return self.layers.Conv2D(filters, kernel, strides=stride, **options)(x)

    def norm(self, x, activation=None):
        y = self.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)(x)
        return self.layers.Activation(activation)(y) if activation else y

    def pool(self, x, size):
        return self.layers.MaxPooling2D(size, strides=2, padding="same")(x)

    def add_relu(self, x, y):
        return self.layers.Activation("relu")(self.layers.Add()([x, y]))

    def head(self, x, classes):
        return self.layers.Dense(classes)(self.layers.GlobalAveragePooling2D()(x))


def plain(w, x, classes):
    x = w.norm(w.conv(x, 64, 3), "relu")
    for _ in range(5):
        y = w.conv(w.norm(x, "elu"), 64, 3)
        y = w.conv(w.norm(y, "elu"), 64, 3)
        x = w.layers.Add()([x, y])
    return w.layers.GlobalAveragePooling2D()(w.norm(w.conv(x, classes, 3)))


def resnet50(w, x, classes):
    """Version 1.5, as in torchvision. keras.applications has version 1, with biases."""
    x = w.pool(w.norm(w.conv(x, 64, 7, 2), "relu"), 3)
    for units, width, stride in [(3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)]:
        for unit in range(units):
            strides = stride if unit == 0 else 1
            shortcut = w.norm(w.conv(x, 4 * width, 1, strides)) if unit == 0 else x
            y = w.norm(w.conv(x, width, 1), "relu")
            y = w.norm(w.conv(y, width, 3, strides), "relu")
            x = w.add_relu(shortcut, w.norm(w.conv(y, 4 * width, 1)))
    return w.head(x, classes)


def vgg16(w, x, classes):
    for times, filters in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]:
        for _ in range(times):
            x = w.conv(x, filters, 3, use_bias=True, activation="relu")
        x = w.pool(x, 2)
    return w.head(x, classes)
