"""One file per API that is spoken, one prefix each, no business rules: they translate and call `lifecycle`."""
