from xml.etree import ElementTree

from matplotlib.figure import Figure

from mmcsod.report.svg import INK, SERIES, page_style, to_svg


def draw(name, text='text'):
    with page_style():
        figure = Figure(figsize=(2, 2))
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=SERIES[1])
        axes.set_xlabel(text)
        return to_svg(figure, name)


def test_the_page_decides_on_colours_and_fonts():
    svg = draw('a')
    assert 'var(--ink)' in svg
    assert 'var(--series-1)' in svg
    assert 'DejaVu' not in svg
    assert '<style' not in svg
    assert svg.startswith('<svg viewBox="0 0 144 144"')


def test_text_stays_text():
    for text in ('<script>alert(1)</script>', '$x^2$', f'a {INK}', '"&'):
        svg = draw('a', text).replace('xlink:href', 'href')
        assert text in [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith('text')]
