"""Models: the same prediction in every form of input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import draw
from PIL import Image

import trainyard


@pytest.fixture
def model(job: trainyard.Job) -> str:
    return job.model().name


def test_every_form_of_an_image_gives_the_same(
    client: trainyard.Client, model: str, tmp_path: Path
) -> None:
    path = tmp_path / "new.png"
    draw("circle", path, (16, 16), 7)
    image = Image.open(path)
    pixels = np.asarray(image)
    one = client.models.predict(model, path)
    assert one["labels"] == ["circle", "square"]
    expected = one["predictions"][0]["probabilities"]
    forms: list[Any] = [
        *(str(path), path.read_bytes(), image, pixels, pixels[None], pixels.astype("float32")),
        *(
            [path, path],
            [image, path.read_bytes()],
            [pixels, pixels],
            pixels.tolist()[:0] or [path],
        ),
        *(pixels.astype(">f8"), [pixels.tolist()]),
    ]
    for form in forms:
        for prediction in client.models.predict(model, form)["predictions"]:
            assert prediction["probabilities"] == pytest.approx(expected, abs=1e-5)
    assert one["predictions"][0]["name"] == "new.png"


def test_images_of_other_modes_are_converted_or_refused(
    client: trainyard.Client, model: str
) -> None:
    for mode in ("1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"):
        answer = client.models.predict(model, Image.new("RGB", (20, 20), "red").convert(mode))
        assert len(answer["predictions"]) == 1
    with pytest.raises(ValueError, match="mode F, whose values have no fixed range"):
        client.models.predict(model, Image.new("F", (20, 20)))


def test_more_images_than_a_request_takes_are_sent_in_several(
    client: trainyard.Client, model: str, shapes: Path
) -> None:
    limit = client.models.contract(model)["limits"]["instances"]
    path = shapes / "circle" / "3.jpg"
    answer = client.models.predict(model, [path] * (limit + 3))
    assert len(answer["predictions"]) == limit + 3
    arrays = np.zeros((limit + 1, 16, 16, 3), "uint8")
    assert len(client.models.predict(model, arrays)["predictions"]) == limit + 1


def test_arrays_that_do_not_fit_are_refused(client: trainyard.Client, model: str) -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 16, 16\) does not fit.*\(n, 16, 16, 3\)"):
        client.models.predict(model, np.zeros((3, 16, 16), "uint8"))
    with pytest.raises(ValueError, match="the pixels are from 0 to 999"):
        client.models.predict(model, np.linspace(0, 999, 768).astype(int).reshape(16, 16, 3))
    with pytest.warns(UserWarning, match="multiply by 255"):
        client.models.predict(model, np.full((16, 16, 3), 0.5))
    with pytest.raises(ValueError, match="different shapes"):
        client.models.predict(model, [np.zeros((16, 16, 3)), np.zeros((8, 8, 3))])
    with pytest.raises(FileNotFoundError, match=r"no file 'nowhere\.jpg'"):
        client.models.predict(model, "nowhere.jpg")
    for nothing in (5, [5, "x"], object()):
        with pytest.raises(TypeError, match="cannot be predicted; give images"):
            client.models.predict(model, nothing)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="list is empty"):
        client.models.predict(model, [])


def test_every_form_of_rows_gives_the_same(
    client: trainyard.Client, trees: trainyard.Model
) -> None:
    rows = [{"size": 0.25, "colour": "red"}, {"size": 0.75, "colour": "green"}]
    expected = [each["value"] for each in client.models.predict(trees.name, rows)["predictions"]]
    assert expected == pytest.approx([1.75, 2.25], abs=0.2)
    frame = pd.DataFrame(rows)
    contract = client.models.contract(trees.name)
    assert contract["kind"] == "rows"
    code = {label: index for index, label in enumerate(contract["columns"][1]["categories"] or [])}
    array = np.array([[row["size"], code[str(row["colour"])]] for row in rows])
    forms: list[Any] = [
        *(frame, frame.astype({"colour": "category"}), frame.set_index("size", drop=False)),
        *(
            array,
            [[0.25, "red"], [0.75, "green"]],
            [{"size": np.float64(0.25), "colour": "red"}, rows[1]],
        ),
    ]
    for form in forms:
        predictions = client.models.predict(trees.name, form)["predictions"]
        assert [each["value"] for each in predictions] == pytest.approx(expected, abs=1e-6)
    single = client.models.predict(trees.name, rows[0], explain=True)["predictions"]
    assert set(single[0]["explanations"][0]["contributions"]) == {"size", "colour"}


def test_without_pyarrow_rows_of_a_frame_are_sent_as_json(
    client: trainyard.Client, trees: trainyard.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"size": [0.25, None], "colour": ["red", None]})
    expected = client.models.predict(trees.name, frame)["predictions"]
    monkeypatch.setattr("trainyard._inputs.installed", lambda package: False)
    assert client.models.predict(trees.name, frame)["predictions"] == expected


def test_more_rows_than_a_request_takes_are_sent_in_several(
    client: trainyard.Client, trees: trainyard.Model
) -> None:
    limit = client.models.contract(trees.name)["limits"]["instances"]
    frame = pd.DataFrame({"size": [0.5] * (limit + 1), "colour": ["blue"] * (limit + 1)})
    answer = client.models.predict(trees.name, frame)
    assert len(answer["predictions"]) == limit + 1
    # what is counted is counted over all requests
    assert answer["unknownCategories"] == {"colour": limit + 1}


def test_a_prediction_is_explained(
    client: trainyard.Client, model: str, trees: trainyard.Model, shapes: Path
) -> None:
    image = shapes / "circle" / "1.jpg"
    answer = client.models.explain(
        model, image, target="square", method="integratedGradients", steps=5
    )
    assert answer["explanations"][0]["target"]["label"] == "square"
    picture = client.models.explanation_picture(model, image)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert str(picture).startswith("<Png of")
    row = client.models.explain(trees.name, {"size": 0.5, "colour": "red"})
    assert row["method"] == "shap"


def test_what_is_answered_can_be_chosen(client: trainyard.Client, model: str, shapes: Path) -> None:
    answer = client.models.predict(model, shapes / "circle" / "1.jpg", top_k=1)
    assert len(answer["predictions"][0]["top"]) == 1
    chosen = client.models.predict(model, shapes / "circle" / "1.jpg", outputs=["label", "logits"])
    assert set(chosen["predictions"][0]) >= {"label", "logits"}


def test_versions_are_promoted_and_rolled_back(
    client: trainyard.Client, trees_job: trainyard.Job
) -> None:
    first = trees_job.model()
    # the body as it came makes another job like it
    assert trees_job.data["request"]
    second = client.jobs.submit(trees_job.data["request"]).wait().model()
    assert (first.version, second.version) == (1, 2)
    first.promote("production")
    promoted = client.models.promote(
        first.name, "production", version=2, conditions=["rmse >= 0"], reason="newer"
    )
    assert promoted["previous"] == [1]
    assert client.models.get(first.name, alias="production").version == 2
    with pytest.raises(trainyard.ProblemError) as refused:
        client.models.promote(first.name, "production", version=1, conditions=["rmse > 200"])
    assert refused.value.status in (409, 422)
    rolled = client.models.rollback(first.name, "production", reason="tests")
    assert rolled["version"] == 1
    assert [alias["alias"] for alias in client.models.aliases(first.name)] == ["production"]
    assert [each.version for each in client.models.versions(first.name)] == [2, 1]
    assert first.name in [each.name for each in client.models.list()]
    client.models.delete(first.name, version=2)
    assert [each.version for each in client.models.versions(first.name)] == [1]


def test_a_model_is_exported_to_a_file_or_into_a_folder(
    client: trainyard.Client, model: str, trees: trainyard.Model, tmp_path: Path
) -> None:
    assert client.models.export(model, tmp_path).name == f"{model}-1.onnx"
    path = trees.export(tmp_path / "trees.json", "json")
    assert path.read_bytes()[:1] == b"{"
    with pytest.raises(trainyard.ProblemError, match="tfjs"):
        trees.export(tmp_path / "no.tar", "tfjs")
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{model}-1.onnx", "trees.json"]


def test_notes_and_tags_with_markup_are_shown_as_text(client: trainyard.Client, model: str) -> None:
    attack = '<script>alert("x")</script>'
    annotated = client.models.annotate(model, 1, note=attack, tags={"owner": "<b>me</b>"})
    html = annotated._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    cleared = client.models.annotate(model, 1, note="", tags={"owner": None})
    assert (cleared.data["note"], cleared.data["tags"]) == (None, {})
