import pytest

from mmcsod.labels.check.voc import check_list, check_xml

XML = (
    '<annotation><size><width>60</width><height>40</height></size><object><name>cat</name><bndbox><xmin>1</xmin>'
    '<ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object></annotation>'
)


@pytest.mark.parametrize(
    ('raw', 'count'),
    [
        (b'a\nb\n', 0),
        (b'a\r\nb\r\n', 0),
        (b'a\nb', 0),
        (b'\xef\xbb\xbfa\nb\n', 0),
        (b'a \n\n b\n', 3),
        (b'a.png\nJPEGImages/b.jpg\n', 2),
    ],
)
def test_lists_are_read_as_names(raw, count):
    names, findings = check_list(raw, 'train.txt', {'a', 'b'}.__contains__)
    assert names == ['a', 'b']
    assert sum(one.count for one in findings if one.kind == 'list') == count
    assert all(one.severity == 'filled' for one in findings)


@pytest.mark.parametrize(
    ('raw', 'kind'), [(b'a  1\nb -1\n', 'flags'), (b'a\nb\na\n', 'image twice'), (b'', 'empty file')]
)
def test_lists_that_need_a_guess_are_refused(raw, kind):
    _, (finding,) = check_list(raw, 'train.txt', {'a', 'b'}.__contains__)
    assert (finding.kind, finding.severity) == (kind, 'error')


@pytest.mark.parametrize(
    ('xml', 'kind', 'says'),
    [
        (XML[:-20], 'odd XML', 'cut or no XML'),
        ('', 'odd XML', 'it is empty'),
        (XML.replace('<annotation>', '<annotation xmlns="http://x.org">'), 'odd XML', 'remove xmlns'),
        (XML.replace('<name>cat</name>', ''), 'odd XML', 'an object has no name'),
        (XML.replace('bndbox', 'box'), 'odd XML', '"cat" has no bndbox'),
        (XML.replace('<xmin>1<', '<xmin>nan<'), 'odd XML', 'xmin of bndbox is "nan"'),
        (XML.replace('<width>60</width>', ''), 'size', 'a.xml: null x "40"'),
        (XML.replace('>60<', '>0<'), 'size', 'a.xml: "0" x "40"'),
        (XML.replace('</name>', '</name><difficult></difficult>'), 'odd XML', 'difficult of object is ""'),
        (XML.replace('<object>', '<!--').replace('</object>', '-->'), 'image without objects', 'a.xml'),
        (XML.replace('<size>', '<!--').replace('</size>', '-->'), 'XML without size', 'a.xml'),
        (XML.replace('<xmax>30<', '<xmax>1<'), 'no area', '[1, 2, 1, 40]'),
        (XML.replace('<xmin>1<', '<xmin>70<').replace('<xmax>30<', '<xmax>90<'), 'outside', 'in 60 x 40'),
        (XML.replace('<xmax>30<', '<xmax>90<'), 'beyond the edge', 'in 60 x 40'),
    ],
)
def test_the_xml_file_is_named_in_every_case(xml, kind, says):
    _, (finding,), _ = check_xml([('b.xml', XML.encode()), ('a.xml', xml.encode())], 'train.txt')
    assert (finding.kind, finding.count) == (kind, 1)
    assert 'a.xml' in finding.examples[0]
    assert says in finding.examples[0]


def test_an_impossible_size_is_taken_out_so_that_the_image_is_opened():
    *_, mended = check_xml([('a.xml', XML.replace('>60<', '>0<').encode()), ('b.xml', XML.encode())], 'train.txt')
    assert mended == {'a.xml': (XML[: XML.index('<size>')] + XML[XML.index('<object>') :]).encode()}


def test_xml_files_without_any_object():
    _, findings, _ = check_xml([('a.xml', b'<annotation/>')], 'train.txt')
    assert findings[-1].kind == 'no objects'
