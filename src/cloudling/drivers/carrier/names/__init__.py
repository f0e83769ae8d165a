"""Names: what a network's resolvers answer.

https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
"""
