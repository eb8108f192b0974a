from dataclasses import replace

from mmcsod.report.images import find_root
from tests.test_report.conftest import make_bank


def test_the_folder_of_the_extraction_unless_another_is_given(tmp_path):
    bank = make_bank(num_images=3, data_root=str(tmp_path))
    assert find_root(bank) is None
    (tmp_path / bank.images[1]).parent.mkdir()
    (tmp_path / bank.images[1]).touch()
    assert find_root(bank) == tmp_path
    assert find_root(bank, tmp_path / 'elsewhere') is None
    assert find_root(replace(bank, provenance={}), tmp_path) == tmp_path


def test_a_bank_that_does_not_say_and_one_in_a_store_are_not_found():
    assert find_root(make_bank(num_images=3)) is None
    assert find_root(make_bank(num_images=3, data_root='s3://bucket/voc')) is None
