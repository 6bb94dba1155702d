"""The part of a page that can be touched: a study's records, thinned, and a program that draws them; never torch."""
