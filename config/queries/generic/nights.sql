-- Nights that hold exposures.
SELECT DISTINCT night FROM exposures
