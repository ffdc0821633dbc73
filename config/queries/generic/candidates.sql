-- Candidates of one night with what their exposure says of them.
SELECT c.candidate_id, c.object_id, c.exposure_id, c.ra_deg, c.dec_deg, c.x_pixel, c.y_pixel, c.magnitude,
       c.magnitude_error, c.fwhm_pixel, c.snr, c.flux_sign
FROM candidates AS c
JOIN exposures AS e ON e.exposure_id = c.exposure_id
WHERE e.night = :night
