"""PyTorch's DataLoader over an ImageFolder, with torchvision's transforms."""

import os
import platform

import torch
import torchvision
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.io import decode_image
from torchvision.transforms import v2

from subject_protocol import run_subject


def load(path):
    # in two thirds of the time of Pillow, the default
    return decode_image(path, mode="RGB")


def prepare(case):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    size, batch = case["imageSide"], case["imagesEachBatch"]
    steps = [v2.ToImage()]
    if case["minArea"] < 1:
        steps.append(v2.RandomResizedCrop(size, scale=(case["minArea"], 1.0)))
    elif case["side"] is None:
        steps += [v2.Resize(size), v2.CenterCrop(size)]
    if case["padCrop"]:
        steps.append(v2.RandomCrop(size, padding=case["padCrop"]))
    steps += [
        v2.RandomHorizontalFlip(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([x / 255 for x in case["mean"]], [x / 255 for x in case["std"]]),
    ]
    images = ImageFolder(case["photos"], v2.Compose(steps), loader=load)
    loader = DataLoader(
        images,
        batch_size=batch,
        shuffle=True,
        num_workers=2,
        drop_last=True,
        persistent_workers=True,
    )

    def forever():
        while True:
            yield from loader

    batches = forever()

    def read(count):
        for _ in range(count):
            pixels, _ = next(batches)
        assert pixels.shape == (batch, 3, size, size) and pixels.dtype == torch.float32

    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
    }
    read(case["batches"])
    return {"versions": versions}, lambda: read(case["batches"]), lambda: read(case["preparedBatches"])


run_subject(prepare)
