"""How the weights that Mutoscope ships were made; nothing here is imported at run time."""
