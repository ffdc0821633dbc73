-- What people said of the night's candidates.
SELECT y.candidate_id, y.label
FROM eyeballs AS y
JOIN candidates AS c ON c.candidate_id = y.candidate_id
JOIN exposures AS e ON e.exposure_id = c.exposure_id
WHERE e.night = :night
