"""Which configurations are worth further folds."""

from advisor.training.race import FEW_ROWS, FOLDS, Race, usual_folds


def told(direction: str = "maximize") -> Race:
    race = Race(direction)
    sign = 1 if direction == "maximize" else -1
    # The first fold is easier by 0.04 on average, give or take 0.01.
    for quality, luck in ((0.80, 0.01), (0.85, -0.01), (0.82, 0.0)):
        race.tell(
            [sign * v for v in (quality + 0.03 + luck, quality - 0.01, quality - 0.02 - luck)]
        )
    return race


def test_everything_is_worth_it_until_enough_is_known():
    race = Race("maximize")
    assert race.open
    assert race.worth(-1e9)
    race.tell([0.9, 0.8])
    race.tell([0.9, 0.8])
    assert race.open
    assert race.worth(-1e9)


def test_a_first_fold_far_behind_the_best_is_not_worth_others():
    race = told()
    assert not race.open
    assert not race.worth(0.70)
    assert race.worth(0.87)


def test_the_first_folds_own_difficulty_counts():
    race = told()
    assert abs(race.offset - 0.03) < 1e-9
    assert race.worth(0.85 + race.offset - race.doubt)
    assert not race.worth(0.85 + race.offset - 3 * race.doubt)


def test_what_is_minimised_is_judged_the_other_way():
    race = told("minimize")
    assert race.worth(-0.87)
    assert not race.worth(-0.70)


def test_few_rows_have_several_folds():
    assert usual_folds(FEW_ROWS, stackable=True) == FOLDS
    assert usual_folds(FEW_ROWS + 1, stackable=True) == 1
    assert usual_folds(100, stackable=False) == 1


def test_one_far_behind_others_of_its_heat_is_not_worth_further_folds():
    race = told()
    assert race.worth(0.87, [0.87, 0.88])
    assert not race.worth(0.87, [0.87, 2.0])
    less = told("minimize")
    assert not less.worth(-0.87, [-2.0])
