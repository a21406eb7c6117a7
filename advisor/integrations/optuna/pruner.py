from optuna.pruners import BasePruner


class AdvisorPruner(BasePruner):
    def prune(self, study, trial):
        return False
