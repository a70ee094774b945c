"""What scales are fixed on and errors measured on: speech balanced over loudness, noise, silence and mouth shapes."""
