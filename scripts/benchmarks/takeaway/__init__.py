"""What a search leaves its user, on new rows, against what else one could train on the same."""
