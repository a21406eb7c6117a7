-- Version 2: what diagnoses are made from, and what they found.
-- Signals of each epoch; schema.py says what they are.
ALTER TABLE curves ADD COLUMN gradient_max DOUBLE;
ALTER TABLE curves ADD COLUMN gradient_ratio DOUBLE;
ALTER TABLE curves ADD COLUMN dead_units DOUBLE;
ALTER TABLE curves ADD COLUMN loss_spread DOUBLE;

-- A JSON list of names of diagnoses, empty for a healthy trial, null where nobody looked.
ALTER TABLE trials ADD COLUMN labels VARCHAR;
