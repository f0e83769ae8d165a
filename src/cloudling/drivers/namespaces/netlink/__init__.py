"""The kernel's network tables, spoken to directly: rtnetlink and nf_tables without their tools."""
