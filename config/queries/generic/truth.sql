-- What each candidate of the night really is; known for a synthetic sky only, and read by evaluation alone.
SELECT t.candidate_id, t.kind, t.is_real, t.source_id
FROM truth AS t
JOIN candidates AS c ON c.candidate_id = t.candidate_id
JOIN exposures AS e ON e.exposure_id = c.exposure_id
WHERE e.night = :night
