"""Data sets: what is pushed, and what comes back."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from cutting_proxy import CuttingProxy

import trainyard
from trainyard import types
from trainyard._tar import FolderTar


def test_a_folder_of_images_becomes_a_data_set(dataset: trainyard.Dataset) -> None:
    assert (dataset.name, dataset.records, dataset.labels) == ("shapes", 60, ["circle", "square"])
    assert any("resized to 16 x 16" in note for note in dataset.notes)
    assert set(dataset.data) <= set(types.ImageDataset.__annotations__)
    assert "circle (30)" in dataset._repr_html_()


def test_the_same_folder_is_the_same_data_set(
    client: trainyard.Client, dataset: trainyard.Dataset, shapes: Path
) -> None:
    assert client.datasets.push(str(shapes), resize=(16, 16)).id == dataset.id


def test_what_is_left_out_is_said(client: trainyard.Client, shapes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(shapes, folder)
    (folder / "circle" / "notes.docx").write_text("not an image")
    (folder / ".DS_Store").write_text("")
    (folder / "square" / "link.jpg").symlink_to(folder / "circle" / "0.jpg")
    with pytest.warns(UserWarning, match="left out") as caught:
        dataset = client.datasets.push(folder, resize=16)
    said = " ".join(str(warning.message) for warning in caught)
    assert "left out 1 files that are no images" in said
    assert "notes.docx" in said
    assert "links, which are not followed (link.jpg)" in said
    assert "hidden files and files of the system (.DS_Store)" in said
    assert dataset.records == 60


def test_a_folder_without_classes_is_refused_before_it_is_sent(
    client: trainyard.Client, shapes: Path
) -> None:
    with pytest.raises(ValueError, match="nothing says the classes of the 30 images"):
        client.datasets.push(shapes / "circle")
    with pytest.raises(FileNotFoundError, match="no file or folder 'nowhere'"):
        client.datasets.push("nowhere")
    with pytest.raises(TypeError, match="type int cannot be pushed"):
        client.datasets.push(5)  # type: ignore[arg-type]


def test_a_tar_is_the_same_from_any_byte_on(shapes: Path) -> None:
    files = sorted(path for path in shapes.rglob("*") if path.is_file())
    long = shapes.parent / ("n" * 120) / "ü.jpg"
    long.parent.mkdir(exist_ok=True)
    long.write_bytes(b"x" * 1000)
    tar = FolderTar(shapes, files)
    whole = b"".join(tar.read_from(0))
    assert len(whole) == tar.size
    for offset in (1, 511, 512, 513, 10_000, tar.size - 1, tar.size):
        assert b"".join(tar.read_from(offset)) == whole[offset:]
    one = FolderTar(long.parent.parent, [long])
    assert len(b"".join(one.read_from(0))) == one.size


def test_a_file_that_changes_while_it_is_sent_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a" / "x.jpg"
    file.parent.mkdir()
    file.write_bytes(b"12345")
    tar = FolderTar(tmp_path, [file])
    file.write_bytes(b"123")
    with pytest.raises(ValueError, match=r"x\.jpg has changed while it was sent"):
        list(tar.read_from(0))


def test_an_upload_goes_on_where_its_connection_broke(
    proxy: CuttingProxy, key: str, client: trainyard.Client, tmp_path: Path
) -> None:
    rows = 20_000
    path = tmp_path / "rows.csv"
    lines = (f"{i},{i * 7919 % 1000},text {i:0300}\n" for i in range(rows))
    path.write_text("a,b,text\n" + "".join(lines))
    proxy.cut_up, proxy.cuts = 2_000_000, 2
    with trainyard.Client(proxy.url, key) as unlucky:
        dataset = unlucky.datasets.push(path, "rows", target="b")
    assert proxy.cuts_done == 2
    assert b"upload-offset: 0" in proxy.received
    assert b"upload-checksum: sha256 " in proxy.received
    # the parts after the breaks begin where the server has got to
    offsets = {
        line.split()[1]
        for line in proxy.received.split(b"\r\n")
        if line.lower().startswith(b"upload-offset:")
    }
    assert max(map(int, offsets)) > 1_000_000
    assert dataset.records == rows
    assert client.datasets.samples("rows", 2, start=rows - 2, frame=False)[-1] == {
        "index": rows - 1,
        "a": rows - 1,
        "b": (rows - 1) * 7919 % 1000,
    }


def test_files_with_errors_are_refused_with_their_place(
    client: trainyard.Client, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text('a,b\n1,2\n3,"4\n')
    with pytest.raises(trainyard.ProblemError) as caught:
        client.datasets.push(path)
    assert caught.value.status == 422
    assert caught.value.code.startswith("DATASET_")
    with pytest.raises(trainyard.ProblemError, match="targett"):
        client.datasets.push(path, targett="b")


def test_a_frame_keeps_its_types(client: trainyard.Client) -> None:
    frame = pd.DataFrame(
        {"n": [1, 2, 3, 4] * 5, "x": [0.5, None, 1.5, 2.0] * 5, "c": ["a", "b", "a", None] * 5}
    )
    dataset = client.datasets.push(frame, "kept", target="n")
    assert dataset.data["kind"] == "table"
    samples = client.datasets.samples("kept", 4, frame=True)
    assert list(samples["x"].isna()) == [False, True, False, False]
    assert list(samples["c"].fillna("-")) == ["a", "b", "a", "-"]
    assert dataset.samples(1, columns=["n"], frame=False) == [{"index": 0, "n": 1}]
    with pytest.warns(UserWarning, match="the index of the frame is left out"):
        client.datasets.push(frame.set_index("n"), "without-index")
    with pytest.raises(TypeError, match="a frame has no name"):
        client.datasets.push(frame)


def test_without_pyarrow_a_frame_is_sent_as_csv_and_that_is_said(
    client: trainyard.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainyard._datasets.installed", lambda package: False)
    with pytest.warns(UserWarning, match="sent as CSV"):
        dataset = client.datasets.push(pd.DataFrame({"a": [1, 2, 3]}), "as-csv")
    assert dataset.records == 3


def test_samples_come_over_pages(client: trainyard.Client, dataset: trainyard.Dataset) -> None:
    rows = client.datasets.samples(dataset.id, 60, frame=False)
    assert [row["index"] for row in rows] == list(range(60))
    assert len(client.datasets.samples(dataset.id, 100, class_="circle")) == 30
    frame = dataset.samples(5)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.index) == [0, 1, 2, 3, 4]
    picture = client.datasets.contact_sheet(dataset.id, columns=4)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert client.datasets.image(dataset.id, 0, png=True).startswith(b"\x89PNG")


def test_without_pandas_samples_are_dicts(
    client: trainyard.Client, dataset: trainyard.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setattr("trainyard._frames.installed", lambda package: False)
    [row] = dataset.samples(1)
    assert row["index"] == 0
    with pytest.raises(ModuleNotFoundError, match="pip install pandas"):
        dataset.samples(1, frame=True)


def test_a_data_set_is_downloaded_whole_or_not(
    client: trainyard.Client,
    dataset: trainyard.Dataset,
    proxy: CuttingProxy,
    key: str,
    tmp_path: Path,
) -> None:
    path = dataset.download("folders", tmp_path)
    assert path.name == "shapes.zip"
    assert path.stat().st_size > 1000
    proxy.cut_down, proxy.cuts = 2000, 10
    other = tmp_path / "other.zip"
    with trainyard.Client(proxy.url, key) as unlucky, pytest.raises(ConnectionError, match="broke"):
        unlucky.datasets.download(dataset.id, "folders", other)
    assert [each.name for each in tmp_path.iterdir()] == ["shapes.zip"]
    with pytest.raises(FileNotFoundError, match="no folder"):
        dataset.download("folders", tmp_path / "nowhere" / "x.zip")


def test_data_sets_are_listed_named_and_deleted(client: trainyard.Client) -> None:
    dataset = client.datasets.push(pd.DataFrame({"a": [5, 6, 7]}), "short-lived")
    assert client.datasets.get("short-lived").id == dataset.id
    assert "short-lived" in [
        each.name for each in client.datasets.list(created_after="2020-01-01T00:00:00Z")
    ]
    assert len(list(client.datasets.list(2))) == 2
    assert client.datasets.versions("short-lived")["items"]
    dataset.delete()
    with pytest.raises(trainyard.ProblemError) as caught:
        client.datasets.get(dataset.id)
    assert caught.value.code == "DATASET_NOT_FOUND"
