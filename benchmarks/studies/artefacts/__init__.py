"""What self-made bogus is worth on labelled ZTF alerts."""
