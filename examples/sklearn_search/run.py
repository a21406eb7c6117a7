"""scikit-learn's search by Optuna (`OptunaSearchCV`) asks the advisor."""

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from advisor.integrations.optuna import AdvisorSampler


def main(trials: int = 15, jobs: int = 1) -> OptunaSearchCV:
    study = optuna.create_study(direction="maximize", sampler=AdvisorSampler(family="svm"))
    search = OptunaSearchCV(
        make_pipeline(StandardScaler(), SVC()),
        {
            "svc__C": FloatDistribution(1e-3, 1e3, log=True),
            "svc__gamma": FloatDistribution(1e-4, 10, log=True),
            "svc__kernel": CategoricalDistribution(["rbf", "sigmoid"]),
        },
        n_trials=trials,
        n_jobs=jobs,
        cv=3,
        study=study,
    )
    return search.fit(*load_wine(return_X_y=True))


if __name__ == "__main__":
    found = main()
    print(found.best_score_, found.best_params_)
