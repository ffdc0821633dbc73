-- The catalogue of variable stars.
SELECT variable_id, ra_deg, dec_deg, variable_type FROM variables
