"""The groups of metafeatures, one module each; see `advisor.metafeatures.base`."""
