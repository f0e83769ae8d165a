#!/bin/sh
# Print a link that downloads a file of the bucket without credentials, for ten minutes.
#   BUCKET=module02-042 ./aws_presign_url.sh appstore_games.csv
set -eu
: "${BUCKET:?Set BUCKET to the name of your bucket, such as module02-042.}"
file=${1:?Give the name of a file in the bucket, such as appstore_games.csv.}

exec aws s3 presign "s3://$BUCKET/$file" \
  --expires-in 600 --region eu-west-1 --profile "${PROFILE:-module02-admin}"
