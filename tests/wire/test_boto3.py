"""boto3, today's and that of 2021, by one story; aiobotocore with many requests at once."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import ODD_KEYS, STORIES, require_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wire.programs import Program

    from cloudling.testing import RunningCloud

STORY = STORIES / "boto3_story.py"


def test_boto3_of_today(program: Callable[..., Program]) -> None:
    assert program(sys.executable).print(STORY, BUCKET="boto3-new")


def test_boto3_of_2021(program: Callable[..., Program]) -> None:
    python = require_python("boto3-old", "boto3==1.20.54", "urllib3<1.27")
    assert program(python).print(STORY, BUCKET="boto3-old") == "1.20.54"


def test_aiobotocore_asks_fifty_times_at_once(cloud: RunningCloud) -> None:
    pytest.importorskip("aiobotocore", reason="aiobotocore is in requirements-wire.lock only.")
    asyncio.run(_many(cloud.endpoint))


async def _many(endpoint: str) -> None:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    made = get_session().create_client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=AioConfig(max_pool_connections=50),
    )
    async with made as s3:
        await s3.create_bucket(Bucket="aio")

        async def keep(key: str, body: bytes) -> None:
            await s3.put_object(Bucket="aio", Key=key, Body=body)
            found = await s3.get_object(Bucket="aio", Key=key)
            async with found["Body"] as stream:
                assert await stream.read() == body

        keys = [*ODD_KEYS, *(f"key {number}" for number in range(50 - len(ODD_KEYS)))]
        await asyncio.gather(*(keep(key, key.encode() * 9000) for key in keys))
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket="aio", PaginationConfig={"PageSize": 7}
        )
        listed = [each["Key"] async for page in pages for each in page["Contents"]]
        assert listed == sorted(keys, key=str.encode)
