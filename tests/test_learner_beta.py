import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats

from learner.beta import cumulative, quantile


# scipy.stats.beta.ppf of SciPy 1.17.1.
@pytest.mark.parametrize(
    ("share", "a", "b", "expected"),
    [
        (0.1, 0.25, 0.75, 0.00015219707165317216),
        (0.9, 0.25, 0.75, 0.790603620174074),
        (0.1, 0.25, 12.75, 5.453191306040556e-06),
        (0.9, 0.25, 12.75, 0.05881267840042241),
        (0.1, 0.5, 0.5, 0.024471741852423214),
        (0.5, 1, 1, 0.5),
        (0.05, 2, 5, 0.06284989170835438),
        (0.95, 2, 5, 0.5818034092520259),
        (0.1, 4.1, 0.75, 0.6282275898747764),
        (0.9, 4.1, 0.75, 0.9893798865286023),
        (0.1, 12.25, 0.75, 0.8583751336419463),
        (0.1, 12.25, 12.75, 0.3629110706627052),
        (0.5, 100, 300, 0.2495830001077997),
    ],
)
def test_a_quantile_is_scipys(share: float, a: float, b: float, expected: float) -> None:
    assert quantile(share, a, b) == pytest.approx(expected, abs=1e-9)


# scipy.stats.beta.cdf of SciPy 1.17.1.
@pytest.mark.parametrize(
    ("x", "a", "b", "expected"),
    [
        (0.3, 2, 5, 0.5798250000000003),
        (0.9, 2, 5, 0.999945),
        (0.01, 0.25, 0.75, 0.2848478667376063),
        (0.5, 12.25, 12.75, 0.5404989298280561),
        (0.0, 2, 5, 0.0),
        (1.0, 2, 5, 1.0),
    ],
)
def test_a_cumulative_probability_is_scipys(x: float, a: float, b: float, expected: float) -> None:
    assert cumulative(x, a, b) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(floats(0.01, 0.99), floats(0.25, 13), floats(0.75, 13))
def test_the_quantile_undoes_the_cumulative_probability(share: float, a: float, b: float) -> None:
    x = quantile(share, a, b)
    assert 0 < x < 1
    assert cumulative(x + 1e-9, a, b) >= share - 1e-9
    assert cumulative(max(x - 1e-9, 0), a, b) <= share + 1e-9
