-- Detections on the night's difference images.
SELECT c.id AS candidate_id, c.id AS object_id, c.image_id AS exposure_id, c.ra AS ra_deg, c.dec AS dec_deg,
       c.x AS x_pixel, c.y AS y_pixel, c.mag AS magnitude, c.fwhm AS fwhm_pixel, c.realbogus
FROM candidate AS c
JOIN image AS d ON d.id = c.image_id
WHERE d.image_type = 'DIFFERENCE' AND d.quality < :quality_below AND d.ncoadds >= :min_frames
  AND ABS(d.dec_c) < :max_declination_deg
  AND d.jd - 2400000.5 >= :night_start_mjd AND d.jd - 2400000.5 < :night_stop_mjd
