#!/bin/sh
# Make all that the storage API needs: an administrator, the bucket with its data, and the role.
# Runs as root of the account (what `cloudling env` exports), which only makes the administrator.
# It may run again: what is there stays.
#   BUCKET=module02-042 ./setup.sh
set -eu
: "${BUCKET:?Set BUCKET to a name of your own, such as module02-042.}"
region=eu-west-1
admin=module02-admin
role=s3_access
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*"; }
as_admin() { aws --profile "$admin" --region "$region" "$@"; }

say "The administrator $admin"
if ! aws iam get-user --user-name "$admin" >/dev/null 2>&1; then
  aws iam create-user --user-name "$admin"
  aws iam attach-user-policy --user-name "$admin" \
    --policy-arn arn:aws:iam::aws:policy/AdministratorAccess
fi
if ! as_admin sts get-caller-identity >/dev/null 2>&1; then
  key=$(aws iam create-access-key --user-name "$admin" \
    --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)
  aws configure set aws_access_key_id "$(echo "$key" | cut -f 1)" --profile "$admin"
  aws configure set aws_secret_access_key "$(echo "$key" | cut -f 2)" --profile "$admin"
  aws configure set region "$region" --profile "$admin"
fi
as_admin sts get-caller-identity

say "The bucket $BUCKET and its data"
if ! as_admin s3api head-bucket --bucket "$BUCKET" >/dev/null 2>&1; then
  as_admin s3 mb "s3://$BUCKET"
fi
[ -f appstore_games.csv ] || python3 make_games.py appstore_games.csv
as_admin s3 cp appstore_games.csv "s3://$BUCKET/" --no-progress

say "The role $role"
account=$(as_admin sts get-caller-identity --query Account --output text)
if ! as_admin iam get-role --role-name "$role" >/dev/null 2>&1; then
  as_admin iam create-role --role-name "$role" --assume-role-policy-document '{
    "Version": "2012-10-17",
    "Statement": [{
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::'"$account"':root"},
      "Action": "sts:AssumeRole"
    }]
  }'
  as_admin iam attach-role-policy --role-name "$role" \
    --policy-arn arn:aws:iam::aws:policy/AmazonS3FullAccess
fi
aws configure set role_arn "arn:aws:iam::$account:role/$role" --profile "$role"
aws configure set source_profile "$admin" --profile "$role"
aws configure set region "$region" --profile "$role"

say "Done. Now: BUCKET=$BUCKET python3 app.py"
