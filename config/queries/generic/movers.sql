-- Predicted places of solar-system objects in the night's exposures.
SELECT m.mover_id, m.exposure_id, m.ra_deg, m.dec_deg, m.magnitude
FROM movers AS m
JOIN exposures AS e ON e.exposure_id = m.exposure_id
WHERE e.night = :night
