"""Who signed a request, and whether it is what they signed.

In order: `claims.read_claim`, `verification.check`, (find the secret), `verification.verify`,
`bodies.open_body`. Each says no by a `Refusal`, which `refusals.answer` puts into AWS's words.
"""
