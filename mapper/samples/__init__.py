"""Samples: cases beside a mapping, run and compared with what is expected of them."""
