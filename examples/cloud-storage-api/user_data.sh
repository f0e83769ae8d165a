#!/bin/bash
# Runs once, as root, when the instance first boots: fetches the application, and starts it.
export BUCKET=module02-NNN HOST=0.0.0.0 AWS_DEFAULT_REGION=eu-west-1
mkdir -p /srv/storage-api && cd /srv/storage-api
if [ ! -f app.py ]; then
  python3 -m pip install flask boto3
  python3 - <<'END'
import os
import boto3
for name in ("app.py", "s3_funcs.py"):
    boto3.client("s3").download_file(os.environ["BUCKET"], f"code/{name}", name)
END
fi
nohup python3 app.py > app.log 2>&1 &
