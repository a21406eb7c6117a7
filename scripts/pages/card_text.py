"""The words of docs/knowledge_base.md; `scripts.pages.card` fills in the numbers."""

TITLES = {"table": "Tables", "image": "Images", "text": "Texts", "series": "Time series"}

CARD = """# The shipped knowledge base

Made by `python -m scripts.pages card` from the shipped trials; do not edit by hand.

{trials:,} trials on {datasets} real data sets, each with its whole learning curve, signals of
gradients and units, duration, size, seed, test metrics and diagnosis. No row of any data set is
in it: a data set is a fingerprint, metafeatures and scores.

{counts}

Of the trials, {states}. Diverged ones are kept: they are evidence, too.

## How it was made

    scripts/fetch_data.sh         # packages of the ordinary registries, into .build/
    python -m scripts.seed.build  # about {hours:.0f} core-hours from nothing; goes on where it was

Configurations are the library default, then scrambled Sobol points of the whole space, the same
for every data set of a modality, so that data sets can be compared; then what a Bayesian search
without a past asks for after having been told of all these, so that the top is known, too; then
the portfolio of the family (`scripts/seed/portfolio.json`): variants of the default and what all
data sets together were expected to be best with (`scripts/seed/propose.py`), so that what is
recommended was tried everywhere.
Every trial ran through the code of `advisor tune`: its preparation, the 60/20/20 split of seed 0
(series: the last 20% in time are the test part, the 20% before them the validation part),
training seed 0, early stopping on the validation metric, one thread of a CPU. Values are
validation accuracy for classes, RMSE in the target's own unit for numbers, MASE over one season
(six steps without one) for series.

Large data sets are a subset drawn once with a fixed seed, long series their last values, as the
names say; classes of tables with fewer than ten rows are left out. Data sets that are copies or
near-copies of each other, or cut from one source, are in one group of `scripts/seed/groups.json`
(`python -m scripts.seed.near_copies`), and evaluations keep groups together.

    advisor kb verify --rerun 20   # trains 20 of them again and compares (in a clone)

## What is missing

- Large data: no data set has more than 2,000 rows, so that a configuration takes seconds. What
  is best for 100,000 rows may differ.
- Colour images and photographs, long texts and languages other than English, several series at
  once, series of more than some thousand steps.
- One split and one seed of training per configuration: values carry the noise of both.
- One device: durations are of one thread of one CPU.
- Data that were simulated, enumerated or derived from rules, though common in collections, and
  Boston's housing: `scripts/seed/tables.py` and `frames.py` name them.
- What `scripts/seed/tables.py` holds out for evaluations, and what `examples/` are tuned on.
{sections}"""

MODALITY = """
## {title}

In the median data set {better:.0%} of random configurations are better than the library default;
on {often:.0%} of the data sets the default is not in their best tenth. What the diagnosis found in
random configurations: {labels}.

![{title}]({plot})

Left: each data set's default and random configurations. Right and below: which hyperparameters
matter, by functional ANOVA of the random configurations of each data set (`momentum` is left out,
since only one optimiser has it).

{importance}

{table}
"""
