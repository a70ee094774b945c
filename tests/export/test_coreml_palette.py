"""The table of values of a palette against its definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from export.targets.coreml_palette import palette
from tests.bindings.mil_properties.table import seeds


@settings(deadline=None, max_examples=40)
@given(seed=seeds, bits=st.sampled_from([1, 2, 4, 6]), count=st.integers(1, 400), few=st.booleans())
def test_values_keep_the_order_and_the_length_of_the_weights(seed: int, bits: int, count: int, few: bool) -> None:
    generator = np.random.default_rng(seed)
    weights = (generator.integers(-3, 4, count) / 4 if few else generator.standard_t(3, count)).astype(np.float16)
    table, indices = palette(weights.reshape(1, -1), bits)
    assert table.shape == (2**bits,)
    assert table.dtype == np.float16
    assert indices.shape == (count,)
    assert (np.diff(table.astype(np.float64)) >= 0).all()
    assert (np.diff(indices[np.argsort(weights, kind="stable")].astype(int)) >= 0).all()
    wide, stored = weights.astype(np.float64), table[indices].astype(np.float64)
    assert abs(wide @ stored - wide @ wide) <= 2e-3 * (wide @ wide)
    if len(np.unique(weights)) <= 2**bits:
        np.testing.assert_array_equal(table[indices], weights)


def test_it_beats_an_even_table_and_is_the_same_each_time() -> None:
    weights = np.random.default_rng(0).normal(size=20_000).astype(np.float16)
    table, indices = palette(weights, 4)
    even = np.linspace(weights.min(), weights.max(), 16)
    error = np.square(weights - table[indices].astype(np.float64)).mean()
    assert error < 0.5 * np.square(np.abs(weights[:, None] - even).min(1)).mean()
    # Lloyd's and Max's best 16 levels of a normal distribution leave 0.009501 of its variance (Max 1960, table I).
    assert error < 1.05 * 0.009501
    wide = weights.astype(np.float64)
    assert abs(wide @ table[indices] / (wide @ wide) - 1) < 2e-3
    again = palette(weights.copy(), 4)
    np.testing.assert_array_equal(again[0], table)
    np.testing.assert_array_equal(again[1], indices)
