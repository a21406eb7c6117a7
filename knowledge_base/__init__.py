"""The results knowledge base: data sets, tasks, spaces, studies, trials, learning curves."""
