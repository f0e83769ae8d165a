"""How fast Cloudling is, beside its peers and the limit, on the machine at hand."""
