"""What the coverage table says of operations whose feature is not built yet.

They answer as AWS does while nothing is configured, which is the only state there can be so far.
"""

UNCONFIGURED = "tells what AWS tells of a bucket made today; nothing else can be set yet"
NOTHING_TO_DELETE = "answers as AWS does where nothing is configured; nothing else can be yet"
REFUSED = "refuses, as AWS does for a bucket made today; no other bucket can be made yet"
