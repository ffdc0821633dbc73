-- Difference images of one night, with the science image that each came from: its header names the individual frames.
SELECT d.id AS exposure_id, d.jd - 2400000.5 AS time_mjd, 'UT' || SUBSTR(d.instrument, LENGTH(d.instrument), 1) AS detector,
       d.filepath AS difference_path, d.ncoadds AS frames,
       (SELECT MIN(s.filepath) FROM image AS s
        WHERE s.image_type = 'SCIENCE' AND s.relatedimage = d.id) AS science_path
FROM image AS d
WHERE d.image_type = 'DIFFERENCE' AND d.quality < :quality_below AND d.ncoadds >= :min_frames
  AND ABS(d.dec_c) < :max_declination_deg
  AND d.jd - 2400000.5 >= :night_start_mjd AND d.jd - 2400000.5 < :night_stop_mjd
