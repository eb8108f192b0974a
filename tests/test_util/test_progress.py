from mmcsod.util import progress as module
from mmcsod.util.progress import progress


def test_a_line_every_ten_seconds_where_no_terminal_is(monkeypatch, caplog, capsys):
    now = iter(range(0, 1000, 4))
    monkeypatch.setattr(module.time, 'monotonic', lambda: next(now))
    with caplog.at_level('INFO', 'mmcsod'), progress('extract', 100, 10) as update:
        for _ in range(9):
            update(10)
    assert caplog.messages == [f'extract: {done} of 100 images' for done in (40, 70, 100)]
    assert capsys.readouterr().err == ''
