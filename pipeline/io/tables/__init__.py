"""Tables that people and other programs write: ids, labels, catalogues, features."""
