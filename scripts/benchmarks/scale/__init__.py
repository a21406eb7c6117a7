"""Speed where it is promised: asks, and knowledge bases of up to ten million trials."""
