"""Text encoders, against transformers' own loading."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from spectralkit.errors import DataError
from spectralkit_models_diffusers.encoder import load_encoder

transformers = pytest.importorskip("transformers", reason="prompts need the extra [text]")
DTYPES = [torch.float32, torch.float16, torch.bfloat16]


@pytest.fixture(params=["clip", "projected", "t5"])
def encoder(request, small):
    """One of each kind."""
    kinds = {"clip": small.clip, "projected": lambda: small.clip(True), "t5": small.t5}
    return kinds[request.param]()[0]


@torch.no_grad()
@pytest.mark.parametrize("asked", DTYPES)
@pytest.mark.parametrize("saved", DTYPES)
def test_an_encoder_is_the_one_that_transformers_loads(saved, asked, encoder, save):
    directory = save(encoder.to(saved))
    ours, theirs = load_encoder(directory, asked), type(encoder).from_pretrained(directory, dtype=asked).eval()
    expected = dict(theirs.named_parameters(remove_duplicate=False)) | dict(theirs.named_buffers())
    found = dict(ours.named_parameters(remove_duplicate=False)) | dict(ours.named_buffers())
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert (found[name].dtype, found[name].device.type) == (value.dtype, "cpu"), name
        assert torch.equal(found[name], value), name
    assert not ours.training
    ids = torch.tensor([[3, 1, 4, 1, 5]])
    outputs = [module(ids, output_hidden_states=True) for module in (ours, theirs)]
    for mine, own in zip(outputs[0].to_tuple(), outputs[1].to_tuple(), strict=True):
        for a, b in zip(*((x if isinstance(x, tuple) else (x,)) for x in (mine, own)), strict=True):
            assert torch.equal(a, b)


def test_t5_keeps_in_float32_what_float16_cannot_hold(small, save):
    """Not by way of float16, where it would be rounded."""
    encoder, _ = small.t5()
    loaded = load_encoder(save(encoder), torch.float16)
    pairs = zip(encoder.named_parameters(), loaded.parameters(), strict=True)
    wide = {name for (name, own), mine in pairs if mine.dtype == torch.float32 and torch.equal(own, mine)}
    assert wide == {name for name, _ in encoder.named_parameters() if ".wo." in name} != set()


def test_the_positions_of_older_files_are_passed_over(small, save):
    encoder, _ = small.clip()
    directory = save(encoder)
    kept = load_file(weights := directory / "model.safetensors")
    positions = {"text_model.embeddings.position_ids": torch.arange(16)[None]}
    save_file(kept | positions, weights, {"format": "pt"})
    ours = load_encoder(directory, torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), encoder.parameters(), strict=True))


def test_weights_that_no_encoder_has_are_refused(encoder, save):
    """A part of something else would be passed over in silence."""
    directory = save(encoder)
    kept = load_file(weights := directory / "model.safetensors")
    save_file({**kept, "adapter.weight": torch.zeros(2)}, weights, {"format": "pt"})
    with pytest.raises(DataError, match=r"holds the weight 'adapter\.weight', which no \w+ of its config\.json has"):
        load_encoder(directory, torch.float32)
