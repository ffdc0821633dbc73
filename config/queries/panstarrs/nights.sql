-- Nights with difference stamps, as the MJD of the evening's date.
SELECT DISTINCT FLOOR(i.mjd_obs + :longitude_deg / 360.0 - 0.5) AS night_number
FROM tcs_postage_stamp_images AS i
WHERE i.image_type = 'diff' AND i.pss_error_code = 0 AND i.mjd_obs IS NOT NULL
