"""What the hyperparameters of anyone's space are to the training of a network."""

import pytest

from advisor.encoding.roles import choice_of, roles_of
from knowledge_base import SpaceDefinition, SpaceError


def number(low, high, kind="float", log=False, **more):
    return {"type": kind, "low": low, "high": high, "log": log, **more}


def space(**hyperparameters):
    return SpaceDefinition.from_dict({"name": "mine", "hyperparameters": hyperparameters})


LR = number(1e-4, 0.1, log=True)


@pytest.mark.parametrize(
    ("name", "body", "role"),
    [
        ("init_lr", LR, "learning_rate"),
        ("optimizer.lr", LR, "learning_rate"),
        ("optimizer__learning_rate", LR, "learning_rate"),
        ("per_device_train_batch_size", {"type": "ordinal", "sequence": [8, 16, 32]}, "batch_size"),
        ("n_units_l0", number(8, 256, "int"), "units"),
        ("max_dropout", number(0, 1), "dropout"),
        ("depth", number(1, 3, "int"), "n_layers"),
        ("alpha", number(1e-6, 0.1, log=True), "weight_decay"),
        ("alpha", number(1e-8, 1.0, log=True), None),
        ("alpha", number(0, 1), None),
        ("gamma", number(0.9, 0.999), None),
        ("learning_rate", number(1, 1000, "int"), None),
        ("batch_size", number(0.1, 0.9), None),
        ("momentum", number(0, 5), None),
    ],
)
def test_a_role_is_told_by_name_range_and_scale(name, body, role):
    assert roles_of(space(**{name: body})).of == ({} if role is None else {name: role})


def test_layers_share_their_role():
    found = roles_of(space(n_units_1=number(16, 512, "int"), n_units_2=number(16, 512, "int")))
    assert found.names("units") == ["n_units_1", "n_units_2"]


def test_beside_trees_a_learning_rate_is_no_optimisers():
    boosting = space(learning_rate=LR, subsample=number(0.5, 1), n_estimators=number(9, 99, "int"))
    assert not roles_of(boosting).of


def test_what_the_file_says_holds():
    found = roles_of(space(zeta=number(1e-4, 0.1, log=True, role="learning_rate"), lr=LR))
    assert found.of == {"zeta": "learning_rate"}  # The other one is something else, then.


@pytest.mark.parametrize(
    ("more", "optimizer"),
    [
        ({}, None),
        ({"momentum": number(0.1, 0.99)}, "sgd"),
        ({"beta1": number(0.8, 0.99)}, "adamw"),
        ({"optimizer": {"type": "constant", "value": "RMSprop"}}, "adamw"),
        ({"optimizer": {"type": "categorical", "choices": ["sgd", "adam"]}}, None),
    ],
)
def test_what_only_one_optimiser_has_tells_it(more, optimizer):
    assert roles_of(space(lr=LR, **more)).optimizer == optimizer


@pytest.mark.parametrize(
    ("role", "choice", "meant"),
    [("optimizer", "Adam", "adamw"), ("optimizer", "SGD", "sgd"), ("optimizer", "lbfgs", None)],
)
def test_choices_are_recognised(role, choice, meant):
    assert choice_of(role, choice, ("sgd", "adamw")) == meant


def test_a_role_leaves_the_identity_of_a_space_as_it_is():
    plain, said = space(zeta=LR), space(zeta={**LR, "role": "learning_rate"})
    assert said.space_id == plain.space_id
    assert SpaceDefinition.from_json(said.to_json()).hyperparameters["zeta"].role == "learning_rate"
    assert plain.to_dict()["hyperparameters"][0]["meta"] is None


def test_an_unknown_role_is_refused():
    with pytest.raises(SpaceError, match="did you mean 'learning_rate'"):
        space(zeta={**LR, "role": "learning_rat"})
