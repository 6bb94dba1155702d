"""Initial parameters come from the distributions that their docstrings name."""

import numpy as np
import pytest
import torch
from scipy import special, stats

from lossbench.errors import BadInput
from lossbench.inits.continued import Continued
from lossbench.inits.given import Answer, File, Given, TwoWeights
from lossbench.inits.normal import Normal, ScaledNormal
from lossbench.inits.own import Own
from lossbench.inits.scaled import Scaled
from lossbench.inits.uniform import Glorot, Uniform
from lossbench.interfaces import Layer
from lossbench.losses.entropy import CrossEntropy
from lossbench.registry import shelf
from lossbench.rng import generator

LAYERS = (Layer(200, 50, "sigmoid"), Layer(50, 10, None))
SURE = 1e-4  # a test of the right distribution fails once in ten thousand seeds


def drawn(init, layers=LAYERS, seed=0):
    return init.draw(layers, generator(seed, "init"))


def follows(values, distribution):
    return stats.kstest(values.ravel(), distribution.cdf).pvalue > SURE


@pytest.mark.parametrize("std", [0.5, 1.0])
def test_normal_is_normal(std):
    for layer in drawn(Normal(std=std)):
        assert follows(layer.weight, stats.norm(scale=std))
        assert follows(layer.bias, stats.norm(scale=std))


def test_each_layer_has_its_own_deviation_and_biases_theirs_of_the_same_draws():
    ones = drawn(Normal())
    apart = drawn(Normal(std=[0.5, 3.0], bias_std=[0.0, 2.0]))
    for layer, one, std, bias_std in zip(apart, ones, (0.5, 3.0), (0.0, 2.0), strict=True):
        assert follows(layer.weight, stats.norm(scale=std))
        np.testing.assert_array_equal(layer.weight, std * one.weight)
        np.testing.assert_array_equal(layer.bias, bias_std * one.bias)
    for layer, one in zip(drawn(Normal(std=0.5, bias_std=0.0)), ones, strict=True):
        np.testing.assert_array_equal(layer.weight, 0.5 * one.weight)
        assert not layer.bias.any()


def test_biases_that_are_like_the_weights_make_no_other_run():
    assert Normal(std=2.0, bias_std=2.0).describe() == {"word": "normal", "std": 2.0}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"std": [1.0, 2.0, 3.0]}, r"init.std lists 3 numbers, and the model has 2 layers"),
        ({"bias_std": [1.0]}, r"init.bias_std lists 1 number"),
        ({"std": [1.0, -2.0]}, "init.std is -2"),
        ({"bias_std": -1.0}, "init.bias_std is -1"),
        ({"std": "wide"}, "init.std wants a number or a list and got 'wide'"),
    ],
)
def test_deviations_that_fit_no_layers_are_refused(options, said):
    with pytest.raises(BadInput, match=said):
        drawn(Normal(**options))


def test_scaled_normal_has_weights_of_variance_one_over_fan_in():
    for layer, shape in zip(drawn(ScaledNormal()), LAYERS, strict=True):
        assert follows(layer.weight, stats.norm(scale=shape.inputs**-0.5))
        assert follows(layer.bias, stats.norm())


def test_uniform_is_what_torch_does():
    for layer, shape in zip(drawn(Uniform()), LAYERS, strict=True):
        theirs = torch.nn.Linear(shape.inputs, shape.outputs, dtype=torch.float64)
        assert stats.ks_2samp(layer.weight.ravel(), theirs.weight.detach().numpy().ravel()).pvalue > SURE
        assert follows(layer.bias, stats.uniform(-(shape.inputs**-0.5), 2 * shape.inputs**-0.5))


def test_glorot_is_torch_s_xavier():
    for layer, shape in zip(drawn(Glorot()), LAYERS, strict=True):
        theirs = torch.nn.init.xavier_uniform_(torch.empty(shape.outputs, shape.inputs, dtype=torch.float64))
        assert stats.ks_2samp(layer.weight.ravel(), theirs.numpy().ravel()).pvalue > SURE
        assert not layer.bias.any()


def test_gains_are_sizes_of_raw_outputs():
    hidden, output = drawn(Scaled(hidden_gain=6.0, output_gain=3.0, hidden_bias=2.0))
    assert follows(hidden.weight, stats.norm(scale=6 / np.sqrt(200)))
    assert follows(hidden.bias, stats.norm(scale=2))
    assert follows(output.weight, stats.norm(scale=3 / np.sqrt(50)))


def test_output_biases_stand_evenly_in_an_order_of_the_seed():
    orders = [drawn(Scaled(output_bias=9.0), seed=seed)[-1].bias.ravel() for seed in range(20)]
    for order in orders:
        np.testing.assert_allclose(np.sort(order), np.linspace(-9, 9, 10))
    assert len({tuple(order) for order in orders}) > 15


def test_a_lone_output_starts_at_either_end():
    ends = {drawn(Scaled(output_bias=9.0), (Layer(4, 1, None),), seed)[0].bias.item() for seed in range(20)}
    assert ends == {-9.0, 9.0}


@pytest.mark.parametrize("word", sorted(set(shelf("init")) - {"file", "continued", "own"}))
def test_the_seed_decides_and_shapes_are_out_by_in(word):
    init = shelf("init")[word]()
    for layer, shape in zip(drawn(init), LAYERS, strict=True):
        assert layer.weight.shape == (shape.outputs, shape.inputs)
        assert layer.bias.shape == (shape.outputs, 1)
        assert layer.weight.dtype == layer.bias.dtype == np.float64
    for one, again in zip(drawn(init), drawn(init), strict=True):
        np.testing.assert_array_equal(one.weight, again.weight)


def test_a_chain_of_dense_layers_has_no_start_of_its_own():
    with pytest.raises(BadInput, match="init=uniform is what"):
        drawn(Own())


def test_given_is_the_same_number_everywhere():
    (layer,) = drawn(Given(weight=0.6, bias=0.9), (Layer(1, 1, None),))
    assert (layer.weight.item(), layer.bias.item()) == (0.6, 0.9)


def test_two_weights_are_two_numbers():
    hidden, output = drawn(TwoWeights(hidden=-2.0, output=3.0), (Layer(1, 1, "tanh"), Layer(1, 1, None)))
    assert (hidden.weight.item(), hidden.bias.item(), output.weight.item(), output.bias.item()) == (-2.0, 0.0, 3.0, 0.0)


def test_an_answer_is_the_softmax_of_what_it_starts_with():
    _, layer = drawn(Answer(right=0.2, favourite=0.75), (Layer(3, 2, "sigmoid"), Layer(2, 5, None)))
    assert not layer.weight.any()
    np.testing.assert_allclose(special.softmax(layer.bias[:, 0]), [0.2, 0.6, 0.2 / 3, 0.2 / 3, 0.2 / 3], rtol=1e-12)


def test_an_answer_wants_shares_and_classes_to_spread_them_over():
    for options in ({"right": 1.0}, {"favourite": 0.0}):
        with pytest.raises(BadInput, match="a share between 0 and 1"):
            Answer(**options)
    with pytest.raises(BadInput, match=r"has 2 outputs"):
        drawn(Answer(), (Layer(1, 2, None),))


@pytest.fixture
def saved(tmp_path):
    def save(**arrays):
        np.savez(tmp_path / "start.npz", **arrays)
        return File(path=str(tmp_path / "start.npz"))

    return save


SMALL = (Layer(3, 2, None),)


def test_a_path_with_a_seed_in_it_is_a_file_for_each_seed(tmp_path):
    for seed in (3, 11):
        np.savez(tmp_path / f"start-{seed}.npz", weight_1=np.full((2, 3), seed), bias_1=np.zeros(2))
    pattern = File(path=str(tmp_path / "start-{seed}.npz"))
    for init in (pattern, Continued(loss=CrossEntropy(), init=pattern)):
        assert [drawn(init.of_seed(seed), SMALL)[0].weight[0, 0] for seed in (3, 11)] == [3, 11]
    assert pattern.of_seed(3).describe() == File(path=str(tmp_path / "start-3.npz")).describe()
    with pytest.raises(BadInput, match=r"start-4\.npz"):
        pattern.of_seed(4).describe()
    assert Normal().of_seed(3) == Normal()


def test_a_file_gives_back_what_was_saved_and_its_content_is_in_the_description(saved):
    weight, bias = np.arange(6.0).reshape(2, 3), np.array([7.0, 8.0])
    init = saved(weight_1=weight, bias_1=bias)
    (layer,) = drawn(init, SMALL)
    np.testing.assert_array_equal(layer.weight, weight)
    np.testing.assert_array_equal(layer.bias, bias[:, None])
    before = init.describe()
    assert saved(weight_1=weight + 1, bias_1=bias).describe() != before


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"weight_1": np.zeros((2, 3))}, "no array 'bias_1'"),
        ({"weight_1": np.zeros((3, 2)), "bias_1": np.zeros(2)}, r"shape \(3, 2\); this model wants \(2, 3\)"),
        ({"weight_1": np.zeros((2, 3)), "bias_1": np.array([0, np.nan])}, "not finite"),
        ({"weight_1": np.array([[{}] * 3] * 2), "bias_1": np.zeros(2)}, r"not an \.npz file of numbers"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(arrays, said, saved):
    with pytest.raises(BadInput, match=said):
        drawn(saved(**arrays), SMALL)


@pytest.mark.slow
def test_shapes_are_read_before_arrays(tmp_path):
    """A file of 30 kB that would unpack to 30 MB, beside what the model wants; and one that is packed as it should be."""
    path = tmp_path / "start.npz"
    fits = {"weight_1": np.zeros((2, 3)), "bias_1": np.zeros(2, np.float32)}
    np.savez_compressed(path, **fits, other=np.zeros(4_000_000))
    assert [layer.weight.shape for layer in drawn(File(path=str(path)), SMALL)] == [(2, 3)]
    np.savez_compressed(path, **fits | {"weight_1": np.zeros(4_000_000)})
    with pytest.raises(BadInput, match=r"weight_1 in .* has shape \(4000000,\); this model wants \(2, 3\)"):
        drawn(File(path=str(path)), SMALL)
    np.savez(path, **fits | {"bias_1": np.array(["a", "b"])})
    with pytest.raises(BadInput, match="holds <U1; a model's parameters are numbers"):
        drawn(File(path=str(path)), SMALL)


def test_a_file_that_is_not_there_or_not_an_archive_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        drawn(File(path=str(tmp_path / "none.npz")), SMALL)
    (tmp_path / "text.npz").write_text("words")
    np.save(tmp_path / "single.npy", np.zeros(3))
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    for name in ("text.npz", "single.npz"):
        with pytest.raises(BadInput, match=r"not an \.npz file"):
            drawn(File(path=str(tmp_path / name)), SMALL)


@pytest.mark.parametrize("options", [{"hidden_gain": -1.0}, {"output_bias": -0.1}])
def test_negative_sizes_are_refused(options):
    with pytest.raises(BadInput, match="0 or more"):
        Scaled(**options)


@pytest.mark.parametrize(("options", "said"), [({"lr": 0.0}, r"init\.lr is 0"), ({"steps": 0}, r"init\.steps is 0")])
def test_a_first_training_that_does_nothing_is_refused(options, said):
    with pytest.raises(BadInput, match=said):
        Continued(loss=CrossEntropy(), init=Glorot(), **options)
