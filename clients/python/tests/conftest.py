"""Tests of the client against a real server, which test/e2e/python-client.test.ts starts.

TRAINYARD_URL and TRAINYARD_KEY name it; TRAINYARD_TEST_CONTROL is a URL at which it can be restarted.
"""

from __future__ import annotations

import os
import random
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from cutting_proxy import CuttingProxy
from PIL import Image, ImageDraw

import trainyard

CLASSES = ("circle", "square")
NETWORK = {"kind": "resnet", "blocks": 1, "filters": 4}


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["TRAINYARD_URL"]


@pytest.fixture(scope="session")
def key() -> str:
    return os.environ["TRAINYARD_KEY"]


@pytest.fixture(scope="session")
def client() -> Iterator[trainyard.Client]:
    with trainyard.Client() as client:
        yield client


@pytest.fixture(scope="session")
def control() -> Callable[[str], None]:
    """Lets the test that started the server do something to it: restart."""

    def do(what: str) -> None:
        address = f"{os.environ['TRAINYARD_TEST_CONTROL']}/{what}"
        with urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=120):  # noqa: S310
            pass

    return do


@pytest.fixture
def proxy(url: str) -> Iterator[CuttingProxy]:
    """Between a client and the server; it can cut connections."""
    with CuttingProxy(url) as proxy:
        yield proxy


def draw(shape: str, path: Path, size: tuple[int, int], seed: int) -> None:
    values = random.Random(seed)
    light, dark = values.randint(170, 255), values.randint(0, 90)
    image = Image.new("RGB", size, (light, light, 255))
    x, y, r = size[0] / 2, size[1] / 2, min(size) * 0.33
    box = [x - r, y - r, x + r, y + r]
    pen = ImageDraw.Draw(image)
    (pen.ellipse if shape == "circle" else pen.rectangle)(box, fill=(dark, dark, 0))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=90)


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "shapes"
    for index, shape in enumerate(CLASSES):
        for number in range(30):
            draw(shape, folder / shape / f"{number}.jpg", (40 + number, 50), index * 100 + number)
    return folder


@pytest.fixture(scope="session")
def dataset(client: trainyard.Client, shapes: Path) -> trainyard.Dataset:
    return client.datasets.push(shapes, "shapes", resize=16)


@pytest.fixture(scope="session")
def job(client: trainyard.Client, dataset: trainyard.Dataset) -> trainyard.Job:
    """A job that has trained a network."""
    job = client.jobs.submit(
        name="shapes-net",
        dataset=dataset.id,
        model=NETWORK,
        training={
            "steps": 30,
            "batchSize": 16,
            "logEvery": 2,
            "validateEvery": 10,
            "validation": 0.2,
        },
    )
    return job.wait()


@pytest.fixture(scope="session")
def sizes(client: trainyard.Client) -> trainyard.Dataset:
    """A table: value = 3 * size, and 1 more if the colour is red."""
    values = random.Random(1)
    frame = pd.DataFrame({"size": [round(values.random(), 3) for _ in range(300)]})
    frame["colour"] = [values.choice(["red", "green"]) for _ in frame["size"]]
    frame["value"] = frame["size"] * 3 + (frame["colour"] == "red")
    return client.datasets.push(frame, "sizes", target="value")


@pytest.fixture(scope="session")
def trees_job(client: trainyard.Client, sizes: trainyard.Dataset) -> trainyard.Job:
    """A job that has trained trees, which takes less time than a network."""
    return client.jobs.submit(
        {"dataset": sizes.id, "model": {"kind": "boosting", "rounds": 30}}, name="sizes-trees"
    ).wait()


@pytest.fixture(scope="session")
def trees(trees_job: trainyard.Job) -> trainyard.Model:
    return trees_job.model()
