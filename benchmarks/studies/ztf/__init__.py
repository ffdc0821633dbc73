"""How the recipes for the public ZTF alerts were chosen and judged."""
