"""The (image, class) structure of VOC 2012, with made-up vectors: a pool of real size."""

import tarfile
import xml.etree.ElementTree as ET
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.records.bank import ROW_DTYPE

ARCHIVE = Path(__file__).resolve().parents[2] / 'data' / 'voc2012_annotations.tar.gz'
needs_voc = pytest.mark.data(ARCHIVE.name)


@cache
def objects():
    """[(file, class)], one entry an object, files sorted."""
    found = []
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            if member.name.endswith('.xml'):
                root = ET.parse(archive.extractfile(member)).getroot()
                found += [(Path(member.name).stem, name.text) for name in root.iterfind('object/name')]
    return sorted(found)


def voc_bank(dimensions, seed=0):
    counts = Counter(objects())
    images = sorted({image for image, _ in counts})
    classes = sorted({label for _, label in counts})
    keys = sorted(counts, key=lambda key: (key[1], key[0]))
    rows = np.zeros(len(keys), ROW_DTYPE)
    image_index = {image: i for i, image in enumerate(images)}
    rows['image'] = [image_index[image] for image, _ in keys]
    rows['label'] = [classes.index(label) for _, label in keys]
    rows['count'] = [counts[key] for key in keys]
    rng = np.random.default_rng(seed)
    centres = np.abs(rng.normal(size=(len(classes), dimensions)))
    factors = rng.normal(size=(len(classes), 6, dimensions)) * 0.3
    parts = rng.normal(size=(len(keys), 6))
    vectors = centres[rows['label']] + np.einsum('nk,nkd->nd', parts, factors[rows['label']])
    return FeatureBank(
        vectors=np.maximum(vectors, 0).astype(np.float32), rows=rows, images=tuple(images), classes=tuple(classes)
    )
