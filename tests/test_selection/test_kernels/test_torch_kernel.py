import numpy as np
import pytest

torch = pytest.importorskip('torch')
torch_kernel = pytest.importorskip('mmcsod.selection.kernels.torch_kernel')


def test_half_precision_queries_in_two_parts_lose_nothing():
    # What a GPU's tensor cores are given; multiplied here in float64.
    rng = np.random.default_rng(0)
    for spread in (0, 3):
        rows = torch.from_numpy((rng.normal(size=(50, 300)) * 20).astype(np.float16))
        unit = rng.normal(size=300) * 10.0 ** rng.uniform(-spread, 0, 300)
        unit /= np.linalg.norm(unit)
        high, low, scale = torch_kernel.split_query(unit)
        exact = rows.double().numpy() @ unit
        split = (rows.double().numpy() @ high.astype(float) + rows.double().numpy() @ low.astype(float) / 2**11) / scale
        lengths = np.linalg.norm(rows.double().numpy(), axis=1)
        assert np.abs(split - exact).max() <= 2.0**-22 * lengths.max()
