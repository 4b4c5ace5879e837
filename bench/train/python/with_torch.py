"""PyTorch in channels_last format, eager or with `--compile` through torch.compile."""

import os
import platform
import sys

import numpy
import torch
import torchvision
from torch import nn
from torchvision.models import vgg

from batch import batch_of
from subject_protocol import run_subject


def prepare(case):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = build(case).to(device, memory_format=torch.channels_last).train()
    # fused: one kernel per parameter, like ResourceApplyAdam; the default runs several small kernels
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7, fused=True)
    criterion = nn.CrossEntropyLoss()
    images, labels = (torch.from_numpy(values).to(device) for values in batch_of(case, numpy))
    # NHWC data viewed as NCHW, which is the channels_last format
    images = images.permute(0, 3, 1, 2)
    forward = torch.compile(model) if "--compile" in sys.argv else model
    precision = case["precision"]
    half = torch.float16 if precision == "fp16" else torch.bfloat16
    # does nothing unless it is enabled
    scaler = torch.amp.GradScaler(device, enabled=precision == "fp16")

    def step():
        optimizer.zero_grad()
        with torch.autocast(device, half, enabled=precision != "fp32"):
            loss = criterion(forward(images), labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()

    ready = {
        "parameters": sum(each.numel() for each in model.parameters() if each.requires_grad),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
    }
    step()
    return ready, step


def build(case):
    network, classes = case["network"], case["classes"]
    if network == "resnet50":
        return torchvision.models.resnet50(num_classes=classes)
    if network == "vgg16":
        convolutions = vgg.make_layers(vgg.cfgs["D"])
        return nn.Sequential(convolutions, GlobalPool(), nn.Linear(512, classes))
    blocks = [Block(64) for _ in range(5)]
    stem = [conv(3, 64), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, conv(64, classes), nn.BatchNorm2d(classes), GlobalPool())


class Block(nn.Module):
    def __init__(self, filters):
        super().__init__()
        self.residual = nn.Sequential(
            *(nn.BatchNorm2d(filters), nn.ELU(), conv(filters, filters)),
            *(nn.BatchNorm2d(filters), nn.ELU(), conv(filters, filters)),
        )

    def forward(self, x):
        return x + self.residual(x)


class GlobalPool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def conv(channels, filters):
    return nn.Conv2d(channels, filters, 3, padding=1, bias=False)


run_subject(prepare)
