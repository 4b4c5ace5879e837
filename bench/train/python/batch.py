"""The training data of the Python peers."""


def batch_of(case, numpy):
    """One batch of random images [n, h, w, 3] and labels [n], which stays in memory."""
    random = numpy.random.default_rng(0)
    size = case["size"]
    images = random.uniform(-1, 1, (case["batch"], size, size, 3)).astype("float32")
    labels = numpy.arange(case["batch"]) % case["classes"]
    return images, labels
