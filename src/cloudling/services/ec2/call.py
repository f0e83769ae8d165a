"""The handle of EC2's operations."""

from __future__ import annotations

from cloudling.kernel import Call, collection
from cloudling.services.ec2.records import KeyPair


class Ec2Call(Call):
    """Everything is of one account and one region."""

    key_pairs = collection(KeyPair, name="ec2_key_pairs", key=("name",), indexes=("key_id",))
