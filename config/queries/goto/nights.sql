-- Nights with difference images, as the MJD of the evening's date.
SELECT DISTINCT FLOOR(d.jd - 2400000.5 + :longitude_deg / 360.0 - 0.5) AS night_number
FROM image AS d
WHERE d.image_type = 'DIFFERENCE' AND d.jd IS NOT NULL
