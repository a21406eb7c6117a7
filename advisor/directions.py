"""Which way a metric goes: as somebody says, or as everybody means by its name; never a guess."""

import re

from advisor.checks import one_of
from advisor.metrics import METRICS
from knowledge_base.errors import UserError
from knowledge_base.naming import printable
from knowledge_base.states import Direction

WAYS = {"minimize": "minimised", "maximize": "maximised"}

CHOICES = (
    "`direction=minimize`, as for a loss or an error, or `direction=maximize`, as for an accuracy"
)


_USUAL = {
    # Besides ours: scorers of scikit-learn, TorchMetrics, Keras, `evaluate` of Hugging Face,
    # LightGBM and XGBoost, and what vision, language and reinforcement learning report.
    "maximize": """accuracy acc categorical_accuracy sparse_categorical_accuracy top1 top5 top_k
        top1_acc top5_acc top_k_accuracy top_k_categorical_accuracy
        sparse_top_k_categorical_accuracy acc1 acc5 prec1 prec5 bacc bal_acc balanced_acc uar
        exact_match f1 f1score fbeta f2 fscore f_score auc auroc roc_auc roc_auc_ovr roc_auc_ovo
        pr_auc auprc aucpr prc average_precision precision recall sensitivity specificity tpr tnr
        true_positive_rate true_negative_rate hit_rate hits r2 r2score r_squared d2_absolute_error
        d2_pinball d2_tweedie d2_brier d2_log_loss map map50 map75 map50_95 ndcg mrr mcc
        mean_average_precision matthews_corrcoef matthews_corr_coef matthews_correlation kappa
        cohen_kappa quadratic_weighted_kappa bleu sacrebleu rouge rouge1 rouge2 rougel rougelsum
        chrf meteor bertscore_f1 iou miou jaccard jaccard_index dice dice_coef psnr ssim
        inception_score reward rew return win_rate success_rate explained_variance spearman
        spearmanr spearman_corr_coef pearson pearsonr pearson_corr_coef c_index concordance_index
        log_likelihood loglikelihood likelihood positive_likelihood_ratio rand adjusted_rand
        mutual_info adjusted_mutual_info normalized_mutual_info homogeneity completeness v_measure
        fowlkes_mallows silhouette calinski_harabasz""",
    "minimize": """loss log_loss logloss mlogloss binary_logloss multi_logloss cross_entropy
        crossentropy categorical_crossentropy sparse_categorical_crossentropy ce bce nll hinge
        squared_hinge categorical_hinge logcosh log_cosh huber kl_divergence error error_rate err
        merror binary_error multi_error top1_err top5_err err1 err5 top1_error top5_error
        misclassification misclassification_rate misclassification_error mcr mse rmse mae mape
        smape mase msle rmsle nrmse medae l1 l2 mean_squared_error squared_error absolute_error
        root_mean_squared_error mean_absolute_error mean_absolute_percentage_error
        symmetric_mean_absolute_percentage_error mean_squared_log_error
        mean_squared_logarithmic_error root_mean_squared_log_error median_absolute_error max_error
        mean_poisson_deviance mean_gamma_deviance mean_tweedie_deviance perplexity ppl bits_per_byte
        bpb bits_per_dim bpd bits_per_char bpc wer cer mer ter word_error_rate char_error_rate fid
        lpips brier brier_score zero_one_loss crps regret cost hamming davies_bouldin fpr fnr eer
        false_positive_rate false_negative_rate equal_error_rate ece calibration_error
        negative_likelihood_ratio""",
}
"""Names that metrics have elsewhere, and the direction that everybody means by them."""

_LOSSES = """bbox bce box ce class cls contrastive ctc dice distillation focal generalized giou
    hinge hamming huber iou kl l1 l2 lm mae mask mlm mse nll pinball policy reconstruction
    regression rpn segmentation smooth smoothl1 tversky triplet value"""
"""Words before "loss" that say which one, not that it is turned round."""

_BEFORE = """val valid validation test eval evaluation dev train training cv best final last current
    mean avg average median total min max macro micro weighted binary multiclass multilabel metric
    metrics epoch episode ep rollout"""
_AFTER = "score macro micro weighted samples mean avg epoch step ovr ovo val valid test"
"""Words before and after the name of a metric that say of what it is, not which way it goes."""

_TURNS = {"neg", "negative", "negated", "minus"}
"""Words, besides a leading "-", that turn round what follows."""

_UNLIKE = _TURNS | {"inverse", "inverted", "inv", "1", "one", "not"}
"""Words of names that may mean something else than their last words do."""


def usual_direction(name: str) -> str | None:
    """Return the direction in which everybody optimises a metric of that name.

    Words that say on what it is measured do not matter, `neg_` turns it round, as in scikit-learn.

    Args:
        name: as the user writes it; it need not be one of `METRICS`.

    Returns:
        "maximize" or "minimize", None where the name does not tell.

    >>> usual_direction("val/F1-macro"), usual_direction("neg_log_loss"), usual_direction("score")
    ('maximize', 'maximize', None)
    """
    # Classes of TorchMetrics name themselves (MulticlassF1Score); others write mIoU.
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return _told(name) or _told(apart)


def may_be_turned(name: str) -> bool:
    """Return whether a name has a word by which it may mean something else than its last words.

    >>> [may_be_turned(name) for name in ("neg_log_loss", "1-accuracy", "val_log_loss")]
    [True, True, False]
    """
    return name.lstrip().startswith("-") or bool(_UNLIKE.intersection(_words(name)))


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]


def _told(name: str) -> str | None:
    """Return what the words of a name tell, without where they are measured and numbers behind."""
    words = _words(re.sub(r"/?dataloader_idx_\d+$", "", name))
    turned = name.lstrip().startswith("-")
    while words and not _known(words):
        if words[0] in _TURNS and not turned:
            words, turned = words[1:], True
        elif words[0] in _BEFORE.split():
            words = words[1:]
            # The places of evaluation sets, as XGBoost and LightGBM name them.
            words = words[1:] if words[:1] == ["0"] else words
        elif words[-1] in _AFTER.split() or words[-1].isdigit():
            words = words[:-1]
        else:
            return None
    found = _known(words)
    other = {"maximize": "minimize", "minimize": "maximize"}
    return other[found] if found and turned else found


def _known(words: list[str]) -> str | None:
    """Return the direction of a metric that is called exactly so."""
    name = "_".join(words)
    if name in METRICS:
        return METRICS[name].direction
    if words and words[-1] == "loss" and set(words[:-1]) <= set(_LOSSES.split()):
        return "minimize"
    return next((way for way, names in _USUAL.items() if name in names.split()), None)


def said_direction(
    metric: str | None,
    direction: str | None,
    what: str = "the value of your function",
    choices: str = CHOICES,
) -> str:
    """Return the direction that was said, or that of a metric whose name is known.

    Args:
        metric: its name, None where it has none.
        direction: "minimize", "maximize", or None where nothing was said.
        what: how errors call the value of a metric without a name.
        choices: how errors say what can be said.

    Raises:
        UserError: it is none, or neither tells: a guess would quietly find the worst.
    """
    if direction is not None:
        one_of("direction", direction, tuple(Direction))
        return direction
    if metric is not None and (known := usual_direction(metric)):
        return known
    if metric is not None:
        raise UserError(
            f"Whether {printable(metric)} is to be minimised or maximised is not known by its "
            f"name; say {choices}."
        )
    raise UserError(
        f"Whether {what} is to be minimised or maximised must be said: "
        f"{choices}; or name it, such as `metric=accuracy`, whose direction is known."
    )


def against_the_name(metric: str, direction: str) -> str | None:
    """Return a word where a value goes another way than everybody means by its name, else None."""
    if usual_direction(metric) in (None, direction):
        return None
    return f"{metric} is {WAYS[direction]} here, as `direction={direction}` says."
