-- Difference stamps of one camera in one night: each is an image of its own. A file's name begins with the object's id
-- and the day; the digits of its filter tell the camera.
SELECT i.image_filename AS exposure_id, i.mjd_obs AS time_mjd, :camera AS detector, SUBSTR(i.filter, 1, 1) AS band,
       SUBSTR(i.image_filename, LENGTH(o.id || '') + 2, 5) || '/' || i.image_filename || '.fits' AS difference_path
FROM tcs_transient_objects AS o
JOIN tcs_postage_stamp_images AS i ON i.image_filename LIKE o.id || '~_%' ESCAPE '~'
WHERE i.image_type = 'diff' AND i.pss_error_code = 0 AND i.image_filename NOT LIKE '%4300000000%'
  AND i.filter LIKE CASE :camera WHEN 'gpc1' THEN '%00000' WHEN 'gpc2' THEN '%00002' END
  AND i.mjd_obs >= :night_start_mjd AND i.mjd_obs < :night_stop_mjd
