"""Every streaming layer: causal bit for bit, streaming equals the whole clip, and equal to torch's own operator."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from sdk.models.layers.cached_attention import CachedAttention
from sdk.models.layers.causal_conv import CausalConv1d, CausalTaps
from sdk.models.layers.periodic import PeriodicEncoding, sinusoid_table, temporal_bias

chunk_plans = st.lists(st.integers(1, 5), min_size=1, max_size=8)
CONVOLUTIONS = [(10, 5, 1), (3, 2, 1), (2, 2, 1), (65, 1, 4), (1, 1, 1)]


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(5)
    with torch.no_grad():
        yield


@pytest.mark.parametrize(("kernel", "stride", "groups"), CONVOLUTIONS)
def test_convolution_is_torch_conv1d_on_left_padded_input(kernel, stride, groups):
    """Oracle: torch.nn.functional.conv1d."""
    layer = CausalConv1d(4, 8, kernel, stride=stride, groups=groups)
    x = noise(1, 4, 20 * stride)
    expected = F.conv1d(F.pad(x, (kernel - stride, 0)), layer.conv.weight, layer.conv.bias, stride, groups=groups)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize(("kernel", "stride", "groups"), CONVOLUTIONS)
@settings(max_examples=10, deadline=None)
@given(plan=chunk_plans)
def test_convolution_streams_as_the_whole_clip(kernel, stride, groups, plan):
    layer = CausalConv1d(4, 8, kernel, stride=stride, groups=groups)
    x = noise(1, 4, sum(plan) * stride)
    state, parts = layer.init_state(), []
    for chunk in x.split([n * stride for n in plan], 2):
        y, state = layer.step(chunk, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts, 2), layer(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("dilation", [1, 2, 8])
def test_taps_are_a_dilated_convolution(dilation):
    """Oracle: torch.nn.functional.conv1d with the linear layer's columns as taps, oldest first."""
    layer = CausalTaps(6, 3, dilation)
    x = noise(1, 30, 6)
    kernel = layer.linear.weight.reshape(6, 3, 6).permute(0, 2, 1)
    padded = F.pad(x.transpose(1, 2), (2 * dilation, 0))
    expected = F.conv1d(padded, kernel, layer.linear.bias, dilation=dilation).transpose(1, 2)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("dilation", [1, 3])
@settings(max_examples=10, deadline=None)
@given(plan=chunk_plans)
def test_taps_stream_as_the_whole_clip(dilation, plan):
    layer = CausalTaps(6, 3, dilation)
    x = noise(1, sum(plan), 6)
    state, parts = layer.init_state(), []
    for chunk in x.split(plan, 1):
        y, state = layer.step(chunk, state)
        parts.append(y)
    torch.testing.assert_close(torch.cat(parts, 1), layer(x), atol=1e-5, rtol=0)


def test_attention_is_scaled_dot_product_attention_over_a_window():
    """Oracle: torch.nn.functional.scaled_dot_product_attention with an explicit mask."""
    layer = CachedAttention(12, 3, 5, temporal_bias(3, 2, 5))
    x = noise(14, 12)
    heads = [f(x).reshape(14, 3, 4).transpose(0, 1) for f in (layer.query, layer.key, layer.value)]
    age = torch.arange(14)[:, None] - torch.arange(14)
    mask = temporal_bias(3, 2, 5)[:, age.clamp(0, 4)].masked_fill((age < 0) | (age > 4), -torch.inf)
    expected = F.scaled_dot_product_attention(*heads, attn_mask=mask).transpose(0, 1).reshape(14, 12)
    torch.testing.assert_close(layer(x), layer.out(expected), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 4, 5, 40])
def test_attention_streams_as_the_whole_clip(length):
    layer = CachedAttention(12, 3, 5, temporal_bias(3, 2, 5))
    x = noise(length, 12)
    state, rows = layer.init_state(), []
    for token in x.split(1):
        y, state = layer.step(token, state)
        rows.append(y)
    torch.testing.assert_close(torch.cat(rows), layer(x), atol=1e-5, rtol=0)


def test_a_key_that_is_not_there_has_no_weight_at_all():
    layer = CachedAttention(12, 3, 5)
    junk = layer.init_state()
    junk = type(junk)(keys=junk.keys + 50.0, values=junk.values + 50.0, valid=junk.valid)
    x = noise(1, 12)
    assert torch.equal(layer.step(x, junk)[0], layer.step(x, layer.init_state())[0])


def test_bias_is_the_published_slopes():
    """FaceFormer's four heads: 1/4, 1/16, 1/64, 1/256, one step down a period."""
    bias = temporal_bias(4, 30, 90)
    assert bias[:, :30].eq(0).all()
    assert bias[:, 60].tolist() == [-2 / 4, -2 / 16, -2 / 64, -2 / 256]


def test_the_period_register_never_drifts():
    encoding = PeriodicEncoding(sinusoid_table(7, 4))
    state = encoding.init_state()
    for index in range(2000):
        row, state = encoding.step(state)
        assert torch.equal(row[0], encoding.table.T[index % 7]), index
    assert torch.equal(encoding(15)[14], encoding.table.T[0])


LAYERS = {
    "strided convolution": (CausalConv1d(4, 8, 10, stride=5), (1, 4, 60), 2, 5),
    "taps": (CausalTaps(6, 3, 4), (1, 24, 6), 1, 1),
    "attention": (CachedAttention(12, 3, 5), (24, 12), 0, 1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_later_input_never_changes_earlier_output(name):
    layer, shape, time, stride = LAYERS[name]
    x = noise(*shape)
    cut = shape[time] // 2
    other = x.clone()
    other.narrow(time, cut, shape[time] - cut).add_(10.0)
    ours, changed = layer(x), layer(other)
    assert torch.equal(ours.narrow(time, 0, cut // stride), changed.narrow(time, 0, cut // stride))
    rest = shape[time] // stride - cut // stride
    assert not torch.equal(ours.narrow(time, cut // stride, rest), changed.narrow(time, cut // stride, rest))
