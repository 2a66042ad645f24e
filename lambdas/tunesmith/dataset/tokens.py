"""How many tokens is a text? An estimate from its characters, since most families publish no tokenizer."""
