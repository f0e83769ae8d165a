"""Key pairs: keys that ssh-keygen reads, fingerprints as AWS reckons them, names and words."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from cloudling.kernel import AwsError
from cloudling.services.ec2 import key_material

if TYPE_CHECKING:
    from pathlib import Path

    from cloudling.testing import LocalCloud

ED25519 = key_material.make("ed25519", "pem", "a").line
RSA_2048 = key_material.make("rsa", "pem", "a").line


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.text


def ssh_keygen(folder: Path, text: str, *words: str) -> str:
    file = folder / "key"
    file.write_text(text if text.endswith("\n") else text + "\n")
    file.chmod(0o600)
    done = subprocess.run(
        ["ssh-keygen", *words, "-f", file], capture_output=True, check=True, text=True
    )
    return done.stdout


def test_rsa_keys_have_the_sha1_of_their_private_half(local: LocalCloud, tmp_path: Path) -> None:
    made = local.root().ec2.create_key_pair(KeyName="a")
    assert made["KeyPairId"].startswith("key-")
    assert len(made["KeyPairId"]) == 21
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    key = load_pem_private_key(made["KeyMaterial"].encode(), None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert made["KeyFingerprint"] == hashlib.sha1(der, usedforsecurity=False).digest().hex(":")
    assert ssh_keygen(tmp_path, made["KeyMaterial"], "-l").startswith("2048 SHA256:")


def test_ed25519_keys_have_the_fingerprint_that_ssh_keygen_tells(
    local: LocalCloud, tmp_path: Path
) -> None:
    made = local.root().ec2.create_key_pair(KeyName="a", KeyType="ed25519")
    told = ssh_keygen(tmp_path, made["KeyMaterial"], "-l")
    assert told.startswith("256 SHA256:")
    # ssh-keygen leaves the padding out, EC2 does not.
    assert made["KeyFingerprint"] == told.split()[1].removeprefix("SHA256:") + "="


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_the_public_half_is_described_and_fits_the_private_one(
    local: LocalCloud, tmp_path: Path, kind: str
) -> None:
    ec2 = local.root().ec2
    made = ec2.create_key_pair(KeyName="a b", KeyType=kind)
    (pair,) = ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    of_private = ssh_keygen(tmp_path, made["KeyMaterial"], "-y").split()[:2]
    assert pair["PublicKey"].split() == [*of_private, "a", "b"]
    assert (pair["KeyType"], pair["KeyFingerprint"]) == (kind, made["KeyFingerprint"])
    assert pair["CreateTime"] == local.clock.now()


def ppk_fields(text: str) -> tuple[dict[str, str], bytes, bytes]:
    lines = text.split("\r\n")
    fields: dict[str, str] = {}
    blobs: dict[str, bytes] = {}
    while lines and lines[0]:
        name, _, value = lines.pop(0).partition(": ")
        if name.endswith("-Lines"):
            count = int(value)
            blobs[name] = base64.b64decode("".join(lines[:count]))
            del lines[:count]
        else:
            fields[name] = value
    return fields, blobs["Public-Lines"], blobs["Private-Lines"]


def read_strings(blob: bytes) -> list[bytes]:
    found = []
    while blob:
        length = int.from_bytes(blob[:4])
        found.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return found


def test_a_ppk_file_holds_the_rsa_numbers_of_its_public_half(local: LocalCloud) -> None:
    made = local.root().ec2.create_key_pair(KeyName="putty", KeyFormat="ppk")
    fields, public, private = ppk_fields(made["KeyMaterial"])
    assert fields["PuTTY-User-Key-File-2"] == "ssh-rsa"
    assert (fields["Encryption"], fields["Comment"]) == ("none", "putty")
    assert len(fields["Private-MAC"]) == 40
    name, exponent, modulus = read_strings(public)
    d, p, q, iqmp = (int.from_bytes(each) for each in read_strings(private))
    assert name == b"ssh-rsa"
    assert p * q == int.from_bytes(modulus)
    assert (q * iqmp) % p == 1
    e = int.from_bytes(exponent)
    assert pow(pow(5, e, p * q), d, p * q) == 5


def test_a_ppk_file_holds_the_seed_of_an_ed25519_key(local: LocalCloud) -> None:
    made = local.root().ec2.create_key_pair(KeyName="a", KeyType="ed25519", KeyFormat="ppk")
    _, public, private = ppk_fields(made["KeyMaterial"])
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
    )

    (seed,) = read_strings(private)
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert read_strings(public) == [b"ssh-ed25519", key.public_bytes_raw()]


def test_an_openssh_key_can_be_read_by_others(local: LocalCloud) -> None:
    made = local.root().ec2.create_key_pair(KeyName="a", KeyType="ed25519")
    key = load_ssh_private_key(made["KeyMaterial"].encode(), None)
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    (pair,) = local.root().ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    assert pair["PublicKey"] == f"{line.decode()} a"


def rfc4716(line: str) -> str:
    blob = line.split()[1]
    rows = [blob[start : start + 70] for start in range(0, len(blob), 70)]
    head = '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "of \\\nmine"'
    return "\n".join([head, *rows, "---- END SSH2 PUBLIC KEY ----\n"])


def der(line: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        load_ssh_public_key,
    )

    key = load_ssh_public_key(line.encode())
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def md5_of(line: str) -> str:
    return hashlib.md5(der(line), usedforsecurity=False).digest().hex(":")


@pytest.mark.parametrize("form", ["openssh", "rfc4716", "der"])
def test_an_imported_rsa_key_has_the_md5_of_its_public_half(local: LocalCloud, form: str) -> None:
    forms = {
        "openssh": f"{RSA_2048} me@home",
        "rfc4716": rfc4716(RSA_2048),
        "der": base64.b64encode(der(RSA_2048)).decode(),
    }
    ec2 = local.root().ec2
    made = ec2.import_key_pair(KeyName="a", PublicKeyMaterial=forms[form].encode())
    assert made["KeyFingerprint"] == md5_of(RSA_2048)
    assert set(made) == {"KeyPairId", "KeyName", "KeyFingerprint"}
    (pair,) = ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    assert (pair["KeyType"], pair["PublicKey"]) == ("rsa", forms[form])


def test_an_imported_ed25519_key_has_ssh_keygens_fingerprint(
    local: LocalCloud, tmp_path: Path
) -> None:
    made = local.root().ec2.import_key_pair(KeyName="a", PublicKeyMaterial=ED25519.encode())
    told = ssh_keygen(tmp_path, ED25519, "-l").split()[1]
    assert made["KeyFingerprint"] == told.removeprefix("SHA256:") + "="


@pytest.mark.parametrize(
    "material",
    [
        b"garbage",
        b"ssh-rsa AAAA",
        b"ssh-rsa",
        b"\xff\xfe",
        b"---- BEGIN SSH2 PUBLIC KEY ----\nsth",
        b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA==",
    ],
)
def test_what_is_no_key_is_refused(local: LocalCloud, material: bytes) -> None:
    assert refused(local.root().ec2.import_key_pair, KeyName="a", PublicKeyMaterial=material) == (
        "InvalidKey.Format",
        "Key is not in valid OpenSSH public key format",
    )


def test_names_are_taken_once_in_a_region(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    ec2.import_key_pair(KeyName="a", PublicKeyMaterial=ED25519.encode())
    taken = ("InvalidKeyPair.Duplicate", "The keypair 'a' already exists.")
    assert refused(ec2.create_key_pair, KeyName="a") == taken
    assert refused(ec2.import_key_pair, KeyName="a", PublicKeyMaterial=RSA_2048.encode()) == taken
    other = local.root(region="eu-west-1").ec2
    other.import_key_pair(KeyName="a", PublicKeyMaterial=ED25519.encode())


@pytest.mark.parametrize("name", ["x" * 256, "schlüssel", " a", "a "])
def test_names_that_cannot_be(local: LocalCloud, name: str) -> None:
    code, text = refused(local.root().ec2.create_key_pair, KeyName=name)
    assert code == "InvalidParameterValue"
    assert text.startswith(f"Value ({name}) for parameter keyName is invalid. ")


def test_kinds_and_forms_that_cannot_be(local: LocalCloud) -> None:
    create = local.root().ec2.create_key_pair
    assert refused(create, KeyName="a", KeyType="dsa")[0] == "InvalidParameterValue"
    assert refused(create, KeyName="a", KeyFormat="der")[0] == "InvalidParameterValue"
    assert refused(create) == (
        "MissingParameter",
        "The request must contain the parameter KeyName",
    )


def test_described_by_name_id_and_filter(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    ids = {
        name: ec2.import_key_pair(
            KeyName=name,
            PublicKeyMaterial=ED25519.encode(),
            TagSpecifications=[
                {"ResourceType": "key-pair", "Tags": [{"Key": "of", "Value": name}]}
            ],
        )["KeyPairId"]
        for name in ("b", "a", "ab")
    }

    def names(**request: Any) -> list[str]:
        return [pair["KeyName"] for pair in ec2.describe_key_pairs(**request)["KeyPairs"]]

    def filtered(name: str, *values: str) -> list[str]:
        return names(Filters=[{"Name": name, "Values": list(values)}])

    assert names() == ["a", "ab", "b"]
    assert names(KeyNames=["b"]) == ["b"]
    assert names(KeyPairIds=[ids["ab"]]) == ["ab"]
    assert filtered("key-name", "a*") == ["a", "ab"]
    assert filtered("key-pair-id", ids["a"], ids["b"]) == ["a", "b"]
    assert filtered("fingerprint", "nobody's") == []
    assert filtered("tag:of", "b") == ["b"]
    assert len(filtered("tag-key", "of")) == 3
    assert "PublicKey" not in ec2.describe_key_pairs()["KeyPairs"][0]
    assert refused(ec2.describe_key_pairs, KeyNames=["c"]) == (
        "InvalidKeyPair.NotFound",
        "The key pair 'c' does not exist",
    )
    assert refused(ec2.describe_key_pairs, KeyPairIds=["key-0123456789abcdef0"])[0] == (
        "InvalidKeyPair.NotFound"
    )
    assert refused(ec2.describe_key_pairs, Filters=[{"Name": "colour", "Values": ["red"]}]) == (
        "InvalidParameterValue",
        "The filter 'colour' is invalid",
    )


def test_deleted_by_name_or_id_and_gone_is_gone(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    first = ec2.import_key_pair(KeyName="a", PublicKeyMaterial=ED25519.encode())["KeyPairId"]
    assert ec2.delete_key_pair(KeyName="a") == {"Return": True, "KeyPairId": first}
    second = ec2.import_key_pair(KeyName="a", PublicKeyMaterial=ED25519.encode())["KeyPairId"]
    assert ec2.delete_key_pair(KeyPairId=second) == {"Return": True, "KeyPairId": second}
    assert ec2.delete_key_pair(KeyName="a") == {"Return": True}
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    assert refused(ec2.delete_key_pair)[0] == "MissingParameter"


def test_a_dry_run_makes_nothing(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    assert refused(ec2.create_key_pair, KeyName="a", DryRun=True)[0] == "DryRunOperation"
    assert ec2.describe_key_pairs()["KeyPairs"] == []


def test_tags_belong_to_the_pair_and_go_with_it(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    tags = [{"Key": "team", "Value": "red"}]
    made = ec2.create_key_pair(
        KeyName="a",
        KeyType="ed25519",
        TagSpecifications=[{"ResourceType": "key-pair", "Tags": tags}],
    )
    assert made["Tags"] == tags
    assert ec2.describe_key_pairs()["KeyPairs"][0]["Tags"] == tags
    code, _ = refused(
        ec2.create_key_pair,
        KeyName="b",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}],
    )
    assert code == "InvalidParameter"


def test_a_region_has_at_most_five_thousand(
    local: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudling.services.ec2.key_pairs._MOST", 1)
    ec2 = local.root().ec2
    ec2.import_key_pair(KeyName="a", PublicKeyMaterial=ED25519.encode())
    assert refused(ec2.create_key_pair, KeyName="b")[0] == "KeyPairLimitExceeded"
