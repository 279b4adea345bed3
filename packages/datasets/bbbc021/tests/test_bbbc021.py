"""BBBC021 in the Broad's layout: 16-bit TIFF, a file a stain, and its two tables."""

from __future__ import annotations

import json
import shutil
import time
import tracemalloc
import uuid
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spectralkit.cli.main import main
from spectralkit.data import decimate
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.dividing import digest_of_name
from spectralkit.pictures.unpaired import spread
from spectralkit.testing import conformance
from spectralkit.testing.downloads import prepared_once, silent, stopped
from spectralkit_datasets_bbbc021 import bbbc021
from spectralkit_datasets_bbbc021.field import Field
from spectralkit_datasets_bbbc021.preparation import prepare
from spectralkit_datasets_bbbc021.table import IMAGES, MECHANISMS

HEADER = (
    "TableNumber,ImageNumber,Image_FileName_DAPI,Image_PathName_DAPI,Image_FileName_Tubulin,Image_PathName_Tubulin,"
    "Image_FileName_Actin,Image_PathName_Actin,Image_Metadata_Plate_DAPI,Image_Metadata_Well_DAPI,Replicate,"
    "Image_Metadata_Compound,Image_Metadata_Concentration"
)
MOA = "compound,concentration,moa\rDMSO,0,DMSO\rtaxol,0.3,Microtubule stabilizers\r"
"""As old Macs end their lines, which is how the Broad has it."""

PLATES, WELLS, SITES = ("Week1_22123", "Week4_27481"), ("B02", "C05", "D07", "E08", "F09", "G10"), (1, 2)
DATES = {PLATES[0]: "Week1_150607_"}
"""In front of the files' names in some weeks, and not in others."""
TREATED = {"B02": ("DMSO", "0.0"), "C05": ("taxol", "0.3"), "D07": ("taxol", "1")}
STAINS = {"DAPI": 1, "Tubulin": 2, "Actin": 4}
SIZE = (72, 80)


def fill(root: Path, plates: tuple[str, ...] = PLATES) -> Path:
    """A download: fields of 72x80, half of them compressed by LZW."""
    lines, random = [HEADER], np.random.default_rng(0)
    for plate in plates:
        week = plate.partition("_")[0]
        (root / plate).mkdir(parents=True)
        for well in WELLS:
            for site in SITES:
                names = {}
                for stain, number in STAINS.items():
                    unique = str(uuid.UUID(bytes=random.bytes(16))).upper()
                    names[stain] = f"{DATES.get(plate, '')}{well}_s{site}_w{number}{unique}.tif"
                    pixels = random.gamma(2, 400 * number, SIZE).clip(60, 65535).astype(np.uint16)
                    if site == 1:
                        tifffile.imwrite(root / plate / names[stain], pixels)
                    else:
                        Image.fromarray(pixels).save(root / plate / names[stain], compression="tiff_lzw")
                compound, dose = TREATED.get(well, ("AZ-J", "3"))
                files = ",".join(f"{names[stain]},{week}/{plate}" for stain in STAINS)
                lines.append(f"1,{len(lines)},{files},{plate},{well},1,{compound},{dose}")
    (root / IMAGES).write_text("\n".join(lines) + "\n")
    (root / MECHANISMS).write_text(MOA, newline="")
    return root


KEPT = prepared_once(fill, prepare)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A download of one's own."""
    return Path(shutil.copytree(KEPT, tmp_path / "download"))


test_wells = conformance("dataset", "bbbc021", root=str(KEPT), scale=8, size=32)
test_plates = conformance("dataset", "bbbc021", root=str(KEPT), scale=32, size=64, held_out=0.4)


def opened(root: Path, **options: Any) -> Any:
    return bbbc021(root, **{"scale": 8, "size": 32, **options})


def file_of(root: Path, line: int, stain: str) -> Path:
    """A file by its line in the table, from 1."""
    columns = (root / IMAGES).read_text().splitlines()[line].split(",")
    return root / columns[8] / columns[2 + 2 * list(STAINS).index(stain)]


def wells(fields: Any) -> set[str]:
    return {f"{field.plate}/{field.well}" for field in fields}


# --- what is shown ---


def test_a_field_is_actin_tubulin_and_dna_scaled_by_the_percentiles_of_its_plate() -> None:
    data = opened(KEPT, intensity="1%:99%", held_out=1.0)
    assert len(data) == len(PLATES) * len(WELLS) * len(SITES)
    sample = next(data[i] for i in range(len(data)) if data[i].id == f"{PLATES[1]}-C05-s2")
    assert (data.source, data.target, data.shape) == ("low-x8", "high", (3, 32, 32))
    for channel, stain in enumerate(("Actin", "Tubulin", "DAPI")):
        plate = [tifffile.imread(path) for path in (KEPT / PLATES[1]).glob(f"*_w{STAINS[stain]}*.tif")]
        low, high = np.percentile(np.stack(plate), (1, 99), method="inverted_cdf")
        (path,) = (KEPT / PLATES[1]).glob(f"C05_s2_w{STAINS[stain]}*.tif")
        wanted = ((np.asarray(Image.open(path)).astype(np.float64) - low) / (high - low)).clip(0, 1)[20:52, 24:56]
        torch.testing.assert_close(sample.reference[channel], torch.from_numpy(wanted).float())
    assert torch.equal(sample.source, decimate(sample.reference, 8))


def test_training_crops_are_decimated_after_they_are_cut() -> None:
    low, high = opened(KEPT).draw([0, 1], 24, torch.Generator().manual_seed(0))
    assert torch.equal(low, decimate(low, 8))
    assert not torch.equal(high, decimate(high, 8))


def test_metrics_compare_with_so_many_images_spread_over_all() -> None:
    data = opened(KEPT, compared=3)
    assert len(list(data.sources())) == len(list(data.targets())) == 3
    every = [data.scenes.id(field) for field in data.division.target]
    assert [data.scenes.id(field) for field in spread(data.division.target, 3)] == every[:: len(every) // 3][:3]
    assert spread(every, 1000) == every
    with pytest.raises(DataError, match="nothing to train on in one of its domains: hold out less"):
        next(opened(KEPT, held_out=1.0).targets())


# --- who shows what ---


@settings(max_examples=20, deadline=None)
@given(held_out=st.floats(0.01, 0.99), apart=st.sampled_from(["well", "plate"]))
def test_no_well_is_in_two_parts(held_out: float, apart: Any) -> None:
    data, again = (opened(KEPT, held_out=held_out, apart=apart) for _ in range(2))
    parts = [data.division.samples, data.division.source, data.division.target]
    assert parts == [again.division.samples, again.division.source, again.division.target]
    assert sum(map(len, parts)) == len(PLATES) * len(WELLS) * len(SITES)
    places = [wells(part) if apart == "well" else {field.plate for field in part} for part in parts]
    assert sum(map(len, places)) == len(set.union(*places))
    files = [{name for field in part for name in field.files} for part in parts]
    assert sum(map(len, files)) == len(set.union(*files))


def test_filters_take_what_they_name_and_move_nothing() -> None:
    whole = opened(KEPT)
    plate = opened(KEPT, plates=(PLATES[0],))
    assert {field.plate for field in plate.division.samples} <= {PLATES[0]}
    everything = opened(KEPT, compounds=("taxol",), held_out=1.0)
    assert {field.well for field in everything.division.samples} == {"C05", "D07"}
    stabilised = opened(KEPT, mechanisms="Microtubule stabilizers", held_out=1.0)
    assert {field.well for field in stabilised.division.samples} == {"C05"}  # of taxol at 0.3 alone
    assert len(whole) > 0
    for options, told in (
        ({"plates": ("Week4_27482",)}, "no plate 'Week4_27482': did you mean 'Week4_27481'"),
        ({"compounds": ("taxoll",)}, "did you mean 'taxol'"),
        ({"mechanisms": ("Stabilizers",)}, "no mechanism"),
        ({"scale": 4}, "choose one of 8, 16, 32"),
        ({"size": 36}, "choose a multiple of 8"),
        ({"size": 80}, "smaller than size 80"),
        ({"intensity": "0:4095"}, "must be percentiles"),
        ({"held_out": 0.0}, "held_out must be above 0"),
        ({"compared": 0}, "compared must be at least 1"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            opened(KEPT, **options)


# --- what is wrong with a download ---


def test_everything_that_is_wrong_is_told_by_its_file(root: Path) -> None:
    missing, broken, bomb, eight, colour, small = (file_of(root, line, "Tubulin") for line in (1, 3, 5, 7, 9, 11))
    missing.unlink()
    broken.write_bytes(broken.read_bytes()[:2000])
    tifffile.imwrite(eight, np.zeros(SIZE, np.uint8))
    tifffile.imwrite(colour, np.zeros((*SIZE, 3), np.uint16), photometric="rgb")
    tifffile.imwrite(small, np.zeros((40, 40), np.uint16))
    header = tifffile.TiffWriter(bomb)
    header.write(np.zeros((1, 1), np.uint16))
    header.close()
    _enlarge(bomb, 1 << 15)
    (root / PLATES[1] / "stray.tif").write_bytes(b"")
    found = prepare(root, silent)
    assert found.counts == {"plates": 2, "fields": 24 - 6, "files": 3 * (24 - 6)}
    told = {problem.partition(".tif")[0].rpartition("/")[2]: problem for problem in found.problems}
    for path, reason in (
        (missing, "is missing"),
        (broken, "damaged"),
        (bomb, "too large"),
        (eight, "16 bits are wanted"),
        (colour, "greyscale is wanted"),
        (root / "stray.tif", "in no row"),
    ):
        assert reason in told.pop(path.stem)
    (size,) = told.values()
    assert "differ in size" in size
    with pytest.raises(DataError, match=r"7 problems: .*repair and prepare it again"):
        opened(root)
    with pytest.warns(UserWarning, match="left out") as warned:
        data = opened(root, on_error="skip", held_out=1.0)
    assert len(warned) == 7
    assert len(data) == 24 - 6
    (root / PLATES[1] / "stray.tif").unlink()
    assert len(prepare(root, silent).problems) == 6
    assert len(opened(root, plates=(PLATES[1],), held_out=1.0)) == 12  # of a plate without problems


def _enlarge(path: Path, side: int) -> None:
    """Have a TIFF say that it is larger than it is."""
    with tifffile.TiffFile(path, mode="r+") as file:
        for name in ("ImageWidth", "ImageLength"):
            file.pages[0].tags[name].overwrite(side)


def test_a_plate_that_is_not_there_is_one_problem_with_its_archive(root: Path) -> None:
    shutil.rmtree(root / PLATES[0])
    found = prepare(root, silent)
    assert [problem.rpartition("/")[2] for problem in found.problems] == [
        f"{PLATES[0]} is missing, 36 files: unpack BBBC021_v1_images_{PLATES[0]}.zip"
    ]
    assert len(opened(root, plates=(PLATES[1],), held_out=1.0)) == 12  # of a whole plate
    assert prepare(root, silent, plates=PLATES[1]).problems == []
    assert len(opened(root, held_out=1.0)) == 12


def test_a_plate_may_lie_in_the_folder_of_its_week(root: Path) -> None:
    before = opened(root).digest
    (root / "Week4").mkdir()
    (root / PLATES[1]).rename(root / "Week4" / PLATES[1])
    with pytest.raises(DataError, match=r"Week4_27481.*No such file"):
        list(opened(root, held_out=0.1).targets())
    assert prepare(root, silent).problems == []
    assert opened(root).digest == before


def test_a_loop_and_a_folder_that_may_not_be_read_are_told(root: Path) -> None:
    shutil.rmtree(root / PLATES[0])
    (root / PLATES[0]).symlink_to(root / PLATES[0])
    (problem,) = prepare(root, silent).problems
    assert PLATES[0] in problem
    assert "36 files" in problem
    (root / PLATES[0]).unlink()
    (root / PLATES[0]).write_text("a file in the way")
    (problem,) = prepare(root, silent).problems
    assert "36 files" in problem


def test_a_file_that_may_not_be_read_is_told(root: Path) -> None:
    path = file_of(root, 2, "Actin")
    path.chmod(0)
    try:
        path.read_bytes()
        pytest.skip("this user may read everything")
    except PermissionError:
        pass
    (problem,) = prepare(root, silent).problems
    assert str(path) in problem
    assert "Permission denied" in problem


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [*lines, lines[1]], r"line 26: Week1_22123-B02-s1 stands in line 2 already"),
        (lambda lines: [*lines, lines[1].replace(",B02,", ",P24,")], r"line 26: .*tif stands in line 2 already"),
        (
            lambda lines: [*lines, lines[1].replace("Week1_22123", "../evil")],
            "line 26: '../evil' is no name",
        ),
        (
            lambda lines: [*lines, lines[1].replace("Week1/Week1", "Week2/Week3")],
            "line 26: its files lie in ",
        ),
        (lambda lines: [*lines, "1,2,3"], "line 26: it is cut off"),
    ],
)
def test_rows_that_cannot_be_used_are_told_by_their_line(change: Any, told: str, root: Path) -> None:
    table = root / IMAGES
    table.write_text("\n".join(change(table.read_text().splitlines())) + "\n")
    (problem,) = prepare(root, silent).problems
    with pytest.raises(DataError, match=told):
        raise DataError(problem)
    with pytest.warns(UserWarning, match=told):
        assert len(opened(root, on_error="skip", held_out=1.0)) == 24


def test_tables_that_are_missing_or_none_are_refused(root: Path) -> None:
    (root / MECHANISMS).unlink()
    (problem,) = prepare(root, silent).problems
    assert MECHANISMS in problem
    (root / IMAGES).write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="has no column ImageNumber"):
        prepare(root, silent)
    (root / IMAGES).unlink()
    with pytest.raises(DataError, match=rf"cannot read table .*{IMAGES}: No such file"):
        prepare(root, silent)


# --- the index ---


def test_a_preparation_that_was_stopped_goes_on(root: Path) -> None:
    stopped(prepare, root)
    with pytest.raises(DataError, match="has not been indexed: spectralkit datasets prepare bbbc021"):
        opened(root)
    lines: list[str] = []
    assert prepare(root, lines.append).problems == []
    assert [line.partition(" ")[0] for line in lines] == [PLATES[1]]  # the first had been done
    assert opened(root).digest == opened(KEPT).digest
    lines.clear()
    prepare(root, lines.append)
    assert lines == []
    file_of(root, 1, "DAPI").touch()
    prepare(root, lines.append)
    assert [line.partition(" ")[0] for line in lines] == [PLATES[0]]


def test_an_index_may_lie_elsewhere_and_what_changed_since_is_told(root: Path, tmp_path: Path) -> None:
    shutil.rmtree(root / ".spectralkit")
    assert prepare(root, silent, index=tmp_path / "index").problems == []
    assert not (root / ".spectralkit").exists()
    data = opened(root, index=tmp_path / "index", held_out=1.0)
    with pytest.raises(DataError, match=rf"prepare bbbc021 .* --set dataset.index={tmp_path / 'other'}"):
        opened(root, index=tmp_path / "other")
    tifffile.imwrite(file_of(root, 1, "DAPI"), np.ones((100, 100), np.uint16))
    with pytest.raises(DataError, match="is another one than was indexed"):
        data[0]


def test_the_command_validates_runs_and_trains(root: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(root / ".spectralkit")
    assert main(["datasets", "prepare", "bbbc021", str(root)]) == 0
    told = capsys.readouterr()
    assert "fields  24" in told.out
    assert "Week1_22123 (1 of 2): 12 good, 0 problems" in told.err
    file_of(root, 1, "DAPI").unlink()
    assert main(["datasets", "prepare", "bbbc021", str(root)]) == 2
    told = capsys.readouterr()
    assert f"problem  {file_of(root, 1, 'DAPI')} is missing" in told.out
    assert "1 problem in" in told.err
    pytest.importorskip("spectralkit_models_ddim", reason="another package")
    common = [f"--set=dataset.root={root}", "--set=dataset.size=32", "--set=dataset.on_error=skip"]
    run = ["run", "--model", "gaussian", "--dataset", "bbbc021", "--scale", "8", "--steps", "1", "--samples", "1"]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main([*run, *common, "--quiet", "--out", "out"]) == 0
    assert "warning: left out" in capsys.readouterr().err


def test_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = pytest.importorskip("spectralkit_models_training.testing", reason="another package")
    monkeypatch.chdir(tmp_path)
    network = ["--size=16", "--widths=16,16", "--layers=1", "--device=cpu"]
    small = [*network, "--steps=2", "--batch=2", "--score=none", "--sample-steps=1", "--quiet"]
    data = ["--dataset", "bbbc021", f"--set=dataset.root={KEPT}", "--set=dataset.size=32"]
    assert training.inside("train", *data, *small, "--out", "model") == 0


def test_an_index_of_all_39600_files_opens_in_two_seconds_and_bounded_memory(tmp_path: Path) -> None:
    folder = tmp_path / ".spectralkit/bbbc021"
    folder.mkdir(parents=True)
    plates = [f"Week{number // 6 + 1}_{22000 + number}" for number in range(55)]
    for plate in plates:
        wells = [f"{row}{column:02}" for row in "BCDEFG" for column in range(2, 12)]
        fields = [
            Field(
                id=f"{plate}-{well}-s{site}",
                plate=plate,
                well=well,
                compound="DMSO",
                concentration=0.0,
                folder=plate,
                files=tuple(f"{well}_s{site}_w{number}{uuid.uuid4()}.tif" for number in STAINS.values()),
                size=(1024, 1280),
                content=digest_of_name(f"{plate}{well}{site}"),
            )
            for well in wells
            for site in range(1, 5)
        ]
        rows = [field.as_row() for field in fields]
        (folder / f"{plate}.json").write_text(json.dumps({"stamp": "", "rows": rows, "problems": []}))
    (folder / "index.json").write_text(json.dumps({"version": 1, "units": plates, "problems": []}))
    started = time.process_time()  # 0.1 s; the wall's would be that of whatever else the machine does
    data = bbbc021(tmp_path)
    assert time.process_time() - started < 2
    parts = [data.division.samples, data.division.source, data.division.target]
    assert 3 * sum(map(len, parts)) == 39_600
    tracemalloc.start()
    bbbc021(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20  # 19 MiB
