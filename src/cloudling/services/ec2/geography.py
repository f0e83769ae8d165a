"""AWS's regions and their zones, as data.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

from typing import NamedTuple

_OPTIONAL = "!"
# Region, prefix of its zones' ids, zones as letter and number, place; "!" where accounts opt in.
_TABLE = """
af-south-1      afs1   a1 b2 c3           Africa (Cape Town) !
ap-east-1       ape1   a1 b2 c3           Asia Pacific (Hong Kong) !
ap-east-2       ape2   a1 b2 c3           Asia Pacific (Taipei) !
ap-northeast-1  apne1  a4 c1 d2           Asia Pacific (Tokyo)
ap-northeast-2  apne2  a1 b2 c3 d4        Asia Pacific (Seoul)
ap-northeast-3  apne3  a3 b1 c2           Asia Pacific (Osaka)
ap-south-1      aps1   a1 b3 c2           Asia Pacific (Mumbai)
ap-south-2      aps2   a1 b2 c3           Asia Pacific (Hyderabad) !
ap-southeast-1  apse1  a1 b2 c3           Asia Pacific (Singapore)
ap-southeast-2  apse2  a1 b3 c2           Asia Pacific (Sydney)
ap-southeast-3  apse3  a1 b2 c3           Asia Pacific (Jakarta) !
ap-southeast-4  apse4  a1 b2 c3           Asia Pacific (Melbourne) !
ap-southeast-5  apse5  a1 b2 c3           Asia Pacific (Malaysia) !
ap-southeast-6  apse6  a1 b2 c3           Asia Pacific (New Zealand) !
ap-southeast-7  apse7  a1 b2 c3           Asia Pacific (Thailand) !
ca-central-1    cac1   a1 b2 d4           Canada (Central)
ca-west-1       caw1   a1 b2 c3           Canada West (Calgary) !
eu-central-1    euc1   a2 b3 c1           Europe (Frankfurt)
eu-central-2    euc2   a1 b2 c3           Europe (Zurich) !
eu-north-1      eun1   a1 b2 c3           Europe (Stockholm)
eu-south-1      eus1   a1 b2 c3           Europe (Milan) !
eu-south-2      eus2   a1 b2 c3           Europe (Spain) !
eu-west-1       euw1   a1 b2 c3           Europe (Ireland)
eu-west-2       euw2   a2 b3 c1           Europe (London)
eu-west-3       euw3   a1 b2 c3           Europe (Paris)
il-central-1    ilc1   a1 b2 c3           Israel (Tel Aviv) !
me-central-1    mec1   a1 b2 c3           Middle East (UAE) !
me-south-1      mes1   a1 b2 c3           Middle East (Bahrain) !
mx-central-1    mxc1   a1 b2 c3           Mexico (Central) !
sa-east-1       sae1   a1 b2 c3           South America (Sao Paulo)
us-east-1       use1   a6 b1 c2 d4 e3 f5  US East (N. Virginia)
us-east-2       use2   a1 b2 c3           US East (Ohio)
us-west-1       usw1   a3 b1              US West (N. California)
us-west-2       usw2   a1 b2 c3 d4        US West (Oregon)
cn-north-1      cnn1   a1 b2 d4           China (Beijing)
cn-northwest-1  cnnw1  a1 b2 c3           China (Ningxia)
us-gov-east-1   usge1  a1 b2 c3           AWS GovCloud (US-East)
us-gov-west-1   usgw1  a1 b2 c3           AWS GovCloud (US-West)
"""


class Zone(NamedTuple):
    """An Availability Zone."""

    name: str
    id: str


class Region(NamedTuple):
    """A region of AWS's."""

    name: str
    place: str
    optional: bool
    zones: tuple[Zone, ...]


def _read(line: str) -> Region:
    name, prefix, *rest = line.split()
    numbered = [each for each in rest if len(each) == 2 and each[0].islower() and each[1].isdigit()]
    words = rest[len(numbered) :]
    optional = words[-1] == _OPTIONAL
    place = " ".join(words[:-1] if optional else words)
    zones = tuple(Zone(f"{name}{each[0]}", f"{prefix}-az{each[1]}") for each in numbered)
    return Region(name, place, optional, zones)


REGIONS = {found.name: found for found in map(_read, _TABLE.strip().splitlines())}


def region(name: str) -> Region:
    """The region of that name; one that AWS does not have (a test's own) has three zones."""
    known = REGIONS.get(name)
    if known is not None:
        return known
    return Region(
        name,
        name,
        False,
        tuple(Zone(f"{name}{a}", f"{name}-az{i}") for i, a in enumerate("abc", 1)),
    )
