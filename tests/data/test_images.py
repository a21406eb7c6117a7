"""Images as folders, npz and idx files: what is read is what was written, whatever its form."""

import gzip
import re
import struct

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from advisor.data import load_dataset, prepare
from knowledge_base.errors import UserError

DIGITS = load_digits()
PIXELS = np.rint(DIGITS.images[:60] * 255 / 16).astype(np.uint8)
LABELS = DIGITS.target[:60]


def write_folder(path, images=PIXELS, labels=LABELS, suffix=".png", mode=None):
    for place, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        (path / str(label)).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels)
        (image if mode is None else image.convert(mode)).save(
            path / str(label) / f"{place:03}{suffix}"
        )
    return path


def write_idx(path, array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    content = head + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def refused(source, match, **more):
    with pytest.raises(UserError, match=match) as caught:
        load_dataset(source, **more)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(r"[.?]$", message), message


def test_a_folder_an_npz_and_an_idx_file_of_the_same_images_are_the_same_data(tmp_path):
    folder = write_folder(tmp_path / "digits")
    np.savez(tmp_path / "digits.npz", images=PIXELS, labels=LABELS)
    idx = write_idx(tmp_path / "t-images-idx3-ubyte", PIXELS)
    write_idx(tmp_path / "t-labels-idx1-ubyte", LABELS)
    found = [load_dataset(path) for path in (folder, tmp_path / "digits.npz", idx)]
    assert len({data.fingerprint for data in found}) == 1
    assert {data.images.shape for data in found} == {(60, 1, 8, 8)}
    assert {data.n_classes for data in found} == {10}
    assert found[0].name == "digits"
    order = np.argsort(LABELS, kind="stable")
    assert (found[0].images[:, 0] == PIXELS[order]).all()
    assert list(found[0].target) == [str(label) for label in LABELS[order]]


def test_the_order_of_the_images_does_not_matter_but_their_labels_do(tmp_path):
    order = np.random.default_rng(0).permutation(60)
    np.savez(tmp_path / "a.npz", x=PIXELS, y=LABELS)
    np.savez(tmp_path / "b.npz", x=PIXELS[order], y=LABELS[order].astype(float))
    np.savez(tmp_path / "c.npz", x=PIXELS, y=LABELS[order])
    a, b, c = (load_dataset(tmp_path / f"{name}.npz").fingerprint for name in "abc")
    assert a == b != c


@pytest.mark.parametrize(
    ("pixels", "channels"),
    [
        (PIXELS / 255, 1),
        ((PIXELS / 255)[..., None], 1),
        (PIXELS[:, None].astype(">i4"), 1),
        (np.repeat(PIXELS[..., None], 3, axis=3), 3),
        (np.asfortranarray(np.repeat(PIXELS[:, None], 4, axis=1)), 4),
    ],
)
def test_arrays_of_any_form(tmp_path, pixels, channels):
    np.savez_compressed(tmp_path / "a.npz", X=pixels, y=LABELS[:, None])
    data = load_dataset(tmp_path / "a.npz")
    assert (data.images == PIXELS[:, None]).all()
    assert data.images.shape[1] == channels


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_masks_of_zeros_and_ones_are_black_and_white(tmp_path, dtype):
    np.savez(tmp_path / "a.npz", images=(PIXELS > 99).astype(dtype), labels=LABELS)
    assert set(np.unique(load_dataset(tmp_path / "a.npz").images)) == {0, 255}


def test_labels_of_an_npz_may_be_texts_or_bytes(tmp_path):
    names = np.array(["größe" if label % 2 else "b" for label in LABELS])
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=names)
    np.savez(tmp_path / "b.npz", images=PIXELS, labels=np.char.encode(names, "utf-8"))
    a, b = (load_dataset(tmp_path / f"{name}.npz") for name in "ab")
    assert set(a.target) == {"größe", "b"}
    assert a.fingerprint == b.fingerprint


def test_idx_files_may_be_packed_one_by_one_and_named_in_capitals(tmp_path):
    idx = write_idx(tmp_path / "Train-Images-idx3-ubyte.gz", PIXELS)
    write_idx(tmp_path / "Train-labels-idx1-ubyte", LABELS)
    assert (load_dataset(idx).images[:, 0] == PIXELS).all()


# Kinds of PNG and JPEG files


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "LA", "RGBA", "CMYK"])
def test_grey_images_stay_grey_however_they_are_stored(tmp_path, mode):
    suffix = ".jpg" if mode == "CMYK" else ".png"
    data = load_dataset(write_folder(tmp_path / "d", mode=mode, suffix=suffix))
    if mode == "CMYK":  # with losses
        assert data.images.shape[1] in (1, 3)
        assert np.corrcoef(data.images[:, 0].ravel(), _sorted().ravel())[0, 1] > 0.95
    else:
        assert data.images.shape == (60, 1, 8, 8)
        assert (data.images[:, 0] == _sorted()).all()


def _sorted():
    return PIXELS[np.argsort(LABELS, kind="stable")]


def test_colours_make_all_images_rgb(tmp_path):
    red = np.zeros((8, 8, 3), dtype=np.uint8)
    red[..., 0] = 200
    folder = write_folder(tmp_path / "d")
    Image.fromarray(red).save(folder / "0" / "zzz.png")
    images = load_dataset(folder).images
    assert images.shape == (61, 3, 8, 8)
    assert (images == red.transpose(2, 0, 1)).all((1, 2, 3)).sum() == 1
    assert (images[0, 0] == images[0, 2]).all()


def test_what_is_transparent_is_a_channel_and_not_lost(tmp_path):
    """Black strokes on nothing would be black on black without it."""
    clear = np.zeros((60, 8, 8, 4), dtype=np.uint8)
    clear[..., 3] = PIXELS
    images = load_dataset(write_folder(tmp_path / "d", clear)).images
    assert images.shape == (60, 4, 8, 8)
    assert (images[:, 3] == _sorted()).all()


def test_16_bit_images_keep_their_shades(tmp_path):
    data = load_dataset(write_folder(tmp_path / "d", PIXELS.astype(np.uint16) * 257))
    assert (data.images[:, 0] == _sorted()).all()


def test_photographs_are_turned_as_the_camera_says(tmp_path):
    folder = write_folder(tmp_path / "d", np.repeat(PIXELS, 2, axis=2))  # 16 wide, 8 high
    upright = Image.fromarray(np.repeat(PIXELS[0], 2, axis=1)).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    upright.save(folder / "0" / "camera.png", exif=exif)
    images = load_dataset(folder).images
    assert images.shape == (61, 1, 8, 16)
    assert (images[:, 0] == np.repeat(PIXELS[0], 2, axis=1)).all((1, 2)).sum() == 2


def test_hidden_and_other_files_are_passed_over(tmp_path):
    folder = write_folder(tmp_path / "d")
    known = load_dataset(folder).fingerprint
    for name in ("._000.png", ".hidden.png", "notes.txt", "Thumbs.db"):
        (folder / "0" / name).write_text("no image")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x.png").write_text("no image")
    (folder / "empty").mkdir()
    (folder / "readme.md").write_text("")
    assert load_dataset(folder).fingerprint == known


# Bad input


def test_broken_images_are_named(tmp_path):
    folder = write_folder(tmp_path / "d")
    whole = (folder / "0" / "000.png").read_bytes()
    (folder / "0" / "cut.png").write_bytes(whole[:-30])
    (folder / "1" / "text.jpg").write_text("no image")
    (folder / "2" / "none.png").write_bytes(b"")
    refused(folder, r"2 files of .* 1/text\.jpg \(not an image\), 2/none\.png .* replace them")
    (folder / "1" / "text.jpg").unlink()
    (folder / "2" / "none.png").unlink()
    refused(folder, r"1 file of .* cannot be read: 0/cut\.png \(.*\)")


def test_images_of_different_sizes_are_resized_to_the_usual_one_with_a_word(tmp_path):
    folder = write_folder(tmp_path / "d")
    for number in range(5):
        Image.new("L", (9, 8), number).save(folder / "3" / f"x{number}.png")
    data = load_dataset(folder)
    assert data.images.shape == (65, 1, 8, 8)
    assert "5 of 65 images were resized to 8 x 8" in data.intake.lines()[-1]
    usual = load_dataset(write_folder(tmp_path / "usual"))
    assert {image.tobytes() for image in usual.images} <= {image.tobytes() for image in data.images}


def test_images_of_many_sizes_get_a_middle_one(tmp_path):
    for place in range(30):
        (tmp_path / "d" / "ab"[place % 2]).mkdir(parents=True, exist_ok=True)
        image = Image.new("RGB", (20 + place, 600 - place), (place * 8, 0, 99))
        image.save(tmp_path / "d" / "ab"[place % 2] / f"{place}.png")
    data = load_dataset(tmp_path / "d")
    assert data.images.shape == (30, 3, 128, 34)
    assert sorted(image[0, 5, 5] for image in data.images) == [place * 8 for place in range(30)]


@pytest.mark.parametrize(("size", "shape"), [(16, (16, 16)), ([12, 6], (6, 12))])
def test_images_in_the_size_that_is_asked_for(tmp_path, size, shape):
    folder = write_folder(tmp_path / "d")
    np.savez(tmp_path / "d.npz", images=PIXELS, labels=LABELS)
    for source in (folder, tmp_path / "d.npz"):
        data = load_dataset(source, size=size)
        assert data.images.shape[2:] == shape
        assert "resized" in " ".join(data.intake.notes)
    means = load_dataset(tmp_path / "d.npz", size=4).images.mean((1, 2, 3))
    assert np.allclose(means, PIXELS.mean((1, 2)), atol=5)


@pytest.mark.parametrize("size", [3, 513, "big", [8], [8, 8, 8], 8.5, [8, "x"]])
def test_sizes_that_are_none(tmp_path, size):
    refused(write_folder(tmp_path / "d"), "`size` is the side", size=size)


def test_fractions_above_one_are_neither_of_the_two_ranges(tmp_path):
    np.savez(tmp_path / "a.npz", x=PIXELS / 255 * 1.2, y=LABELS)
    refused(tmp_path / "a.npz", "fractions up to 1.2, which is neither 0 to 1 nor 0 to 255")
    for same in (PIXELS.astype(float), PIXELS // 16):  # whole numbers, however small
        np.savez(tmp_path / "a.npz", x=same, y=LABELS)
        assert (load_dataset(tmp_path / "a.npz").images[:, 0] == same).all()


def test_sixteen_bits_in_arrays_are_read_as_in_files(tmp_path):
    deep = PIXELS.astype(np.uint16) * 257
    np.savez(tmp_path / "a.npz", x=deep, y=LABELS)
    assert (load_dataset(tmp_path / "a.npz").images[:, 0] == PIXELS).all()


def test_what_is_for_tables_is_refused_for_images(tmp_path):
    folder = write_folder(tmp_path / "d")
    for more in ({"drop": ["a"]}, {"keep": ["a"]}, {"as_types": {"a": "date"}}):
        refused(folder, f"`{next(iter(more))}` is for tables", **more)


def test_formats_that_are_not_read_are_named(tmp_path):
    folder = write_folder(tmp_path / "d")
    Image.new("L", (8, 8)).save(folder / "3" / "other.gif")
    refused(folder, r"3 holds images that are neither PNG nor JPEG: other\.gif\. Convert")


def test_folders_of_folders_of_images(tmp_path):
    write_folder(tmp_path / "set" / "train")
    refused(tmp_path / "set", r"hold no images but .* give one, such as .*train\.")
    write_folder(tmp_path / "set" / "train" / "0" / ".hidden")
    assert load_dataset(tmp_path / "set" / "train").n_rows == 60
    write_folder(tmp_path / "set" / "train" / "0" / "more")
    refused(tmp_path / "set" / "train", r"0 has folders inside it .*\(more/0/000\.png\); move")


def test_a_class_with_one_image(tmp_path):
    folder = write_folder(tmp_path / "d")
    write_folder(folder, PIXELS[:1], ["only"])
    refused(folder, r"class 'only' .* only 1 row; every class needs 3")


def test_rare_classes_of_numbers_are_not_sent_to_regression(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=np.r_[11, LABELS[1:]])
    refused(tmp_path / "a.npz", r"class '11' .* Drop or merge rare classes\.$")


def test_more_classes_than_images_of_each(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=np.arange(60))
    refused(tmp_path / "a.npz", r"only 1 row; every class needs 3")


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"images": PIXELS, "labels": LABELS[:-1]}, "60 images but 59 labels"),
        ({"images": PIXELS[:5], "labels": LABELS[:5]}, "only 5 images; at least 10"),
        ({"images": PIXELS[:0], "labels": LABELS[:0]}, "only no images|has no"),
        ({"images": PIXELS[0, 0, 0], "labels": LABELS}, r"the shape \(\)"),
        ({"images": PIXELS * 300.0, "labels": LABELS}, "outside 0 to 255"),
        ({"images": np.full((60, 8, 8), np.nan), "labels": LABELS}, "outside 0 to 255"),
        ({"images": PIXELS[:, :3], "labels": LABELS}, "are 8 x 3; sides of 4 to 512"),
        ({"images": PIXELS[..., None, None], "labels": LABELS}, "have the shape"),
        ({"images": PIXELS.astype(str), "labels": LABELS}, "not numbers"),
        ({"images": PIXELS, "labels": np.eye(10)[LABELS]}, "one class per image"),
        ({"images": PIXELS, "labels": np.zeros(60)}, "constant"),
        ({"pictures": PIXELS, "labels": LABELS}, "no array of images called .* has: pictures"),
        ({"images": PIXELS}, "no array of labels"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, arrays, match):
    np.savez(tmp_path / "a.npz", **arrays)
    refused(tmp_path / "a.npz", match)


def test_npz_files_that_are_none(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
    whole = (tmp_path / "a.npz").read_bytes()
    damaged = bytearray(whole)
    damaged[200:220] = bytes(20)
    np.save(tmp_path / "c.npy", PIXELS)
    np.savez(tmp_path / "objects.npz", images=np.array([{}] * 60), labels=LABELS)
    contents = {
        "cut": whole[:-50], "damaged": bytes(damaged), "empty": b"", "text": b"no " * 99,
        "npy": (tmp_path / "c.npy").read_bytes(),
        "objects": (tmp_path / "objects.npz").read_bytes(),
    }  # fmt: skip
    for name, content in contents.items():
        (tmp_path / f"{name}.npz").write_bytes(content)
        refused(tmp_path / f"{name}.npz", f"{name}.npz is not a whole npz file")


def test_idx_files_that_are_none(tmp_path):
    labels = write_idx(tmp_path / "a-labels-idx1-ubyte", LABELS)
    idx = write_idx(tmp_path / "a-images-idx3-ubyte", PIXELS)
    whole = idx.read_bytes()
    for content in (whole[:-1], whole[:7], whole + b"x", b"\0\0\x08\x03" + b"\xff" * 12):
        idx.write_bytes(content)
        refused(idx, "is cut off")
    for content in (b"", b"PNG", b"\0\0\x07\x03" + whole[4:]):
        idx.write_bytes(content)
        refused(idx, "is not an idx file")
    idx.write_bytes(whole)
    labels.unlink()
    refused(idx, "labels of .* are expected in .*a-labels-idx1-ubyte")
    packed = tmp_path / "a-images-idx3-ubyte.gz"
    damaged = bytearray(gzip.compress(whole))
    damaged[40:60] = bytes(20)
    packed.write_bytes(bytes(damaged))
    write_idx(labels, LABELS)
    refused(packed, "cannot be read")


def test_images_are_not_read_as_something_else(tmp_path):
    folder = write_folder(tmp_path / "d")
    refused(folder, "holds images; the family asked for takes series data", modality="series")
    refused(folder, "Images are classified", kind="regression")
    refused(folder, "`text` and `time` are for tables", text="review")


# Preparation


def test_standardisation_is_by_the_training_part_only(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
    dataset = load_dataset(tmp_path / "a.npz")
    data = prepare(dataset, seed=3)
    assert data.x_train.dtype == np.uint8
    assert data.pixel_mean == pytest.approx((data.x_train / 255).mean(axis=(0, 2, 3)))
    assert data.pixel_scale == pytest.approx((data.x_train / 255).std(axis=(0, 2, 3)))
    assert sum(len(data.x(part)) for part in ("train", "valid", "test")) == 60
